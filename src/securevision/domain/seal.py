"""How well a process is kept in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seal:
    """What a process has given up for good, with all its threads. Nothing is claimed that was not reached."""

    no_new_privileges: bool = False
    """It has no capability, and no program that it could run would give it any."""
    limits: bool = False
    """Bounds to descriptors and memory, no core files, closed to debuggers, ended with the thread that started it."""
    system_calls: bool = False
    """It can ask the kernel for what is on a short list, and for nothing else (seccomp)."""
    files: bool = False
    """It can open no file, even if a system call got through (Landlock, Linux 5.13)."""
    ports: bool = False
    """It can bind and connect no TCP socket, even then (Landlock, Linux 6.7)."""
    landlock_abi: int = 0
    """Version of the kernel's Landlock, 0 for none."""

    @property
    def sufficient(self) -> bool:
        """Hostile bytes may be decoded: what Landlock adds is a second lock on the same doors."""
        return self.no_new_privileges and self.limits and self.system_calls

    @property
    def text(self) -> str:
        """One line for people."""
        parts = {
            "no new privileges": self.no_new_privileges,
            "limits": self.limits,
            "system calls": self.system_calls,
            "files": self.files,
            "ports": self.ports,
        }
        reached = ", ".join(name for name, is_reached in parts.items() if is_reached) or "nothing"
        lacking = ", ".join(name for name, is_reached in parts.items() if not is_reached)
        landlock = f"Landlock {self.landlock_abi}" if self.landlock_abi else "no Landlock"
        verdict = "sealed" if self.sufficient else "not sealed"
        return f"{verdict}: {reached}{f', without {lacking}' if lacking else ''} ({landlock})"
