"""The gallery, in the database."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from securevision.domain.audit import AuditDraft
from securevision.domain.observations import Embedding
from securevision.domain.people import Person, Template
from securevision.domain.ports.clock import Clock
from securevision.domain.ports.store import EnrolmentEntry
from securevision.errors import InvalidInput, NotFound
from securevision.store.audit import forget
from securevision.store.change_log import ChangeLog
from securevision.store.database import Database
from securevision.store.tables import gallery_revision, people, templates

_DIMENSIONS = 128


class SqlPeopleStore:
    """The PeopleStore of a Database."""

    def __init__(self, database: Database, clock: Clock, entropy: Callable[[int], bytes]) -> None:
        self._database = database
        self._log = ChangeLog(clock, entropy)

    def enrol(self, templates: Sequence[Template], audit: EnrolmentEntry) -> int:
        """Add templates, making people as needed; return how many were new.

        All of them or none. Raises InvalidInput for an embedding that is not 128 finite numbers.
        """
        ready = [
            (template.person_name, _to_bytes(template.embedding), template.photo_sha256)
            for template in templates
        ]

        def work(connection: Connection) -> int:
            new = Counter[tuple[int, str]]()
            for name, embedding, photo in ready:
                person_id = _person_id(connection, name)
                new[person_id, name] += _enrol(connection, person_id, embedding, photo)
            for (person_id, name), count in (+new).items():
                self._log.write(connection, audit(person_id, name, count))
            if new.total():
                _bump_revision(connection)
            return new.total()

        return self._database.write(work)

    def remove(self, person_name: str, audit: Callable[[int], AuditDraft]) -> int:
        """Delete a person with all templates, and their name from the audit log; return how many templates.

        Raises NotFound.
        """

        def work(connection: Connection) -> int:
            person_id = connection.scalar(select(people.c.id).where(people.c.name == person_name))
            if person_id is None:
                raise NotFound(f"Nobody is enrolled as {person_name!r}.")
            deleted = connection.execute(delete(templates).where(templates.c.person_id == person_id)).rowcount
            connection.execute(delete(people).where(people.c.id == person_id))
            _bump_revision(connection)
            self._log.write(connection, audit(person_id))
            forget(connection, f"person:{person_id}")
            return deleted

        deleted = self._database.write(work)
        self._database.scrub()
        return deleted

    def people(self) -> Sequence[Person]:
        """Return everybody, by name."""
        statement = (
            select(people.c.name, func.count(templates.c.id))
            .join_from(people, templates)
            .group_by(people.c.id)
            .order_by(people.c.name)
        )
        rows = self._database.read(lambda connection: connection.execute(statement).all())
        return [Person(name, count) for name, count in rows]

    def templates(self) -> Sequence[Template]:
        """Return all templates, in the order they were enrolled."""
        statement = (
            select(people.c.name, templates.c.embedding, templates.c.photo_sha256)
            .join_from(people, templates)
            .order_by(templates.c.id)
        )
        rows = self._database.read(lambda connection: connection.execute(statement).all())
        return [Template(name, _from_bytes(embedding), photo) for name, embedding, photo in rows]

    def revision(self) -> int:
        """Return a number that changes whenever the gallery does, also by another process."""
        statement = select(gallery_revision.c.revision)
        return self._database.read(lambda connection: connection.scalar(statement)) or 0


def _person_id(connection: Connection, name: str) -> int:
    connection.execute(insert(people).values(name=name).on_conflict_do_nothing())
    return connection.execute(select(people.c.id).where(people.c.name == name)).scalar_one()


def _enrol(connection: Connection, person_id: int, embedding: bytes, photo_sha256: str) -> int:
    """Return 1 for a new template, 0 for one that was there."""
    added = connection.execute(
        insert(templates)
        .values(person_id=person_id, embedding=embedding, photo_sha256=photo_sha256)
        .on_conflict_do_nothing()
    )
    return added.rowcount


def _bump_revision(connection: Connection) -> None:
    connection.execute(
        insert(gallery_revision)
        .values(id=1, revision=1)
        .on_conflict_do_update(
            index_elements=[gallery_revision.c.id], set_={"revision": gallery_revision.c.revision + 1}
        )
    )


def _to_bytes(embedding: Embedding) -> bytes:
    if embedding.shape != (_DIMENSIONS,) or not np.isfinite(embedding).all():
        raise InvalidInput("A face's embedding is 128 finite numbers.")
    return embedding.astype("<f4").tobytes()


def _from_bytes(blob: bytes) -> Embedding:
    return np.frombuffer(blob, "<f4").astype(np.float32)
