import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.errors import Unavailable
from securevision.vault.sealer import Sealer

KEY = bytes(range(32))
SEALER = Sealer({1: KEY}, current=1)
names = st.text(max_size=8)
rows = st.integers() | names


def seal(plain: bytes, sealer: Sealer = SEALER) -> bytes:
    return sealer.seal(plain, table="totp", column="sealed_seed", row=7)


def unseal(sealed: bytes, sealer: Sealer = SEALER) -> bytes:
    return sealer.open(sealed, table="totp", column="sealed_seed", row=7)


@given(st.binary(max_size=200), names, names, rows)
def test_what_was_sealed_opens_in_its_place(plain: bytes, table: str, column: str, row: int | str) -> None:
    sealed = SEALER.seal(plain, table=table, column=column, row=row)
    assert SEALER.open(sealed, table=table, column=column, row=row) == plain


@given(st.tuples(names, names, rows), st.tuples(names, names, rows))
def test_a_value_moved_to_another_place_does_not_open(
    here: tuple[str, str, int | str], there: tuple[str, str, int | str]
) -> None:
    sealed = SEALER.seal(b"seed", table=here[0], column=here[1], row=here[2])
    if here == there:
        assert SEALER.open(sealed, table=there[0], column=there[1], row=there[2]) == b"seed"
    else:
        with pytest.raises(Unavailable):
            SEALER.open(sealed, table=there[0], column=there[1], row=there[2])


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (("t", "c", 1), ("t", "c", "1")),
        (("t", "c", "x"), ("tc", "", "x")),
        (("t", 'c","x', "y"), ("t", "c", 'x","y')),
        (("t", "c", 1), ("t", "c", 2)),
    ],
)
def test_places_that_look_alike_are_told_apart(
    here: tuple[str, str, int | str], there: tuple[str, str, int | str]
) -> None:
    sealed = SEALER.seal(b"seed", table=here[0], column=here[1], row=here[2])
    with pytest.raises(Unavailable):
        SEALER.open(sealed, table=there[0], column=there[1], row=there[2])


@given(st.binary(max_size=40), st.data())
def test_each_flipped_bit_is_found(plain: bytes, data: st.DataObject) -> None:
    sealed = bytearray(seal(plain))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Unavailable):
        unseal(bytes(sealed))


@given(st.binary(max_size=80))
def test_any_other_bytes_are_refused(noise: bytes) -> None:
    with pytest.raises(Unavailable):
        unseal(noise)


def test_every_cut_is_found() -> None:
    sealed = seal(b"a seed")
    for length in range(len(sealed)):
        with pytest.raises(Unavailable):
            unseal(sealed[:length])


def test_a_value_does_not_open_under_another_key_of_the_same_id() -> None:
    sealed = seal(b"seed")
    with pytest.raises(Unavailable) as refused:
        unseal(sealed, Sealer({1: bytes(32)}, current=1))
    assert "totp.sealed_seed" in str(refused.value)
    assert "seed" not in str(refused.value).replace("sealed_seed", "")


def test_an_older_key_still_opens_and_a_lost_one_is_named() -> None:
    old = seal(b"seed")
    both = Sealer({1: KEY, 2: bytes(32)}, current=2)
    assert unseal(old, both) == b"seed"
    new = seal(b"seed", both)
    with pytest.raises(Unavailable, match="key 2, which is not here"):
        unseal(new)


def test_the_same_value_is_never_sealed_alike() -> None:
    assert len({seal(b"seed") for _ in range(50)}) == 50


@pytest.mark.parametrize(
    ("keys", "current"), [({}, 1), ({1: KEY}, 2), ({1: KEY[:16]}, 1), ({1: b""}, 1), ({-1: KEY}, -1)]
)
def test_keys_that_are_none_are_refused(keys: dict[int, bytes], current: int) -> None:
    with pytest.raises(ValueError, match="key"):
        Sealer(keys, current)


def test_a_sealer_shows_no_key() -> None:
    assert "\\x01\\x02" not in repr(vars(SEALER))
