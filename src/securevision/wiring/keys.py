"""The key file, and what seals with it."""

from securevision.settings import Settings
from securevision.store.database import Database
from securevision.store.sealed_secrets import holds_anything_sealed
from securevision.vault.keys import load_or_make_key
from securevision.vault.sealer import Sealer

KEY_FILE = "securevision.key"
_FIRST = 1


def open_sealer(settings: Settings, database: Database) -> Sealer:
    """Return the sealer of this installation; its key is made at the first start.

    Raises Unavailable when the key file is missing though something was sealed with it, or is not ours alone.
    """
    path = settings.storage.directory / KEY_FILE
    key = load_or_make_key(path, may_make=not holds_anything_sealed(database))
    return Sealer({_FIRST: key}, current=_FIRST)
