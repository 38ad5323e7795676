"""What the web server needs from the rest."""

from collections.abc import Callable
from dataclasses import dataclass

from securevision.access.gate import Gate
from securevision.domain.frames import SourceStatus
from securevision.domain.ports.clock import Clock
from securevision.domain.ports.feed import EventFeed
from securevision.domain.ports.store import EventStore


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiServices:
    """Everything that the routes use, built by wiring."""

    events: EventStore
    feed: EventFeed
    clock: Clock
    gate: Gate
    """Used from the event loop's thread only, once the server runs."""
    source_id: str
    source_status: Callable[[], SourceStatus]
    """May be called from any thread."""
    retention_days: int
    """Age in days at which a cleanup deletes events."""
    on_new_code: Callable[[str], None]
    """Given a new one-time code each time a link was used up or came too late; must return at once."""
    allowed_origins: tuple[str, ...] = ()
    """Origins besides the server's own whose pages may open the WebSocket, such as `https://home.example`."""

    def elapsed_ms(self) -> int:
        """Return the time that credentials live by: it does not jump when the wall clock is set."""
        return int(self.clock.monotonic() * 1000)

    def new_code(self) -> str:
        """Return a new one-time code for the page's link, `<origin>/#code=<code>`."""
        return self.gate.new_code(self.elapsed_ms())
