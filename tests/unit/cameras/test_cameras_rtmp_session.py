import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.clips import write_clip
from fakes.flv_tags import video_tags
from fakes.rtmp_messages import (
    ACCEPTED,
    CONNECTED,
    CREATED,
    HANDSHAKE,
    PLAYS,
    command,
    message,
    status,
    tag,
)
from securevision.cameras.addresses import parse_address
from securevision.cameras.amf import Value, decode, encode
from securevision.cameras.flv import Item
from securevision.cameras.rtmp_chunks import ChunkReader, Message
from securevision.cameras.rtmp_session import RtmpSession
from securevision.domain.video import VideoFormat
from securevision.errors import SourceError, SourceRefused

ADDRESS = parse_address("rtmp://cam.test/live/inner/main?user=me&password=hunter2")
GREETING = 1 + 2 * 1536
"""Bytes of what we say in the handshake."""


class Conversation:
    """A session, and what it said."""

    def __init__(self, address: str = "") -> None:
        self.session = RtmpSession(parse_address(address) if address else ADDRESS)
        self.said = b""
        self._listen()

    def hear(self, *pieces: bytes) -> list[Item]:
        items = []
        for piece in pieces:
            items += list(self.session.feed(piece))
            self._listen()
        return items

    def _listen(self) -> None:
        self.said += self.session.take_outgoing()

    @property
    def messages(self) -> Sequence[Message]:
        return ChunkReader("us").feed(self.said[GREETING:])

    @property
    def commands(self) -> Sequence[Sequence[Value]]:
        return [decode(each.payload) for each in self.messages if each.kind == 20]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A clip of six pictures as messages."""
    tags = video_tags(write_clip(tmp_path_factory.mktemp("video") / "clip.flv", 6))
    return b"".join(tag(each.body, each.time) for each in tags)


def test_the_handshake() -> None:
    talk = Conversation()
    assert len(talk.said) == 1537
    assert talk.said[:9] == b"\x03" + bytes(8)
    talk.hear(HANDSHAKE[:1536])
    assert len(talk.said) == 1537
    talk.hear(HANDSHAKE[1536:2000])
    assert talk.said[1537:] == HANDSHAKE[1:1537]
    assert not talk.commands
    talk.hear(HANDSHAKE[2000:])
    assert [each[0] for each in talk.commands] == ["connect"]


def test_what_is_asked() -> None:
    talk = Conversation()
    talk.hear(HANDSHAKE)
    ((name, number, told),) = talk.commands
    assert (name, number) == ("connect", 1.0)
    assert isinstance(told, dict)
    assert (told["app"], told["tcUrl"]) == ("live/inner", "rtmp://cam.test:1935/live/inner")
    assert told["fourCcList"] == ["avc1", "hvc1"]
    talk.hear(CONNECTED)
    assert talk.commands[1:] == [["createStream", 2.0, None]]
    talk.hear(CREATED)
    assert talk.commands[2:] == [["play", 3.0, None, "main?user=me&password=hunter2"]]
    assert [(each.stream, each.kind) for each in talk.messages[-2:]] == [(0, 4), (1, 20)]
    assert not talk.session.playing
    talk.hear(PLAYS)
    assert talk.session.playing


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("", ("", "")),
        ("/", ("", "")),
        ("/x", ("", "x")),
        ("/live/x", ("live", "x")),
        ("/live/x?a=/b", ("live", "x?a=/b")),
        ("/" + "l" * 70_000 + "/x", ("l" * 70_000, "x")),
    ],
)
def test_names_of_application_and_stream(path: str, names: tuple[str, str]) -> None:
    talk = Conversation(f"rtmp://cam{path}")
    talk.hear(HANDSHAKE)
    if len(path) < 65_536:
        told = talk.commands[0][2]
        assert isinstance(told, dict)
        assert told["app"] == names[0]
    talk.hear(CONNECTED, CREATED)
    assert talk.commands[-1][3] == names[1]


def test_a_server_may_say_all_at_once(video: bytes) -> None:
    items = Conversation().hear(ACCEPTED + video)
    assert [isinstance(item, VideoFormat) for item in items] == [True] + [False] * 6


def test_sound_data_and_what_nobody_knows_are_left_out(video: bytes) -> None:
    others = b"".join(message(kind, b"\xaf\x01" * 100, chunk_stream=4) for kind in (8, 15, 18, 19, 22, 99))
    newer = message(17, b"\x00" + encode("onStatus", 0.0, None, {"code": "NetStream.Play.Reset"}))
    odd = command("onBWDone", 0.0) + command("onStatus") + message(20, b"") + command("_result", 9.0)
    assert len(Conversation().hear(ACCEPTED + others + odd + newer + video)) == 7


def test_a_command_of_the_newer_kind_is_read() -> None:
    talk = Conversation()
    talk.hear(ACCEPTED, message(17, b"\x00" + encode("onStatus", 0.0, None, {"code": "NetStream.Play.Stop"})))
    assert talk.session.ended


def test_video_before_it_was_asked_for_is_left_out(video: bytes) -> None:
    assert Conversation().hear(HANDSHAKE + CONNECTED + video) == []


def test_a_ping_is_answered() -> None:
    talk = Conversation()
    talk.hear(ACCEPTED, message(4, b"\x00\x06abcd", chunk_stream=2))
    assert talk.messages[-1] == Message(4, b"\x00\x07abcd")


def test_what_was_received_is_acknowledged() -> None:
    talk = Conversation()
    begin = ACCEPTED + message(5, (10_000).to_bytes(4, "big"), chunk_stream=2)
    sound = message(8, bytes(900))
    talk.hear(begin, *[sound] * 20)
    told = [int.from_bytes(each.payload, "big") for each in talk.messages if each.kind == 3]
    assert told
    heard = [0, *told, len(begin) + 20 * len(sound)]
    assert all(0 <= later - earlier < 6000 for earlier, later in itertools.pairwise(heard))


def test_the_bandwidth_is_agreed_to() -> None:
    talk = Conversation()
    talk.hear(ACCEPTED, message(6, b"\x00\x00\x10\x00\x02", chunk_stream=2))
    assert talk.messages[-1] == Message(5, b"\x00\x00\x10\x00")


REJECTED: dict[str, Value] = {
    "level": "error",
    "code": "NetConnection.Connect.Rejected",
    "description": "hunter2",
}


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        (CONNECTED + CREATED + status("NetStream.Play.StreamNotFound", "error"), "no such stream"),
        (CONNECTED + CREATED + status("NetStream.Play.StreamNotFound"), "no such stream"),
        (CONNECTED + CREATED + status("NetStream.Play.Failed", "error"), "refuses to play"),
        (
            CONNECTED + CREATED + status("NetStream.Play.Failed", "error", ex={"code": 302.0}),
            "refuses to play",
        ),
        (command("_error", 1.0, None, REJECTED), "refuses to play"),
        (command("_error", 1.0, None, {**REJECTED, "code": [1.0]}), "refuses to play"),
        (command("_error", 1.0), "refuses to play"),
        (CONNECTED + command("_error", 2.0, None, REJECTED), "refuses to play"),
        (
            command("_error", 1.0, None, {**REJECTED, "code": "NetConnection.Connect.InvalidApp"}),
            "no such stream",
        ),
        (
            command("_error", 1.0, None, {**REJECTED, "ex": {"code": 302.0, "redirect": "rtmp://evil/"}}),
            "another address",
        ),
    ],
)
def test_a_server_that_says_no(said: bytes, hint: str) -> None:
    with pytest.raises(SourceRefused, match=hint) as caught:
        Conversation().hear(HANDSHAKE + said)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x06",
        HANDSHAKE + CONNECTED + command("_result", 2.0, None),
        HANDSHAKE + CONNECTED + command("_result", 2.0, None, float("nan")),
        HANDSHAKE + CONNECTED + command("_result", 2.0, None, float("inf")),
        HANDSHAKE + CONNECTED + command("_result", 2.0, None, -1.0),
        HANDSHAKE + CONNECTED + command("_result", 2.0, None, 2.0**32),
    ],
)
def test_a_server_that_speaks_something_else(said: bytes) -> None:
    with pytest.raises(SourceError, match="not RTMP"):
        Conversation().hear(said)


@pytest.mark.parametrize(
    "last",
    [
        status("NetStream.Play.UnpublishNotify"),
        status("NetStream.Play.Stop"),
        command("onStatus", 0.0, None, {"code": "NetConnection.Connect.Closed"}),
        command("close", 0.0),
    ],
)
def test_the_end(last: bytes) -> None:
    talk = Conversation()
    talk.hear(ACCEPTED)
    assert not talk.session.ended
    talk.hear(last)
    assert talk.session.ended


@given(st.lists(st.integers(0, 10_000), max_size=8))
def test_any_split_of_reads_gives_the_same(video: bytes, cuts: list[int]) -> None:
    data = ACCEPTED + video
    ends = sorted(cut % (len(data) + 1) for cut in cuts)
    pieces = [data[begin:end] for begin, end in itertools.pairwise([0, *ends, len(data)])]
    split, whole = Conversation(), Conversation()
    assert split.hear(*pieces) == whole.hear(data)
    assert split.commands == whole.commands


@given(
    st.lists(
        st.binary(max_size=60)
        | st.sampled_from([HANDSHAKE, CONNECTED, CREATED, PLAYS])
        | st.tuples(st.sampled_from([1, 2, 3, 4, 5, 6, 9, 17, 20]), st.binary(max_size=40)).map(
            lambda made: message(*made)
        ),
        max_size=8,
    )
)
def test_any_bytes_are_read_or_refused(pieces: list[bytes]) -> None:
    talk = Conversation()
    try:
        talk.hear(HANDSHAKE, *pieces)
    except SourceError:
        return
    assert len(talk.said) < 20_000


@given(st.data())
def test_damage_anywhere_is_survived(video: bytes, data: st.DataObject) -> None:
    damaged = bytearray(ACCEPTED + video)
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(len(HANDSHAKE), len(damaged) - 1))
        damaged[at : at + 1] = data.draw(st.binary(max_size=2))
    try:
        Conversation().hear(bytes(damaged))
    except SourceError as error:
        assert "hunter2" not in str(error)  # noqa: PT017 - it need not be raised


def test_a_flood_of_questions_is_answered_with_as_much_at_most() -> None:
    talk = Conversation()
    talk.hear(ACCEPTED)
    before = len(talk.said)
    flood = message(6, bytes(5), chunk_stream=2) + b"\xc2\x00\x00\x00\x00\x00" * 10_000
    talk.hear(flood)
    assert len(talk.said) - before < 3 * len(flood)
