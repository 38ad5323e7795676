"""Sealing a process: from then on it has what is passed to it, and nothing else."""

import ctypes
import errno
import os
import struct
from collections.abc import Callable
from pathlib import Path

from securevision.domain.seal import Seal
from securevision.sandbox.filters import filter_program
from securevision.sandbox.kernel import Kernel
from securevision.sandbox.landlock import PORTS_SINCE, forbid_files_and_ports, landlock_abi
from securevision.sandbox.limits import end_with, set_limits, shut_out_debuggers
from securevision.sandbox.privileges import drop_privileges
from securevision.sandbox.profiles import Profile
from securevision.sandbox.system_calls import this_machine

# linux/seccomp.h, linux/filter.h
_SET_MODE_FILTER, _ALL_THREADS = 1, 1
_INSTRUCTION_BYTES = 8


def seal_process(profile: Profile) -> Seal:
    """Seal this process for good, and say how far that went.

    Call it once, in the main thread of a process that was started for this and nothing else: after everything is
    imported, after each library did once what it will do (what it would open later, it cannot), and before any
    thread starts. Of what holds for one thread alone nothing is claimed when there are more.
    Does nothing on systems and processors that we do not know. Raises Unavailable when the process that started this
    one has ended meanwhile.
    """
    parent = os.getppid()
    machine = this_machine()
    if machine is None:
        return Seal()
    kernel = Kernel(machine)
    alone = _is_alone()
    abi = landlock_abi(kernel)
    # Privileges first: the kernel may forget with whom a process ends when its rights change. System calls last.
    no_new_privileges = _is_done(lambda: drop_privileges(kernel, alone=alone))
    limits = [
        _is_done(lambda: set_limits(kernel, profile)),
        _is_done(lambda: shut_out_debuggers(kernel)),
        _is_done(lambda: end_with(kernel, parent)),
    ]
    files = abi > 0 and _is_done(lambda: forbid_files_and_ports(kernel, abi)) and alone
    system_calls = _is_done(lambda: _install(kernel, filter_program(profile, machine, os.getpid())))
    return Seal(
        no_new_privileges=no_new_privileges,
        limits=all(limits),
        system_calls=system_calls,
        files=files,
        ports=files and abi >= PORTS_SINCE,
        landlock_abi=abi,
    )


def _is_alone() -> bool:
    """Say whether this process has one thread. Libraries start some, which Python does not know of."""
    try:
        return len(list(Path("/proc/self/task").iterdir())) == 1
    except OSError:
        return False


def _is_done(step: Callable[[], None]) -> bool:
    try:
        step()
    except OSError:
        return False
    return True


def _install(kernel: Kernel, program: bytes) -> None:
    """Let every thread ask the program before each system call, for good. Raises OSError."""
    instructions = ctypes.create_string_buffer(program, len(program))
    described = struct.pack("@HP", len(program) // _INSTRUCTION_BYTES, ctypes.addressof(instructions))
    refused_by = kernel.call("seccomp", _SET_MODE_FILTER, _ALL_THREADS, described)
    if refused_by:
        raise OSError(errno.EBUSY, f"thread {refused_by} has a filter of its own")
