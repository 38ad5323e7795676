"""Pinned files from elsewhere (models, the demo portrait): the only room that downloads."""
