"""Primitives of the Avro binary form, for the generated readers and writers.

Every reader takes the bytes and an offset and returns the value and the offset after it. Reading
past the end raises `IndexError` or `ValueError`, never returns a shortened value.
"""

from __future__ import annotations

MAX_LONG = (1 << 63) - 1
_MAX_SHIFT = 63


def read_long(data: bytes, at: int) -> tuple[int, int]:
    """Read a zigzag variable-length integer."""
    byte = data[at]
    at += 1
    value = byte & 0x7F
    shift = 7
    while byte & 0x80:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if shift > _MAX_SHIFT + 7:
            raise ValueError("an integer has more than 64 bits")
    return (value >> 1) ^ -(value & 1), at


def read_bytes(data: bytes, at: int) -> tuple[bytes, int]:
    """Read a length and so many bytes."""
    size, at = read_long(data, at)
    end = at + size
    if size < 0 or end > len(data):
        raise ValueError("a length reaches past the end of the record")
    return data[at:end], end


def read_str(data: bytes, at: int) -> tuple[str, int]:
    """Read a length and so many bytes of UTF-8."""
    raw, at = read_bytes(data, at)
    return raw.decode(), at


def read_bool(data: bytes, at: int) -> tuple[bool, int]:
    """Read a boolean."""
    byte = data[at]
    if byte > 1:
        raise ValueError("a boolean is neither 0 nor 1")
    return byte == 1, at + 1


def read_index(data: bytes, at: int, symbols: int) -> tuple[int, int]:
    """Read the index of an enum symbol; `UnknownSymbol` when there are not so many symbols."""
    index, at = read_long(data, at)
    if not 0 <= index < symbols:
        raise UnknownSymbol(f"symbol {index} of {symbols}")
    return index, at


def read_count(data: bytes, at: int) -> tuple[int, int]:
    """Read the number of items of an array's next block; 0 ends the array."""
    count, at = read_long(data, at)
    if count < 0:  # the size of the block in bytes follows, for readers that skip it
        count = -count
        _, at = read_long(data, at)
    if count > len(data) - at:  # every item takes a byte at least
        raise ValueError("an array has more items than the record has bytes")
    return count, at


def write_long(value: int, out: bytearray) -> None:
    """Append a zigzag variable-length integer. Raises `ValueError` beyond 64 bits."""
    encoded = (value << 1) ^ (value >> 63)
    if encoded >> 64:
        raise ValueError("an integer has more than 64 bits")
    while encoded > 0x7F:
        out.append((encoded & 0x7F) | 0x80)
        encoded >>= 7
    out.append(encoded)


class UnknownSymbol(ValueError):
    """The index of an enum is beyond the symbols this version knows."""
