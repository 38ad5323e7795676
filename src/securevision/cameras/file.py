"""A video file as a source, as fast as it is taken or at its own pace."""

import logging
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError

from securevision.cameras.decoding import CODECS, Decoder, Picture
from securevision.cameras.timing import CaptureTime
from securevision.domain.frames import Frame, SourceState, SourceStatus, Tick
from securevision.domain.ports.clock import Clock
from securevision.errors import InvalidInput, SourceError

_log = logging.getLogger(__name__)
_OPTIONS = {
    # Containers alone: a playlist names other files, and a picture is decoded whole before anybody can refuse it.
    "format_whitelist": "mov,matroska,avi,mpegts,mpeg,flv,h264,hevc",
    "protocol_whitelist": "file",
    "codec_whitelist": CODECS,
}
_TICK_S = 1.0
_LATE_S = 1.0


class FileSource:
    """A FrameSource of a video file.

    Not paced, each frame waits until it is taken, and the recording is laid so that it ends when it is
    opened: no event lies in the future. Paced, it plays like a camera and stamps frames as they are given;
    whoever takes them too slowly slows the play down and loses nothing. A loop has no end and must be paced.
    """

    def __init__(
        self, path: Path, source_id: str, fps: float, clock: Clock, *, paced: bool = False, loop: bool = False
    ) -> None:
        """`fps` is how many frames of each second are given, at most. Raises InvalidInput."""
        if loop and not paced:
            raise InvalidInput("A video that plays in a loop must be paced, or its time would run ahead.")
        self._path = path
        self._source_id = source_id
        self._fps = fps
        self._clock = clock
        self._paced = paced
        self._loop = loop
        self._closing = threading.Event()
        self._status = SourceStatus(SourceState.CONNECTING)
        self._progress: float | None = None if loop else 0.0

    @property
    def source_id(self) -> str:
        """See FrameSource."""
        return self._source_id

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

    def frames(self) -> Iterator[Frame | Tick]:
        """See FrameSource."""
        detail = ""
        try:
            if self._paced:
                yield from self._play()
            else:
                yield from self._run()
        except SourceError as error:
            detail = str(error)
            raise
        finally:
            self._status = SourceStatus(SourceState.ENDED, detail)

    def _run(self) -> Iterator[Frame]:
        end_ms = self._clock.now_ms()
        duration = self._duration()
        for picture in self._pictures(duration):
            ts_ms = end_ms + min(0, round((picture.seconds - duration) * 1000))
            yield Frame(self._source_id, ts_ms, picture.pixels)

    def _play(self) -> Iterator[Frame | Tick]:
        duration = self._duration()
        capture = CaptureTime(self._clock)
        while not self._closing.is_set():
            start = self._clock.monotonic()
            for picture in self._pictures(duration):
                late = self._clock.monotonic() - (start + picture.seconds)
                if late > _LATE_S:
                    start += late
                yield from self._wait_until(start + picture.seconds, capture)
                if self._closing.is_set():
                    return
                yield Frame(self._source_id, capture.now_ms(), picture.pixels)
            yield from self._wait_until(start + duration, capture)
            if not self._loop:
                return

    def _wait_until(self, moment: float, capture: CaptureTime) -> Iterator[Tick]:
        while (left := moment - self._clock.monotonic()) > 0.0:
            if self._closing.wait(min(left, _TICK_S)):
                return
            if left > _TICK_S:
                yield Tick(self._source_id, capture.now_ms())

    def _pictures(self, duration: float) -> Iterator[Picture]:
        """Yield the pictures of the file once, keeping status and progress."""
        given = 0
        if self._closing.is_set():
            return
        with self._open() as container:
            try:
                for picture in Decoder(container, self._fps, str(self._path)).pictures():
                    if self._closing.is_set():
                        return
                    if picture is None:
                        continue
                    given += 1
                    self._status = SourceStatus(SourceState.LIVE)
                    if not self._loop:
                        self._progress = min(1.0, picture.seconds / duration) if duration else None
                    yield picture
            except FFmpegError as error:
                _log.warning("%s breaks off and is used as far as it goes: %s", self._path, error.strerror)
        if not given:
            raise SourceError(
                f"{self._path} holds no picture that can be decoded; save it anew as an MP4 file."
            )
        if not self._loop:
            self._progress = 1.0

    def _duration(self) -> float:
        """Return the length of the recording in seconds; a raw stream is read through, but not decoded."""
        with self._open() as container:
            if container.duration:
                return container.duration / av.time_base
            time = Decoder(container, self._fps, str(self._path)).time
            seconds = 0.0
            for packet in container.demux(container.streams.video[0]):
                if self._closing.is_set():
                    break
                if packet.size:
                    seconds = time.place(None) + time.step
            return seconds

    def _open(self) -> InputContainer:
        try:
            information = self._path.stat()
            if not stat.S_ISREG(information.st_mode):
                raise SourceError(f"{self._path} is not a file; give the path of a video file.")
            if information.st_size == 0:
                raise SourceError(f"{self._path} is empty; record or copy it again.")
            return av.open(f"file:{self._path}", options=dict(_OPTIONS), metadata_errors="replace")
        except FileNotFoundError:
            raise SourceError(f"{self._path} does not exist; check the path of the video file.") from None
        except PermissionError:
            raise SourceError(f"{self._path} may not be read; give this user the right to read it.") from None
        except (FFmpegError, OSError, ValueError):
            raise SourceError(
                f"{self._path} cannot be read as video; use MP4, MKV, AVI or TS, and check that it is complete."
            ) from None
