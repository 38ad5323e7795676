"""From the thread that reads a camera to the one that takes its frames."""

import threading

from securevision.cameras.timing import CaptureTime
from securevision.domain.frames import Frame, Pixels, Tick


class Handover:
    """Holds one frame; the newest wins. Stamps frames and ticks under one lock, so that time never goes back."""

    def __init__(self, source_id: str, capture: CaptureTime) -> None:
        self._source_id = source_id
        self._capture = capture
        self._condition = threading.Condition()
        self._frame: Frame | None = None
        self._closed = False
        self._error: Exception | None = None

    def put(self, pixels: Pixels) -> None:
        """Give a picture that was taken now; an older one that nobody took is dropped."""
        with self._condition:
            self._frame = Frame(self._source_id, self._capture.now_ms(), pixels)
            self._condition.notify()

    def take(self, wait_s: float) -> Frame | Tick | None:
        """Return the frame, waiting for it; a Tick when none came in that time, None when closed.

        Raises what `fail` was given.
        """
        with self._condition:
            self._condition.wait_for(lambda: self._frame is not None or self._closed, wait_s)
            if self._error is not None:
                raise self._error
            if self._closed:
                return None
            frame, self._frame = self._frame, None
            return frame or Tick(self._source_id, self._capture.now_ms())

    def close(self) -> None:
        """End the taking, from any thread."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def fail(self, error: Exception) -> None:
        """Make the taking raise the error."""
        with self._condition:
            self._error = error
        self.close()
