"""The frozen types that cross a seam, and the Protocols of the edges in `ports`."""
