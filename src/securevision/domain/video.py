"""Video as a camera sends it: encoded, before anybody looked at a pixel."""

from dataclasses import dataclass

TICKS_PER_SECOND = 90_000
"""Unit of `pts` and `dts`, as RTP and MPEG count."""


@dataclass(frozen=True, slots=True)
class VideoFormat:
    """What a decoder or a player must know before the first packet. A new one ends what was before it."""

    codec: str
    """FFmpeg's name: `h264`, `hevc`, `mjpeg` ..."""
    width: int
    height: int
    """Of the picture in pixels; 0 when the stream does not say."""
    extradata: bytes = b""
    """Parameter sets, as Annex B or as a container's configuration record; empty for MJPEG."""
    quarters: int = 0
    """How often the decoded picture must be turned counter-clockwise by 90 degrees, 0 to 3; a phone's file."""


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One encoded picture as it came, its timestamps as they are: missing, constant or going back."""

    data: bytes
    keyframe: bool
    pts: int | None = None
    dts: int | None = None
    """In ticks; both may be missing. `dts` is the order of decoding, and the same as `pts` without B-frames."""
    damaged: bool = False
    """A part of it, or of a picture that it builds on, is known to be lost."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One encoded picture, its timestamps in order: `dts` grows strictly from 0, and `pts` is never before it."""

    data: bytes
    keyframe: bool
    ts_ms: int
    """Capture time, milliseconds since the Unix epoch."""
    pts: int
    dts: int
    damaged: bool = False
