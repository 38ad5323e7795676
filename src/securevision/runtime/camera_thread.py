"""One camera in a media worker: reads it, keeps its footage, and offers what moves to the recogniser."""

import contextlib
import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from securevision.domain.frames import SourceState, SourceStatus
from securevision.domain.ports.cameras import FrameSource, Item, Picture
from securevision.domain.ports.clock import Clock
from securevision.domain.ports.footage import EncodeStill
from securevision.domain.video import Packet, VideoFormat
from securevision.errors import SecureVisionError
from securevision.motion.gate import MotionGate
from securevision.motion.tamper import TamperWatch
from securevision.runtime.camera_footage import CameraFootage
from securevision.runtime.link import LinkBroken
from securevision.runtime.messages import (
    CameraBeat,
    Finished,
    FrameReady,
    Message,
    Quiet,
    StateChanged,
    Still,
    TamperChanged,
    Watch,
)
from securevision.runtime.slot_desk import SlotDesk
from securevision.runtime.slots import MAX_PIXELS, MAX_SIDE, SlotMemory

_log = logging.getLogger(__name__)
_HOLD_MS = 2_000
"""For so long after something moved every picture is analysed: somebody who stands still is still there."""
_HURRY_MS, _HURRY_FPS = 1_500, 15.0
"""For so long after motion began pictures are looked at so often, so that whoever it is is known sooner."""
_QUIET_MS = 1_000
_STEP_S = 1.0
_MAX_SENTENCE = 500
_PAUSES = 2
"""Steps between an internal error and the next try."""
INTERNAL_ERROR = "It could not be read because of an internal error; see the log."

Send = Callable[[Message], None]
Command = Callable[[], None]


@dataclass(slots=True)
class _Counts:
    packets: int = 0
    octets: int = 0
    pictures: int = 0
    moving: int = 0
    crowded: int = 0


@dataclass(slots=True, kw_only=True)
class CameraParts:
    """What a camera's thread works with."""

    make_source: Callable[[], FrameSource]
    footage: CameraFootage
    memory: SlotMemory
    encode_still: EncodeStill
    clock: Clock
    send: Send
    slots: SlotDesk = field(default_factory=SlotDesk)


class CameraThread:
    """The thread of one camera. Its methods may be called from any thread."""

    def __init__(self, watch: Watch, parts: CameraParts) -> None:
        self._camera = watch.camera
        self._watch = watch
        self._parts = parts
        self._source = parts.make_source()
        self._lock = threading.Lock()
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._stills: list[int] = []
        self._counts = _Counts()
        self._video = VideoFormat("", 0, 0)
        self._size = (0, 0)
        self._stepped = parts.clock.monotonic()
        self._gate = MotionGate(watch.motion)
        self._tamper_watch, self._tamper = TamperWatch(), ""
        self._moved_ms: int | None = None
        self._began_ms: int | None = None
        """When the present motion began."""
        self._quiet_ms = 0
        self._status: SourceStatus | None = None
        self._is_over = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"camera-{watch.camera}", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Ask the thread to end."""
        with self._lock:
            self._closing.set()
            # From here on it has as long as for any other step.
            self._stepped = self._parts.clock.monotonic()
            self._source.close()

    def is_alive(self) -> bool:
        """Return whether it runs."""
        return self._thread.is_alive()

    def join(self, timeout_s: float) -> None:
        """Wait for its end."""
        self._thread.join(timeout_s)

    def free_slot(self, slot: int) -> None:
        """Take a slot back."""
        self._parts.slots.free(slot)

    def begin_clip(self, clip: int, replaces: int) -> None:
        """Begin a clip; see CameraFootage."""
        self._commands.put(lambda: self._parts.footage.begin_clip(clip, replaces))

    def end_clip(self, clip: int) -> None:
        """Finish a clip."""
        self._commands.put(lambda: self._parts.footage.end_clip(clip))

    def begin_live(self) -> None:
        """Send live fragments."""
        self._commands.put(self._parts.footage.begin_live)

    def end_live(self) -> None:
        """Send no more."""
        self._commands.put(self._parts.footage.end_live)

    def take_still(self, request: int) -> None:
        """Send the next picture as JPEG."""
        self._commands.put(lambda: self._stills.append(request))

    def beat(self) -> CameraBeat:
        """Say how the camera does."""
        counts = self._counts
        still_s = max(0.0, self._parts.clock.monotonic() - self._stepped)
        return CameraBeat(
            self._camera,
            0.0 if self._is_over else still_s,
            counts.packets,
            counts.octets,
            counts.pictures,
            counts.moving,
            counts.crowded,
            self._video.codec,
            *self._size,
            self._source.progress,
            watch=self._watch.number,
        )

    def _run(self) -> None:
        # A broken link means that the core is gone; the main thread sees that too, and ends us all.
        with contextlib.suppress(LinkBroken), self._parts.memory:
            detail = self._read()
            while detail == INTERNAL_ERROR and self._source.live and self._pause():
                with self._lock:
                    self._source = self._parts.make_source()
                    if self._closing.is_set():
                        self._source.close()
                detail = self._read()
            self._report(self._source.status)
            self._is_over = True
            self._parts.send(Finished(self._camera, detail))

    def _read(self) -> str:
        """Read the source to its end; return why it ended early, or an empty string."""
        try:
            detail = self._take_all()
            self._parts.footage.stop()
            self._wait_for_slots()
        except LinkBroken:
            raise
        except Exception:  # noqa: BLE001 - one bad picture must not blind a camera
            _log.exception("Camera %s could not be read.", self._camera)
            return INTERNAL_ERROR
        return detail

    def _take_all(self) -> str:
        try:
            for item in self._source.items():
                self._step()
                self._take(item)
        except LinkBroken:
            raise
        except SecureVisionError as error:
            return str(error)[:_MAX_SENTENCE]
        return ""

    def _take(self, item: Item | None) -> None:
        match item:
            case None:
                return
            case Packet():
                self._counts.packets += 1
                self._counts.octets += len(item.data)
                self._parts.footage.push(item)
            case VideoFormat():
                self._video = item
                self._parts.footage.start(item)
                # Much may have changed while nobody looked, and time may begin anew.
                self._gate = MotionGate(self._watch.motion)
                self._quiet_ms = 0
            case _:
                self._look(item)

    def _wait_for_slots(self) -> None:
        """Wait until everything that was offered has been looked at, unless nobody wants that any more."""
        while not self._closing.is_set() and not self._parts.slots.wait_for_all(_STEP_S):
            self._step()

    def _pause(self) -> bool:
        """Wait after an internal error; return whether the camera shall be read anew."""
        for _ in range(_PAUSES):
            self._stepped = self._parts.clock.monotonic()
            self._report(SourceStatus(SourceState.BACKING_OFF, INTERNAL_ERROR))
            if self._closing.wait(_STEP_S):
                return False
        return True

    def _step(self) -> None:
        self._stepped = self._parts.clock.monotonic()
        self._report(self._source.status)
        while not self._commands.empty():
            self._commands.get()()

    def _report(self, status: SourceStatus) -> None:
        if status != self._status:
            self._status = status
            self._parts.send(StateChanged(self._camera, status.state, status.detail[:_MAX_SENTENCE]))

    def _look(self, picture: Picture) -> None:
        self._counts.pictures += 1
        self._size = (picture.width, picture.height)
        stills, self._stills = self._stills, []
        for request in stills:
            self._parts.send(Still(self._camera, request, self._parts.encode_still(picture)))
        luma = picture.luma()
        tamper = self._tamper_watch.look(luma, picture.ts_ms) or ""
        if tamper != self._tamper:
            self._tamper = tamper
            self._parts.send(TamperChanged(self._camera, tamper, picture.ts_ms))
        if self._is_wanted(picture.ts_ms, moves=self._gate.look(luma).moving):
            self._offer(picture)
        elif picture.ts_ms - self._quiet_ms >= _QUIET_MS:
            self._quiet_ms = picture.ts_ms
            self._parts.send(Quiet(self._camera, picture.ts_ms))

    def _is_wanted(self, ts_ms: int, *, moves: bool) -> bool:
        if moves:
            self._moved_ms = ts_ms
        active = self._moved_ms is not None and ts_ms - self._moved_ms <= _HOLD_MS
        self._began_ms = (ts_ms if self._began_ms is None else self._began_ms) if active else None
        hurried = self._watch.gated and self._began_ms is not None and ts_ms - self._began_ms < _HURRY_MS
        self._source.fps = max(self._watch.fps, _HURRY_FPS) if hurried else self._watch.fps
        self._source.keyframes_only = self._watch.keyframes_only and not active
        return active or not self._watch.gated

    def _offer(self, picture: Picture) -> None:
        self._counts.moving += 1
        slots, pixels = self._parts.slots, picture.width * picture.height
        if pixels > MAX_PIXELS or max(picture.width, picture.height) > MAX_SIDE:
            self._counts.crowded += 1
            return
        if not self._source.live:
            # Two by two, so that none is replaced by a newer one before it was looked at.
            while not self._closing.is_set() and not slots.wait_for_room(_STEP_S):
                self._step()
        slot = slots.take()
        if slot is None:
            self._counts.crowded += 1
            return
        try:
            with self._parts.memory.slot(slot, pixels * 3 // 2) as room:
                picture.write_i420(room)
        except Exception:
            slots.free(slot)
            raise
        self._parts.send(FrameReady(self._camera, slot, picture.ts_ms, picture.width, picture.height))
