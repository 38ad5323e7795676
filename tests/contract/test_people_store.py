"""What every PeopleStore does."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fakes.audit import enrolled, removed
from fakes.clock import FakeClock
from fakes.databases import new_database
from fakes.stores import MemoryPeopleStore
from securevision.domain.observations import Embedding
from securevision.domain.people import Person, Template
from securevision.domain.ports.store import PeopleStore
from securevision.errors import InvalidInput, NotFound
from securevision.store.people import SqlPeopleStore


@pytest.fixture(params=["memory", "sql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PeopleStore]:
    if request.param == "memory":
        yield MemoryPeopleStore()
        return
    with new_database(tmp_path / "people.db") as database:
        yield SqlPeopleStore(database, FakeClock(), secrets.token_bytes)


def face(seed: int) -> Embedding:
    values = np.random.default_rng(seed).standard_normal(128).astype(np.float32)
    return values / np.float32(np.linalg.norm(values))


def template(name: str, photo: int) -> Template:
    return Template(name, face(photo), f"{photo:064x}")


def test_an_empty_gallery(store: PeopleStore) -> None:
    assert list(store.people()) == []
    assert list(store.templates()) == []
    assert store.enrol([], enrolled) == 0


def test_templates_come_back_bit_for_bit(store: PeopleStore) -> None:
    given = [template("zoë", 1), template("ada", 2), template("ada", 3)]
    assert store.enrol(given, enrolled) == 3

    back = store.templates()
    assert [(t.person_name, t.photo_sha256) for t in back] == [(t.person_name, t.photo_sha256) for t in given]
    for stored, original in zip(back, given, strict=True):
        assert stored.embedding.dtype == np.float32
        assert stored.embedding.tobytes() == original.embedding.tobytes()
    assert list(store.people()) == [Person("ada", 2), Person("zoë", 1)]


def test_the_same_photo_twice_changes_nothing(store: PeopleStore) -> None:
    store.enrol([template("ada", 1)], enrolled)
    revision = store.revision()

    assert store.enrol([template("ada", 1)], enrolled) == 0
    assert store.revision() == revision
    assert store.enrol([template("ada", 1), template("ada", 2), template("ada", 2)], enrolled) == 1
    assert store.revision() != revision
    assert list(store.people()) == [Person("ada", 2)]


def test_one_photo_may_show_two_people(store: PeopleStore) -> None:
    assert store.enrol([template("ada", 1), template("bob", 1)], enrolled) == 2
    assert list(store.people()) == [Person("ada", 1), Person("bob", 1)]


def test_names_are_compared_exactly(store: PeopleStore) -> None:
    assert store.enrol([template("ada", 1), template("Ada", 1), template("ada ", 1)], enrolled) == 3
    assert store.remove("Ada", removed) == 1
    assert {person.name for person in store.people()} == {"ada", "ada "}


def test_removing_somebody_takes_their_templates_and_nobody_elses(store: PeopleStore) -> None:
    store.enrol([template("ada", 1), template("ada", 2), template("bob", 3)], enrolled)
    revision = store.revision()

    assert store.remove("ada", removed) == 2
    assert store.revision() != revision
    assert [t.person_name for t in store.templates()] == ["bob"]
    assert list(store.people()) == [Person("bob", 1)]
    assert store.enrol([template("ada", 1)], enrolled) == 1


def test_removing_nobody_is_an_error_and_changes_nothing(store: PeopleStore) -> None:
    store.enrol([template("ada", 1)], enrolled)
    revision = store.revision()
    with pytest.raises(NotFound, match="'bob'"):
        store.remove("bob", removed)
    assert store.revision() == revision


def test_every_change_gives_a_revision_that_was_not_there_before(store: PeopleStore) -> None:
    seen = {store.revision()}
    for round_ in range(3):
        store.enrol([template("ada", round_)], enrolled)
        seen.add(store.revision())
        store.remove("ada", removed)
        seen.add(store.revision())
    assert len(seen) == 7


@pytest.mark.parametrize(
    "embedding",
    [
        np.zeros(127, np.float32),
        np.zeros((1, 128), np.float32),
        np.full(128, np.nan, np.float32),
        np.full(128, np.inf, np.float32),
    ],
)
def test_what_is_not_an_embedding_is_refused_with_all_its_company(
    store: PeopleStore, embedding: Embedding
) -> None:
    with pytest.raises(InvalidInput, match="128"):
        store.enrol([template("ada", 1), Template("bob", embedding, "0" * 64)], enrolled)
    assert list(store.people()) == []
