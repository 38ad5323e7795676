"""How cameras and the processes that read them do."""

from dataclasses import dataclass

from securevision.domain.frames import SourceStatus
from securevision.domain.seal import Seal


@dataclass(frozen=True, slots=True)
class CameraReport:
    """How one camera does. Counts are since it was last watched anew."""

    id: str
    status: SourceStatus
    since_ms: int
    """When it came to that state, milliseconds since the Unix epoch."""
    codec: str
    """Empty until it is known, as are the sizes zero."""
    width: int
    height: int
    progress: float | None
    """Of a file, how much of it was given, 0 to 1."""
    packets_a_second: float
    """Encoded pictures that came."""
    analysed_a_second: float
    """Pictures that the recogniser looked at."""
    packets: int
    octets: int
    pictures: int
    """Decoded at the rate of analysis."""
    moving: int
    """Of those, offered to the recogniser, because something moved."""
    crowded: int
    """Of those, dropped because the recogniser was too slow to free a slot."""
    analysed: int
    superseded: int
    """Dropped because a newer one came before the recogniser had time."""
    lost: int
    """Dropped because the recogniser ended while it looked at them."""
    latency_ms: int
    """Of the newest picture that was looked at: from its capture until what it shows was known."""
    viewers: int


@dataclass(frozen=True, slots=True)
class CameraTrial:
    """How a camera did that was tried for some seconds."""

    failure: str
    """What is wrong, in one sentence without secrets; empty when it gives video."""
    codec: str = ""
    width: int = 0
    height: int = 0
    packets_a_second: float = 0.0


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """How one process does that reads cameras or recognises."""

    name: str
    pid: int
    """0 while there is none."""
    restarts: int
    failure: str
    """Why there is none that works, or an empty string."""
    seal: Seal | None
    """How well it is kept in; None before it was first started."""
    resident_bytes: int
