"""Shared memory in which the frames of one camera lie."""

import fcntl
import mmap
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

SLOTS = 4
"""One is written, one waits, two are looked at."""
MAX_PIXELS, MAX_SIDE = 8192 * 4608, 8192
"""As many as are decoded; there are cameras of twelve and of twenty megapixels."""
SLOT_BYTES = MAX_PIXELS * 3 // 2
"""Room for an I420 picture. What is not written takes no memory."""


def make_slots() -> int:
    """Return the descriptor of new memory, whose size nobody can change; the caller owns it.

    Elsewhere than on Linux it is a file without a name, and its size can be changed.
    """
    if sys.platform != "linux":
        with tempfile.TemporaryFile() as file:
            file.truncate(SLOTS * SLOT_BYTES)
            return os.dup(file.fileno())
    descriptor = os.memfd_create("frames", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(descriptor, SLOTS * SLOT_BYTES)
    # Whoever shrank it would kill the process that reads it.
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    return descriptor


class SlotMemory:
    """The slots as one process sees them."""

    def __init__(self, descriptor: int, slot_bytes: int, *, writable: bool) -> None:
        """Map the memory and close the descriptor. Raises OSError, ValueError when it is too small."""
        access = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
        try:
            self._map = mmap.mmap(descriptor, SLOTS * slot_bytes, prot=access)
        finally:
            os.close(descriptor)
        self._slot_bytes = slot_bytes

    @contextmanager
    def slot(self, index: int, length: int) -> Iterator[memoryview]:
        """Give the first bytes of a slot. Raises ValueError when there is no such slot or it is shorter."""
        if not 0 <= index < SLOTS or not 0 < length <= self._slot_bytes:
            raise ValueError
        start = index * self._slot_bytes
        with memoryview(self._map) as view, view[start : start + length] as room:
            yield room

    def close(self) -> None:
        """Unmap the memory."""
        self._map.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
