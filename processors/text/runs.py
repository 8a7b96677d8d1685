"""Runs of two or three characters that are wanted, kept for a search of many places at once."""

from collections.abc import Collection, Iterable
from functools import cache

import numpy as np

from processors.text.beside import AS_NUMERALS
from processors.text.fold import JOINT, Codes, codes_of, text_of
from processors.text.views import sound_codes
from processors.text.words import LATIN


def runs(term: str, length: int) -> list[str]:
    """Every run of a length in a text, in order."""
    return [term[at : at + length] for at in range(len(term) - length + 1)]


def runs_of(terms: Iterable[str], length: int) -> frozenset[str]:
    """Every run of a length, two or three, that is in one of the terms."""
    codes = codes_of(JOINT.join(terms)).astype(np.uint64)
    count = max(0, codes.size - length + 1)
    packed, whole = np.zeros(count, np.uint64), np.ones(count, np.bool_)
    for at in range(length):
        one = codes[at : at + count]
        packed = packed << np.uint64(_CODE_BITS) | one
        whole &= one != ord(JOINT)
    packed = np.sort(packed[whole])  # far quicker than unique
    found = packed[np.diff(packed, prepend=np.uint64(0)) > 0]
    shifts = np.arange(length - 1, -1, -1, dtype=np.uint64) * np.uint64(_CODE_BITS)
    spread = found[:, np.newaxis] >> shifts & np.uint64((1 << _CODE_BITS) - 1)
    return frozenset(_pieces(text_of(spread.astype(np.uint32).ravel()), length))


_CODE_BITS = 21


def _pieces(joined: str, length: int) -> list[str]:
    return [joined[at : at + length] for at in range(0, len(joined), length)]


class Heads:
    """The first two parts of wanted characters, for a search of many places at once."""

    def __init__(
        self,
        heads: dict[str, list[str]],
        splits: dict[str, str],
        pairs: Collection[str],
        threes: Collection[str],
    ) -> None:
        self._made = np.zeros(1 << _HEAD_BITS, np.uint32)
        codes = codes_of("".join(heads))
        self._known = np.zeros_like(self._made)  # which head a slot is of, if of one
        hashes = _hashes(codes[::2], codes[1::2])
        slots = hashes >> _HEAD_SHIFT
        self._known[slots] = hashes
        whole = [splits[head] if parts == [head] else _SEVERAL for head, parts in heads.items()]
        self._made[slots] = codes_of("".join(whole))
        taken, times = np.unique(slots, return_counts=True)
        self._made[taken[times > 1]] = ord(_SEVERAL)
        self._known[taken[times > 1]] = 0
        most = max(len(pairs), len(threes))
        self._bits = min(max((_ROOM * most).bit_length(), _RUN_BITS[0]), _RUN_BITS[1])
        self._pairs, self._threes = np.zeros((2, 1 << self._bits), np.bool_)
        for length, table, runs in ((2, self._pairs, pairs), (3, self._threes, threes)):
            codes = codes_of("".join(runs))
            table[_slots(*(codes[at::length] for at in range(length)), bits=self._bits)] = True

    def places(self, codes: Codes, sounded: Codes) -> list[int]:
        """Places where parts begin of what may be wanted beside its neighbour, and a few others.

        A neighbour that only sounds as the one that is wanted will do, or two of them.
        """
        hashes = _hashes(codes, np.append(codes[1:], _AROUND[:1]))
        made = self._made.take(hashes >> _HEAD_SHIFT)
        at = np.flatnonzero(made)
        known = self._known.take(hashes[at] >> _HEAD_SHIFT)
        at = at[(known == hashes[at]) | (known == 0)]
        whole = made[at]
        begins = np.zeros(codes.size + 2, np.bool_)
        begins[at] = True
        wanted = begins[at + 2] | (whole == ord(_SEVERAL))
        shown, heard = (np.concatenate((_AROUND, one, _AROUND)) for one in (codes, sounded))
        far, before, after, beyond = (heard[at + step] for step in (1, 2, 5, 6))
        for left, right in ((shown[at + 2], shown[at + 5]), (before, after)):
            wanted |= self._pairs.take(_slots(left, whole, bits=self._bits))
            wanted |= self._pairs.take(_slots(whole, right, bits=self._bits))
        for beside in (before, after):
            wanted |= beside - np.uint32(ord("a")) < len(LATIN)
        run = (far, before, sound_codes(whole), after, beyond)
        for beside in run:
            wanted |= beside - np.uint32(ord("0")) < len(AS_NUMERALS)
        for first in range(3):
            three = run[first : first + 3]
            wanted |= self._threes.take(_slots(*three, bits=self._bits))
        found: list[int] = at[wanted].tolist()
        return found

    def counted(self, codes: Codes, sounded: Codes) -> list[int]:
        """Places of digits by themselves that may be one of three that are wanted by sound."""
        digit = np.zeros(codes.size + 2, np.bool_)
        np.less(codes - np.uint32(ord("0")), len(AS_NUMERALS), out=digit[1:-1])
        at = np.flatnonzero(digit[1:-1] & ~digit[:-2] & ~digit[2:])
        heard = np.concatenate((_AROUND, sounded, _AROUND))
        run = [heard[at + step] for step in range(1, 6)]
        run[2] = _numeral_sounds()[codes[at] - np.uint32(ord("0"))]
        wanted = np.zeros(at.size, np.bool_)
        for first in range(3):
            wanted |= self._threes.take(_slots(*run[first : first + 3], bits=self._bits))
        found: list[int] = at[wanted].tolist()
        return found


@cache
def _numeral_sounds() -> Codes:
    return sound_codes(codes_of("".join(map(chr, AS_NUMERALS.values()))))


_HEAD_BITS = 18
_HEAD_SHIFT = np.uint32(32 - _HEAD_BITS)
_RUN_BITS = (12, 24)  # the smallest and the largest table of runs
_ROOM = 32  # places of it for each
_SEVERAL = "\uffff"  # in place of a character: there are several, or of more parts
_AROUND = np.zeros(3, np.uint32)


def _slots(*codes: Codes, bits: int) -> Codes:
    """Places in a table for runs of code points."""
    return _hashes(*codes) >> np.uint32(32 - bits)


def _hashes(*codes: Codes) -> Codes:
    """A hash for each run of code points, given the first of all, the second of all, and so on."""
    found: Codes = codes[0] * _FACTORS[0]
    for one, factor in zip(codes[1:], _FACTORS[1:], strict=False):
        found += one * factor
    return found


_FACTORS = np.array((0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D), np.uint32)
