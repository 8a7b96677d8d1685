"""Where in a text terms may begin, asked of all its places at once.

A table of hashed pairs leaves of most texts only a few places at which a term may begin, tables of
the hashes of its first characters next to none. Both may say yes for nothing, never no for a term.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from processors.text.fold import JOINT, Codes, codes_of

_LONGEST = 5
"""Characters of a term that are hashed."""

_FACTORS = np.array((0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F, 0x165667B1), np.uint32)
_ROOM = 16  # places of a table for each term
_BITS = (10, 20)  # the smallest and the largest table

Places = npt.NDArray[np.intp]


class Heads:
    """The first characters of terms."""

    def __init__(self, terms: Sequence[str]) -> None:
        bits = min(max((_ROOM * len(terms)).bit_length(), _BITS[0]), _BITS[1])
        self._shift = np.uint32(32 - bits)
        lengths = np.array([len(term) for term in terms], np.uint32)
        codes = np.append(codes_of(JOINT.join(terms)), np.zeros(_LONGEST, np.uint32))
        starts = np.cumsum(lengths + 1, dtype=np.intp) - lengths - 1
        # How far a term reaches of which so many characters are hashed, by their hash.
        self._reach: dict[int, npt.NDArray[np.uint32]] = {}
        for size in range(1, _LONGEST + 1):
            these = lengths >= size if size == _LONGEST else lengths == size
            if these.any():
                reach = self._reach[size] = np.zeros(1 << bits, np.uint32)
                np.maximum.at(reach, self._hashes(codes, starts[these], size), lengths[these])
        self._pairs = np.zeros(1 << bits, np.bool_)
        self._pairs[self._hashes(codes, starts[lengths > 1], 2)] = True
        self._single = self._reach.pop(1, None)

    def stretches(self, codes: Codes) -> tuple[list[int], Codes]:
        """The stretches of a text in which terms may begin, with a joint behind each.

        And for each of their characters its place in the text.
        """
        padded = np.append(codes, np.zeros(_LONGEST, np.uint32))
        begins, ends = self._begins(padded, codes.size)
        if not begins.size:
            return [], codes[:0]
        ends = np.maximum.accumulate(np.minimum(ends, codes.size))
        apart = np.flatnonzero(begins[1:] > ends[:-1]) + 1
        first, last = begins[np.append(0, apart)], ends[np.append(apart, begins.size) - 1]
        counts = last - first + 1
        stops = np.cumsum(counts)
        places = np.arange(stops[-1]) + np.repeat(first - stops + counts, counts)
        found = padded[places]
        found[stops - 1] = ord(JOINT)
        return places.tolist(), found

    def _begins(self, padded: Codes, count: int) -> tuple[Places, Places]:
        """Where terms may begin, in order, and how far the longest of them would reach."""
        hashes = padded[:count] * _FACTORS[0]
        if self._single is not None:
            alone = self._single[hashes >> self._shift] > 0
        hashes += padded[1 : count + 1] * _FACTORS[1]
        hashes >>= self._shift
        may = self._pairs[hashes]
        if self._single is not None:
            may |= alone
        begins = np.flatnonzero(may)
        reach = np.zeros(begins.size, np.intp)
        if self._single is not None:
            reach[alone[begins]] = 1
        for size, table in self._reach.items():
            np.maximum(reach, table[self._hashes(padded, begins, size)], out=reach, casting="unsafe")
        some = reach > 0
        return begins[some], (begins + reach)[some]

    def _hashes(self, codes: Codes, starts: Places, size: int) -> Codes:
        """Of so many characters from each of some places on."""
        hashes = codes[starts] * _FACTORS[0]
        for at in range(1, size):
            hashes += codes[starts + at] * _FACTORS[at]
        return hashes >> self._shift
