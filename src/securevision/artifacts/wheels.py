"""Files inside wheels, which pip fetches from whatever index the user set up."""

import lzma
import os
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable, Generator, Mapping
from pathlib import Path

from securevision.artifacts.failures import FetchFailed, Unreachable
from securevision.artifacts.manifest import Wheel

_CHUNK_BYTES = 1 << 16
_POLL_SECONDS = 0.1
_SPARE_BYTES = 1 << 20
# What `zipfile` raises for bytes that are no archive, found by fuzzing.
_DAMAGED = (
    OSError,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    struct.error,
)


class PipDownloader:
    """Downloads wheels with pip, which checks their SHA-256.

    `python` is the interpreter whose pip is used, `environment` what pip sees (None: what we see). Once
    something has come, pip may go `silence` seconds without more; a wheel may take `longest` seconds.
    """

    def __init__(
        self,
        *,
        python: str = sys.executable,
        environment: Mapping[str, str] | None = None,
        silence: float = 60.0,
        longest: float = 1800.0,
    ) -> None:
        self._python = python
        self._environment = environment
        self._silence = silence
        self._longest = longest

    def download(self, wheel: Wheel, directory: Path, patience: float, report: Callable[[int], None]) -> Path:
        """Return the wheel, downloaded into a private empty directory, which the caller deletes.

        `report` gets the number of bytes that came so far. Raises FetchFailed, or Unreachable when
        nothing came, in `patience` seconds or at all.
        """
        log, files, scratch = directory / "pip.log", directory / "files", directory / "scratch"
        requirements = directory / "requirements.txt"
        environment = os.environ if self._environment is None else self._environment
        try:
            files.mkdir()
            scratch.mkdir()
            requirements.write_text(f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}\n", "utf-8")
            with log.open("wb") as output:
                process = subprocess.Popen(  # noqa: S603 - our own interpreter and checked words # nosec B603
                    self._command(wheel, requirements, files),
                    cwd=directory,
                    env={**environment, "TMPDIR": str(scratch)},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
        except OSError as error:
            raise FetchFailed(f"could not be asked for: {error.strerror}") from error
        try:
            self._watch(process, wheel, (files, scratch), patience, report)
        finally:
            process.kill()
            process.wait()
        downloaded = list(files.glob("*.whl"))
        if process.returncode == 0 and len(downloaded) == 1:
            return downloaded[0]
        raise _failure(log.read_text("utf-8", "replace"))

    def _command(self, wheel: Wheel, requirements: Path, files: Path) -> list[str]:
        # -P: a pip.py in some directory is not pip. No cache: what else is in the wheel is not kept.
        command = [self._python, "-P", "-m", "pip", "download", "--no-deps", "--require-hashes"]
        command += ["--only-binary=:all:", "--ignore-requires-python", "--no-cache-dir", "--no-input"]
        command += ["--disable-pip-version-check", "--progress-bar=off", "--retries=0", "--timeout=15"]
        command += [f"--dest={files}", f"--requirement={requirements}"]
        if wheel.target:
            command += [f"--platform={wheel.target.platform}", f"--python-version={wheel.target.python}"]
            command += [f"--implementation={wheel.target.implementation}", f"--abi={wheel.target.abi}"]
        return command

    def _watch(
        self,
        process: subprocess.Popen[bytes],
        wheel: Wheel,
        directories: tuple[Path, ...],
        patience: float,
        report: Callable[[int], None],
    ) -> None:
        """Wait for pip, and end the wait when nothing comes for too long or too much comes."""
        start = last = time.monotonic()
        came = 0
        while True:
            try:
                process.wait(_POLL_SECONDS)
            except subprocess.TimeoutExpired:
                size = sum(_size(directory) for directory in directories)
            else:
                return
            now = time.monotonic()
            if size > came:
                came, last, patience = size, now, self._silence
                report(min(came, wheel.bytes))
            if came > 2 * wheel.bytes + _SPARE_BYTES:  # pip holds the wheel twice for a moment
                raise FetchFailed("is larger than the pinned one")
            if now - last > patience or now - start > self._longest:
                kind = FetchFailed if came else Unreachable
                raise kind("did not come in time")


def _size(directory: Path) -> int:
    """Return the bytes in a directory that somebody else is changing."""
    total = 0
    for parent, _, names in os.walk(directory):
        for name in names:
            try:
                total += (Path(parent) / name).stat().st_size
            except FileNotFoundError:
                continue
    return total


def _failure(log: str) -> FetchFailed:
    """Return what pip's output means. The output itself may hold the password of an index: it stays here."""
    if "No module named pip" in log:
        return FetchFailed("needs pip, which this Python lacks")
    if "DO NOT MATCH THE HASHES" in log:
        return FetchFailed("is another one than the pinned one")
    return Unreachable("could not be had from pip's index")


def member_chunks(wheel: Path, member: str) -> Generator[bytes, None, None]:
    """Yield one member of a wheel piece by piece; nothing else is unpacked. Raises FetchFailed."""
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as stream:
            while piece := stream.read(_CHUNK_BYTES):
                yield piece
    except KeyError as error:
        raise FetchFailed(f"has no {member}") from error
    except _DAMAGED as error:
        raise FetchFailed("cannot be read") from error
