"""What each kind of sealed process may still ask the kernel for."""

from dataclasses import dataclass

_GIB = 2**30

# Nothing here takes a path, makes a socket or names another process. What has a condition on its arguments
# (memory, threads, descriptors' flags, sending, signals) is in `filters.py`.
_ANY_PROCESS = frozenset(
    {
        # what was passed to it
        *("read", "write", "writev", "close", "fstat"),
        *("recvfrom", "recvmsg", "shutdown"),
        *("poll", "ppoll", "select", "pselect6"),
        # memory
        *("brk", "munmap", "mremap", "madvise"),
        # threads
        *("futex", "set_robust_list", "rseq", "gettid", "getpid"),
        *("sched_yield", "sched_getaffinity", "exit", "exit_group"),
        # its own signals
        *("rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall"),
        # time (asked of the kernel where the clock cannot be read without) and chance
        *("clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time"),
        "getrandom",
    }
)

FIONBIO, FIOCLEX = 0x5421, 0x5451
"""How Python makes a socket non-blocking (that is, gives it a timeout) and a descriptor private."""

# linux/videodev2.h; the size of the structure is a part of each number.
_VIDEO_CAPTURE = (
    0x80685600,  # VIDIOC_QUERYCAP
    0xC0405602,  # VIDIOC_ENUM_FMT
    0xC02C564A,  # VIDIOC_ENUM_FRAMESIZES
    0xC034564B,  # VIDIOC_ENUM_FRAMEINTERVALS
    0xC0D05604,  # VIDIOC_G_FMT
    0xC0D05605,  # VIDIOC_S_FMT
    0xC0CC5615,  # VIDIOC_G_PARM
    0xC0CC5616,  # VIDIOC_S_PARM
    0xC0145608,  # VIDIOC_REQBUFS
    0xC0585609,  # VIDIOC_QUERYBUF
    0xC058560F,  # VIDIOC_QBUF
    0xC0585611,  # VIDIOC_DQBUF
    0x40045612,  # VIDIOC_STREAMON
    0x40045613,  # VIDIOC_STREAMOFF
)


@dataclass(frozen=True, slots=True)
class Profile:
    """What one kind of process may do once it is sealed."""

    calls: frozenset[str]
    """System calls that are let through whatever their arguments."""
    requests: tuple[int, ...]
    """Of `ioctl`, and no others."""
    descriptors: int
    """Most of them open at a time."""
    address_space: int | None
    """Most bytes of it, or None: mapped, not resident. A model's arenas reserve far more than they use."""


MEDIA = Profile(
    calls=_ANY_PROCESS | {"lseek", "pread64", "getsockopt", "getsockname", "getpeername"},
    requests=(FIONBIO, FIOCLEX, *_VIDEO_CAPTURE),
    descriptors=128,
    address_space=8 * _GIB,
)
"""Reads up to eight cameras from sockets, files and devices that were passed to it, and decodes them."""

RECOGNISER = Profile(
    calls=_ANY_PROCESS,
    requests=(FIONBIO, FIOCLEX),
    descriptors=256,
    address_space=None,
)
"""Looks at pictures in memory that was passed to it."""
