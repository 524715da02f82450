"""The binary encoding of lib0, in which every Yjs message is written: variable-length integers, bytes, strings."""

from typing import Final

MAX_INTEGER: Final = 2**53 - 1
"""The largest integer that JavaScript counts without a gap."""


class Malformed(ValueError):
    """The bytes are no lib0 encoding of what was to be read."""


class Reader:
    """Reads from `data`, forward only; raises `Malformed` where it ends early or says something impossible."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    @property
    def remaining(self) -> int:
        return len(self.data) - self.position

    def byte(self) -> int:
        try:
            value = self.data[self.position]
        except IndexError:
            raise Malformed("The message ends early.") from None
        self.position += 1
        return value

    def varuint(self) -> int:
        """Read an integer from 0 to `MAX_INTEGER`: seven bits a byte, the lowest first."""
        value = shift = 0
        data, position = self.data, self.position
        try:
            while True:
                byte = data[position]
                position += 1
                value |= (byte & 0x7F) << shift
                if byte < 0x80:
                    break
                shift += 7
                if shift > 56:
                    raise Malformed("An integer is too long.")
        except IndexError:
            raise Malformed("The message ends early.") from None
        if value > MAX_INTEGER:
            raise Malformed("An integer is too large.")
        self.position = position
        return value

    def skip_varint(self) -> None:
        """Pass over a signed integer."""
        for _ in range(9):
            if self.byte() < 0x80:
                return
        raise Malformed("An integer is too long.")

    def take(self, length: int) -> bytes:
        if length > self.remaining:
            raise Malformed("The message ends early.")
        start = self.position
        self.position += length
        return self.data[start : self.position]

    def bytes(self) -> bytes:
        """Read a length and that many bytes."""
        return self.take(self.varuint())

    def string(self) -> str:
        """Read a length and that many bytes of UTF-8."""
        try:
            return self.bytes().decode()
        except UnicodeDecodeError as error:
            raise Malformed("A text is not UTF-8.") from error

    def count(self, least: int = 1) -> int:
        """Read how many things follow; each takes at least `least` bytes, so a count that cannot be is refused."""
        count = self.varuint()
        if count * least > self.remaining:
            raise Malformed("More is announced than follows.")
        return count

    def end(self) -> None:
        """Raise `Malformed` unless everything was read."""
        if self.remaining:
            raise Malformed("Something follows the end of the message.")


def varuint(value: int) -> bytes:
    """Write an integer from 0 to `MAX_INTEGER`."""
    if not 0 <= value <= MAX_INTEGER:
        raise ValueError(f"An integer from 0 to {MAX_INTEGER} was expected; received {value}.")
    written = bytearray()
    while value > 0x7F:
        written.append(0x80 | (value & 0x7F))
        value >>= 7
    written.append(value)
    return bytes(written)


def varbytes(value: bytes) -> bytes:
    """Write a length and the bytes."""
    return varuint(len(value)) + value


def varstring(value: str) -> bytes:
    """Write a length and the text as UTF-8."""
    return varbytes(value.encode())
