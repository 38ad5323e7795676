"""A server, a package index of wheels made here, and the two downloaders pointed at them."""

import base64
import hashlib
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from fakes.http_files import FileServer

from securevision.artifacts.download import HttpDownloader
from securevision.artifacts.manifest import Wheel
from securevision.artifacts.wheels import PipDownloader

MakeWheel = Callable[[str, Mapping[str, bytes]], Wheel]


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer() as running:
        yield running


@pytest.fixture
def http() -> HttpDownloader:
    return HttpDownloader(connect_timeout=2.0, read_timeout=0.3, proxies={}, loopback_http=True)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    directory = tmp_path / "index"
    directory.mkdir()
    return directory


@pytest.fixture
def pip_environment(index: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(index),
    }


@pytest.fixture
def pip(pip_environment: dict[str, str]) -> PipDownloader:
    return PipDownloader(environment=pip_environment)


@pytest.fixture
def make_wheel(index: Path) -> MakeWheel:
    """Return a function that puts a wheel with these members in the index."""

    def make(name: str, members: Mapping[str, bytes], tag: str = "py3-none-any") -> Wheel:
        info = f"{name}-1.0.dist-info"
        files = {
            **members,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
            f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n".encode(),
        }
        record = "".join(f"{path},sha256={_record_hash(data)},{len(data)}\n" for path, data in files.items())
        path = index / f"{name}-1.0-{tag}.whl"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, data in files.items():
                archive.writestr(member, data)
            archive.writestr(f"{info}/RECORD", record + f"{info}/RECORD,,\n")
        content = path.read_bytes()
        return Wheel(name, "1.0", hashlib.sha256(content).hexdigest(), len(content))

    return make


def _record_hash(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
