"""Create the tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Events with their crops, the gallery, the hashes of secrets."""
    op.create_table(
        "events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("source_id", sa.Text, nullable=False),
        sa.Column("ts_ms", sa.Integer, nullable=False),
        sa.Column("created_ms", sa.Integer, nullable=False),
        sa.Column("x1", sa.Double, nullable=False),
        sa.Column("y1", sa.Double, nullable=False),
        sa.Column("x2", sa.Double, nullable=False),
        sa.Column("y2", sa.Double, nullable=False),
        sa.Column("person_name", sa.Text),
        sa.Column("similarity", sa.Double),
        sa.Column("plate_text", sa.Text),
        sa.Column("confidence", sa.Double),
        sa.Column("list_match", sa.Text),
        sa.Column("region", sa.Text),
        sa.CheckConstraint(
            "CASE type WHEN 'face_match' THEN plate_text IS NULL AND confidence IS NULL"
            " WHEN 'plate_read' THEN plate_text IS NOT NULL AND confidence IS NOT NULL ELSE 0 END",
            name="ck_events_payload",
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_ts_ms", "events", ["ts_ms", "id"])
    op.create_index("ix_events_type_ts_ms", "events", ["type", "ts_ms", "id"])
    op.create_index("ix_events_created_ms", "events", ["created_ms"])
    op.create_table(
        "crops",
        sa.Column("event_id", sa.Integer, sa.ForeignKey("events.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("jpeg", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.UniqueConstraint("name", name="uq_people_name"),
    )
    op.create_table(
        "templates",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("person_id", sa.Integer, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
        sa.Column("embedding", sa.LargeBinary, nullable=False),
        sa.Column("photo_sha256", sa.Text, nullable=False),
        sa.UniqueConstraint("person_id", "photo_sha256", name="uq_templates_photo"),
        sa.CheckConstraint("length(embedding) = 512", name="ck_templates_embedding"),
    )
    op.create_table(
        "gallery_revision",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.CheckConstraint("id = 1", name="ck_gallery_revision_one_row"),
    )
    op.create_table(
        "credentials",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("sha256", sa.Text, nullable=False),
    )
