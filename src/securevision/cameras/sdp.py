"""What a camera says it sends: the first video of a session description (RFC 8866, RFC 6184 8.2, RFC 7798 7.2)."""

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from securevision.cameras.failures import no_video, not_supported
from securevision.cameras.parameter_sets import MAX_PARAMETER_SET
from securevision.domain.video import TICKS_PER_SECOND
from securevision.errors import SourceRefused

_MAX_PARAMETER_SETS = 16
_MAX_TYPE = 127

_CODECS = {"h264": "h264", "h265": "hevc", "hevc": "hevc"}
_MEDIA = re.compile(r"video[ \t]+\S+[ \t]+\S+[ \t]+(.*)")
_NUMBER = r"([0-9]{1,3})"
_RTPMAP = re.compile(rf"rtpmap:[ \t]*{_NUMBER}[ \t]+([A-Za-z0-9.-]+)(?:/([0-9]{{1,9}}))?")
_FMTP = re.compile(rf"fmtp:[ \t]*{_NUMBER}[ \t]+(.*)")
_SETS = ("sprop-vps", "sprop-sps", "sprop-pps", "sprop-parameter-sets")


@dataclass(frozen=True, slots=True)
class VideoMedia:
    """A video that a camera offers."""

    codec: str
    """`h264` or `hevc`."""
    payload_type: int
    """0 to 127."""
    clock_rate: int
    """Ticks of its timestamps in a second; both formats say 90 000."""
    control: str
    """Where it is set up, as it was written; empty when that was not said."""
    session_control: str
    """Where everything together is played, likewise."""
    parameter_sets: Sequence[bytes] = ()
    """NAL units without start codes: what a decoder must know before the first picture."""


def first_video(description: bytes, camera: str) -> VideoMedia:
    """Return the first video of a description; `camera` is how messages call it.

    Raises SourceRefused when there is none, or of a kind that is not supported. What else is odd is left out.
    """
    session, media = _sections(description)
    video = next((section for section in media if _MEDIA.fullmatch(section[0])), None)
    if video is None:
        raise no_video(camera)
    known = {
        int(number): (codec, int(rate or 0) or TICKS_PER_SECOND)
        for number, name, rate in _matches(_RTPMAP, video)
        if (codec := _CODECS.get(name.lower())) and int(number) <= _MAX_TYPE
    }
    for offered in map(int, re.findall(r"[0-9]{1,3}", video[0].split(None, 3)[3])):
        if offered in known:
            sets = _parameter_sets(video, offered, camera)
            return VideoMedia(
                known[offered][0], offered, known[offered][1], _control(video), _control(session), sets
            )
    raise not_supported(camera)


def _sections(description: bytes) -> tuple[list[str], list[list[str]]]:
    """Return the attributes of the session, and of each media its line and attributes."""
    session: list[str] = []
    media: list[list[str]] = []
    for line in re.split(r"[\r\n]+", description.decode("utf-8", "replace")):
        if line.startswith("m="):
            media.append([line[2:].strip()])
        elif line.startswith("a="):
            (media[-1] if media else session).append(line[2:].strip())
    return session, media


def _matches(pattern: re.Pattern[str], lines: Sequence[str]) -> Iterator[Sequence[str]]:
    return (match.groups() for line in lines if (match := pattern.match(line)))


def _parameter_sets(video: Sequence[str], number: int, camera: str) -> Sequence[bytes]:
    """Return the parameter sets of a payload type. Raises SourceRefused when its NAL units come out of order."""
    formats = [text for each, text in _matches(_FMTP, video) if int(each) == number]
    pairs = [part.strip().partition("=") for text in formats for part in text.split(";")]
    parameters = [(name.strip().lower(), value.strip()) for name, _, value in pairs]
    if any(name == "sprop-max-don-diff" and value.strip("0") for name, value in parameters):
        raise SourceRefused(
            f"{camera} sends its pictures out of order (sprop-max-don-diff), which is not supported; "
            "turn interleaving off in the camera."
        )
    sets = [
        each for wanted in _SETS for name, value in parameters if name == wanted for each in _decoded(value)
    ]
    return tuple(sets[:_MAX_PARAMETER_SETS])


def _control(lines: Sequence[str]) -> str:
    return next((line[len("control:") :].strip() for line in lines if line.startswith("control:")), "")


def _decoded(value: str) -> Iterator[bytes]:
    for text in value.split(","):
        try:
            decoded = base64.b64decode(text + "=" * (-len(text) % 4))
        except ValueError:
            continue
        if 0 < len(decoded) <= MAX_PARAMETER_SET:
            yield decoded
