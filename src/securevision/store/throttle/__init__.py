"""Counters that slow down guessing and floods, in a file that all processes share. The only user of `limits`."""

from securevision.store.throttle.file import ThrottleFile
from securevision.store.throttle.logins import SqlLoginThrottle
from securevision.store.throttle.requests import SqlRequestThrottle

__all__ = ["SqlLoginThrottle", "SqlRequestThrottle", "ThrottleFile"]
