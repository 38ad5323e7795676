"""The one writer of this process."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, Engine

from securevision.errors import StorageFull, Unavailable
from securevision.store.failures import in_our_words
from securevision.store.reserve import AUDITED, Reserve

T = TypeVar("T")


class Writer:
    """One thread and one connection; every change is a transaction of its own, in the order of the calls.

    Each caller waits for its own change, so no more changes wait than there are threads that call.
    """

    def __init__(self, engine: Engine, name: str) -> None:
        """Take an engine whose transactions start with BEGIN IMMEDIATE, and the file's name for errors."""
        self._engine = engine
        self._name = name
        self.reserve: Reserve | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store-writer")

    def run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction and return its result once it is safe on the disk.

        An error undoes the transaction and reaches the caller. `work` must not call the store itself. It runs
        again when the disk is full, it carries an audit entry and the reserve has room to give.
        Raises StorageFull and Unavailable, also after `close`.
        """
        try:
            waiting: Future[T] = self._thread.submit(self._transact, work)
        except RuntimeError:
            raise Unavailable(f"The database {self._name} is closed.") from None
        return waiting.result()

    def close(self) -> None:
        """Finish what was asked for, then stop. Calling it twice is fine."""
        self._thread.shutdown()

    def _transact(self, work: Callable[[Connection], T]) -> T:
        while True:
            audited = False
            try:
                with in_our_words(self._name), self._engine.begin() as connection:
                    connection.info.pop(AUDITED, None)
                    try:
                        result = work(connection)
                    finally:
                        audited = AUDITED in connection.info
            except StorageFull:
                if not (audited and self.reserve and self.reserve.give()):
                    raise
                continue
            if audited and self.reserve:
                self.reserve.make()
            return result
