"""One run through a video file."""

import contextlib
import logging
import os
import threading
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain, islice
from typing import TypeAlias, cast

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from securevision.cameras.decoding import CODECS, MAX_PIXELS
from securevision.domain.ports.cameras import Connect
from securevision.domain.video import TICKS_PER_SECOND, AccessUnit, VideoFormat
from securevision.errors import SourceError

_Packet: TypeAlias = "av.Packet[VideoStream]"

_log = logging.getLogger(__name__)
_OPTIONS = {
    # Containers alone: a playlist names other files, and a picture is decoded whole before anybody can refuse it.
    "format_whitelist": "mov,matroska,avi,mpegts,mpeg,flv,h264,hevc",
    "codec_whitelist": ",".join(sorted(CODECS)),
}
_LOOK_AT = 16
"""Packets at the start in which the first picture is."""


class FileStream:
    """A Stream of a file, read through a descriptor as fast as its units are taken."""

    def __init__(self, connect: Connect, name: str) -> None:
        """`connect` opens the file; `name` is how messages call it."""
        self._connect = connect
        self._name = name
        self._closed = threading.Event()
        self.duration: int | None = None
        """Length in ticks, once the first item was taken and if the file says it."""
        self.step: int | None = None
        """Length of one picture in ticks, likewise."""

    def items(self) -> Iterator[VideoFormat | AccessUnit]:
        """See Stream. Raises SourceError when the file cannot be read as video."""
        with os.fdopen(self._connect(), "rb") as file:
            try:
                container = cast(
                    "InputContainer", av.open(file, options=dict(_OPTIONS), metadata_errors="replace")
                )
            except (FFmpegError, OSError, ValueError):
                raise SourceError(
                    f"{self._name} cannot be read as video; use MP4, MKV, AVI or TS, and check that it is complete."
                ) from None
            with container:
                yield from self._units(container)

    def close(self) -> None:
        """See Stream."""
        self._closed.set()

    def _units(self, container: InputContainer) -> Iterator[VideoFormat | AccessUnit]:
        if not container.streams.video:
            raise SourceError(f"{self._name} has no video in it; choose a stream or file with a picture.")
        stream = container.streams.video[0]
        if container.duration:
            self.duration = container.duration * TICKS_PER_SECOND // av.time_base
        self.step = _ticks(1, 1 / stream.average_rate) if stream.average_rate else None
        packets = _joined(self._packets(container, stream))
        try:
            first = list(islice(packets, _LOOK_AT))
            yield _format(stream, first)
            for packet in chain(first, packets):
                yield _unit(packet)
        except IndexError:
            # At the end PyAV trips over streams that appeared on the way, as they do in a damaged file.
            return
        except FFmpegError as error:
            _log.warning("%s breaks off and is used as far as it goes: %s", self._name, error.strerror)

    def _packets(self, container: InputContainer, stream: VideoStream) -> Iterator[_Packet]:
        for packet in container.demux(stream):
            if self._closed.is_set():
                return
            if packet.size:
                yield packet


def _joined(packets: Iterator[_Packet]) -> Iterator[_Packet]:
    """Join consecutive packets of one timestamp: some recorders store the slices of a picture in several.

    A decoder that is given half a picture fills the rest with what it has, and says nothing.
    """
    held = None
    for packet in packets:
        if held is not None and packet.pts is not None and packet.pts == held.pts:
            joined = cast("_Packet", av.Packet(held.size + packet.size))
            joined.update(bytes(held) + bytes(packet))
            joined.stream, joined.time_base, joined.is_keyframe = (
                held.stream,
                held.time_base,
                held.is_keyframe,
            )
            joined.pts, joined.dts = held.pts, held.dts
            held = joined
            continue
        if held is not None:
            yield held
        held = packet
    if held is not None:
        yield held


def _format(stream: VideoStream, packets: list[_Packet]) -> VideoFormat:
    context = stream.codec_context
    quarters = 0
    if context.name in CODECS and context.width * context.height <= MAX_PIXELS:
        context.thread_count = 1
        context.options = {"max_pixels": str(MAX_PIXELS)}
        with contextlib.suppress(FFmpegError):
            # The container says how a phone was held, and FFmpeg tells it of pictures alone.
            frames = (frame for packet in packets for frame in packet.decode())
            # In degrees counter-clockwise, as np.rot90 turns.
            quarters = next((round(frame.rotation / 90) % 4 for frame in frames), 0)
    return VideoFormat(context.name, context.width, context.height, context.extradata or b"", quarters)


def _unit(packet: _Packet) -> AccessUnit:
    base = packet.time_base or Fraction(1, TICKS_PER_SECOND)
    return AccessUnit(
        bytes(packet),
        packet.is_keyframe,
        _ticks(packet.pts, base),
        _ticks(packet.dts, base),
        packet.is_corrupt,
    )


def _ticks(value: int | None, base: Fraction) -> int | None:
    return None if value is None else round(value * base * TICKS_PER_SECOND)
