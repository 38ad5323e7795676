import base64
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.cameras.sdp import VideoMedia, first_video
from securevision.errors import SourceRefused

SPS, PPS, VPS = b"\x67\x42\x00\x1e\x95", b"\x68\xce\x3c\x80", b"\x40\x01\x0c"
SETS = f"{base64.b64encode(SPS).decode()},{base64.b64encode(PPS).decode()}"

H264 = f"""v=0
o=- 0 0 IN IP4 192.168.1.64
s=Media Presentation
t=0 0
a=control:*
m=audio 0 RTP/AVP 8
a=control:trackID=2
a=rtpmap:8 PCMA/8000
m=video 0 RTP/AVP 96
b=AS:5000
a=rtpmap:96 H264/90000
a=fmtp:96 packetization-mode=1; profile-level-id=42001e;sprop-parameter-sets={SETS}
a=control:trackID=1
m=video 0 RTP/AVP 97
a=rtpmap:97 H265/90000
""".replace("\n", "\r\n")


def described(text: str) -> VideoMedia:
    return first_video(text.encode(), "the gate")


def video(*attributes: str, formats: str = "96") -> str:
    return "\r\n".join(("v=0", f"m=video 0 RTP/AVP {formats}", *(f"a={each}" for each in attributes)))


def test_the_first_video_is_found() -> None:
    assert described(H264) == VideoMedia("h264", 96, 90_000, "trackID=1", "*", (SPS, PPS))


def test_line_ends_alone_are_enough() -> None:
    assert described(H264.replace("\r", "")) == described(H264)


def test_the_sets_of_h265_come_in_their_order() -> None:
    sps, pps, vps = (base64.b64encode(each).decode() for each in (SPS, PPS, VPS))
    found = described(
        video(
            "rtpmap:98 H265/90000",
            f"fmtp:98 sprop-pps={pps},{pps}; sprop-sps={sps};sprop-vps={vps};;=",
            formats="98",
        )
    )
    assert (found.codec, found.parameter_sets) == ("hevc", (VPS, SPS, PPS, PPS))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (video("rtpmap:96 h264/90000"), VideoMedia("h264", 96, 90_000, "", "")),
        (video("rtpmap:96  HEVC/1000/1"), VideoMedia("hevc", 96, 1000, "", "")),
        (video("rtpmap:96 H264"), VideoMedia("h264", 96, 90_000, "", "")),
        (video("rtpmap:96 H264/0"), VideoMedia("h264", 96, 90_000, "", "")),
        (
            video("rtpmap:26 JPEG/90000", "rtpmap:97 H265/90000", "rtpmap:96 H264/90000", formats="26 97 96"),
            VideoMedia("hevc", 97, 90_000, "", ""),
        ),
        (
            video("rtpmap:96 H264/90000", "fmtp:97 sprop-parameter-sets=Z0I=", formats="96"),
            VideoMedia("h264", 96, 90_000, "", ""),
        ),
        (
            video("rtpmap:96 H264/90000", "fmtp:96 sprop-parameter-sets=Z0I,,A,!"),
            VideoMedia("h264", 96, 90_000, "", "", (b"\x67\x42",)),
        ),
        (
            video("rtpmap:96 H264/90000", "fmtp:96 sprop-parameter-sets=" + "A" * 6000),
            VideoMedia("h264", 96, 90_000, "", ""),
        ),
        (
            video("rtpmap:96 H265/90000", "fmtp:96 sprop-max-don-diff=0"),
            VideoMedia("hevc", 96, 90_000, "", ""),
        ),
        (
            video("rtpmap:96 H264/90000", "control:rtsp://a/b?c=d"),
            VideoMedia("h264", 96, 90_000, "rtsp://a/b?c=d", ""),
        ),
    ],
)
def test_what_firmware_writes_is_understood(text: str, found: VideoMedia) -> None:
    assert described(text) == found


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the gate has no video in it; choose a stream with a picture."),
        ("v=0\r\nm=audio 0 RTP/AVP 8\r\na=rtpmap:8 H264/90000", "the gate has no video in it"),
        ("v=0\r\nm=video", "the gate has no video in it"),
        (video("rtpmap:26 JPEG/90000", formats="26"), "kind that is not supported; use H.264 or H.265."),
        (video(), "kind that is not supported"),
        (video("rtpmap:97 H264/90000"), "kind that is not supported"),
        (video("rtpmap:128 H264/90000", formats="128"), "kind that is not supported"),
        (video("rtpmap:96 H265/90000", "fmtp:96 sprop-max-don-diff=2"), "turn interleaving off"),
    ],
)
def test_what_cannot_be_shown_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(SourceRefused, match=sentence):
        described(text)


def test_more_sets_than_anybody_needs_are_left_out() -> None:
    assert (
        len(
            described(
                video("rtpmap:96 H264/90000", "fmtp:96 sprop-parameter-sets=" + "Z0I=," * 1000)
            ).parameter_sets
        )
        == 16
    )


lines = st.sampled_from(
    [*H264.split("\r\n"), "m=video 0 RTP/AVP", "a=fmtp:96", "a=rtpmap:96", "a=control:", "\xff"]
)


@given(st.lists(lines | st.text(max_size=20)).map("\r\n".join) | st.text())
def test_no_description_is_too_odd(text: str) -> None:
    with contextlib.suppress(SourceRefused):
        described(text)


@pytest.mark.parametrize(
    "text",
    [
        video(*["rtpmap:95 H264/90000"] * 2500, formats="96 " * 5000),
        video("rtpmap:96 H264/90000", *["fmtp:96 " + ";" * 100] * 600),
        video("rtpmap:96 H264/90000", "fmtp:96 sprop-parameter-sets=" + "," * 65_000),
        "a=" + " " * 65_000,
        "m=video" + " " * 65_000,
    ],
)
def test_long_descriptions_take_no_long_time(text: str) -> None:
    with contextlib.suppress(SourceRefused):
        described(text)
