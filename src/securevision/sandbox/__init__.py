"""Sealing a process that reads hostile bytes."""
