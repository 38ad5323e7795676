from hashlib import sha256
from pathlib import Path

import pytest

from securevision.errors import InvalidInput
from securevision.store.credentials import CredentialStore
from securevision.store.database import Database

FIRST, SECOND = (sha256(secret).hexdigest() for secret in (b"first", b"second"))


def test_a_hash_is_kept_replaced_and_still_there_after_a_restart(path: Path) -> None:
    with Database.open(path) as database:
        store = CredentialStore(database)
        assert store.get("api_token") is None
        store.put("api_token", FIRST)
        store.put("other", FIRST)
        store.put("api_token", SECOND)
    with Database.open(path) as database:
        store = CredentialStore(database)
        assert (store.get("api_token"), store.get("other"), store.get("API_TOKEN")) == (SECOND, FIRST, None)


@pytest.mark.parametrize("text", ["", "the secret itself", FIRST.upper(), FIRST + "\n", FIRST[1:]])
def test_only_a_hash_is_kept_and_no_refusal_repeats_what_was_given(database: Database, text: str) -> None:
    store = CredentialStore(database)
    with pytest.raises(InvalidInput) as caught:
        store.put("api_token", text)
    assert store.get("api_token") is None
    assert not text or text not in str(caught.value)
