"""Whose frame the recogniser looks at next."""

from collections import OrderedDict
from dataclasses import dataclass

AT_ONCE = 2
"""Frames of one camera that are looked at side by side."""


@dataclass(frozen=True, slots=True)
class WaitingFrame:
    """A frame that lies in a slot of its camera."""

    camera: str
    memory: int
    """Which memory of the camera the slot is in: a new worker has a new one."""
    slot: int
    ts_ms: int
    width: int
    height: int


@dataclass(slots=True)
class FrameCounts:
    """What became of a camera's frames."""

    offered: int = 0
    analysed: int = 0
    superseded: int = 0
    """A newer one came before they were looked at."""
    lost: int = 0
    """The recogniser ended while it looked at them."""
    latency_ms: int = 0
    """Of the newest one that was looked at, from its capture on."""


class FrameScheduler:
    """Keeps the newest frame of each camera, and gives them out in turn: first who has waited longest for a turn.

    Of one camera two frames at most are out, so that a single busy one uses two threads. Does no I/O. Not thread-safe.
    """

    def __init__(self) -> None:
        self._turns: OrderedDict[str, None] = OrderedDict()
        """Cameras, those that were served longest ago first."""
        self._waiting: dict[str, WaitingFrame] = {}
        self._out: dict[str, int] = {}
        self.counts: dict[str, FrameCounts] = {}

    def add(self, camera: str) -> None:
        """Begin with a camera."""
        self._turns[camera] = None
        self._out[camera] = 0
        self.counts[camera] = FrameCounts()

    def remove(self, camera: str) -> None:
        """Forget a camera and its frames."""
        for table in (self._turns, self._waiting, self._out, self.counts):
            table.pop(camera, None)

    def offer(self, frame: WaitingFrame) -> WaitingFrame | None:
        """Take a frame; return the one it replaces, whose slot is free now. A frame of no known camera is returned."""
        if frame.camera not in self._turns:
            return frame
        counts = self.counts[frame.camera]
        counts.offered += 1
        replaced = self._waiting.get(frame.camera)
        counts.superseded += replaced is not None
        self._waiting[frame.camera] = frame
        return replaced

    def next(self) -> WaitingFrame | None:
        """Return the frame whose turn it is, or None; it is out until `done`."""
        ready = (each for each in self._turns if each in self._waiting and self._out[each] < AT_ONCE)
        camera = next(ready, None)
        if camera is None:
            return None
        self._turns.move_to_end(camera)
        self._out[camera] += 1
        return self._waiting.pop(camera)

    def done(self, camera: str, *, lost: bool = False) -> None:
        """Take that a frame of a camera is out no more; one that was forgotten meanwhile is no matter."""
        if self._out.get(camera, 0) > 0:
            self._out[camera] -= 1
            self.counts[camera].analysed += not lost
            self.counts[camera].lost += lost

    def forget_waiting(self, camera: str) -> None:
        """Forget the frame that waits, because its memory is gone."""
        self._waiting.pop(camera, None)
