"""Words of Chinese: whether a hit cuts one in two, and how likely a run is read as which.

A segmenter looks only at what stands around a hit, and only when there is one: its dictionary is
loaded with the first.
"""

import math
import re
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

from processors.text.fold import JOINT, Codes

REACH = 10
"""Characters at either end of a hit that are looked at."""

LATIN = frozenset("abcdefghijklmnopqrstuvwxyz")

_SHORT = 3

# Words younger than the dictionary that begin or end as others do.
_YOUNG = re.compile(
    "(微博|微信|抖音|快手|网红|直播|读博|约跑|打赌|外卖|网购|网课|弹幕|手办|二维码|日结|周结|月结|带货|待办|加币|高防|洗前|洗后"
    "|备孕|待孕|彩铅|体考|校招|社招|内推|考编|考公|国漫|追番|盲盒|探店|刷题|刷剧|撸猫|撸铁|穿搭|拼单|代驾|网约|手账|拼豆|剧本杀"
    "|电竞|电音|二创|饭圈|颜值|月嫂|法考|学霸|学渣|脱单|闺蜜|铲屎|猫咖|柯基|柴犬|多肉|绿植|手作|钩织|滴胶|微单|街拍|修图|码农"
    "|自媒体|短视频|银饰|药芹|大麻镇|连麦|网盘|爱[笑吃喝睡美哭唱跳闹]|笑死|哭死|急死|睡死|累死|饿死|死皮"
    "|(?<![一在连])线上(?![班传课学车路门市台场演线网]))"
)


@lru_cache(maxsize=1 << 13)
def _ends(run: str) -> tuple[tuple[int, int], ...]:
    """Spans of the words of a run of Han characters, those of one character left out."""
    import rjieba

    found, at = [], 0
    for part in _YOUNG.split(run):
        for word in (part,) if _YOUNG.fullmatch(part) else rjieba.cut(part, False):
            if len(word) > 1:
                found.append((at, at + len(word)))
            at += len(word)
    return tuple(found)


@lru_cache(maxsize=1 << 15)
def is_word(chars: str) -> bool:
    """Whether Han characters are a word of their own."""
    import rjieba

    return rjieba.has_word(chars) or _YOUNG.fullmatch(chars) is not None


@lru_cache(maxsize=1 << 13)
def said_of(run: str) -> tuple[str, ...]:
    """The verbs of a run of Han characters, and the adjective or particle at its end.

    The dictionary has many verbs with their object as nouns: 爬山, 读书.
    """
    import rjieba

    words = rjieba.tag(run, False)
    last = len(words) - 1
    return tuple(
        word
        for at, (word, tag) in enumerate(words)
        if (tag[:1] == "v" and tag != "vn")
        or (tag == "n" and len(word) == 2 and _has_object(word))
        or (0 < at == last and tag[:1] in ("a", "y"))
    )


def _has_object(word: str) -> bool:
    """Whether a noun of two characters begins with a verb, and is nobody who does that."""
    import rjieba

    return word[-1] not in _DOERS and rjieba.tag(word[0], False)[0][1] == "v"


_DOERS = "员师长生者家手人士官部院局处科室所站台社团队会"


def is_han(char: str) -> bool:
    """Whether a folded character is an ideograph."""
    return "㐀" <= char <= "鿿" or "\U00020000" <= char <= "\U0003ffff"


def are_han(text: str) -> bool:
    """Whether a folded text has ideographs alone; so has an empty one."""
    return _ALL_HAN.fullmatch(text) is not None


_ALL_HAN = re.compile("[㐀-鿿\U00020000-\U0003ffff]*")


# --- How likely a run is to be read so --------------------------------------------------------

_TOTAL = 6e7
"""Words of the texts that the dictionary was counted in."""
_COUNT_OF_A_TERM = 180
"""As often as a term is there where one may stand; so often are many words, such as 发票."""
_NEAR = 5
"""Characters at either end by which a reading is weighed."""
_LONGEST_WORD = 4


@lru_cache(maxsize=1 << 16)
def _likelihood(word: str) -> float:
    """Logarithm of the share of a word in running text; one character is always a word."""
    import rjieba

    if len(word) == 1:
        known = is_han(word) and ord(word) <= _FIRST_PLANE
        return math.log((rjieba.suggest_freq(word) if known else 1) / _TOTAL)
    least = _COUNT_OF_A_TERM if _YOUNG.fullmatch(word) else 0
    if not (least or rjieba.has_word(word)):
        return -math.inf
    return math.log(max(least, rjieba.suggest_freq(word)) / _TOTAL)


@lru_cache(maxsize=1 << 13)
def _likeliest(run: str) -> float:
    """Likelihood of a run of characters, cut into the words with which it is greatest."""
    best = [0.0]
    for end in range(1, len(run) + 1):
        starts = range(max(0, end - _LONGEST_WORD), end)
        best.append(max([best[start] + _likelihood(run[start:end]) for start in starts]))
    return best[-1]


def gain(before: str, shown: str, after: str) -> float:
    """By how many nats a run is likelier with a term in it than with what is shown.

    求|大叔| with 包养 is much likelier than 求|大叔|包|氧; 不|办证|事 is hardly so than 不|办|正事.
    """
    before, after = before[-_NEAR:], after[:_NEAR]
    with_term = _likeliest(before) + _AS_A_TERM + _likeliest(after)
    return with_term - _likeliest(before + shown + after)


def reads_over(before: str, shown: str, after: str) -> bool:
    """Whether a run is likeliest with a word over an end of what is shown: 六盒|彩笔, 杜|博文."""
    before, after = before[-_NEAR:], after[:_NEAR]
    apart = _likeliest(before) + _likeliest(shown) + _likeliest(after)
    return _likeliest(before + shown + after) > apart + _ROUNDING


_ROUNDING = 1e-9
_AS_A_TERM = math.log(_COUNT_OF_A_TERM / _TOTAL)
LEAST_GAIN = 2.75
"""Two characters for which a term would gain less are not looked at."""


def pair_gain(stripped: str, start: int) -> float:
    """About the ``gain`` for two characters, by the two at either side of them; cheap."""
    run = f"{JOINT * 2}{stripped[max(0, start - 2) : start + 4]}{JOINT * 2}"[min(start, 2) :]
    outer, before, one, two, after, last = map(_likelihood, run[:6])
    far, left, itself, right, farther = (_likelihood(run[at : at + 2]) for at in range(5))
    left -= max(before, far - outer)  # less what stands there without it
    right -= max(after, farther - last)
    return _AS_A_TERM - max(itself, max(one, left) + max(two, right))


def pair_gains(stripped: Codes, starts: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """``pair_gain`` for the two characters from each of some places on."""
    padded = np.concatenate((_BORDER[:2], stripped, _BORDER))
    run = padded.take(starts + _STEPS)
    pairs = _pairs.likelihoods(run[:-1].ravel(), run[1:].ravel()).reshape(5, starts.size)
    far, left, itself, right, farther = pairs
    outer, before, one, two, after, last = _chars().take(np.minimum(run, _FIRST_PLANE))
    left = left - np.maximum(before, far - outer)
    right = right - np.maximum(after, farther - last)
    shown = np.maximum(itself, np.maximum(one, left) + np.maximum(two, right))
    gains: npt.NDArray[np.float64] = _AS_A_TERM - shown
    return gains


_STEPS = np.arange(6)[:, np.newaxis]
_BORDER = np.full(4, ord(JOINT), np.uint32)
_FIRST_PLANE = 0xFFFF


@cache
def _chars() -> npt.NDArray[np.float64]:
    """The likelihood of every character of the first plane."""
    find = _likelihood.__wrapped__  # so many would throw out whatever is kept
    return np.array([find(chr(code)) for code in range(_FIRST_PLANE + 1)])


class _Pairs:
    """How likely pairs of characters are words, for many at once; what was asked last is kept."""

    def __init__(self) -> None:
        self._pairs = np.zeros(1 << _KEPT_BITS, np.uint64)
        self._likelihoods = np.full(1 << _KEPT_BITS, -np.inf)

    def likelihoods(self, ones: Codes, others: Codes) -> npt.NDArray[np.float64]:
        pairs = ones.astype(np.uint64) << np.uint64(32) | others
        slots = ((ones * _MIX[0] + others * _MIX[1]) >> np.uint32(32 - _KEPT_BITS)).astype(np.intp)
        found: npt.NDArray[np.float64] = self._likelihoods[slots]
        asked = np.flatnonzero(self._pairs[slots] != pairs)
        if asked.size:
            found[asked] = [_likelihood(chr(ones[at]) + chr(others[at])) for at in asked.tolist()]
            self._pairs[slots[asked]], self._likelihoods[slots[asked]] = pairs[asked], found[asked]
        return found


_KEPT_BITS = 16
_MIX = np.array((0x9E3779B1, 0x85EBCA77), np.uint32)
_pairs = _Pairs()


def words_around(stripped: str, start: int, end: int) -> list[tuple[int, int]]:
    """Spans of the words of two and more characters that overlap a span of stripped text."""
    first, last = start, end
    while first and start - first < REACH and is_han(stripped[first - 1]):
        first -= 1
    while last < len(stripped) and last - end < REACH and is_han(stripped[last]):
        last += 1
    return [
        (first + begin, first + stop)
        for begin, stop in _ends(stripped[first:last])
        if first + begin < end and first + stop > start
    ]


def cut_ends(stripped: str, start: int, end: int) -> int:
    """How many ends of a span a word goes over: 南京|东路 goes over one of 京东."""
    words = [
        (begin, stop)
        for begin, stop in words_around(stripped, start, end)
        if not (begin <= start and stop >= end)
    ]
    return sum(begin < start for begin, _ in words) + sum(stop > end for _, stop in words)


def is_part(before: str, shown: str, after: str) -> bool:
    """Whether what is shown is inside a longer word with a word in it that cuts it: 机枪|手.

    So it is too where one character after it ends the run and makes a word with its last: 大|麻袋.
    """
    run, start = before[-REACH:] + shown + after[:REACH], len(before[-REACH:])
    end = start + len(shown)
    itself = _likelihood(shown)
    for first, last in words_around(run, start, end):
        if not (first <= start and last >= end):
            continue
        plain = itself + _likeliest(run[first:start]) + _likeliest(run[end:last])
        for at in range(start + 1, end):
            left, right = run[first:at], run[at:last]
            cut = (first < start and is_word(left)) or (last > end and is_word(right))
            if cut and _likeliest(left) + _likeliest(right) >= plain:
                return True
    return _ends_a_word(shown, after)


def _ends_a_word(shown: str, after: str) -> bool:
    """Whether the one character that still follows makes a word with the last that is shown."""
    last = after[:1]
    return bool(last) and not is_han(after[1:2] or " ") and is_word(shown[-1] + last)


def divides(before: str, shown: str, after: str) -> int:
    """Whether words that cut what is shown read better than it as a word of its own.

    Better is what leaves fewer characters by themselves: 刷|单日|结 leaves two, 刷单|日结 none.
    Above 0 where the words that cut it do, below where they leave more, 0 where it is the same.
    """
    before, after = before[-_NEAR:], after[:_NEAR]
    span = (len(before), len(before) + len(shown))
    return _alone(before) + _alone(after) - _alone(before + shown + after, span)


@lru_cache(maxsize=1 << 13)
def _alone(run: str, span: tuple[int, int] | None = None) -> int:
    """The fewest characters that are left by themselves when a run is cut into words.

    Words around all of a span are none: they do not cut it.
    """
    first, last = span or (-1, len(run) + 1)
    least = [0]
    for end in range(1, len(run) + 1):
        words = [
            least[start]
            for start in range(max(0, end - _LONGEST_WORD), end - 1)
            if not (start <= first and end >= last) and is_word(run[start:end])
        ]
        least.append(min([least[end - 1] + 1, *words]))
    return least[-1]


def runs_on(before: str, shown: str, after: str) -> bool:
    """Whether a word goes over the right end of what is shown: 教育部|落, 京东|方, 新华社|区.

    None does that is two words which meet there: 中国电信|宽带.
    """
    before, after = before[-REACH:], after[:REACH]
    if _ends_a_word(shown, after):
        return not (after[0] == "长" and shown[-1] in _ORGANS)
    if len(shown) <= _SHORT and after and is_word(shown[-1] + after[0]):
        # Of three characters that are a name: 支付宝|安全中心.
        return len(shown) < _SHORT or divides(before, shown, after) >= 0
    run, start, end = before + shown + after, len(before), len(before) + len(shown)
    return any(
        stop > end and not (is_word(run[first:end]) and is_word(run[end:stop]))
        for first, stop in words_around(run, start, end)
    )


_ORGANS = "部局院厅处委台社行"
"""Last characters of organs that have a head: 教育部|长 is of its people, 四川大|学长 is not."""


def is_within_word(stripped: str, start: int, end: int) -> bool:
    """Whether a word goes on beyond either end of a span."""
    return any(first < start or last > end for first, last in words_around(stripped, start, end))
