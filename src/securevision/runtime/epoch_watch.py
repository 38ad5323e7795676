"""Notices that rights have changed, whichever process changed them."""

import logging
import threading

from securevision.domain.ports.accounts import EpochReader
from securevision.domain.ports.clock import Clock
from securevision.errors import SecureVisionError, Unavailable

_log = logging.getLogger(__name__)
EVERY_S = 0.2
BLIND_AFTER_S = 1.0


class PollingEpochWatch:
    """An EpochWatch with a thread that looks five times a second. Safe from any thread."""

    def __init__(self, reader: EpochReader, clock: Clock) -> None:
        """Look once. Raises Unavailable."""
        self._reader = reader
        self._clock = clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="epoch-watch", daemon=True)
        self._epoch = 0
        self._looked_s = float("-inf")
        self.look()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join()

    def current(self) -> int:
        """Return the epoch; see EpochWatch."""
        if self._clock.monotonic() - self._looked_s > BLIND_AFTER_S:
            raise Unavailable("Nobody can be let in while the database cannot be read; check its disk.")
        return self._epoch

    def look(self) -> None:
        """Look now; see EpochWatch."""
        begin = self._clock.monotonic()
        self._epoch = self._reader.epoch()
        self._looked_s = begin

    def _run(self) -> None:
        blind = False
        while not self._stop.wait(EVERY_S):
            try:
                self.look()
                blind = False
            except SecureVisionError as error:
                if not blind:
                    _log.error("Nobody is let in until the database can be read: %s", error)
                blind = True
