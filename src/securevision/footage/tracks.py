"""What a video becomes in MP4: the entry that describes it, its name for browsers, and its pictures as samples."""

import struct
from dataclasses import dataclass

from securevision.domain.video import VideoFormat
from securevision.errors import InvalidInput
from securevision.footage.boxes import SampleEntry, box, full_box
from securevision.footage.nal_units import prefixed
from securevision.footage.parameter_sets import ParameterSets, h264_sets, hevc_sets

_MAX_SIDE = 65_535


@dataclass(frozen=True, slots=True)
class Track:
    """One video in MP4."""

    entry: SampleEntry
    codecs: str
    """As a browser is asked whether it can play it (RFC 6381)."""
    sets: ParameterSets | None
    """None for MJPEG."""

    def sample(self, data: bytes) -> bytes:
        """Return a picture as a sample; empty when nothing is in it."""
        return data if self.sets is None else prefixed(self.sets.units(data))


def track_of(video: VideoFormat) -> Track:
    """Return the track for a video of H.264, H.265 or MJPEG.

    Raises InvalidInput for another codec, and when the parameter sets cannot be read.
    """
    match video.codec:
        case "h264":
            return _with_sets(video, h264_sets(video.extradata), b"avc1", b"avcC")
        case "hevc":
            # Not hev1: Apple's players refuse it.
            return _with_sets(video, hevc_sets(video.extradata), b"hvc1", b"hvcC")
        case "mjpeg":
            if not (0 <= video.width <= _MAX_SIDE and 0 <= video.height <= _MAX_SIDE):
                raise InvalidInput("The pictures of the video are too large; set the camera to a usual size.")
            entry = SampleEntry(b"mp4v", _jpeg_descriptor(), video.width, video.height, video.quarters)
            return Track(entry, "mp4v.6C", None)
    raise InvalidInput(
        f"Video of the kind {video.codec!r} can be neither kept as clips nor shown live; use H.264 or H.265."
    )


def _with_sets(video: VideoFormat, sets: ParameterSets, kind: bytes, record: bytes) -> Track:
    size = (sets.sequence.width, sets.sequence.height)
    return Track(SampleEntry(kind, box(record, sets.record), *size, video.quarters), sets.codecs, sets)


def _jpeg_descriptor() -> bytes:
    """Return the `esds` that says JPEG (ISO 14496-1, 7.2.6; 14496-14, 5.6)."""
    jpeg, visual_stream = 0x6C, 0x11
    decoder = struct.pack(">BB3xII", jpeg, visual_stream, 0, 0)
    decoder = bytes([4, len(decoder)]) + decoder
    synchronisation = bytes([6, 1, 2])
    body = struct.pack(">HB", 1, 0) + decoder + synchronisation
    return full_box(b"esds", 0, 0, bytes([3, len(body)]) + body)
