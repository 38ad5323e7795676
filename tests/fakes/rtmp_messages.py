"""RTMP as a server writes it, in chunks of any form and size."""

import os
from collections.abc import Mapping, Sequence

from securevision.cameras.amf import Value, encode

HANDSHAKE = b"\x03" + bytes(8) + os.urandom(1528) + os.urandom(1536)
"""S0, S1 and S2."""
CONTROL, COMMANDS, VIDEO = 2, 3, 6
"""Chunk streams."""


def number(chunk_stream: int, form: int) -> bytes:
    """Return a basic header."""
    if chunk_stream < 64:
        return bytes([form << 6 | chunk_stream])
    if chunk_stream < 320:
        return bytes([form << 6, chunk_stream - 64])
    return bytes([form << 6 | 1]) + (chunk_stream - 64).to_bytes(2, "little")


def chunks(
    kind: int,
    payload: bytes,
    *,
    chunk_stream: int = COMMANDS,
    stream: int = 0,
    time: int = 0,
    form: int = 0,
    size: int = 128,
    repeats_time: bool = True,
) -> Sequence[bytes]:
    """Return a message as chunks. `time` is the timestamp in form 0, and the step in forms 1 and 2.

    By the letter, a timestamp of four bytes is repeated in each chunk; not everybody does.
    """
    extended = time.to_bytes(4, "big") if time >= 0xFFFFFF and form < 3 else b""
    parts = [
        min(time, 0xFFFFFF).to_bytes(3, "big"),
        len(payload).to_bytes(3, "big") + bytes([kind]),
        stream.to_bytes(4, "little"),
    ]
    first = number(chunk_stream, form) + b"".join(parts[: 3 - form]) + extended
    later = number(chunk_stream, 3) + (extended if repeats_time else b"")
    pieces = [payload[at : at + size] for at in range(0, len(payload), size)] or [b""]
    return [(later if index else first) + piece for index, piece in enumerate(pieces)]


def message(kind: int, payload: bytes, **how: int) -> bytes:
    """Return a message as one piece of bytes; see `chunks`."""
    return b"".join(chunks(kind, payload, **how))  # type: ignore[arg-type]


def command(*values: Value, stream: int = 0) -> bytes:
    """Return a command."""
    return message(20, encode(*values), stream=stream)


def status(code: str, level: str = "status", **more: Value) -> bytes:
    """Return the news of a stream."""
    told: Mapping[str, Value] = {"level": level, "code": code, "description": "hunter2", **more}
    return command("onStatus", 0.0, None, told, stream=1)


CONNECTED = command("_result", 1.0, {"fmsVer": "FMS/3,0"}, {"code": "NetConnection.Connect.Success"})
CREATED = command("_result", 2.0, None, 1.0)
PLAYS = status("NetStream.Play.Start")
ACCEPTED = HANDSHAKE + CONNECTED + CREATED + PLAYS
"""Everything that is said before the video. A server may say it without being asked, since it knows the questions."""


def tag(body: bytes, time: int = 0, *, size: int = 128) -> bytes:
    """Return a video tag as a message."""
    return message(9, body, chunk_stream=VIDEO, stream=1, time=time, size=size)
