"""Giving up what root may do, and ever getting it."""

import ctypes
import errno
import struct
from contextlib import suppress

from securevision.sandbox.kernel import Kernel

# linux/prctl.h, linux/capability.h
_CAPBSET_DROP, _SET_NO_NEW_PRIVS = 24, 38
_MOST_CAPABILITIES = 64
_OF_THIS_THREAD = struct.pack("=Ii", 0x20080522, 0)
_NONE = bytes(24)
"""Effective, permitted and inheritable, 32 bits each, and the upper halves of the three."""


def drop_privileges(kernel: Kernel, *, alone: bool) -> None:
    """Drop every capability of this thread, and let no program that it runs give it more.

    Raises OSError, also when other threads (it is not `alone`) keep theirs: no system call drops them.
    """
    others_keep_theirs = not alone and _has_privileges(kernel)
    kernel.call("prctl", _SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    # Ends with the last one that the kernel has, or at once when this user may not: then the first call is enough.
    with suppress(OSError):
        for capability in range(_MOST_CAPABILITIES):
            kernel.call("prctl", _CAPBSET_DROP, capability, 0, 0, 0)
    # The ambient ones go with the others.
    kernel.call("capset", _OF_THIS_THREAD, _NONE)
    if others_keep_theirs:
        raise OSError(errno.EBUSY, "another thread keeps its capabilities")


def _has_privileges(kernel: Kernel) -> bool:
    held = ctypes.create_string_buffer(len(_NONE))
    kernel.call("capget", _OF_THIS_THREAD, held)
    return held.raw != _NONE
