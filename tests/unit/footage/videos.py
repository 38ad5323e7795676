"""Videos for the footage room: packets as a camera or a file gives them, and what a player makes of an MP4."""

import io
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import cast

import av
import numpy as np
from av.codec.context import Flags
from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext

from fakes.clips import HEIGHT, RATE, WIDTH, numbered
from securevision.domain.ports.footage import Fragment
from securevision.domain.video import TICKS_PER_SECOND, Packet, VideoFormat
from securevision.footage.fragments import Mp4Fragments

STEP = TICKS_PER_SECOND // RATE
TICK = Fraction(1, TICKS_PER_SECOND)
NOW_MS = 1_700_000_000_000


@dataclass(frozen=True, slots=True)
class Video:
    format: VideoFormat
    packets: tuple[Packet, ...]

    def retimed(self, steps: list[int], offsets: list[int] | None = None) -> "Video":
        """Return as many packets, each decoded so many ticks after the one before and shown so many after that."""
        dts, packets = 0, []
        for index, (packet, step) in enumerate(zip(self.packets, steps, strict=False)):
            dts += step if index else 0
            offset = offsets[index % len(offsets)] if offsets else 0
            packets.append(replace(packet, dts=dts, pts=dts + offset))
        return Video(self.format, tuple(packets))

    def without_size(self) -> "Video":
        return Video(replace(self.format, width=0, height=0), self.packets)


@dataclass(frozen=True, slots=True)
class Played:
    """What FFmpeg reads: of each packet (pts, dts, duration, keyframe), and the pictures."""

    tag: str
    size: tuple[int, int]
    packets: tuple[tuple[int, int, int, bool], ...]
    pictures: tuple[bytes, ...]
    rotation: int = 0


@cache
def camera_video(
    codec: str = "libx264",
    count: int = 30,
    *,
    gop: int = 10,
    b_frames: int = 0,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    pixel_format: str = "yuv420p",
    options: tuple[tuple[str, str], ...] = (),
) -> Video:
    """Return a video as a camera sends it: Annex B, all parameter sets in the format."""
    encoder = cast("VideoCodecContext", av.CodecContext.create(codec, "w"))
    encoder.width, encoder.height, encoder.pix_fmt = (*size, pixel_format)
    encoder.time_base, encoder.framerate = TICK, Fraction(RATE)
    encoder.thread_count = 1
    encoder.flags |= Flags.global_header
    encoder.options = _own_options(codec, gop, b_frames) | dict(options)
    encoder.open()
    packets = []
    for index in range(count):
        frame = av.VideoFrame.from_ndarray(numbered(index, *size), format="bgr24").reformat(
            format=pixel_format
        )
        frame.pts, frame.time_base = index * STEP, TICK
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    extradata = b"" if codec == "mjpeg" else bytes(encoder.extradata or b"")
    name = {"libx264": "h264", "libx265": "hevc"}.get(codec, codec)
    return Video(VideoFormat(name, *size, extradata), _packets(packets))


@cache
def file_video(codec: str = "libx264") -> Video:
    """Return a video as a file gives it, with B-frames."""
    return through_file(camera_video(codec, b_frames=2))


def through_file(made: Video) -> Video:
    """Return the same video out of a file of FFmpeg's: a configuration record, and lengths before the units."""
    room = io.BytesIO()
    with av.open(room, "w", format="mp4") as container:
        stream = container.add_mux_stream(
            made.format.codec, width=made.format.width, height=made.format.height
        )
        for index, packet in enumerate(made.packets):
            encoded = av.Packet((b"" if index else made.format.extradata) + packet.data)
            encoded.pts, encoded.dts, encoded.time_base = packet.pts, packet.dts, TICK
            encoded.is_keyframe, encoded.stream = packet.keyframe, stream
            container.mux(encoded)
    with cast("InputContainer", av.open(io.BytesIO(room.getvalue()))) as source:
        context = source.streams.video[0].codec_context
        packets = [packet for packet in source.demux(source.streams.video[0]) if packet.size]
        video = replace(made.format, extradata=bytes(context.extradata or b""))
        assert video.extradata[:1] == b"\1"
        return Video(video, _packets(packets))


def mp4_of(video: Video, per: Fragment) -> list[bytes]:
    """Return the header and the fragments, in order; none is empty."""
    fragments = Mp4Fragments(video.format, per)
    parts = [fragments.init(), *map(fragments.add, video.packets), fragments.close()]
    return [part for part in parts if part]


def play(mp4: bytes) -> Played:
    """Read and decode an MP4 as far as it goes; times in ticks."""
    with cast("InputContainer", av.open(io.BytesIO(mp4))) as container:
        stream = container.streams.video[0]
        packets = _demux(container)
        frames = [frame for packet in packets for frame in stream.codec_context.decode(packet)]
        frames += stream.codec_context.decode(None)
        assert stream.time_base == TICK
        return Played(
            stream.codec_context.codec_tag,
            (stream.codec_context.width, stream.codec_context.height),
            tuple(
                (packet.pts or 0, packet.dts or 0, packet.duration or 0, packet.is_keyframe)
                for packet in packets
            ),
            tuple(_pixels(frame) for frame in frames),
            frames[0].rotation if frames else 0,
        )


def pictures_of(video: Video) -> tuple[bytes, ...]:
    """Decode the packets themselves."""
    decoder = cast("VideoCodecContext", av.CodecContext.create(video.format.codec, "r"))
    decoder.extradata = video.format.extradata or None
    decoder.thread_count = 1
    frames = [frame for packet in video.packets for frame in decoder.decode(av.Packet(packet.data))]
    return tuple(_pixels(frame) for frame in [*frames, *decoder.decode(None)])


def _demux(container: InputContainer) -> list["av.Packet[av.VideoStream]"]:
    return [packet for packet in container.demux(container.streams.video[0]) if packet.size]


def _pixels(frame: av.VideoFrame) -> bytes:
    assert not frame.is_corrupt
    return np.asarray(frame.to_ndarray()).tobytes()


def _own_options(codec: str, gop: int, b_frames: int) -> dict[str, str]:
    if codec == "libx264":
        return {"preset": "ultrafast", "bf": str(b_frames), "g": str(gop), "crf": "12", "sc_threshold": "0"}
    if codec == "libx265":
        parameters = (
            f"bframes={b_frames}:keyint={gop}:min-keyint={gop}:scenecut=0:open-gop=0:crf=12:log-level=none"
        )
        return {"preset": "ultrafast", "x265-params": parameters}
    return {}


def _packets(packets: list["av.Packet[av.VideoStream]"]) -> tuple[Packet, ...]:
    scale = packets[0].time_base / TICK
    begin = round((packets[0].dts or 0) * scale)
    return tuple(
        Packet(
            bytes(packet),
            packet.is_keyframe,
            NOW_MS,
            round((packet.pts or 0) * scale) - begin,
            round((packet.dts or 0) * scale) - begin,
        )
        for packet in packets
    )
