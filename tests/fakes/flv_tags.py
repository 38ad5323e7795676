"""Video tags: those of a file that FFmpeg wrote, and made ones."""

from dataclasses import dataclass
from pathlib import Path

VIDEO = 9


@dataclass(frozen=True)
class Tag:
    """A video tag: its body, and its timestamp in milliseconds."""

    time: int
    body: bytes


def video_tags(path: Path) -> list[Tag]:
    """Return the video tags of an FLV file (Adobe, "FLV 10.1", E.3)."""
    data, at, tags = path.read_bytes(), 13, []
    while at < len(data):
        size = int.from_bytes(data[at + 1 : at + 4], "big")
        time = int.from_bytes(data[at + 7 : at + 8] + data[at + 4 : at + 7], "big")
        if data[at] == VIDEO:
            tags.append(Tag(time, data[at + 11 : at + 11 + size]))
        at += 11 + size + 4
    return tags


def avc_configuration(*sets: bytes, length_size: int = 4) -> bytes:
    """Return a tag with the parameter sets of H.264."""
    sequences = [each for each in sets if each[0] & 31 == 7]
    pictures = [each for each in sets if each[0] & 31 == 8]
    record = bytes([1, 100, 0, 12, 0xFC | length_size - 1, 0xE0 | len(sequences)])
    record += b"".join(len(each).to_bytes(2, "big") + each for each in sequences)
    record += bytes([len(pictures)])
    record += b"".join(len(each).to_bytes(2, "big") + each for each in pictures)
    return b"\x17\x00\x00\x00\x00" + record


def avc_picture(*nals: bytes, keyframe: bool = True, after_ms: int = 0, length_size: int = 4) -> bytes:
    """Return a tag with a picture of H.264."""
    head = (b"\x17" if keyframe else b"\x27") + b"\x01" + after_ms.to_bytes(3, "big", signed=True)
    return head + b"".join(len(each).to_bytes(length_size, "big") + each for each in nals)
