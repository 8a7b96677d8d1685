"""Primitives of the Avro binary form, for the generated readers and writers.

Every reader takes the bytes and an offset and returns the value and the offset after it. Reading
past the end raises `IndexError` or `ValueError`, never returns a shortened value.
"""

from __future__ import annotations

_WORD = 64
_TWO_BYTES = 0x3FFF
"""Most that two bytes of an integer hold."""
_LAST_SHIFT = 63
"""Shift of the tenth and last byte of a 64-bit integer."""

MORE_BITS = tuple(bytes((n & 0x7F | 0x80, n >> 7 | 0x80)) for n in range(1 << 14))
LAST_BITS = tuple(bytes((n & 0x7F | 0x80, n >> 7)) for n in range(1 << 14))
"""Two bytes of a longer integer for each 14 bits of it: with more to come, and at its end."""


class Texts(dict[str, bytes]):
    """The binary form, length and all, of texts that are written again and again."""

    LIMIT = 4096
    """Texts that are kept; beyond it all are forgotten."""

    def __missing__(self, text: str) -> bytes:
        if len(self) >= self.LIMIT:
            self.clear()
        raw = text.encode()
        out = bytearray()
        write_long(len(raw), out)
        self[text] = binary = bytes(out + raw)
        return binary


def read_long(data: bytes, at: int) -> tuple[int, int]:
    """Read a zigzag variable-length integer of 64 bits."""
    byte = data[at]
    at += 1
    value = byte & 0x7F
    shift = 7
    while byte & 0x80:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if shift > _LAST_SHIFT or value >> _WORD:
            raise ValueError("an integer has more than 64 bits")
        shift += 7
    return (value >> 1) ^ -(value & 1), at


def read_int(data: bytes, at: int) -> tuple[int, int]:
    """Read a zigzag variable-length integer of 32 bits."""
    value, at = read_long(data, at)
    if not -0x80000000 <= value <= 0x7FFFFFFF:
        raise ValueError("an integer has more than 32 bits")
    return value, at


def read_size(data: bytes, at: int) -> tuple[int, int]:
    """Read the length of a text or of bytes; it may reach past the end of the record."""
    size, at = read_long(data, at)
    if size < 0:
        raise ValueError("a length is negative")
    return size, at


def read_str(data: bytes, at: int) -> tuple[str, int]:
    """Read a length and so many bytes of UTF-8."""
    size, at = read_size(data, at)
    end = at + size
    if end > len(data):
        raise ValueError("a length reaches past the end of the record")
    return data[at:end].decode(), end


def read_bool(data: bytes, at: int) -> tuple[bool, int]:
    """Read a boolean."""
    byte = data[at]
    if byte > 1:
        raise ValueError("a boolean is neither 0 nor 1")
    return byte == 1, at + 1


def read_count(data: bytes, at: int) -> tuple[int, int]:
    """Read the number of items of an array's next block; 0 ends the array."""
    count, at = read_long(data, at)
    if count < 0:  # the size of the block in bytes follows, for readers that skip it
        count = -count
        _, at = read_size(data, at)
    if count > len(data) - at:  # every item takes a byte at least
        raise ValueError("an array has more items than the record has bytes")
    return count, at


def write_long(value: int, out: bytearray) -> None:
    """Append a zigzag variable-length integer. Raises `ValueError` beyond 64 bits."""
    encoded = (value << 1) ^ (value >> 63)
    if encoded >> _WORD:
        raise ValueError("an integer has more than 64 bits")
    while encoded > _TWO_BYTES:
        out += MORE_BITS[encoded & _TWO_BYTES]
        encoded >>= 14
    if encoded > 0x7F:
        out += LAST_BITS[encoded]
    else:
        out.append(encoded)


def write_int(value: int, out: bytearray) -> None:
    """Append a zigzag variable-length integer. Raises `ValueError` beyond 32 bits."""
    if not -0x80000000 <= value <= 0x7FFFFFFF:
        raise ValueError("an integer has more than 32 bits")
    write_long(value, out)
