"""Where in a text terms may begin, asked of all its places at once.

Two tables of the first two or three characters, hashed, leave a few of the places of most texts,
and two tables each of up to five next to none of these. They may say yes for nothing, but never no
to a term.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from processors.text.fold import JOINT, Codes, codes_of

_LONGEST = 5
"""Characters of a term that are hashed."""

_FIRST = np.array((0x9E3779B1, 0x85EBCA77, 0x2545F491), np.uint32)
_FURTHER = np.array(
    (
        (0xC2B2AE3D, 0x27D4EB2F, 0x165667B1, 0xCC9E2D51, 0x1B873593),
        (0x7FEB352D, 0x846CA68B, 0xB5297A4D, 0x68E31DA5, 0xAC4C1B51),
    ),
    np.uint32,
)[:, :, np.newaxis]
_ROOM = 16  # places of a table for each term
_BITS = (10, 19)  # the smallest and the largest table
_FURTHER_BITS = 3  # by so much the table is larger that is asked of little
_FAR = 255  # so far and farther

_STEPS = np.arange(_LONGEST)[:, np.newaxis]

Places = npt.NDArray[np.intp]


class Heads:
    """The first characters of terms."""

    def __init__(self, terms: Sequence[str]) -> None:
        bits = min(max((_ROOM * len(terms)).bit_length(), _BITS[0]), _BITS[1])
        self._shift = np.uint32(32 - bits)
        lengths = np.array([len(term) for term in terms], np.intp)
        self._longest = int(lengths.max(initial=0))
        codes = _padded(codes_of(JOINT.join(terms)))
        starts = np.cumsum(lengths + 1) - lengths - 1
        several = lengths > 1
        self._first = _FIRST[: min(3, lengths[several].min(initial=3))]
        # By the upper bits of a hash and by the lower: most that one says yes to for nothing is not
        # in the other, which is asked of little and so costs next to nothing, however large.
        self._may = np.zeros(1 << bits, np.bool_)
        self._really = np.zeros(1 << bits + _FURTHER_BITS, np.bool_)
        self._mask = np.uint32(self._really.size - 1)
        hashes = self._hashes(codes, starts[several], self._first)
        self._may[hashes >> self._shift] = True
        self._really[hashes & self._mask] = True
        # By hash how far a term reaches, a table for every number of its characters that is hashed.
        sizes = np.minimum(lengths, _LONGEST)
        reach = np.minimum(lengths, _FAR).astype(np.uint8)
        self._tables = np.arange(_LONGEST, dtype=np.uint32)[:, np.newaxis] << np.uint32(bits)
        self._reach = [np.zeros(_LONGEST << bits, np.uint8) for _ in _FURTHER]
        for factors, table in zip(_FURTHER, self._reach, strict=True):
            places = self._places(codes, starts, factors)
            np.maximum.at(table, places[sizes - 1, np.arange(lengths.size)], reach)
        alone = codes[starts[lengths == 1]]
        self._alone = np.zeros(1 << bits, np.bool_) if alone.size else None
        if self._alone is not None:
            self._alone[alone * _FIRST[0] >> self._shift] = True

    def begins(self, codes: Codes) -> Places:
        """Where terms may begin in a text, in order."""
        return self._begins(_padded(codes), codes.size)[0]

    def stretches(self, codes: Codes) -> tuple[Places, Codes]:
        """The stretches of a text in which terms may begin, with a joint behind each.

        And for each of their characters its place in the text.
        """
        padded = _padded(codes)
        begins, ends = self._begins(padded, codes.size)
        if not begins.size:
            return begins, codes[:0]
        ends = np.maximum.accumulate(np.minimum(ends, codes.size))
        apart = np.flatnonzero(begins[1:] > ends[:-1]) + 1
        first, last = begins[np.append(0, apart)], ends[np.append(apart, begins.size) - 1]
        counts = last - first + 1
        stops = np.cumsum(counts)
        places = np.arange(stops[-1]) + np.repeat(first - stops + counts, counts)
        found = padded.take(places)
        found[stops - 1] = ord(JOINT)
        return places, found

    def _begins(self, padded: Codes, count: int) -> tuple[Places, Places]:
        """Where terms may begin, in order, and where the longest of them may end."""
        first = padded[:count] * self._first[0]
        hashes = padded[1 : count + 1] * self._first[1]
        hashes += first
        if self._first.size > 2:
            hashes += padded[2 : count + 2] * self._first[2]
        if self._alone is not None:
            alone = self._alone.take(first >> self._shift)
        may = self._may.take(np.right_shift(hashes, self._shift, out=first))
        if self._alone is not None:
            may |= alone
        begins: Places = np.flatnonzero(may)
        really = self._really.take(hashes.take(begins) & self._mask)
        if self._alone is not None:
            really |= alone.take(begins)
        begins = begins[really]
        if self._longest == self._first.size:  # that is all there is of them
            return begins, begins + self._longest
        for factors, table in zip(_FURTHER, self._reach, strict=True):
            reach = table.take(self._places(padded, begins, factors)).max(axis=0)
            some = np.flatnonzero(reach)
            begins, reach = begins[some], reach[some]
        return begins, begins + np.where(reach == _FAR, np.intp(self._longest), reach)

    def _places(self, codes: Codes, starts: Places, factors: Codes) -> Codes:
        """Where in the tables stand the first character, the first two, and so on, of places."""
        found: Codes = codes.take(starts + _STEPS) * factors
        for at in range(1, _LONGEST):
            found[at] += found[at - 1]
        found >>= self._shift
        found += self._tables
        return found

    def _hashes(self, codes: Codes, starts: Places, factors: Codes) -> Codes:
        """Of as many characters from each of some places on as there are factors."""
        hashes: Codes = codes.take(starts) * factors[0]
        for at in range(1, factors.size):
            hashes += codes.take(starts + at) * factors[at]
        return hashes


def _padded(codes: Codes) -> Codes:
    """With something behind, so that the last characters have as many after them as the others."""
    return np.append(codes, np.zeros(_LONGEST, np.uint32))
