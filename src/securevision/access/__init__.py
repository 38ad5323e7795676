"""Who may do what: permissions and credentials. Policy only, without I/O; time and entropy are given.

Nothing here is thread-safe: one thread, the server's event loop, makes every call. Times are milliseconds
of any clock that never goes back.
"""

from securevision.access.decisions import Decision, decide
from securevision.access.permissions import Permission
from securevision.access.principals import Principal

__all__ = ["Decision", "Permission", "Principal", "decide"]
