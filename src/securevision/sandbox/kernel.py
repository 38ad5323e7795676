"""System calls by name, for what Python has no function for."""

import ctypes
import os
from collections.abc import Sequence

from securevision.sandbox.system_calls import Machine


class Kernel:
    """Calls the kernel."""

    def __init__(self, machine: Machine) -> None:
        self._numbers = machine.numbers
        self._syscall = ctypes.CDLL(None, use_errno=True).syscall
        self._syscall.restype = ctypes.c_long

    def call(self, name: str, *arguments: int | bytes | ctypes.Array[ctypes.c_char]) -> int:
        """Return what the call answers; what it writes goes into an array. Raises OSError."""
        answer: int = self._syscall(ctypes.c_long(self._numbers[name]), *_words(arguments))
        if answer < 0:
            code = ctypes.get_errno()
            raise OSError(code, f"{name}: {os.strerror(code)}")
        return answer


def _words(arguments: Sequence[int | bytes | ctypes.Array[ctypes.c_char]]) -> list[object]:
    # A bare int would be passed as 32 bits, and the rest of the register would be what was there before.
    return [ctypes.c_ulong(each) if isinstance(each, int) else each for each in arguments]
