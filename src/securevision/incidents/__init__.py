"""Tracks, matched to people and lists, become events."""
