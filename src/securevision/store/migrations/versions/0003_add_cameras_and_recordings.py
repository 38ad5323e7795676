"""Add cameras and recordings, and events of how a camera is."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables, and the events anew: a box may be missing, and a detail is there."""
    _cameras()
    _recordings()
    _events()


def _cameras() -> None:
    op.create_table(
        "cameras",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("display", sa.Text, nullable=False),
        sa.Column("sealed_address", sa.LargeBinary, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("fps", sa.Double, nullable=False),
        sa.Column("sensitivity", sa.Double, nullable=False),
        sa.Column("zones", sa.Text, nullable=False),
        sa.Column("masks", sa.Text, nullable=False),
        sa.Column("keyframes_only", sa.Boolean, nullable=False),
        sa.Column("recording", sa.Text, nullable=False),
        sa.Column("allow_loopback", sa.Boolean, nullable=False),
        sa.Column("created_ms", sa.Integer, nullable=False),
        sa.Column("changed_ms", sa.Integer, nullable=False),
    )
    op.create_table(
        "camera_revision",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.CheckConstraint("id = 1", name="ck_camera_revision_one_row"),
    )


def _recordings() -> None:
    op.create_table(
        "recordings",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("camera_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("begin_ms", sa.Integer, nullable=False),
        sa.Column("end_ms", sa.Integer),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("kept", sa.Boolean, nullable=False),
        sa.Column("mime", sa.Text, nullable=False),
        sa.CheckConstraint("end_ms IS NULL OR end_ms >= begin_ms", name="ck_recordings_times"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_recordings_begin_ms", "recordings", ["begin_ms", "id"])
    op.create_index("ix_recordings_camera_id", "recordings", ["camera_id", "begin_ms", "end_ms"])
    op.create_index("ix_recordings_kept", "recordings", ["kept", "begin_ms", "id"])


def _events() -> None:
    """SQLite changes no constraint: the rows move to a new table, as https://sqlite.org/lang_altertable.html says."""
    op.create_table(
        "new_events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("source_id", sa.Text, nullable=False),
        sa.Column("ts_ms", sa.Integer, nullable=False),
        sa.Column("created_ms", sa.Integer, nullable=False),
        sa.Column("x1", sa.Double),
        sa.Column("y1", sa.Double),
        sa.Column("x2", sa.Double),
        sa.Column("y2", sa.Double),
        sa.Column("person_name", sa.Text),
        sa.Column("similarity", sa.Double),
        sa.Column("plate_text", sa.Text),
        sa.Column("confidence", sa.Double),
        sa.Column("list_match", sa.Text),
        sa.Column("region", sa.Text),
        sa.Column("detail", sa.Text),
        sa.CheckConstraint(
            "CASE WHEN type IN ('camera_down', 'camera_up', 'camera_tampered') THEN detail IS NOT NULL AND"
            " coalesce(x1, y1, x2, y2, person_name, similarity, plate_text, confidence, list_match, region) IS NULL"
            " WHEN detail IS NOT NULL OR x1 IS NULL OR y1 IS NULL OR x2 IS NULL OR y2 IS NULL THEN 0"
            " WHEN type = 'face_match' THEN plate_text IS NULL AND confidence IS NULL"
            " WHEN type = 'plate_read' THEN plate_text IS NOT NULL AND confidence IS NOT NULL ELSE 0 END",
            name="ck_events_payload",
        ),
        sqlite_autoincrement=True,
    )
    op.execute("INSERT INTO new_events SELECT *, NULL FROM events")
    # The counter moves too, so that the id of a deleted event still never names another one.
    op.execute("DELETE FROM sqlite_sequence WHERE name = 'new_events'")
    op.execute("UPDATE sqlite_sequence SET name = 'new_events' WHERE name = 'events'")
    op.drop_table("events")
    op.rename_table("new_events", "events")
    op.create_index("ix_events_ts_ms", "events", ["ts_ms", "id"])
    op.create_index("ix_events_type_ts_ms", "events", ["type", "ts_ms", "id"])
    op.create_index("ix_events_created_ms", "events", ["created_ms"])
