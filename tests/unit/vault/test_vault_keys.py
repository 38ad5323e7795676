import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from securevision.errors import Unavailable
from securevision.vault.keys import load_or_make_key


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "sealing.key"
    before = os.umask(0)
    try:
        key = load_or_make_key(path, may_make=True)
    finally:
        os.umask(before)
    assert len(key) == 32
    assert len(set(key)) > 8
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [file.name for file in path.parent.iterdir()] == ["sealing.key"]
    assert load_or_make_key(path, may_make=True) == key
    assert load_or_make_key(path, may_make=False) == key


def test_a_lost_key_is_not_replaced_when_something_is_sealed(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "sealing.key"
    with pytest.raises(Unavailable, match="restore the file from a backup"):
        load_or_make_key(path, may_make=False)
    assert not path.exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o610, 0o601])
def test_a_key_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "sealing.key"
    load_or_make_key(path, may_make=True)
    path.chmod(mode)
    with pytest.raises(Unavailable, match="chmod 600"):
        load_or_make_key(path, may_make=True)


@pytest.mark.parametrize("size", [0, 31, 33, 4096])
def test_a_key_of_another_size_is_refused_and_kept(tmp_path: Path, size: int) -> None:
    path = tmp_path / "sealing.key"
    path.write_bytes(bytes(size))
    path.chmod(0o600)
    with pytest.raises(Unavailable, match="32 bytes"):
        load_or_make_key(path, may_make=True)
    assert path.stat().st_size == size


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=31) | st.binary(min_size=32, max_size=32) | st.binary(min_size=33))
def test_any_bytes_are_a_key_or_refused_without_showing_them(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "sealing.key"
    path.write_bytes(content)
    path.chmod(0o600)
    if len(content) == 32:
        assert load_or_make_key(path, may_make=True) == content
    else:
        with pytest.raises(
            Unavailable, match=r"^Key file \S+ has not exactly 32 bytes; restore it from a backup\.$"
        ):
            load_or_make_key(path, may_make=True)
    assert path.read_bytes() == content


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_in_place_of_the_key_is_refused(tmp_path: Path, exists: bool) -> None:
    elsewhere = tmp_path / "elsewhere"
    if exists:
        load_or_make_key(elsewhere, may_make=True)
    path = tmp_path / "sealing.key"
    path.symlink_to(elsewhere)
    with pytest.raises(Unavailable, match="symbolic link"):
        load_or_make_key(path, may_make=True)
    assert elsewhere.exists() == exists


def test_a_folder_or_a_pipe_in_place_of_the_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir(mode=0o700)
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name in ("folder", "pipe"):
        with pytest.raises(Unavailable, match="is not a file"):
            load_or_make_key(tmp_path / name, may_make=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_the_key_of_another_user_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sealing.key"
    load_or_make_key(path, may_make=True)
    os.chown(path, 65534, 65534)
    with pytest.raises(Unavailable, match="another user"):
        load_or_make_key(path, may_make=True)


@pytest.mark.parametrize("mode", [0o777, 0o775, 0o757])
def test_nobody_else_can_replace_a_key_in_a_folder_of_ours(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "keys"
    folder.mkdir()
    folder.chmod(mode)
    load_or_make_key(folder / "sealing.key", may_make=True)
    assert stat.S_IMODE(folder.stat().st_mode) == mode & ~0o022


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_no_key_is_made_in_the_folder_of_another_user(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o700)
    os.chown(folder, 65534, 65534)
    with pytest.raises(Unavailable, match="another user"):
        load_or_make_key(folder / "sealing.key", may_make=True)
    assert not list(folder.iterdir())


def test_no_key_is_made_where_a_file_stands_for_the_folder(tmp_path: Path) -> None:
    (tmp_path / "keys").write_bytes(b"")
    with pytest.raises(Unavailable):
        load_or_make_key(tmp_path / "keys" / "sealing.key", may_make=True)


def test_threads_that_start_at_once_get_the_same_key(tmp_path: Path) -> None:
    for attempt in range(20):
        path = tmp_path / str(attempt) / "sealing.key"
        start = threading.Barrier(8)
        keys: list[bytes] = []

        def load(path: Path = path, start: threading.Barrier = start, keys: list[bytes] = keys) -> None:
            start.wait()
            keys.append(load_or_make_key(path, may_make=True))

        threads = [threading.Thread(target=load) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(keys) == 8
        assert set(keys) == {path.read_bytes()}


def test_processes_that_start_at_once_get_the_same_key(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from securevision.vault.keys import load_or_make_key\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "print(load_or_make_key(Path(sys.argv[1]), may_make=True).hex())\n"
    )
    path = tmp_path / "keys" / "sealing.key"
    command = [sys.executable, "-c", program, str(path)]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    keys = {process.communicate(timeout=30)[0].strip() for process in processes}
    assert keys == {path.read_bytes().hex()}
