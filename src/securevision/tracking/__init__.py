"""Observations of single frames, joined to tracks of objects."""
