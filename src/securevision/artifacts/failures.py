"""Why a source gave nothing. These stay inside the room: the store turns them into one sentence."""

from securevision.errors import Unavailable


class FetchFailed(Unavailable):
    """A source did not give the file; the message is what it did, without its name."""


class Unreachable(FetchFailed):
    """Nobody was there to ask."""
