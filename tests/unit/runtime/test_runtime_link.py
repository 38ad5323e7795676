import os
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.domain.seal import Seal
from securevision.runtime.link import MAX_BYTES, Link, LinkBroken
from securevision.runtime.messages import (
    Connected,
    FrameReady,
    FromMedia,
    LiveData,
    NeedConnection,
    Quiet,
    Ready,
    Stop,
    ToMedia,
)

HEADER = struct.Struct("<IB")


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def core(end: socket.socket) -> Link[FromMedia]:
    return Link(end, FromMedia)


def worker(end: socket.socket) -> Link[ToMedia]:
    return Link(end, ToMedia, takes_descriptors=True)


def test_a_message_arrives_as_it_was_sent(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = core(pair[0]), worker(pair[1])
    for message in (
        Ready(Seal(no_new_privileges=True, landlock_abi=7)),
        FrameReady("gate", 2, 1_700_000_000_000, 1280, 720),
        LiveData("gate", 1, keyframe=True, data=bytes(range(256)) * 300),
    ):
        theirs.send(message)
        received = ours.receive(5.0)
        assert received is not None
        assert received.message == message


def test_descriptors_travel_with_their_message_to_a_worker(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = core(pair[0]), worker(pair[1])
    reading, writing = os.pipe()
    os.write(writing, b"from the core")
    os.close(writing)
    ours.send(Stop())
    ours.send(Connected("gate", 1, "", refused=False), [reading])
    ours.send(Stop())
    os.close(reading)
    received = [theirs.receive(5.0) for _ in range(3)]
    assert [len(each.descriptors) for each in received if each] == [0, 1, 0]
    assert received[1] is not None
    [descriptor] = received[1].descriptors
    assert os.read(descriptor, 100) == b"from the core"
    os.close(descriptor)


def test_a_worker_cannot_hand_the_core_a_descriptor(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = core(pair[0]), worker(pair[1])
    before = len(list(Path("/proc/self/fd").iterdir()))
    theirs.send(Quiet("gate", 1), [0, 1, 2])
    with pytest.raises(LinkBroken, match="no message"):
        ours.receive(5.0)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_nothing_comes_is_no_error(pair: tuple[socket.socket, socket.socket]) -> None:
    assert core(pair[0]).receive(0.0) is None


def test_the_end_of_the_other_side_is_told(pair: tuple[socket.socket, socket.socket]) -> None:
    ours = core(pair[0])
    pair[1].close()
    with pytest.raises(LinkBroken, match="has gone"):
        ours.receive(5.0)
    with pytest.raises(LinkBroken, match="does not take"):
        ours.send(Stop())


def test_a_message_of_the_other_direction_is_none(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = core(pair[0]), core(pair[1])
    theirs.send(Stop())
    with pytest.raises(LinkBroken, match="no message"):
        ours.receive(5.0)


@pytest.mark.parametrize("length", [MAX_BYTES + 1, 2**32 - 1])
def test_a_message_that_is_too_long_is_refused_before_there_is_room_for_it(
    pair: tuple[socket.socket, socket.socket], length: int
) -> None:
    ours = core(pair[0])
    pair[1].sendall(HEADER.pack(length, 0))
    with pytest.raises(LinkBroken, match="no message"):
        ours.receive(5.0)


def test_other_threads_may_send_while_one_receives(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = core(pair[0]), worker(pair[1])
    data = os.urandom(50_000)

    def send(name: str) -> None:
        for moment in range(20):
            theirs.send(LiveData(name, moment, False, data))

    senders = [threading.Thread(target=send, args=(name,)) for name in ("gate", "door", "yard")]
    for sender in senders:
        sender.start()
    seen: dict[str, list[int]] = {}
    for _ in range(60):
        received = ours.receive(10.0)
        assert received is not None
        message = received.message
        assert isinstance(message, LiveData)
        assert message.data == data
        seen.setdefault(message.camera, []).append(message.ts_ms)
    for sender in senders:
        sender.join()
    assert seen == {name: list(range(20)) for name in ("gate", "door", "yard")}


@given(st.binary(max_size=200), st.booleans())
def test_arbitrary_bytes_are_a_message_or_break_the_link(data: bytes, framed: bool) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        link = core(ours)
        theirs.sendall(HEADER.pack(len(data), 0) + data if framed else data)
        theirs.shutdown(socket.SHUT_WR)
        try:
            received = link.receive(1.0)
        except LinkBroken:
            return
        assert received is not None
        assert isinstance(received.message, FromMedia.__args__)


@pytest.mark.parametrize(
    "message",
    [
        NeedConnection("x" * 65, 1),
        FrameReady("gate", 8, 0, 16, 16),
        FrameReady("gate", 0, -1, 16, 16),
        FrameReady("gate", 0, 0, 1 << 20, 16),
        Quiet("gate", 1 << 60),
    ],
)
def test_a_value_that_cannot_be_breaks_the_link(
    pair: tuple[socket.socket, socket.socket], message: NeedConnection | FrameReady | Quiet
) -> None:
    ours, theirs = core(pair[0]), worker(pair[1])
    theirs.send(message)
    with pytest.raises(LinkBroken, match="no message"):
        ours.receive(5.0)
