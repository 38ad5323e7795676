"""Landlock: the kernel's own rules about files, ports and other processes, which a thread can only make stricter."""

import os
import struct

from securevision.sandbox.kernel import Kernel

# linux/landlock.h. What is handled and has no rule is forbidden, and no rule is ever added.
_VERSION = 1
_FILE_RIGHTS = ((1, 13), (2, 14), (3, 15), (5, 16))
"""From which ABI on there are how many: REFER comes with 2, TRUNCATE with 3, IOCTL_DEV with 5."""
PORTS_SINCE, _PORTS = 4, 0b11
"""BIND_TCP, CONNECT_TCP."""
_SCOPES_SINCE, _SCOPES = 6, 0b11
"""ABSTRACT_UNIX_SOCKET, SIGNAL: none of a process outside."""


def landlock_abi(kernel: Kernel) -> int:
    """Return the version of the kernel's Landlock, 0 when it has none or it is turned off."""
    try:
        return kernel.call("landlock_create_ruleset", 0, 0, _VERSION)
    except OSError:
        return 0


def forbid_files_and_ports(kernel: Kernel, abi: int) -> None:
    """Forbid this thread, and those it starts, what versions up to 7 can forbid. Raises OSError.

    It must have given up new privileges before. What is open stays open.
    """
    files = 2 ** max(count for since, count in _FILE_RIGHTS if since <= abi) - 1
    rules = struct.pack("=Q", files)
    if abi >= PORTS_SINCE:
        rules += struct.pack("=Q", _PORTS)
    if abi >= _SCOPES_SINCE:
        rules += struct.pack("=Q", _SCOPES)
    ruleset = kernel.call("landlock_create_ruleset", rules, len(rules), 0)
    try:
        kernel.call("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)
