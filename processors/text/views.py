"""Views: coarser forms of a folded text, in which more ways of writing are one.

The skeleton takes characters together that look alike or count alike (i l 1 |, o 0, s 5 $, rn m,
一 1), the sound gives Han characters by their syllable. Entries go through the same functions.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from itertools import combinations, product

import numpy as np

from processors.text import tables
from processors.text.fold import IS_LETTER, JOINT, Codes
from processors.text.lookalikes import GROUPS
from processors.text.words import is_han

FOLDED = "folded"
STRIPPED = "stripped"
SKELETON = "skeleton"
SOUND = "sound"
PAIR = "pair"  # two syllables, which alone say little
MIXED = "mixed"  # a character and the sound of its neighbour
SHAPE = "shape"  # the parts that characters are known by
SHAPE_PAIR = "shape_pair"  # the same of two, which alone say little
BACKWARDS = "backwards"  # from the last character to the first
TONED = "toned"  # two syllables with their tones, neither character as in the term
FUZZY = "fuzzy"  # syllables that many people do not tell apart as one
FUZZY_PAIR = "fuzzy_pair"  # a character and a fuzzy sound of its neighbour
SIMILAR = "similar"  # the stripped form, with one character otherwise
COLLAPSED = "collapsed"
INITIALS = "initials"

SIGNS = "|!$@+€(<"
"""Signs that stand for letters."""
_CLASSES = {
    "i": "l1|!一壹幺",
    "o": "0〇零",
    "z": "2二贰两",
    "e": "3€三叁参",
    "a": "4@四肆",
    "s": "5$五伍",
    "c": "(<",
    "g": "69六陆九玖",
    "t": "7+七柒",
    "b": "8八捌",
    "u": "v",
    "十": "拾",
    "百": "佰",
    "千": "仟",
}
NUMERALS = frozenset("一壹幺〇零二贰两三叁参四肆五伍六陆七柒八捌九玖十拾百佰千仟")
_SKELETON = {ord(char): form for form, chars in _CLASSES.items() for char in chars}
_NOT_SKELETON = re.compile(rf"[^\w{re.escape(SIGNS)}{JOINT}]")
_TWO_FOR_ONE = {"m": "rn", "w": "vv"}
ROUND = {"十": "io", "百": "ioo", "千": "iooo"}
"""Round numbers in digits: 1oo家乐."""
_SAID_ALIKE = (("ph", "f"), ("k", "c"), ("k", "ck"))
_LEAST_RESPELLED = 6
_MOST_DRAWN = 3  # letters of a term that are written as two each by itself; of more all or none

_FIRST_SOUND = 0xE000  # syllables are characters of the private use area, which is stripped away
_FIRST_TONED = 0xE800
_FIRST_FUZZY = 0xF000
_LAST_FUZZY = 0xF7FF
_LONGEST_SYLLABLE = 6


def skeleton(folded: str) -> str:
    """Skeleton of a folded text or of joined ones; joints stay."""
    return _NOT_SKELETON.sub("", folded.replace("_", " ")).translate(_SKELETON)


def drawn(form: str) -> Iterator[str]:
    """A term with letters written as two, and with round numbers in digits: rnilf, 1oo家乐."""
    if not ROUND.keys().isdisjoint(form):
        yield "".join(ROUND.get(char, char) for char in form)
        return
    if form.isascii() and len(form) >= _LEAST_RESPELLED:
        for written, said in _SAID_ALIKE:
            if said in form:
                yield form.replace(said, written)
    places = [at for at, char in enumerate(form) if char in _TWO_FOR_ONE]
    if len(places) > _MOST_DRAWN:
        yield "".join(_TWO_FOR_ONE.get(char, char) for char in form)
        return
    for count in range(1, len(places) + 1):
        for some in combinations(places, count):
            yield "".join(_TWO_FOR_ONE[c] if at in some else c for at, c in enumerate(form))


def skeleton_kept(folded: str) -> list[int]:
    """For every character of ``skeleton(folded)`` its index in ``folded``."""
    return [index for index, char in enumerate(folded) if char.isalnum() or char in SIGNS]


@cache
def syllables() -> dict[str, str]:
    """Per syllable in Latin letters the character that stands for it."""
    every = sorted({syllable for found in tables.sounds().values() for syllable in found})
    return {syllable: chr(_FIRST_SOUND + index) for index, syllable in enumerate(every)}


@cache
def _sounds() -> dict[int, str]:
    names = syllables()
    return {ord(char): names[found[0]] for char, found in tables.sounds().items()}


def sound(stripped: str) -> str:
    """The stripped form with a syllable for every Han character; of the same length."""
    return stripped.translate(_sounds())


def mixed(stripped: str, sounded: str) -> str:
    """Characters and syllables by turns, beginning with either, and toned; joints between.

    Between them the first two hold every character followed by the syllable of the next, and every
    syllable followed by the next character, each at its place in the stripped form.
    """
    one, other = list(stripped), list(sounded)
    one[1::2], other[1::2] = other[1::2], one[1::2]
    return "".join([*one, JOINT, *other, JOINT, toned(stripped), JOINT, shape(stripped)])


def shaped(stripped: str) -> str:
    """The shape and the fuzzy sound with a joint between."""
    return f"{shape(stripped)}{JOINT}{fuzzy(stripped)}"


def kind_of(view: str, term: str) -> str:
    """Of views that are searched together the one that a term is of."""
    first = ord(term[0])
    if view == SHAPE and _FIRST_FUZZY <= first <= _LAST_FUZZY:
        return FUZZY
    if view == MIXED and _FIRST_TONED <= first < _FIRST_FUZZY:
        return TONED
    return SHAPE if view == MIXED and is_han(term[0]) and is_han(term[-1]) else view


@cache
def other_sounds(char: str) -> tuple[str, ...]:
    """Syllables of a character beside the usual one."""
    names = syllables()
    return tuple(names[syllable] for syllable in tables.sounds().get(char, ())[1:])


@cache
def _toned() -> dict[str, str]:
    """Per syllable with its tone the character that stands for it."""
    every = sorted({syllable for found in tables.tones().values() for syllable in found})
    return {syllable: chr(_FIRST_TONED + index) for index, syllable in enumerate(every)}


@cache
def _toned_sounds() -> dict[int, str]:
    names = _toned()
    return {ord(char): names[found[0]] for char, found in tables.tones().items()}


def toned(stripped: str) -> str:
    """As ``sound``, with tones."""
    return stripped.translate(_toned_sounds())


def toned_ways(form: str) -> Iterator[str]:
    """Every way to read the characters of a form, with tones."""
    names, known = _toned(), tables.tones()
    for syllables_of in product(*(known.get(char, ()) for char in form)):
        yield "".join(names[syllable] for syllable in syllables_of)


_FUZZY = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l"))
_NASAL = re.compile("(?<=[aei])ng$")


def _merged(syllable: str) -> str:
    """What a syllable is taken for with zh, ch and sh as z, c and s, n as l, ang as an."""
    for one, other in _FUZZY:
        syllable = re.sub(f"^{one}", other, syllable)
    return _NASAL.sub("n", syllable)


@cache
def _fuzzy_syllables() -> dict[str, str]:
    """Per character that stands for a syllable the one for all that it is taken for."""
    names = {syllable: _merged(syllable) for syllable in syllables()}
    every = {
        name: chr(_FIRST_FUZZY + index) for index, name in enumerate(sorted(set(names.values())))
    }
    return {char: every[names[syllable]] for syllable, char in syllables().items()}


@cache
def _fuzzy_sounds() -> dict[int, str]:
    names = _fuzzy_syllables()
    return {code: names[syllable] for code, syllable in _sounds().items()}


def fuzzy(stripped: str) -> str:
    """As ``sound``, with one syllable for all that many people do not tell apart: 牛 and 流."""
    return stripped.translate(_fuzzy_sounds())


@cache
def fuzzy_sounds(syllable: str) -> tuple[str, ...]:
    """The other syllables that many people do not tell from one."""
    names = _fuzzy_syllables()
    return tuple(
        other for other, name in names.items() if name == names[syllable] and other != syllable
    )


STROKES = frozenset("一丨丿丶乙亅二亠人亻儿入八冂冖冫几凵刀力勹匕匚十卜卩厂厶又乂丷夕大")
"""Parts of so few strokes that no character is known by them."""


@cache
def _shapes() -> dict[int, str]:
    last: dict[str, str] = {}
    for parts, whole in tables.splits().items():
        if len(parts) == _BOTH and parts[-1] not in STROKES:
            last.setdefault(whole, parts[-1])
    known = Counter(last.values())  # what others are known by stands for itself: 色, and so 铯
    found = {char: part for char, part in last.items() if known[char] < _SEVERAL}
    for seldom, usual in _taken_for():
        found[seldom] = found.get(usual, usual)
    return {ord(char): part for char, part in found.items()}


def _taken_for() -> Iterator[tuple[str, str]]:
    """Characters that are seldom met, each with the most usual of those it looks like."""
    counts = tables.counts()
    nearest: dict[str, tuple[int, str]] = {}
    for usual, others in tables.lookalikes().items():
        for char, alike in others.items():
            if alike >= _NEARLY and counts.get(usual, 0) >= _SELDOM > counts.get(char, 0):
                nearest[char] = max(nearest.get(char, (0, "")), (alike, usual))
    yield from ((char, usual) for char, (_, usual) in nearest.items())
    for group in GROUPS:
        usual = max(group, key=lambda char: counts.get(char, 0))
        yield from ((char, usual) for char in group if counts.get(char, 0) < _SELDOM)


def lookalikes(form: str) -> Iterator[str]:
    """The form with one of its characters as each that is often met and looks like it."""
    for at, char in enumerate(form):
        for other in _others().get(char, ""):
            yield form[:at] + other + form[at + 1 :]


@cache
def _others() -> dict[str, str]:
    counts, found = tables.counts(), dict[str, str]()
    for group in GROUPS:
        often = [char for char in group if counts.get(char, 0) >= _SELDOM]
        for char in group:
            known = found.get(char, "")
            found[char] = known + "".join(one for one in often if one not in known + char)
    for char, others in tables.lookalikes().items():
        for other in others:
            for one, two in ((char, other), (other, char)):
                if counts.get(two, 0) >= _SELDOM and two not in found.get(one, ""):
                    found[one] = found.get(one, "") + two
    return found


_BOTH = 2  # parts of a character that has two
_SEVERAL = 3
_SELDOM = 100  # met less often in 1.7 million
_NEARLY = 88  # so nearly drawn as another, in percent, that one is taken for the other


def shape(stripped: str) -> str:
    """The stripped form with characters as the last of their two parts: 货 and 贷 as 贝."""
    return stripped.translate(_shapes())


def is_in_tone(char: str, other: str) -> bool:
    """Whether two characters have a syllable with its tone in common."""
    tones = tables.tones()
    return not set(tones.get(char, ())).isdisjoint(tones.get(other, ()))


@cache
def spellings() -> dict[str, str]:
    """Per character that stands for a syllable the syllable in Latin letters."""
    return {char: syllable for syllable, char in syllables().items()}


@cache
def _leads() -> dict[int, str]:
    return {ord(char): syllable[0] for char, syllable in spellings().items()}


def leads(sounded: str) -> str:
    """The sound with the first letter of every syllable; of the same length."""
    return sounded.translate(_leads())


@lru_cache(maxsize=1 << 14)
def spelled(token: str) -> str:
    """The syllables that a word in Latin letters spells, the longest first; else empty."""
    names = syllables()
    dead: set[int] = set()

    def parse(at: int) -> str | None:
        if at == len(token):
            return ""
        if at in dead:
            return None
        for end in range(min(len(token), at + _LONGEST_SYLLABLE), at, -1):
            name = names.get(token[at:end])
            if name and end - at > 1 and (rest := parse(end)) is not None:
                return name + rest
        dead.add(at)
        return None

    return (parse(0) or "") if len(token) <= 40 else ""


FOR_LETTERS = "0123456789@$!|"
"""What may stand for a letter of pinyin, or only in between."""
STRETCHED = re.compile(r"([a-z])\1{2,}")
"""Letters as often in a row as nobody writes them but to stretch a word."""
_MEANT = {**dict(zip("023456789@$!", "ozeasgtbgasi", strict=True)), "1": "il", "|": "il"}
_UNIT = re.compile(r"([a-z])\1{2,}|.", re.DOTALL)
_MOST_ODD = 3
_LONGEST_DISGUISED = 24


@lru_cache(maxsize=1 << 12)
def disguises(token: str) -> tuple[tuple[str, tuple[int, ...], str], ...]:
    """Letters that a word may be read as, the place of each, and the syllables they spell.

    Letters that are stretched count once; digits and signs stand for a letter, or for none.
    """
    if len(token) > _LONGEST_DISGUISED:
        return ()
    units = [(hit[0][0], hit.start()) for hit in _UNIT.finditer(token)]
    odd = sum(char in FOR_LETTERS for char, _ in units)
    if odd > _MOST_ODD or 2 * odd > len(units):
        return ()
    options = [(*_MEANT.get(char, ""), "") if char in FOR_LETTERS else (char,) for char, _ in units]
    ways = []
    for letters in product(*options):
        word = "".join(letters)
        places = tuple(at for letter, (_, at) in zip(letters, units, strict=True) if letter)
        found = spelled(word)
        if found:
            ways.append((word, places, found))
    return tuple(ways)


def collapse(stripped: str) -> str:
    """Every run of one letter as one; digits stay."""
    return _RUN.sub(r"\1", stripped)


_RUN = re.compile(r"([^\W\d_])\1+")


# --- The same for whole batches, as arrays -------------------------------------------------------


def _skeleton_tables() -> tuple[Codes, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    table = np.arange(IS_LETTER.size, dtype=np.uint32)
    table[list(_SKELETON)] = [ord(form) for form in _SKELETON.values()]
    stays = IS_LETTER.copy()
    stays[[ord(JOINT), *map(ord, SIGNS)]] = True
    return table, stays


_SKELETONS, _STAYS = _skeleton_tables()


def skeleton_codes(folded: Codes) -> Codes:
    """As ``skeleton``."""
    return _SKELETONS.take(folded.compress(_STAYS.take(folded)))


def _table(forms: Mapping[int, str]) -> Codes:
    """By code point the character that stands for it, itself where there is no other."""
    table = np.arange(IS_LETTER.size, dtype=np.uint32)
    table[list(forms)] = [ord(form) for form in forms.values()]
    return table


@cache
def _sound_table() -> Codes:
    return _table(_sounds())


@cache
def _toned_table() -> Codes:
    return _table(_toned_sounds())


@cache
def _fuzzy_table() -> Codes:
    return _table(_fuzzy_sounds())


@cache
def _shape_table() -> Codes:
    return _table(_shapes())


def sound_codes(stripped: Codes) -> Codes:
    """As ``sound``."""
    return _sound_table().take(stripped)


def mixed_codes(stripped: Codes, sounded: Codes) -> Codes:
    """As ``mixed``."""
    count = stripped.size
    found = np.empty(4 * count + 3, np.uint32)
    one, other = found[:count], found[count + 1 : 2 * count + 1]
    one[:], other[:] = stripped, sounded
    one[1::2], other[1::2] = sounded[1::2], stripped[1::2]
    found[count :: count + 1] = ord(JOINT)
    _toned_table().take(stripped, out=found[2 * count + 2 : 3 * count + 2], mode="clip")
    _shape_table().take(stripped, out=found[3 * count + 3 :], mode="clip")
    return found


def shaped_codes(stripped: Codes) -> Codes:
    """As ``shaped``."""
    count = stripped.size
    found = np.empty(2 * count + 1, np.uint32)
    found[count] = ord(JOINT)
    _shape_table().take(stripped, out=found[:count], mode="clip")
    _fuzzy_table().take(stripped, out=found[count + 1 :], mode="clip")
    return found
