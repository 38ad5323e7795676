"""When the state of a camera is worth an event."""

from dataclasses import dataclass

from securevision.domain.events import CameraPayload, CameraState
from securevision.domain.frames import SourceState, SourceStatus

GRACE_MS = 5_000
"""A camera that is back within this was not down: a flaky radio link would tell of nothing else."""


@dataclass(frozen=True, slots=True)
class CameraNews:
    """What became of a camera, and when: milliseconds since the Unix epoch."""

    ts_ms: int
    payload: CameraPayload


class CameraWatch:
    """Watches the states of one camera. Does no I/O; time is given, and may jump."""

    def __init__(self, now_ms: int) -> None:
        self._status = SourceStatus(SourceState.CONNECTING)
        self._absent_since: int | None = now_ms
        self._is_down = False

    def take(self, status: SourceStatus, now_ms: int) -> CameraNews | None:
        """Take a new state; return what it is worth telling at once."""
        self._status = status
        if status.state is not SourceState.LIVE:
            self._absent_since = now_ms if self._absent_since is None else self._absent_since
            return None
        self._absent_since = None
        if not self._is_down:
            return None
        self._is_down = False
        return CameraNews(now_ms, CameraPayload(CameraState.UP, ""))

    def tick(self, now_ms: int) -> CameraNews | None:
        """Let time pass; return what is worth telling because of it."""
        absent_since, state = self._absent_since, self._status.state
        if absent_since is None or self._is_down or state is SourceState.ENDED:
            return None
        # A clock that was set back would keep a camera from ever being down.
        self._absent_since = absent_since = min(absent_since, now_ms)
        if now_ms - absent_since < GRACE_MS:
            return None
        self._is_down = True
        return CameraNews(absent_since, CameraPayload(CameraState.DOWN, self._status.detail))

    def tamper(self, tamper: str, ts_ms: int) -> CameraNews | None:
        """Take how its view is, an empty text for free; return what is worth telling."""
        if not tamper:
            return None
        return CameraNews(ts_ms, CameraPayload(CameraState.TAMPERED, _TAMPERED.get(tamper, "")))


_TAMPERED = {
    "covered": "It shows hardly anything any more: it may be covered, sprayed or out of focus.",
    "frozen": "It sends the same picture again and again.",
}
