"""Writes the fields of a parameter set (ITU-T H.264, 7.2 and 9.1)."""


def ue(value: int) -> str:
    """Return an unsigned number as the digits of its Exp-Golomb code."""
    digits = f"{value + 1:b}"
    return "0" * (len(digits) - 1) + digits


def packed(bits: str) -> bytes:
    """Return digits as the bytes of a NAL unit's payload, with what keeps start codes out of it."""
    bits += "0" * (-len(bits) % 8)
    data = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
    return data.replace(b"\0\0\0", b"\0\0\3\0").replace(b"\0\0\1", b"\0\0\3\1")
