"""Joined texts in the views that every text has."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import accumulate

import numpy as np

from processors.text import readings
from processors.text.fold import (
    JOINT,
    Codes,
    codes_of,
    fold,
    fold_codes,
    strip,
    strip_codes,
    text_of,
)
from processors.text.pictures import PICTURES
from processors.text.views import (
    BACKWARDS,
    FOLDED,
    MIXED,
    SHAPE,
    SKELETON,
    SOUND,
    STRIPPED,
    mixed,
    mixed_codes,
    shaped,
    shaped_codes,
    skeleton,
    skeleton_codes,
    sound,
    sound_codes,
)
from processors.text.wanted import Wanted

_FEW = 400
"""Characters up to which the way without arrays is quicker."""
_SOME = 3000
"""The same for a search alone."""


class Forms:
    """The joined texts in their views. Short ones go the way without arrays, to the same end."""

    def __init__(self, joined: str) -> None:
        self._joined = joined
        self._starts: dict[str, list[int]] = {}
        self._codes: Codes | None = None
        self._folded_codes: Codes | None = None
        self._stripped_codes: Codes | None = None
        if len(joined) > _FEW:
            self._codes = codes_of(joined)
            self._folded_codes = fold_codes(self._codes)
            self._stripped_codes = strip_codes(self._folded_codes)
            self.folded = text_of(self._folded_codes)
            self.stripped = text_of(self._stripped_codes)
        else:
            self.folded = fold(joined)
            self.stripped = strip(self.folded)

    def view(self, view: str) -> str | Codes:
        """The joined texts in a view, as code points where they are long."""
        folded, stripped = self._folded_codes, self._stripped_codes
        if view == FOLDED:
            return self.folded if folded is None else folded
        if view == STRIPPED:
            return self.stripped if stripped is None else stripped
        if view == SKELETON:
            return self._skeleton
        if view == SHAPE:
            return shaped(self.stripped) if stripped is None else shaped_codes(stripped)
        return self._mixed if view == MIXED else self._sound

    @cached_property
    def _skeleton(self) -> str | Codes:
        if self._folded_codes is not None:
            return skeleton_codes(self._folded_codes)
        return skeleton(self.folded)

    @cached_property
    def _sound(self) -> str | Codes:
        if self._stripped_codes is not None:
            return sound_codes(self._stripped_codes)
        return sound(self.stripped)

    @cached_property
    def _mixed(self) -> str | Codes:
        """Every second character by its sound, beginning with one; then beginning with the other.

        And then all by their sounds with tones, and by their shapes; joints stand between.
        """
        sounded = self._sound
        if isinstance(sounded, str):
            return mixed(self.stripped, sounded)
        assert self._stripped_codes is not None
        return mixed_codes(self._stripped_codes, sounded)

    def starts(self, view: str) -> list[int]:
        """Where each text begins in a view; the stripped form and the sound are of one length."""
        view = STRIPPED if view in (SOUND, SHAPE, MIXED) else view
        if view not in self._starts:
            self._starts[view] = starts_of(self.view(view))
        return self._starts[view]

    def otherwise(self, wanted: Wanted) -> Iterator[tuple[int, str]]:
        """Indexes of the texts that may have another reading, each with the kind of it."""
        folded, stripped = self._folded_codes, self._stripped_codes
        if folded is None or stripped is None:
            repeats: Iterable[int] = readings.repeats_at(self.stripped)
        else:
            repeats = readings.repeats_in(stripped)
        sounded = self._sound if stripped is not None else None
        assert not isinstance(sounded, str)
        for kind, view, places in (
            (readings.REPEAT, STRIPPED, repeats),
            (readings.SPLIT, STRIPPED, wanted.splits_at(self.stripped, stripped, sounded)),
            (readings.COMBINED, STRIPPED, wanted.counted_at(self.stripped, stripped, sounded)),
            (readings.PARTED, STRIPPED, wanted.parted_at(self.stripped, stripped)),
            (readings.BRACKET, FOLDED, wanted.bracketed_at(self.folded, folded)),
            (readings.BRACKET, STRIPPED, readings.woven_at(self.stripped, stripped)),
            (readings.SIGNS, FOLDED, wanted.masked_at(self.folded, folded)),
            (readings.PINYIN, FOLDED, wanted.spelled_at(self.folded, folded)),
            (BACKWARDS, FOLDED, readings.backwards_at(self.folded, folded)),
            (readings.TOLD, FOLDED, readings.told_at(self.folded, folded)),
        ):
            for place in places:
                yield bisect_right(self.starts(view), place) - 1, kind
        yield from self._odd(wanted)

    def _odd(self, wanted: Wanted) -> Iterator[tuple[int, str]]:
        """As ``otherwise``, for characters that ask for one of the rarer readings."""
        if self._codes is None:
            places = readings.odd_at(self._joined)
        else:
            places = readings.odd_in(self._codes)
        starts: list[int] = []
        for place in places:
            starts = starts or starts_of(self._joined)
            if readings.is_odd_there(self._joined, place):
                yield bisect_right(starts, place) - 1, readings.ODD
            if self._joined[place] in PICTURES and wanted.is_pictured(self._joined, place):
                yield bisect_right(starts, place) - 1, readings.PICTURE


def for_search(joined: str) -> str | Codes:
    """Joined readings as an automaton reads them most quickly."""
    return joined if len(joined) <= _SOME else codes_of(joined)


def starts_of(joined: str | Codes) -> list[int]:
    """Where each of joined texts begins."""
    if isinstance(joined, str):
        if len(joined) <= _FEW:
            return list(accumulate((len(part) + 1 for part in joined.split(JOINT)[:-1]), initial=0))
        joined = codes_of(joined)
    return [0, *(np.flatnonzero(joined == ord(JOINT)) + 1).tolist()]
