"""What is whole of an MP4 whose writer was killed, or had no room left."""

from typing import BinaryIO

_HEADER = 8


def whole_bytes(file: BinaryIO) -> int:
    """Return how many bytes from the start are whole fragments; cut off there, the file can be played.

    Players refuse a file that ends within a `moof`, all of it. Reads the headers of the boxes alone, and leaves the
    position anywhere.
    """
    size, position, whole = file.seek(0, 2), 0, 0
    while position + _HEADER <= size:
        file.seek(position)
        header = file.read(_HEADER)
        length, kind = int.from_bytes(header[:4]), header[4:]
        position += length
        if length < _HEADER or position > size:
            break
        if kind in {b"moov", b"mdat"}:
            whole = position
    return whole
