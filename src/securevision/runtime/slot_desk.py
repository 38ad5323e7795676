"""Which slots a camera's thread may write."""

import threading

from securevision.runtime.slots import SLOTS


class SlotDesk:
    """Hands out free slots. Any thread."""

    def __init__(self) -> None:
        self._free = set(range(SLOTS))
        self._changed = threading.Condition()

    def take(self) -> int | None:
        """Return a slot that is the caller's now, or None when none is free."""
        with self._changed:
            return self._free.pop() if self._free else None

    def free(self, slot: int) -> None:
        """Take a slot back."""
        with self._changed:
            self._free.add(slot)
            self._changed.notify_all()

    def wait_for_room(self, timeout_s: float) -> bool:
        """Wait until one slot at most is with somebody else; return whether that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._free) >= SLOTS - 1, timeout_s)

    def wait_for_all(self, timeout_s: float) -> bool:
        """Wait until nobody has a slot; return whether that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._free) == SLOTS, timeout_s)
