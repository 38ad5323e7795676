import os
import socket
import ssl
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.camera import Camera
from fakes.clips import number_of
from fakes.scripted_camera import NOT_FOUND, ScriptedCamera, self_signed
from securevision.cameras.addresses import parse_address
from securevision.cameras.backoff import BackoffConfig
from securevision.cameras.network_policy import Lookup, NetworkPolicy
from securevision.cameras.relay import Relay, connect
from securevision.cameras.rtsp import RtspSource
from securevision.clock import SystemClock
from securevision.domain.frames import Frame, SourceState, SourceStatus

HERE = NetworkPolicy(allow_loopback=True)
ONCE = BackoffConfig(first_s=30.0, cap_s=30.0, refused_s=30.0)


@pytest.fixture
def elsewhere() -> Iterator[ScriptedCamera]:
    """A server that nobody is to reach."""
    with ScriptedCamera() as server:
        yield server


def source_of(address: str, network: NetworkPolicy = HERE, backoff: BackoffConfig = ONCE) -> RtspSource:
    return RtspSource(
        parse_address(address),
        "gate",
        5.0,
        SystemClock(),
        open_timeout_s=2.0,
        read_timeout_s=2.0,
        backoff=backoff,
        network=network,
    )


def outcome(address: str, network: NetworkPolicy = HERE) -> SourceStatus:
    """Return how the first try to connect ends."""
    source = source_of(address, network)
    items = source.frames()
    while source.status.state is SourceState.CONNECTING:
        next(items)
    return source.status


def naming(*addresses: str) -> Lookup:
    """Return a resolver that gives these, one each time it is asked, and then the last one for ever."""
    left = list(addresses)
    return lambda _host, _port: [left.pop(0) if len(left) > 1 else left[0]]


@pytest.mark.parametrize(
    "answers",
    [
        [b"RTSP/1.0 302 Moved\r\nCSeq: 1\r\nLocation: %s\r\n\r\n"],
        [b"RTSP/1.0 301 Moved\r\nCSeq: 1\r\nLOCATION:%s\r\n\r\n"],
        [b"RTSP/1.0 302 Moved\nCSeq: 1\nlocation: %s\n\n"],
        [b"RTSP/1.0 302 Moved\r\nCSeq: 1\r\nLo\rca\r\rtion: %s\r\n\r\n"],
        [b"RTSP/1.0 302 Moved\r\nCSeq: 1\r\nLoc", b"ation: %s\r\n\r\n"],
        [*(bytes([byte]) for byte in b"RTSP/1.0 302 Moved\nCSeq: 1\nLocation:"), b" %s\r\n\r\n"],
        [b"$\x00\x00\x04abcdRTSP/1.0 302 Moved\r\nCSeq: 1\r\nLocation: %s\r\n\r\n"],
    ],
)
def test_a_redirect_to_another_server_is_not_followed(
    elsewhere: ScriptedCamera, answers: list[bytes]
) -> None:
    target = f"rtsp://127.0.0.1:{elsewhere.port}/secret".encode()
    with ScriptedCamera(*(answer.replace(b"%s", target) for answer in answers)) as camera:
        status = outcome(f"rtsp://admin:hunter2@127.0.0.1:{camera.port}/x")
    assert status.state is SourceState.REFUSED
    assert "sends us on to another address, which is not followed" in status.detail
    assert "hunter2" not in status.detail
    assert elsewhere.connections == 0


@settings(max_examples=25, deadline=None)
@given(
    before=st.binary(max_size=20),
    name=st.lists(st.sampled_from(["location:", "LOCATION:", "LoCaTiOn:"]), min_size=1, max_size=1),
    returns=st.lists(st.integers(0, 10), max_size=3),
    cuts=st.lists(st.integers(0, 45), max_size=4),
)
def test_a_redirect_is_seen_wherever_a_camera_cuts_it(
    before: bytes, name: list[str], returns: list[int], cuts: list[int]
) -> None:
    header = name[0]
    for at in returns:
        header = header[:at] + "\r" + header[at:]
    answer = before + b"\n" + header.encode() + b" x"
    camera, relayed = socket.socketpair()
    with Relay(relayed) as relay, camera, socket.create_connection(("127.0.0.1", relay.port)) as reader:
        came = b""
        for start, end in pairwise(sorted({0, *(min(cut, len(answer)) for cut in cuts), len(answer)})):
            camera.sendall(answer[start:end])
            while piece := reader.recv(end - start):
                came += piece
                if len(came) == end:
                    break
            else:
                break
        assert relay.redirected
        assert b"location:" not in came.replace(b"\r", b"").lower()


def test_a_camera_that_moves_to_this_machine_is_refused_when_it_is_next_looked_up() -> None:
    """DNS rebinding: each connection looks the name up again, and uses nothing else than what it checked."""
    with ScriptedCamera() as camera:
        rebinding = NetworkPolicy(allow_loopback=True, lookup=naming("127.0.0.1", "169.254.169.254"))
        eager = BackoffConfig(first_s=0.01, cap_s=0.01, refused_s=0.01)
        source = source_of(f"rtsp://cam.test:{camera.port}/x", rebinding, eager)
        for _ in source.frames():
            if "metadata" in source.status.detail:
                break
        source.close()
        assert camera.connections == 1


@pytest.mark.needs_rtsp
def test_a_name_is_used_as_it_was_looked_up_and_nobody_else_looks_it_up(camera: Camera) -> None:
    pinned = NetworkPolicy(allow_loopback=True, lookup=naming("127.0.0.1"))
    source = source_of(camera.address().replace("127.0.0.1", "no-such-name.test"), pinned)
    frame = next(item for item in source.frames() if isinstance(item, Frame))
    source.close()
    assert 0 <= number_of(frame.pixels) <= 60


def test_the_next_address_of_a_name_is_tried_when_the_first_does_not_answer() -> None:
    both = NetworkPolicy(allow_loopback=True, lookup=lambda _host, _port: ["::1", "127.0.0.1"])
    with ScriptedCamera() as camera:
        status = outcome(f"rtsp://cam.test:{camera.port}/x", both)
    assert "has no such stream" in status.detail


def test_a_camera_with_tls_is_told_its_name_and_needs_no_known_certificate(tmp_path: Path) -> None:
    told: list[str | None] = []
    server = self_signed(tmp_path)
    server.sni_callback = lambda _socket, name, _context: told.append(name)
    with ScriptedCamera(NOT_FOUND, tls=server) as camera:
        status = outcome(
            f"rtsps://cam.test:{camera.port}/x",
            NetworkPolicy(allow_loopback=True, lookup=naming("127.0.0.1")),
        )
        assert camera.requests[0].startswith(b"OPTIONS rtsp://127.0.0.1:")
    assert "has no such stream" in status.detail
    assert told == ["cam.test"]


def test_a_camera_without_tls_is_not_spoken_to_in_clear_when_tls_was_asked_for() -> None:
    with ScriptedCamera() as camera:
        status = outcome(f"rtsps://admin:hunter2@127.0.0.1:{camera.port}/x")
    assert "could not be opened" in status.detail
    assert not any(b"OPTIONS" in request for request in camera.requests)


@pytest.mark.parametrize("tls", [False, True])
def test_every_byte_arrives_in_order_both_ways(tmp_path: Path, tls: bool) -> None:
    picture, request = os.urandom(3_000_000), b"DESCRIBE " + os.urandom(50)
    with ScriptedCamera(picture, tls=self_signed(tmp_path) if tls else None) as camera:
        scheme = "rtsps" if tls else "rtsp"
        connection = connect(parse_address(f"{scheme}://127.0.0.1:{camera.port}/x"), ["127.0.0.1"], 5.0)
        with Relay(connection) as relay, socket.create_connection(("127.0.0.1", relay.port), 5) as reader:
            reader.sendall(request)
            received = b""
            while len(received) < len(picture):
                received += reader.recv(1 << 20)
    assert received == picture
    assert camera.requests == [request]


def test_one_reader_is_let_in_and_no_other(elsewhere: ScriptedCamera) -> None:
    connection = connect(parse_address(f"rtsp://127.0.0.1:{elsewhere.port}/x"), ["127.0.0.1"], 5.0)
    with Relay(connection) as relay, socket.create_connection(("127.0.0.1", relay.port), 5) as reader:
        reader.sendall(b"x")
        assert reader.recv(100)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", relay.port), 5)


def test_a_relay_that_nobody_reads_ends_at_once_and_leaves_nothing(elsewhere: ScriptedCamera) -> None:
    connection = connect(parse_address(f"rtsp://127.0.0.1:{elsewhere.port}/x"), ["127.0.0.1"], 5.0)
    before = threading.active_count()
    with Relay(connection):
        pass
    assert threading.active_count() == before
    assert connection.fileno() == -1


def test_tls_that_breaks_off_is_an_error_and_not_an_end_of_the_program(tmp_path: Path) -> None:
    with ScriptedCamera() as camera, pytest.raises(ssl.SSLError):
        connect(parse_address(f"rtsps://127.0.0.1:{camera.port}/x"), ["127.0.0.1"], 2.0)
