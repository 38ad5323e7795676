"""The tables of cameras and recordings. A change here needs a migration that makes the same change."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    Named,
    Table,
    Text,
    TypedColumns,
)

from securevision.store.tables import metadata


class CameraColumns(TypedColumns):
    """One row a camera. The address is sealed for this row; zones and masks are JSON: polygons of [x, y]."""

    id = Column(Text, primary_key=True)
    display: Named[str] = Column(Text)
    sealed_address: Named[bytes] = Column(LargeBinary)
    enabled: Named[bool] = Column(Boolean)
    fps: Named[float]
    sensitivity: Named[float]
    zones: Named[str] = Column(Text)
    masks: Named[str] = Column(Text)
    keyframes_only: Named[bool] = Column(Boolean)
    recording: Named[str] = Column(Text)
    allow_loopback: Named[bool] = Column(Boolean)
    created_ms: Named[int]
    changed_ms: Named[int]


cameras = Table("cameras", metadata, CameraColumns)


class CameraRevisionColumns(TypedColumns):
    """At most one row: how often a camera changed."""

    id = Column(Integer, primary_key=True)
    revision: Named[int]


camera_revision = Table(
    "camera_revision",
    metadata,
    CameraRevisionColumns,
    CheckConstraint("id = 1", name="ck_camera_revision_one_row"),
)

RecordingRow = tuple[
    int,  # id
    str,  # camera_id
    str,  # kind
    int,  # begin_ms
    int | None,  # end_ms
    int,  # size
    bool,  # kept
    str,  # mime
]
"""What `select(recordings)` gives."""


class RecordingColumns(TypedColumns):
    """One row a file of video. Its camera may be gone, so it refers to none."""

    id = Column(Integer, primary_key=True)
    camera_id: Named[str] = Column(Text)
    kind: Named[str] = Column(Text)
    begin_ms: Named[int]
    end_ms: Named[int | None]
    size: Named[int]
    kept: Named[bool] = Column(Boolean)
    mime: Named[str] = Column(Text)

    __row_pos__: RecordingRow


recordings = Table(
    "recordings",
    metadata,
    RecordingColumns,
    CheckConstraint("end_ms IS NULL OR end_ms >= begin_ms", name="ck_recordings_times"),
    # AUTOINCREMENT: the id names a file, and never two.
    sqlite_autoincrement=True,
)
Index("ix_recordings_begin_ms", recordings.c.begin_ms, recordings.c.id)
Index("ix_recordings_camera_id", recordings.c.camera_id, recordings.c.begin_ms, recordings.c.end_ms)
Index("ix_recordings_kept", recordings.c.kept, recordings.c.begin_ms, recordings.c.id)
