"""The edges as the rest sees them: one file of Protocols a room."""
