"""Action Message Format 0: the values that RTMP commands are made of (Adobe, "AMF 0", 2007)."""

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

Value: TypeAlias = "float | bool | str | Sequence[Value] | Mapping[str, Value] | None"
"""Undefined, unsupported and null are None; a date is its milliseconds; what a name belongs to is a mapping."""

MAX_DEPTH = 8
"""Of values in values; commands need three."""
MAX_BYTES = 1 << 16
"""Of all values together."""

_NUMBER = struct.Struct(">d")
_DATE = struct.Struct(">dh")
_SHORT = struct.Struct(">H")
_LONG = struct.Struct(">I")
_OBJECT, _NULL, _ECMA_ARRAY, _STRICT_ARRAY, _OF_A_CLASS = 0x03, 0x05, 0x08, 0x0A, 0x10
_LONG_TEXT = 1 << 14
"""Characters, each of which is four bytes at most."""
_END = b"\x00\x00\x09"
"""An empty name and the marker that ends an object (2.11)."""


class _Damaged(Exception):
    """What follows cannot be read."""


def encode(*values: Value) -> bytes:
    """Return the values as bytes; names in mappings are shorter than 64 KiB."""
    return b"".join(map(_encoded, values))


def _encoded(value: Value) -> bytes:
    match value:
        case None:
            return bytes([_NULL])
        case bool():
            return b"\x01" + bytes([value])
        case float() | int():
            return b"\x00" + _NUMBER.pack(value)
        case str():
            return (
                b"\x02" + _text(value, _SHORT) if len(value) < _LONG_TEXT else b"\x0c" + _text(value, _LONG)
            )
        case Mapping():
            members = b"".join(_text(name, _SHORT) + _encoded(member) for name, member in value.items())
            return bytes([_OBJECT]) + members + _END
        case _:
            return bytes([_STRICT_ARRAY]) + _LONG.pack(len(value)) + encode(*value)


def _text(text: str, length: struct.Struct) -> bytes:
    encoded = text.encode()
    return length.pack(len(encoded)) + encoded


def decode(data: bytes) -> Sequence[Value]:
    """Return the values in `data`, up to the first that is damaged, nested too deeply or of another kind.

    Nothing is raised: whoever reads a command looks at what is there. More than `MAX_BYTES` are not read.
    """
    reader = _Reader(data[:MAX_BYTES])
    values = []
    try:
        while reader.at < len(reader.data):
            values.append(reader.value(MAX_DEPTH))
    except _Damaged:
        pass
    return values


class _Reader:
    """Reads values one after the other. Raises _Damaged."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def value(self, depth: int) -> Value:
        if depth == 0:
            raise _Damaged
        kind = self._take(1)[0]
        if kind in (_OBJECT, _ECMA_ARRAY, _OF_A_CLASS):
            return self._members(kind, depth)
        if kind == _STRICT_ARRAY:
            (count,) = _LONG.unpack(self._take(_LONG.size))
            return [self.value(depth - 1) for _ in range(count)]
        read = _PLAIN.get(kind)
        if read is None:
            raise _Damaged
        return read(self)

    def _members(self, kind: int, depth: int) -> Mapping[str, Value]:
        """Read an object, an ECMA array (whose count is a hint) or an object of a class, which is ignored."""
        if kind == _ECMA_ARRAY:
            self._take(_LONG.size)
        elif kind == _OF_A_CLASS:
            self.text(_SHORT)
        members = {}
        while self.data[self.at : self.at + len(_END)] != _END:
            name = self.text(_SHORT)
            members[name] = self.value(depth - 1)
        self.at += len(_END)
        return members

    def number(self) -> float:
        return float(_NUMBER.unpack(self._take(_NUMBER.size))[0])

    def truth(self) -> bool:
        return self._take(1) != b"\x00"

    def date(self) -> float:
        return float(_DATE.unpack(self._take(_DATE.size))[0])

    def text(self, length: struct.Struct) -> str:
        (size,) = length.unpack(self._take(length.size))
        return self._take(size).decode(errors="replace")

    def nothing(self) -> None:
        return None

    def _take(self, size: int) -> bytes:
        taken = self.data[self.at : self.at + size]
        if len(taken) < size:
            raise _Damaged
        self.at += size
        return taken


_PLAIN: Mapping[int, Callable[[_Reader], Value]] = {
    0x00: _Reader.number,
    0x01: _Reader.truth,
    0x02: lambda reader: reader.text(_SHORT),
    _NULL: _Reader.nothing,
    0x06: _Reader.nothing,
    0x0B: _Reader.date,
    0x0C: lambda reader: reader.text(_LONG),
    0x0D: _Reader.nothing,
    0x0F: lambda reader: reader.text(_LONG),
}
