"""The two versions of the media service: which streams there are (ONVIF Media and Media2, 5.2 each)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

from securevision.cameras.onvif.camera import OnvifProfile
from securevision.cameras.onvif.element import Element

MAX_PROFILES = 32
"""More are not asked for: each costs a request."""
_MAX_TOKEN = 128
_MAX_SIDE = 1 << 16
_MAX_FPS = 1000

_CODECS: Mapping[str, str] = {
    "H264": "h264",
    "H265": "hevc",
    "JPEG": "mjpeg",
    "MPEG4": "mpeg4",
    "MPV4-ES": "mpeg4",
}


@dataclass(frozen=True, slots=True)
class MediaService:
    """One version: what is sent, and where in the answers things are."""

    prefix: str
    """Of its names, in `NAMESPACES`."""
    filter: str
    """What GetProfiles is asked with."""
    setup: str
    """How the stream of GetStreamUri is to be sent."""
    encoder: str
    """Path from a profile to its encoder."""
    uri: str
    """Path from the answer of GetStreamUri to the address."""

    def profiles(self, answer: Element) -> list[OnvifProfile]:
        """Return the profiles with video in an answer of GetProfiles, still without addresses."""
        return list(self._profiles(answer))[:MAX_PROFILES]

    def _profiles(self, answer: Element) -> Iterator[OnvifProfile]:
        for each in answer.all(f"{self.prefix}:Profiles"):
            token, encoder = each.attributes.get("token", ""), each.find(self.encoder)
            if encoder is None or not 0 < len(token) <= _MAX_TOKEN:
                continue
            yield OnvifProfile(
                each.text_at("tt:Name") or each.text_at("tr2:Name"),
                token,
                _CODECS.get(encoder.text_at("tt:Encoding").upper(), ""),
                int(encoder.number_at("tt:Resolution/tt:Width", _MAX_SIDE)),
                int(encoder.number_at("tt:Resolution/tt:Height", _MAX_SIDE)),
                encoder.number_at("tt:RateControl/tt:FrameRateLimit", _MAX_FPS),
            )

    def stream(self, profile: OnvifProfile) -> str:
        """Return what GetStreamUri is asked with."""
        return f"{self.setup}<{self.prefix}:ProfileToken>{escape(profile.token)}</{self.prefix}:ProfileToken>"

    def stream_uri(self, answer: Element) -> str:
        """Return the address in an answer of GetStreamUri as it was given; empty when there is none."""
        uri = answer.find(self.uri)
        return uri.text.strip() if uri is not None else ""


MEDIA_SERVICES = (
    # The first that a camera has is asked: the old one has no name for H.265, and mislabels or hides such streams.
    MediaService(
        prefix="tr2",
        filter="<tr2:Type>VideoEncoder</tr2:Type>",
        setup="<tr2:Protocol>RTSP</tr2:Protocol>",
        encoder="tr2:Configurations/tr2:VideoEncoder",
        uri="tr2:Uri",
    ),
    MediaService(
        prefix="trt",
        filter="",
        setup=(
            "<trt:StreamSetup><tt:Stream>RTP-Unicast</tt:Stream>"
            "<tt:Transport><tt:Protocol>RTSP</tt:Protocol></tt:Transport></trt:StreamSetup>"
        ),
        encoder="tt:VideoEncoderConfiguration",
        uri="trt:MediaUri/tt:Uri",
    ),
)
