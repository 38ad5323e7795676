"""Runs a command where the kernel refuses seccomp(2), so that nothing can be sealed: `unsealable.py COMMAND...`."""

import ctypes
import os
import platform
import struct
import sys

_SECCOMP = 277 if platform.machine() == "aarch64" else 317
_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2
_REFUSE, _ALLOW = 0x00050001, 0x7FFF0000


def main() -> None:
    """Put itself under a filter, and become the command."""
    program = [(0x20, 0, 0, 0), (0x15, 0, 1, _SECCOMP), (0x06, 0, 0, _REFUSE), (0x06, 0, 0, _ALLOW)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *each) for each in program))
    listed = ctypes.create_string_buffer(struct.pack("@HP", len(program), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    if libc.prctl(_SET_SECCOMP, _FILTER, listed, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    os.execv(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
