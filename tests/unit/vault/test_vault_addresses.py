import pytest

from securevision.errors import Unavailable
from securevision.vault.addresses import SealedAddresses
from securevision.vault.sealer import Sealer
from securevision.vault.totp import SealedTotp

ADDRESS = "rtsp://admin:p@ss-wörd@192.0.2.7/stream"
SEALER = Sealer({1: b"k" * 32}, current=1)
VAULT = SealedAddresses(SEALER)


def test_an_address_opens_for_its_camera_alone() -> None:
    sealed = VAULT.seal(ADDRESS, "gate")
    assert b"admin" not in sealed
    assert VAULT.open(sealed, "gate") == ADDRESS
    assert VAULT.seal(ADDRESS, "gate") != sealed
    for camera_id in ("Gate", "gate.", ""):
        with pytest.raises(Unavailable):
            VAULT.open(sealed, camera_id)
    with pytest.raises(Unavailable):
        SealedAddresses(Sealer({1: bytes(32)}, current=1)).open(sealed, "gate")


def test_what_was_sealed_for_something_else_is_no_address() -> None:
    with pytest.raises(Unavailable):
        VAULT.open(SealedTotp(SEALER).seal("ABC", 3), "3")
    with pytest.raises(Unavailable):
        SealedTotp(SEALER).open(VAULT.seal(ADDRESS, "3"), 3)
