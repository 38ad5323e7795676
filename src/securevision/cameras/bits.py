"""The fields of a parameter set, read bit by bit (ITU-T H.264 7.2 and 9.1; H.265 has the same)."""


class Damaged(Exception):
    """What was read cannot be what was meant."""


class Bits:
    """Reads the fields of a NAL unit from its payload on. Every method raises Damaged at the end of it."""

    def __init__(self, nal: bytes, header: int) -> None:
        """`header` is the length of the NAL unit's own header in bytes."""
        # Two zeros are followed by a 3 where a start code could be seen in them (7.4.1).
        self._data = nal[header:].replace(b"\0\0\3", b"\0\0")
        self._at = 0

    def unsigned(self, count: int) -> int:
        """Return an unsigned number of `count` bits: u(n)."""
        start, end = self._at, self._at + count
        if end > 8 * len(self._data):
            raise Damaged
        self._at = end
        covering = int.from_bytes(self._data[start // 8 : (end + 7) // 8])
        return covering >> (-end % 8) & ((1 << count) - 1)

    def flag(self) -> bool:
        """Return one bit: u(1)."""
        return self.unsigned(1) == 1

    def skip(self, count: int) -> None:
        """Pass over so many bits."""
        self.unsigned(count)

    def exp_golomb(self) -> int:
        """Return an unsigned number: ue(v)."""
        zeros = 0
        while not self.flag():
            zeros += 1
        return (1 << zeros) - 1 + self.unsigned(zeros)

    def signed_exp_golomb(self) -> int:
        """Return a signed number: se(v)."""
        code = self.exp_golomb()
        return (code + 1) // 2 if code % 2 else -(code // 2)

    def at_most(self, largest: int) -> int:
        """Return an unsigned number, ue(v), that the standard bounds."""
        value = self.exp_golomb()
        if value > largest:
            raise Damaged
        return value
