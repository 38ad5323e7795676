"""What somebody who runs their own code in a sealed process would try: system calls, raw, as they reach the kernel."""

import ctypes
import mmap
import os
import platform
import signal
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass

_IS_ARM = platform.machine() == "aarch64"
_HERE = -100  # AT_FDCWD
_READ_EXECUTE = 5

# `PyDLL` keeps the interpreter's lock, so that a child that is forked from a thread can end.
_C = ctypes.PyDLL(None, use_errno=True)
_C.syscall.restype = ctypes.c_long
_PAGE = ctypes.c_char.from_buffer(mmap.mmap(-1, 4096))


@dataclass(frozen=True, slots=True)
class Attack:
    """One call, and what is to be known of it when nothing is sealed."""

    name: str
    x86_64: int
    arm64: int | None
    arguments: tuple[int | bytes, ...] = ()
    forks: bool = False
    often_closed: bool = False
    """Containers, the user's rights or the system's settings may close it, sealed or not."""
    ruins_a_control: bool = False
    """Where it works it would end or spoil the process that tries it."""

    @property
    def number(self) -> int | None:
        """Its number on this machine, or None where there is no such call."""
        return self.arm64 if _IS_ARM else self.x86_64


def attempt(attack: Attack) -> int:
    """Return the errno, 0 when it worked."""
    assert attack.number is not None
    words = [ctypes.c_ulong(each) if isinstance(each, int) else each for each in attack.arguments]
    ctypes.set_errno(0)
    answer = _C.syscall(ctypes.c_long(attack.number), *words)
    if attack.forks and answer == 0:
        _C._exit(0)
    return ctypes.get_errno() if answer == -1 else 0


def x32_getpid() -> None:
    """Ask for the process's number in the x32 convention, which a sealed process does not survive."""
    _C.syscall(ctypes.c_long(0x40000000 | 39))


def attacks() -> Sequence[Attack]:
    """Prepare all of them: sockets and memory are made here, before anything is sealed."""
    parent = os.getppid()
    tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM).detach()
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM).detach()
    page = ctypes.addressof(_PAGE)
    address = struct.pack("=H2s4s8x", socket.AF_INET, struct.pack("!H", 9), socket.inet_aton("127.0.0.1"))
    any_port = struct.pack("=H14x", socket.AF_INET)
    passwd, memory = b"/etc/passwd", b"/proc/self/mem"
    word, nowhere = bytes(8), b"/nowhere"
    return tuple(
        attack
        for attack in (
            # files
            Attack("open", 2, None, (passwd, 0)),
            Attack("openat", 257, 56, (_HERE, passwd, 0)),
            Attack("openat own memory", 257, 56, (_HERE, memory, os.O_RDWR)),
            Attack("openat2", 437, 437, (_HERE, passwd, bytes(24), 24), often_closed=True),
            Attack("creat", 85, None, (b"/nowhere/x", 0o600)),
            Attack("stat", 4, None, (passwd, bytes(256))),
            Attack("newfstatat", 262, 79, (_HERE, passwd, bytes(256), 0)),
            Attack("newfstatat of a descriptor", 262, 79, (tcp, b"", bytes(256), 0x1000)),
            Attack("statx", 332, 291, (_HERE, passwd, 0, 0x7FF, bytes(256))),
            Attack("access", 21, None, (passwd, 0)),
            Attack("readlinkat", 267, 78, (_HERE, b"/proc/self/exe", bytes(256), 256)),
            Attack("getcwd", 79, 17, (bytes(4096), 4096)),
            Attack("chdir", 80, 49, (b".",)),
            Attack("mkdirat", 258, 34, (_HERE, b"/nowhere/x", 0o700)),
            Attack("unlinkat", 263, 35, (_HERE, nowhere, 0)),
            Attack("renameat2", 316, 276, (_HERE, nowhere, _HERE, b"/nowhere2", 0)),
            Attack("getdents64", 217, 61, (-1, bytes(256), 256)),
            Attack("memfd_create", 319, 279, (b"x", 0)),
            Attack("open_by_handle_at", 304, 265, (_HERE, bytes(8), 0), often_closed=True),
            Attack("inotify_init1", 294, 26, (0,)),
            # the network
            Attack("socket inet", 41, 198, (socket.AF_INET, socket.SOCK_STREAM, 0)),
            Attack("socket inet udp", 41, 198, (socket.AF_INET, socket.SOCK_DGRAM, 0)),
            Attack("socket inet6", 41, 198, (socket.AF_INET6, socket.SOCK_STREAM, 0)),
            Attack("socket unix", 41, 198, (socket.AF_UNIX, socket.SOCK_STREAM, 0)),
            Attack("socket netlink", 41, 198, (socket.AF_NETLINK, socket.SOCK_RAW, 0)),
            Attack("socket packet", 41, 198, (socket.AF_PACKET, socket.SOCK_RAW, 0), often_closed=True),
            Attack("socketpair", 53, 199, (socket.AF_UNIX, socket.SOCK_STREAM, 0, bytes(8))),
            Attack("connect", 42, 203, (tcp, address, 16)),
            Attack("bind", 49, 200, (udp, any_port, 16)),
            Attack("listen", 50, 201, (tcp, 1)),
            Attack("accept4", 288, 242, (udp, 0, 0, 0)),
            Attack("setsockopt", 54, 208, (udp, socket.SOL_SOCKET, socket.SO_REUSEADDR, word, 4)),
            Attack("sendto another address", 44, 206, (udp, b"x", 1, 0, address, 16)),
            Attack("sendto that connects", 44, 206, (tcp, b"x", 1, 0x20004000, 0, 0)),
            Attack("sendmsg that connects", 46, 211, (tcp, 0, 0x20004000)),
            Attack("sendmmsg", 307, 269, (udp, 0, 0, 0)),
            # other programs
            Attack("execve", 59, 221, (0, 0, 0)),
            Attack("execveat", 322, 281, (-1, 0, 0, 0, 0)),
            Attack("fork", 57, None, forks=True),
            Attack("vfork", 58, None, ruins_a_control=True),
            Attack("clone without CLONE_THREAD", 56, 220, (signal.SIGCHLD, 0, 0, 0, 0), forks=True),
            Attack("clone3", 435, 435, (0, 0)),
            # other processes
            Attack("kill parent", 62, 129, (parent, 0)),
            Attack("tkill parent", 200, 130, (parent, 0)),
            Attack("tgkill parent", 234, 131, (parent, parent, 0)),
            Attack("rt_sigqueueinfo parent", 129, 138, (parent, 0, 0)),
            Attack("pidfd_open parent", 434, 434, (parent, 0), often_closed=True),
            Attack("pidfd_getfd", 438, 438, (-1, 0, 0), often_closed=True),
            Attack("fcntl F_SETOWN parent", 72, 25, (udp, 8, parent)),
            Attack("ioctl FIOSETOWN parent", 16, 29, (udp, 0x8901, struct.pack("=i", parent))),
            Attack("ioctl TIOCSTI", 16, 29, (2, 0x5412, b"x"), often_closed=True),
            Attack("ptrace parent", 101, 117, (2, parent, 0, bytes(8)), often_closed=True),
            Attack("process_vm_readv parent", 310, 270, (parent, 0, 0, 0, 0, 0), often_closed=True),
            Attack("process_vm_writev parent", 311, 271, (parent, 0, 0, 0, 0, 0), often_closed=True),
            Attack("setpriority parent", 141, 140, (0, parent, os.getpriority(os.PRIO_PROCESS, 0))),
            # memory that runs
            Attack("mmap exec", 9, 222, (0, 4096, _READ_EXECUTE, 0x22, -1, 0)),
            Attack("mprotect exec", 10, 226, (page, 4096, _READ_EXECUTE)),
            Attack("pkey_mprotect exec", 329, 288, (page, 4096, _READ_EXECUTE, -1), often_closed=True),
            # rights
            Attack("prctl PR_SET_DUMPABLE", 157, 167, (4, 1, 0, 0, 0)),
            Attack("prctl PR_SET_PDEATHSIG", 157, 167, (1, 0, 0, 0, 0)),
            Attack("prlimit64", 302, 261, (0, 7, 0, bytes(16))),
            Attack("setuid", 105, 146, (os.getuid(),)),
            Attack("capset", 126, 91, (0, 0)),
            Attack("personality", 135, 92, (0xFFFFFFFF,)),
            # the rest of the kernel
            Attack("io_uring_setup", 425, 425, (1, 0), often_closed=True),
            Attack("bpf", 321, 280, (0, 0, 0), often_closed=True),
            Attack("userfaultfd", 323, 282, (1,), often_closed=True),
            Attack("perf_event_open", 298, 241, (0, 0, -1, -1, 0), often_closed=True),
            Attack("keyctl", 250, 219, (0, -3, 0), often_closed=True),
            Attack("add_key", 248, 217, (0, 0, 0, 0, 0), often_closed=True),
            Attack("seccomp", 317, 277, (2, 0, struct.pack("=I", 0x7FFF0000))),
            Attack("landlock_create_ruleset", 444, 444, (0, 0, 1), often_closed=True),
            Attack("unshare", 272, 97, (0x200,), often_closed=True),
            Attack("setns", 308, 268, (-1, 0), often_closed=True),
            Attack("mount", 165, 40, (0, 0, 0, 0, 0), often_closed=True),
            Attack("chroot", 161, 51, (b"/",), often_closed=True),
            Attack("pivot_root", 155, 41, (0, 0), often_closed=True),
            Attack("shmget", 29, 194, (1, 0, 0)),
            Attack("mq_open", 240, 180, (b"nowhere", 0, 0, 0)),
            Attack("pipe2", 293, 59, (bytes(8), 0)),
        )
        if attack.number is not None
    )
