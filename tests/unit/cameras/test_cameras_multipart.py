import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.cameras.multipart import MAX_HEAD, MAX_PART, MultipartReader, boundary_of
from securevision.errors import SourceError

PICTURES = [b"\xff\xd8 one \xff\xd9", b"\xff\xd8 two\r\n--\r\n \xff\xd9", b"\xff\xd8 three --fra\xff\xd9"]


def read(*pieces: bytes, boundary: str = "frame") -> list[bytes]:
    reader = MultipartReader("http://cam/x", boundary)
    return [part for piece in pieces for part in reader.feed(piece)]


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    ends = sorted(at % (len(data) + 1) for at in cuts)
    return [data[begin:end] for begin, end in itertools.pairwise([0, *ends, len(data)])]


def body(
    *pictures: bytes,
    delimiter: bytes = b"--frame",
    length: bool = True,
    end: bytes = b"\r\n",
    gap: bytes = b"\r\n",
) -> bytes:
    """Return a body, and the delimiter after its last picture, with lines that end as `end`."""
    heads = [
        delimiter
        + end
        + b"Content-Type: image/jpeg"
        + (end + b"Content-Length: %d" % len(each) if length else b"")
        for each in pictures
    ]
    parts = [head + end * 2 + each + gap for head, each in zip(heads, pictures, strict=True)]
    return b"".join(parts) + delimiter


@pytest.mark.parametrize(
    ("text", "boundary"),
    [
        ("multipart/x-mixed-replace; boundary=frame", "frame"),
        ('multipart/x-mixed-replace;boundary="a b; c"', "a b; c"),
        ("multipart/x-mixed-replace; charset=x; BOUNDARY = '--frame'", "--frame"),
        ("multipart/x-mixed-replace; boundary=frame;x=y", "frame"),
        ("multipart/x-mixed-replace; boundary=", ""),
        ('multipart/x-mixed-replace; boundary=""', ""),
        ("multipart/x-mixed-replace", ""),
    ],
)
def test_the_boundary_that_a_header_names(text: str, boundary: str) -> None:
    assert boundary_of(text) == boundary


@pytest.mark.parametrize("length", [True, False])
@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
@pytest.mark.parametrize("gap", [b"\r\n", b"\n", b""])
@pytest.mark.parametrize(
    ("named", "delimiter"),
    [
        ("frame", b"--frame"),
        ("--frame", b"--frame"),  # the dashes are counted as a part of it
        ("--frame", b"----frame"),  # as RFC 2046 has that
        ("frame", b"frame"),  # no dashes at all
        ("frame", b"--something-else"),
        ("", b"--frame"),
    ],
)
def test_parts_as_cameras_write_them(
    named: str, delimiter: bytes, gap: bytes, end: bytes, length: bool
) -> None:
    parts = read(body(*PICTURES, delimiter=delimiter, length=length, end=end, gap=gap), boundary=named)
    assert [part.removesuffix(b"\n") for part in parts] == PICTURES


@pytest.mark.parametrize("before", [b"", b"\r\n", b"\r\n\r\n", b"This is a preamble.\r\n", b"--\r\n"])
def test_what_stands_before_the_first_part(before: bytes) -> None:
    assert read(before + body(*PICTURES)) == PICTURES


def test_a_picture_of_known_length_is_given_as_soon_as_it_came() -> None:
    data = body(PICTURES[0]).removesuffix(b"\r\n--frame")
    reader = MultipartReader("http://cam/x", "frame")
    assert reader.feed(data[:-1]) == []
    assert reader.feed(data[-1:]) == [PICTURES[0]]


@pytest.mark.parametrize("said", [b"3", b"0"])
def test_a_length_that_is_too_short_spoils_no_other_picture(said: bytes) -> None:
    data = body(PICTURES[0]).replace(b"%d\r\n" % len(PICTURES[0]), said + b"\r\n")
    assert read(data + b"\r\n" + body(PICTURES[1])[len(b"--frame\r\n") :])[1:] == [PICTURES[1]]


def test_parts_of_other_types_are_left_out() -> None:
    event = b"--frame\r\nContent-Type: text/xml\r\nContent-Length: 4\r\n\r\n<a/>\r\n"
    sound = b"--frame\r\ncontent-type: audio/basic\r\n\r\n....\r\n"
    plain = b"--frame\r\nX-Timestamp: 1\r\n\r\npicture\r\n"
    assert read(event + sound + plain + body(PICTURES[0])) == [b"picture", PICTURES[0]]


def test_the_end() -> None:
    reader = MultipartReader("http://cam/x", "frame")
    assert reader.feed(body(PICTURES[0]) + b"--\r\n" + body(PICTURES[1])) == [PICTURES[0]]
    assert reader.ended
    assert reader.feed(body(PICTURES[1])) == []


@given(
    st.lists(st.binary(max_size=300).filter(lambda each: b"--frame" not in each), max_size=5),
    st.booleans(),
    st.lists(st.integers(0, 3000), max_size=8),
)
def test_any_split_of_reads_gives_the_same(pictures: list[bytes], length: bool, cuts: list[int]) -> None:
    data = body(*pictures, length=length)
    assert read(*cut(data, cuts)) == [each for each in pictures if each]


@pytest.mark.parametrize(
    "data",
    [
        b"x" * (MAX_HEAD + 8),
        b"--frame\r\nX: " + b"x" * (MAX_HEAD + 8),
        b"--frame\r\nContent-Length: %d\r\n\r\n" % (MAX_PART + 1),
        b"--frame\r\n\r\n" + bytes(MAX_PART + 65_536),
        b"--frame\r\nContent-Length: 1\r\n\r\nx" + bytes(MAX_PART + 65_536),
    ],
    ids=["no boundary", "no end of a head", "a long part", "no end of a part", "no end of nothing"],
)
def test_what_is_too_long_is_refused(data: bytes) -> None:
    with pytest.raises(SourceError, match="not MJPEG"):
        read(data)


def test_a_drip_and_an_awkward_delimiter_cost_no_more_than_their_length() -> None:
    started = time.process_time()
    awkward = b"--" + b"a" * 90 + b"b"
    reader = MultipartReader("http://cam/x", "")
    reader.feed(awkward + b"\r\n\r\n")
    for _ in range(64):
        reader.feed(b"a" * 65_536)
    drip = MultipartReader("http://cam/x", "")
    for at in range(100_000):
        drip.feed(b"--frame\r\n\r\n"[at : at + 1] or b"-")
    assert time.process_time() - started < 2.0


@given(
    st.lists(
        st.binary(max_size=60)
        | st.sampled_from(
            [
                b"--frame",
                b"--",
                b"\r\n",
                b"\n\n",
                b"Content-Length: 5\r\n",
                b"Content-Length: 99999999999999\r\n",
            ]
        ),
        max_size=12,
    ).map(b"".join),
    st.lists(st.integers(0, 500), max_size=4),
)
def test_any_bytes_are_read_or_refused(data: bytes, cuts: list[int]) -> None:
    def outcome(pieces: list[bytes]) -> list[bytes] | str:
        try:
            return read(*pieces)
        except SourceError as error:
            return str(error)

    assert outcome(cut(data, cuts)) == outcome([data])
