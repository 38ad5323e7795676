"""The pictures that only tests use: `python tests/assets.py` fetches them."""

import sys
from pathlib import Path

from securevision.artifacts.manifest import parse_manifest
from securevision.artifacts.store import ArtifactStore
from securevision.errors import Unavailable

_HERE = Path(__file__).resolve().parent
_MANIFEST = parse_manifest((_HERE / "assets.toml").read_text("utf-8"))
_STORE = ArtifactStore(_MANIFEST, _HERE.parent / ".venv" / "test-assets")


def asset_path(name: str) -> Path:
    """Return a verified test picture. Raises Unavailable when it was not fetched."""
    try:
        return _STORE.path(name)
    except Unavailable as error:
        raise Unavailable(f"Test picture {name} is missing; run `python tests/assets.py`.") from error


if __name__ == "__main__":
    try:
        _STORE.pull()
    except Unavailable as error:
        sys.exit(str(error))
