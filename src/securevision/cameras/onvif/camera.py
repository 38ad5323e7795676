"""What a camera says of itself over ONVIF."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OnvifProfile:
    """One of its streams. All but the address is the camera's word, for people to choose by."""

    name: str
    token: str
    """By which the camera knows it."""
    codec: str
    """FFmpeg's name: `h264`, `hevc`, `mjpeg` ...; empty when the camera does not say."""
    width: int
    height: int
    """In pixels; 0 when the camera does not say."""
    fps: float
    """Pictures a second at most; 0 when the camera does not say."""
    address: str = ""
    """`rtsp://` or `rtsps://` at the host that was asked, without user and password; its query may be secret.

    Check it with the NetworkPolicy before it is used: port and path are the camera's choice.
    """


@dataclass(frozen=True, slots=True)
class OnvifCamera:
    """A camera and its streams, in its own order: the best is mostly the first. Texts are fit to be shown."""

    manufacturer: str
    model: str
    firmware: str
    profiles: tuple[OnvifProfile, ...]
