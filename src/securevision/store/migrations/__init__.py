"""The Alembic environment: `versions/NNNN_verb_noun.py`, run in order by `securevision.store.upgrade`."""
