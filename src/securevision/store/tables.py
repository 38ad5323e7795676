"""The tables, as a fresh database has them. A change here needs a migration that makes the same change."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Named,
    Table,
    Text,
    TypedColumns,
    UniqueConstraint,
)

metadata = MetaData()

EventRow = tuple[
    int,  # id
    int,  # version
    str,  # type
    str,  # source_id
    int,  # ts_ms
    int,  # created_ms
    float | None,  # x1
    float | None,  # y1
    float | None,  # x2
    float | None,  # y2
    str | None,  # person_name
    float | None,  # similarity
    str | None,  # plate_text
    float | None,  # confidence
    str | None,  # list_match
    str | None,  # region
    str | None,  # detail
]
"""What `select(events)` gives."""


class EventColumns(TypedColumns):
    """One row an event; the columns of other types' payloads are null."""

    id = Column(Integer, primary_key=True)
    version: Named[int]
    type: Named[str] = Column(Text)
    source_id: Named[str] = Column(Text)
    ts_ms: Named[int]
    created_ms: Named[int]
    x1: Named[float | None]
    y1: Named[float | None]
    x2: Named[float | None]
    y2: Named[float | None]
    person_name: Named[str | None] = Column(Text)
    similarity: Named[float | None]
    plate_text: Named[str | None] = Column(Text)
    confidence: Named[float | None]
    list_match: Named[str | None] = Column(Text)
    region: Named[str | None] = Column(Text)
    detail: Named[str | None] = Column(Text)

    __row_pos__: EventRow


events = Table(
    "events",
    metadata,
    EventColumns,
    CheckConstraint(
        "CASE WHEN type IN ('camera_down', 'camera_up', 'camera_tampered') THEN detail IS NOT NULL AND"
        " coalesce(x1, y1, x2, y2, person_name, similarity, plate_text, confidence, list_match, region) IS NULL"
        " WHEN detail IS NOT NULL OR x1 IS NULL OR y1 IS NULL OR x2 IS NULL OR y2 IS NULL THEN 0"
        " WHEN type = 'face_match' THEN plate_text IS NULL AND confidence IS NULL"
        " WHEN type = 'plate_read' THEN plate_text IS NOT NULL AND confidence IS NOT NULL ELSE 0 END",
        name="ck_events_payload",
    ),
    # AUTOINCREMENT: the id of a deleted event never names another one.
    sqlite_autoincrement=True,
)
Index("ix_events_ts_ms", events.c.ts_ms, events.c.id)
Index("ix_events_type_ts_ms", events.c.type, events.c.ts_ms, events.c.id)
Index("ix_events_created_ms", events.c.created_ms)


class CropColumns(TypedColumns):
    """The picture of an event."""

    event_id = Column(Integer, ForeignKey("events.id", ondelete="CASCADE"), primary_key=True)
    jpeg: Named[bytes] = Column(LargeBinary)


crops = Table("crops", metadata, CropColumns)


class PersonColumns(TypedColumns):
    """One row a person."""

    id = Column(Integer, primary_key=True)
    name: Named[str] = Column(Text)


people = Table("people", metadata, PersonColumns, UniqueConstraint("name", name="uq_people_name"))


class TemplateColumns(TypedColumns):
    """One row an enrolled photo; the embedding is 128 little-endian float32."""

    id = Column(Integer, primary_key=True)
    person_id: Named[int] = Column(ForeignKey("people.id", ondelete="CASCADE"))
    embedding: Named[bytes] = Column(LargeBinary)
    photo_sha256: Named[str] = Column(Text)


templates = Table(
    "templates",
    metadata,
    TemplateColumns,
    UniqueConstraint("person_id", "photo_sha256", name="uq_templates_photo"),
    CheckConstraint("length(embedding) = 512", name="ck_templates_embedding"),
)


class GalleryRevisionColumns(TypedColumns):
    """At most one row: how often the gallery changed."""

    id = Column(Integer, primary_key=True)
    revision: Named[int]


gallery_revision = Table(
    "gallery_revision",
    metadata,
    GalleryRevisionColumns,
    CheckConstraint("id = 1", name="ck_gallery_revision_one_row"),
)
