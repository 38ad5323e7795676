"""Live view: what one camera sends, for all who look at it."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol

from securevision.domain.live import LiveBoxes, LiveFragment, LivePart, LiveStart
from securevision.domain.ports.watching import LiveViewer
from securevision.errors import Unavailable
from securevision.runtime.messages import LiveData, LiveInit, Still

MAX_WAITING_BYTES = 4 << 20
"""Of one viewer; a slower one is taken to the next keyframe."""
_MAX_KEPT_BYTES = 16 << 20
_MOST_WAITING = 1000
_STILL_WITHIN_S = 10.0


class LiveOrders(Protocol):
    """Who makes a camera send."""

    def begin_live(self, camera: str) -> None:
        """Ask for live fragments."""
        ...

    def end_live(self, camera: str) -> None:
        """Ask for no more."""
        ...

    def take_still(self, camera: str, request: int) -> bool:
        """Ask for a picture; return whether somebody was there to ask."""
        ...


class Viewer:
    """What waits for one viewer. `wake` is called when something comes, from any thread."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._lock = threading.Lock()
        self._waiting: deque[LivePart] = deque()
        self._bytes = 0
        self._skipping = True
        """Until the next keyframe."""
        self.skipped = 0
        """Pictures that were left out because the viewer was too slow."""

    def put(self, part: LivePart) -> None:
        """Add a part; what a slow viewer has not taken is dropped up to the next keyframe."""
        with self._lock:
            if isinstance(part, LiveBoxes):
                # Worth something with its picture alone.
                if self._skipping or len(self._waiting) > _MOST_WAITING:
                    return
            elif isinstance(part, LiveStart):
                self._waiting.clear()
                self._bytes, self._skipping = 0, True
            else:
                if self._bytes + len(part.data) > MAX_WAITING_BYTES:
                    self._drop()
                if self._skipping and not part.keyframe:
                    self.skipped += 1
                    return
                self._skipping = False
            self._waiting.append(part)
            self._bytes += _size(part)
        self._wake()

    def take(self) -> LivePart | None:
        """Return the next part, or None when nothing waits."""
        with self._lock:
            if not self._waiting:
                return None
            part = self._waiting.popleft()
            self._bytes -= _size(part)
            return part

    def _drop(self) -> None:
        kept = [part for part in self._waiting if isinstance(part, LiveStart)]
        self.skipped += len(self._waiting) - len(kept)
        self._waiting = deque(kept)
        self._bytes, self._skipping = sum(_size(part) for part in kept), True


@dataclass(slots=True)
class _Channel:
    viewers: list[Viewer] = field(default_factory=list)
    init: LiveStart | None = None
    gop: list[LiveFragment] = field(default_factory=list)
    """Since the newest keyframe, so that a new viewer sees something at once."""
    gop_bytes: int = 0


class LiveDesk:
    """All viewers of all cameras. Any thread."""

    def __init__(self) -> None:
        self._orders: LiveOrders | None = None
        self._lock = threading.Lock()
        self._channels: dict[str, _Channel] = {}
        self._numbers = count(1)
        self._stills: dict[int, tuple[str, Future[bytes]]] = {}

    def use(self, orders: LiveOrders) -> None:
        """Take who makes cameras send, once."""
        self._orders = orders

    def open(self, camera: str, wake: Callable[[], None]) -> Viewer:
        """Begin to view a camera; it begins to send with its first viewer."""
        viewer = Viewer(wake)
        with self._lock:
            channel = self._channels.setdefault(camera, _Channel())
            is_first = not channel.viewers
            channel.viewers.append(viewer)
            if channel.init is not None:
                viewer.put(channel.init)
                for fragment in channel.gop:
                    viewer.put(fragment)
        if is_first and self._orders is not None:
            self._orders.begin_live(camera)
        return viewer

    def close(self, camera: str, viewer: LiveViewer) -> None:
        """End a view; the camera stops to send with its last viewer."""
        with self._lock:
            channel = self._channels[camera]
            channel.viewers = [each for each in channel.viewers if each is not viewer]
            is_last = not channel.viewers
            if is_last:
                del self._channels[camera]
        if is_last and self._orders is not None:
            self._orders.end_live(camera)

    def viewers(self, camera: str) -> int:
        """Return how many view a camera."""
        with self._lock:
            channel = self._channels.get(camera)
            return len(channel.viewers) if channel else 0

    def still(self, camera: str) -> bytes:
        """Return the next picture of a camera as JPEG. Raises Unavailable."""
        answer: Future[bytes] = Future()
        with self._lock:
            number = next(self._numbers)
            self._stills[number] = (camera, answer)
        try:
            if self._orders is None or not self._orders.take_still(camera, number):
                raise Unavailable("The camera gives no picture just now; look at its state.")
            return answer.result(_STILL_WITHIN_S)
        except TimeoutError:
            raise Unavailable("The camera gives no picture just now; look at its state.") from None
        finally:
            with self._lock:
                self._stills.pop(number, None)

    def take(self, message: LiveInit | LiveData | Still) -> None:
        """Take what a camera sent."""
        if isinstance(message, Still):
            with self._lock:
                camera, answer = self._stills.get(message.request, ("", None))
            if answer is not None and camera == message.camera and not answer.done():
                answer.set_result(message.jpeg)
            return
        with self._lock:
            channel = self._channels.get(message.camera)
            if channel is None:
                return
            part = _part(message)
            _keep(channel, part)
            viewers = list(channel.viewers)
        for viewer in viewers:
            viewer.put(part)

    def show(self, camera: str, boxes: LiveBoxes) -> None:
        """Tell viewers what is followed."""
        with self._lock:
            channel = self._channels.get(camera)
            viewers = list(channel.viewers) if channel else []
        for viewer in viewers:
            viewer.put(boxes)

    def lost(self, camera: str) -> None:
        """Forget what a camera sent; ask again, if somebody looks, once it is read again."""
        with self._lock:
            channel = self._channels.get(camera)
            if channel is not None:
                channel.init, channel.gop, channel.gop_bytes = None, [], 0

    def resume(self, camera: str) -> None:
        """Ask a camera that is read anew to send, if somebody looks."""
        if self.viewers(camera) and self._orders is not None:
            self._orders.begin_live(camera)


def _size(part: LivePart) -> int:
    return 0 if isinstance(part, LiveBoxes) else len(part.data)


def _part(message: LiveInit | LiveData) -> LiveStart | LiveFragment:
    if isinstance(message, LiveInit):
        return LiveStart(message.mime, message.data)
    return LiveFragment(message.ts_ms, message.keyframe, message.data)


def _keep(channel: _Channel, part: LiveStart | LiveFragment) -> None:
    if isinstance(part, LiveStart):
        channel.init, channel.gop, channel.gop_bytes = part, [], 0
        return
    if part.keyframe:
        channel.gop, channel.gop_bytes = [], 0
    if channel.gop or part.keyframe:
        channel.gop.append(part)
        channel.gop_bytes += len(part.data)
    if channel.gop_bytes > _MAX_KEPT_BYTES:
        channel.gop, channel.gop_bytes = [], 0
