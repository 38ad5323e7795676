"""What a process may use, who may look into it, and how long it lives."""

import ctypes
import os
import signal
import struct

from securevision.errors import Unavailable
from securevision.sandbox.kernel import Kernel
from securevision.sandbox.profiles import Profile

# linux/prctl.h, asm-generic/resource.h
_SET_PDEATHSIG, _SET_DUMPABLE = 1, 4
_CORE, _DESCRIPTORS, _ADDRESS_SPACE = 4, 7, 9
_LIMIT = struct.Struct("=QQ")
"""The soft limit and the hard one."""


def set_limits(kernel: Kernel, profile: Profile) -> None:
    """Bound descriptors and memory, and write no core files. Raises OSError.

    Not the size of files: it would silence a standard error that goes to one.
    """
    _bound(kernel, _CORE, 0)
    _bound(kernel, _DESCRIPTORS, profile.descriptors)
    if profile.address_space is not None:
        _bound(kernel, _ADDRESS_SPACE, profile.address_space)


def shut_out_debuggers(kernel: Kernel) -> None:
    """Let no other process of this user read or trace this one. Raises OSError."""
    kernel.call("prctl", _SET_DUMPABLE, 0, 0, 0, 0)


def end_with(kernel: Kernel, parent: int) -> None:
    """End this process when the thread that started it ends; `parent` is its process, as it was a moment ago.

    Raises Unavailable when it has ended meanwhile, OSError.
    """
    kernel.call("prctl", _SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        raise Unavailable("The process that started this one has ended; so must this one.")


def _bound(kernel: Kernel, resource: int, most: int) -> None:
    limit = ctypes.create_string_buffer(_LIMIT.size)
    kernel.call("prlimit64", 0, resource, 0, limit)
    _, hard = _LIMIT.unpack(limit.raw)
    bound = min(hard, most)
    kernel.call("prlimit64", 0, resource, _LIMIT.pack(bound, bound), 0)
