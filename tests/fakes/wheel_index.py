"""A package index in a directory, with wheels made on the spot."""

import base64
import hashlib
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

from securevision.artifacts.manifest import Wheel


class WheelIndex:
    """A directory of wheels, all of version 1.0, and the environment that makes pip look there alone."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.environment = {
            "PATH": os.environ["PATH"],
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(directory),
        }

    def add(self, name: str, members: Mapping[str, bytes], tag: str = "py3-none-any") -> Wheel:
        """Make a wheel that holds these members, and return it as a manifest names it."""
        info = f"{name}-1.0.dist-info"
        files = {
            **members,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
            f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n".encode(),
        }
        record = "".join(f"{path},sha256={_record_hash(data)},{len(data)}\n" for path, data in files.items())
        path = self.directory / f"{name}-1.0-{tag}.whl"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, data in files.items():
                archive.writestr(member, data)
            archive.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
        content = path.read_bytes()
        return Wheel(name, "1.0", hashlib.sha256(content).hexdigest(), len(content))


def _record_hash(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
