"""The table of events takes none whose payload is not that of its type."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from securevision.domain.events import CAMERA_EVENTS
from securevision.store.database import Database

BOX = {"x1": "0", "y1": "0", "x2": "1", "y2": "1"}
FACE = BOX | {"type": "'face_match'"}
PLATE = BOX | {"type": "'plate_read'", "plate_text": "'SV26'", "confidence": "1"}
DOWN = {"type": "'camera_down'", "detail": "''"}
WHOLE = [FACE, FACE | {"person_name": "'ada'", "similarity": "1"}, PLATE]


def insert(database: Database, columns: dict[str, str]) -> None:
    given = {"version": "1", "source_id": "'gate'", "ts_ms": "1", "created_ms": "1"} | columns
    sql = f"INSERT INTO events ({', '.join(given)}) VALUES ({', '.join(given.values())})"
    database.write(lambda connection: connection.execute(text(sql)))


@pytest.mark.parametrize(
    "columns", WHOLE + [DOWN | {"type": f"'{type_}'"} for type_ in CAMERA_EVENTS.values()]
)
def test_what_is_whole_is_taken(database: Database, columns: dict[str, str]) -> None:
    insert(database, columns)


@pytest.mark.parametrize(
    "columns",
    [
        *({name: value for name, value in FACE.items() if name != corner} for corner in BOX),
        *(
            {name: value for name, value in PLATE.items() if name != lost}
            for lost in ("plate_text", "confidence", "x1")
        ),
        *(DOWN | {name: value} for name, value in (BOX | PLATE).items() if name != "type"),
        *(DOWN | {name: "'x'"} for name in ("person_name", "similarity", "list_match", "region")),
        {"type": "'camera_down'"},
        FACE | {"detail": "''"},
        PLATE | {"detail": "''"},
        FACE | {"plate_text": "''"},
        FACE | {"confidence": "1"},
        DOWN | {"type": "'camera_lost'"},
        FACE | {"type": "'visit'"},
    ],
)
def test_what_is_not_of_its_type_is_refused(database: Database, columns: dict[str, str]) -> None:
    with pytest.raises(IntegrityError):
        insert(database, columns)
