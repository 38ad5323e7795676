"""How much of what takes long goes on at once."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from securevision.errors import Unavailable


class Places:
    """So many in all, and so many of one principal: nobody takes all of them. For the event loop alone."""

    def __init__(self, most: int, most_of_one: int, refusal: str) -> None:
        """`refusal` is the sentence for whoever finds no place."""
        self._most = most
        self._most_of_one = most_of_one
        self._refusal = refusal
        self._taken: Counter[str] = Counter()

    @contextmanager
    def taken(self, actor: str) -> Iterator[None]:
        """Take a place for as long as the context lasts. Raises Unavailable."""
        if self._taken.total() >= self._most or self._taken[actor] >= self._most_of_one:
            raise Unavailable(self._refusal)
        self._taken[actor] += 1
        try:
            yield
        finally:
            self._taken[actor] -= 1
            self._taken += Counter()  # forgets those at zero
