"""The pinned files on this machine."""

import hashlib
import logging
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from securevision.artifacts.download import HttpDownloader
from securevision.artifacts.failures import FetchFailed, Unreachable
from securevision.artifacts.manifest import Artifact, Manifest
from securevision.artifacts.pull import Pull
from securevision.artifacts.wheels import PipDownloader
from securevision.errors import Unavailable

_log = logging.getLogger(__name__)

Progress = Callable[[str, int, int], None]
"""Gets a file's name, the bytes that came so far and the bytes in all. It starts again with each source."""


class ArtifactState(StrEnum):
    """Whether a file can be used."""

    PRESENT = "present"
    MISSING = "missing"
    CORRUPT = "corrupt"
    """It was not the pinned file, and was deleted."""


@dataclass(frozen=True, slots=True)
class ArtifactStatus:
    """A pinned file and how it stands here."""

    artifact: Artifact
    state: ArtifactState


class ArtifactStore:
    """The pinned files in one directory, which is made when the first one is pulled.

    A file is used only when its SHA-256 is the pinned one, whoever put it there; any other file of that name
    is deleted. Without any network a pull ends within about `patience` seconds. May be used from any thread,
    and by several processes at once.
    """

    def __init__(
        self,
        manifest: Manifest,
        directory: Path,
        *,
        http: HttpDownloader | None = None,
        pip: PipDownloader | None = None,
        patience: float = 15.0,
    ) -> None:
        self.directory = directory
        self._manifest = manifest
        self._http = http or HttpDownloader()
        self._pip = pip or PipDownloader()
        self._patience = patience
        self._verified: dict[str, tuple[int, ...]] = {}

    def path(self, name: str) -> Path:
        """Return a verified file. Raises NotFound for a name that is not pinned, and Unavailable."""
        artifact = self._manifest.artifact(name)
        match self._state(artifact):
            case ArtifactState.PRESENT:
                return self.directory / name
            case ArtifactState.MISSING:
                raise Unavailable(f"File {name} is missing; run `securevision models pull`.")
            case ArtifactState.CORRUPT:
                raise Unavailable(f"File {name} was not the pinned one; run `securevision models pull`.")

    def verify(self) -> Sequence[ArtifactStatus]:
        """Look at every file, in the manifest's order; corrupt ones are deleted. Raises Unavailable."""
        return [ArtifactStatus(artifact, self._state(artifact)) for artifact in self._manifest.artifacts]

    def pull(
        self, names: Iterable[str] | None = None, progress: Progress | None = None
    ) -> Sequence[Artifact]:
        """Download what is not here yet, of these files or of all; return what was downloaded.

        Stops at the first file that no source gives; what came before it stays. Raises Unavailable, and
        NotFound for a name that is not pinned.
        """
        wanted = self._manifest.artifacts if names is None else map(self._manifest.artifact, names)
        lacking = [artifact for artifact in wanted if self._state(artifact) is not ArtifactState.PRESENT]
        if lacking:
            with Pull(self._manifest, self._http, self._pip, self._patience) as pull:
                for artifact in lacking:
                    self._fetch(pull, artifact, progress)
        return lacking

    def _state(self, artifact: Artifact) -> ArtifactState:
        path = self.directory / artifact.name
        try:
            version = _version(path.stat())
            if self._verified.get(artifact.name) == version:
                return ArtifactState.PRESENT
            if _is_pinned(path, artifact):
                self._verified[artifact.name] = version
                return ArtifactState.PRESENT
            # Another process may just have put the right file there.
            if _version(path.stat()) == version:
                path.unlink()
        except FileNotFoundError:
            return ArtifactState.MISSING
        except OSError as error:
            raise Unavailable(f"File {path} cannot be used: {error.strerror}.") from error
        _log.warning("%s was not the pinned file and is deleted", artifact.name)
        return ArtifactState.CORRUPT

    def _fetch(self, pull: Pull, artifact: Artifact, progress: Progress | None) -> None:
        def report(came: int) -> None:
            if progress is not None:
                progress(artifact.name, min(came, artifact.bytes), artifact.bytes)

        failures: list[tuple[str, FetchFailed]] = []
        for source in artifact.sources:
            try:
                with closing(pull.chunks(artifact, source, report)) as chunks:
                    self._receive(artifact, chunks)
            except FetchFailed as failure:
                _log.info("%s: %s %s", artifact.name, source.origin, failure)
                failures.append((source.origin, failure))
            else:
                return
        remedy = f"copy the files to {self.directory}; `securevision models list` names them."
        if all(isinstance(failure, Unreachable) for _, failure in failures):
            raise Unavailable(
                f"No source for {artifact.name} can be reached: check the network connection, or {remedy}"
            )
        reasons = "; ".join(f"{origin} {failure}" for origin, failure in failures)
        raise Unavailable(f"No source gave {artifact.name} ({reasons}): try again later, or {remedy}")

    def _receive(self, artifact: Artifact, chunks: Iterator[bytes]) -> None:
        """Write, check and only then put in place. Raises FetchFailed, and Unavailable for a full disk."""
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=self.directory, prefix=f".{artifact.name}.")
        except OSError as error:
            raise Unavailable(f"Directory {self.directory} cannot be written: {error.strerror}.") from error
        partial = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                _write_pinned(artifact, chunks, file)
            partial.replace(self.directory / artifact.name)
        except OSError as error:
            raise Unavailable(f"Directory {self.directory} cannot be written: {error.strerror}.") from error
        finally:
            partial.unlink(missing_ok=True)


def _write_pinned(artifact: Artifact, chunks: Iterator[bytes], file: BinaryIO) -> None:
    """Write no more than the pinned size. Raises FetchFailed when what came is not the pinned file."""
    digest = hashlib.sha256()
    left = artifact.bytes
    for chunk in chunks:
        left -= len(chunk)
        if left < 0:
            raise FetchFailed("sent a longer file than the pinned one")
        digest.update(chunk)
        file.write(chunk)
    if left > 0:
        raise FetchFailed("sent a shorter file than the pinned one")
    if digest.hexdigest() != artifact.sha256:
        raise FetchFailed("sent another file than the pinned one")


def _is_pinned(path: Path, artifact: Artifact) -> bool:
    if path.stat().st_size != artifact.bytes:  # never 0, so that no pipe or device is opened
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == artifact.sha256


def _version(facts: os.stat_result) -> tuple[int, ...]:
    """Return what changes when a file does."""
    return facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns
