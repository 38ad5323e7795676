"""Every table of the database."""

from securevision.store import access_tables, audit_tables, camera_tables
from securevision.store.tables import metadata

__all__ = ["access_tables", "audit_tables", "camera_tables", "metadata"]
