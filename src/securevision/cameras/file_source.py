"""A video file as a source, as fast as it is taken or at its own pace."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from securevision.cameras.decoding import DecodedPicture, Decoder
from securevision.cameras.file_stream import FileStream
from securevision.cameras.timing import CaptureTime, PacketTime, Sampler
from securevision.domain.frames import SourceState, SourceStatus
from securevision.domain.ports.cameras import Item
from securevision.domain.ports.clock import Clock
from securevision.domain.video import TICKS_PER_SECOND, AccessUnit, Packet, VideoFormat
from securevision.errors import InvalidInput, SourceError

_STEP_S = 1.0
_LATE_S = 1.0
_USUAL_STEP = TICKS_PER_SECOND // 25
"""Of a raw stream, which says nothing: FFmpeg takes 25 pictures a second for granted too."""


class FileSource:
    """A FrameSource of a video file.

    Not paced, each picture waits until it is taken, and the recording is laid so that it ends when it is
    opened: no event lies in the future. Paced, it plays like a camera and stamps pictures as they are given;
    whoever takes them too slowly slows the play down. A loop has no end and must be paced.
    """

    def __init__(
        self,
        open_stream: Callable[[], FileStream],
        name: str,
        clock: Clock,
        *,
        fps: float,
        paced: bool = False,
        loop: bool = False,
    ) -> None:
        """`name` is how messages call it; at most `fps` pictures of each second are given. Raises InvalidInput."""
        if loop and not paced:
            raise InvalidInput("A video that plays in a loop must be paced, or its time would run ahead.")
        self.keyframes_only = False
        self.fps = fps
        self._open_stream = open_stream
        self._name = name
        self._clock = clock
        self._paced = paced
        self._loop = loop
        self._closing = threading.Event()
        self._status = SourceStatus(SourceState.CONNECTING)
        self._progress: float | None = None if loop else 0.0
        self._sampler = Sampler()
        self._begin: int | None = None
        """Where the present round began, in ticks."""

    @property
    def live(self) -> bool:
        """A paced file behaves like a camera."""
        return self._paced

    @property
    def status(self) -> SourceStatus:
        """See FrameSource."""
        return self._status

    @property
    def progress(self) -> float | None:
        """See FrameSource; None for a loop."""
        return self._progress

    def close(self) -> None:
        """See FrameSource."""
        self._closing.set()

    def items(self) -> Iterator[Item | None]:
        """See FrameSource."""
        detail = ""
        try:
            yield from self._play() if self._paced else self._run()
        except SourceError as error:
            detail = str(error)
            raise
        finally:
            self._status = SourceStatus(SourceState.ENDED, detail)

    def _run(self) -> Iterator[Item]:
        if self._closing.is_set():
            return
        end_ms, length = self._clock.now_ms(), self._length()
        start_ms = end_ms - _ms(length)
        yield from self._round(
            PacketTime(step=_USUAL_STEP), length, lambda pts: min(end_ms, start_ms + _ms(pts))
        )

    def _length(self) -> int:
        """Return the length of the recording in ticks; a raw stream is read through, but not decoded."""
        stream, packet = self._open_stream(), None
        time = PacketTime(step=_USUAL_STEP)
        for item in stream.items():
            if stream.duration or self._closing.is_set():
                break
            if isinstance(item, AccessUnit):
                packet = time.place(item, 0)
        return stream.duration or (packet.dts + _USUAL_STEP if packet else 0)

    def _play(self) -> Iterator[Item | None]:
        capture, time = CaptureTime(self._clock), PacketTime(step=_USUAL_STEP)
        while not self._closing.is_set():
            start, first = self._clock.monotonic(), None
            for item in self._round(time, 0, lambda _: capture.now_ms()):
                if isinstance(item, Packet):
                    first = item.dts if first is None else first
                    due = start + (item.dts - first) / TICKS_PER_SECOND
                    late = self._clock.monotonic() - due
                    start += late if late > _LATE_S else 0.0
                    yield from self._wait_until(due)
                if self._closing.is_set():
                    return
                yield item
            if not self._loop:
                return

    def _wait_until(self, moment: float) -> Iterator[None]:
        while (left := moment - self._clock.monotonic()) > 0.0:
            if self._closing.wait(min(left, _STEP_S)):
                return
            if left > _STEP_S:
                yield None

    def _round(self, time: PacketTime, length: int, stamp: Callable[[int], int]) -> Iterator[Item]:
        """Yield the items of the file once, keeping status and progress; `stamp` makes capture time of ticks."""
        self._sampler, self._begin, given = Sampler(), None, 0
        decoder: Decoder | None = None
        for item in self._open_stream().items():
            if self._closing.is_set():
                return
            if isinstance(item, VideoFormat):
                decoder = Decoder(item, self._name)
                yield item
            elif decoder is not None:
                packet = time.place(item, 0)
                packet = replace(packet, ts_ms=stamp(packet.pts))
                self._begin = packet.dts if self._begin is None else self._begin
                yield packet
                if packet.keyframe or not self.keyframes_only:
                    pictures = decoder.decode(packet)
                    given += len(pictures)
                    yield from self._wanted(pictures, length)
        if decoder is not None:
            pictures = decoder.finish()
            given += len(pictures)
            yield from self._wanted(pictures, length)
        if not given:
            raise SourceError(
                f"{self._name} holds no picture that can be decoded; save it anew as an MP4 file."
            )
        if not self._loop:
            self._progress = 1.0

    def _wanted(self, pictures: Sequence[DecodedPicture], length: int) -> Iterator[DecodedPicture]:
        for picture in pictures:
            self._status = SourceStatus(SourceState.LIVE)
            if not self._loop and length:
                self._progress = min(1.0, picture.pts / length)
            if self._sampler.wants(picture.pts - (self._begin or 0), self.fps):
                yield picture


def _ms(ticks: int) -> int:
    return ticks * 1000 // TICKS_PER_SECOND
