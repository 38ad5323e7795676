"""Sealed processes do their work."""

import os
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from fakes.clips import write_clip
from fakes.clock import FakeClock
from fakes.models import model_file
from fakes.sealed import MEDIA_WORKER, RECOGNISER, Report, report
from securevision.sandbox.system_calls import this_machine
from securevision.vault.certificates import LocalAuthority
from securevision.vault.tls import load_server_context

pytestmark = pytest.mark.skipif(this_machine() is None, reason="nothing is sealed on this system")

NOW_MS = 1_795_000_000_000


@pytest.fixture
def link(tmp_path: Path) -> Iterator[int]:
    """The other end of a socket through which a descriptor was sent."""
    ours, theirs = socket.socketpair()
    letter = tmp_path / "letter"
    letter.write_text("what was sent", "utf-8")
    with ours, theirs, letter.open("rb") as file:
        socket.send_fds(ours, [b"x"], [file.fileno()])
        yield theirs.fileno()


def check_seal(process: Report) -> None:
    seal = process.said["seal"]
    assert seal["no_new_privileges"]
    assert seal["limits"]
    assert seal["system_calls"]
    assert seal["files"] is (seal["landlock_abi"] >= 1)
    assert seal["ports"] is (seal["landlock_abi"] >= 4)
    assert process.stderr == "said at the end\n"
    assert process.ended == 0
    # Else code could be written and run after all.
    assert [line for line in process.maps.splitlines() if {"w", "x"} <= set(line.split()[1])] == []


def serve_tls(channel: socket.socket, context: ssl.SSLContext) -> None:
    with context.wrap_socket(channel, server_side=True) as server:
        server.sendall(server.recv(100).upper())


def test_a_media_worker_decodes_encodes_speaks_tls_and_takes_descriptors(link: int, tmp_path: Path) -> None:
    files = LocalAuthority(tmp_path / "tls", FakeClock(NOW_MS)).ensure(["camera.lan"])
    clip = write_clip(tmp_path / "clip.mp4", 20)
    ours, theirs = socket.socketpair()
    memory = os.memfd_create("shared")
    os.write(memory, b"there".ljust(8192))
    thread = Thread(target=serve_tls, args=(ours, load_server_context(files.cert, files.key)))
    thread.start()
    with ours, theirs, clip.open("rb") as video:
        process = report(MEDIA_WORKER, descriptors=(link, theirs.fileno(), memory, video.fileno()))
    thread.join(timeout=10)
    assert os.pread(memory, 5, 0) == b"here!"
    os.close(memory)
    assert process.said["done"] == {
        "decoded by one thread": 20,
        "decoded by two threads": 20,
        "damage": "InvalidDataError",
        "encoded": True,
        "jpeg": True,
        "resized": [180, 320, 3],
        "tls": "HELLO",
        "received": "what was sent",
        "shared": "there",
        "threads": 8,
        "timeout": True,
        "random": 16,
    }
    check_seal(process)


@pytest.mark.needs_models
def test_a_recogniser_makes_a_session_of_bytes_and_runs_it(link: int) -> None:
    with model_file("face_detection_yunet_2023mar.onnx").open("rb") as model:
        process = report(RECOGNISER, descriptors=(link, model.fileno()))
    outputs = process.said["done"].pop("outputs")
    assert [1, 6400, 1] in outputs
    assert len(outputs) == 12
    assert process.said["done"] == {
        "nms": 1,
        "resized": [180, 320, 3],
        "received": "what was sent",
        "threads": 8,
        "timeout": True,
    }
    check_seal(process)
