"""What cameras of the network say of themselves before they are added; checked, and fit to be shown."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FoundCamera:
    """A camera that answered. Name and hardware are its own word, for people to choose by."""

    name: str
    hardware: str
    addresses: tuple[str, ...]
    """Where it can be asked for its streams: `http://` or `https://`, without a login."""


@dataclass(frozen=True, slots=True)
class OfferedStream:
    """One of a camera's streams. All but the address is its own word."""

    name: str
    codec: str
    """FFmpeg's name: `h264`, `hevc`, `mjpeg` ...; empty when the camera does not say."""
    width: int
    height: int
    """In pixels; 0 when the camera does not say."""
    fps: float
    """Pictures a second at most; 0 when the camera does not say."""
    address: str
    """`rtsp://` or `rtsps://`, without a login; empty when the camera writes the password into it."""


@dataclass(frozen=True, slots=True)
class CameraStreams:
    """A camera with its streams, in its own order: the best is mostly the first."""

    manufacturer: str
    model: str
    firmware: str
    streams: tuple[OfferedStream, ...]
