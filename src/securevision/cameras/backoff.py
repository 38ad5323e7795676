"""Where a camera's connection stands, and how long to wait before the next try."""

from dataclasses import dataclass

from securevision.domain.frames import SourceState, SourceStatus


@dataclass(frozen=True, slots=True)
class BackoffConfig:
    """How eagerly a camera is tried again."""

    first_s: float = 0.5
    cap_s: float = 3.0
    refused_s: float = 60.0
    """After the camera said no: a wrong password tried often locks the account."""
    jitter: float = 0.2
    """Part of the wait by which it may be shorter, so that cameras don't come back as one."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A state of the connection; each method returns the next one. Does no I/O and reads no clock."""

    state: SourceState = SourceState.CONNECTING
    detail: str = ""
    failures: int = 0
    """Tries in a row that came to nothing."""

    @property
    def status(self) -> SourceStatus:
        """What is told about it."""
        return SourceStatus(self.state, self.detail)

    def delivered(self) -> "Connection":
        """Return the state after a picture came."""
        return Connection(SourceState.LIVE)

    def stalled(self, detail: str) -> "Connection":
        """Return the state after nothing came for a while, if something had come before."""
        return Connection(SourceState.STALLED, detail) if self.state is SourceState.LIVE else self

    def lost(self, detail: str) -> "Connection":
        """Return the state after the connection failed or broke."""
        return Connection(SourceState.BACKING_OFF, detail, self.failures + 1)

    def refused(self, detail: str) -> "Connection":
        """Return the state after the camera said no."""
        return Connection(SourceState.REFUSED, detail, self.failures + 1)

    def trying(self) -> "Connection":
        """Return the state after the wait; the reason of the last failure stays until a picture comes."""
        return Connection(SourceState.CONNECTING, self.detail, self.failures)

    def ended(self) -> "Connection":
        """Return the last state."""
        return Connection(SourceState.ENDED, self.detail, self.failures)

    def wait_s(self, config: BackoffConfig, chance: float) -> float:
        """Return the seconds until the next try; `chance` is drawn evenly from 0 to 1."""
        if self.state is SourceState.REFUSED:
            wait = config.refused_s
        elif self.state is SourceState.BACKING_OFF:
            wait = min(config.cap_s, config.first_s * 2.0 ** min(self.failures - 1, 30))
        else:
            return 0.0
        return wait * (1.0 - config.jitter * chance)
