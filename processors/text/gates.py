"""Gates: what of the anchors is a hit.

Taken by themselves the views find an entry in most honest texts. A gate looks at how the text
writes what was found and at what stands around, and asks whether anybody would read it so.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from operator import eq

from processors.text import readings
from processors.text.context import cuts_latin, is_bordered, is_latin, is_spaced_on_purpose
from processors.text.fold import RULES
from processors.text.grammar import (
    OFFER_NEXT,
    SURNAMES,
    offers,
)
from processors.text.pictures import PICTURES
from processors.text.scan import Anchor, Text
from processors.text.views import NUMERALS, ROUND, SIGNS, STRIPPED, is_in_tone
from processors.text.words import (
    REACH,
    are_han,
    cut_ends,
    divides,
    is_han,
    is_part,
    is_within_word,
    is_word,
    words_around,
)

_LEAST = 2
_SHORT = 3  # an entry of so many characters may come about where two words meet
_LEAST_LEET = 4
_LEAST_BROKEN = 6  # so long a Latin term is meant with one sign in it: cas-ino
_LEAST_PARTED = 7  # so long a Latin term is meant as two words as well
_LEAST_IN_TWO = 9  # so long one of them may be of three letters: douche bag
_LEAST_FOREIGN = 5
_LEAST_KEPT = 5  # of so long an entry by sound half may be others, whatever words they make
_PLACE = re.compile(r"\w?(?:街道|镇|乡|村|县|卫生院)")
_ALPHABETS = (  # in which words are written; what looks Latin in them is no disguise
    frozenset("абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґАБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯІЇЄҐ"),
    frozenset("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩΆΈΉΊΌΎΏ"),
)


_REDRAWN = (
    *(readings.REPEAT, readings.SPLIT, readings.ORNAMENT, readings.NUMERAL),
    *(readings.PICTURE, readings.PARTED, readings.BRACKET, readings.COMBINED),
    *(readings.MASKED, readings.TRANSLATED),
)


def stands(text: Text, anchor: Anchor) -> bool:
    """Whether what was found in the folded form begins and ends as a word may."""
    folded, start, end = text.folded, anchor.start, anchor.end
    if cuts_latin(folded, start, end) or _is_foreign_word(text, start, end):
        return False
    return end - start >= _LEAST_LEET or not _is_in_a_code(folded, start, end)


def _is_in_a_code(folded: str, start: int, end: int) -> bool:
    """Whether a short Latin term goes on beyond a digit: TIT4N."""
    if not (is_latin(folded[start]) and is_latin(folded[end - 1])):
        return False
    before, after = folded[max(0, start - 2) : start], folded[end : end + 2]
    return any(
        len(beside) == 2 and beside[0].isdigit() and is_latin(beside[1])
        for beside in (before[::-1], after)
    )


def _is_foreign_word(text: Text, start: int, end: int) -> bool:
    """Whether a short Latin term is a word of another script that only looks like it: ВЕТ, вет."""
    if end - start >= _LEAST_FOREIGN or not is_latin(text.folded[start]):
        return False
    first, last = text.span(start, end)
    shown = [c for c in text.original[first:last] if RULES.get(ord(c)) != "invisible"]
    if is_han(text.folded[end : end + 1] or " ") and all(map(str.isupper, shown)):
        return False  # an abbreviation with Chinese right behind it: ІСВС客服
    return any(all(char in letters for char in shown) for letters in _ALPHABETS)


def is_apart(text: Text, anchor: Anchor, form: str) -> bool:
    """Whether a short term of Han characters is not where two other words meet.

    A reading is judged as it is read, not as it is written.
    """
    start, end = text.stripped_span(anchor.start, anchor.end)
    shown = form if anchor.reading in _REDRAWN else text.stripped[start:end]
    before, after = neighbours(text, anchor)
    if len(shown) > _SHORT + 1:
        return True
    if not are_han(shown):
        return not _goes_over(before, shown, after)
    if OFFER_NEXT.match(after):  # who offers begins a word there: 老虎机|上分, 约炮|群
        after = ""
    lone = len(before) == 1 or (len(before) > 1 and not is_han(before[-2]))  # 当|代写论文
    ends = 1 if len(shown) <= _SHORT or lone else 2
    cut = cut_ends(f"{before}{shown}{after}", len(before), len(before) + len(shown)) >= ends
    if anchor.reading in (readings.PARTED, readings.BRACKET):
        written = text.stripped[start:end]
        if cut_ends(before + written + after, len(before), len(before) + len(written)):
            return False
    better = divides(before, shown, after)
    if better < 0 or (better == 0 and not cut):
        return not is_part(before, shown, after)
    return False


def may_be_others(text: Text, anchor: Anchor) -> bool:
    """Whether a short plain hit reads as well as two words that meet: 红豆包|养胃, 歌手|枪花."""
    term = anchor.term
    if anchor.view == STRIPPED or anchor.reading or len(term) > _SHORT:
        return False
    if not are_han(term):
        return False
    before, after = neighbours(text, anchor)
    return divides(before, term, "" if OFFER_NEXT.match(after) else after) == 0


def _goes_over(before: str, shown: str, after: str) -> bool:
    """Whether a number or a word goes over an end of a term of letters and characters: 10K粉|丝."""
    ends = (before[-1:] + shown[0], shown[-1] + after[:1])
    if any(len(end) > 1 and end.isdigit() for end in ends):
        return True
    if OFFER_NEXT.match(after):
        after = ""
    head, tail = _HAN_RUN.match(shown), _HAN_END.search(shown)
    left, right = head[0] if head else "", tail[0] if tail else ""
    return bool(
        (left and is_within_word(before + left, len(before), len(before) + len(left)))
        or (right and is_within_word(right + after, 0, len(right)))
    )


def neighbours(text: Text, anchor: Anchor) -> tuple[str, str]:
    """What stands at either end of a hit, unless a separator does that is not within it as well."""
    folded, start, end = text.folded, anchor.start, anchor.end
    within = {char for char in folded[start:end] if not char.isalnum()}
    first, last = text.stripped_span(start, end)
    left = start > 0 and (folded[start - 1].isalnum() or folded[start - 1] in within)
    right = end < len(folded) and (folded[end].isalnum() or folded[end] in within)
    return (
        text.stripped[max(0, first - REACH) : first] if left else "",
        text.stripped[last : last + REACH] if right else "",
    )


def is_spaced(text: Text, anchor: Anchor) -> bool:
    """Whether a term with separators between is written so to hide it."""
    folded, start, end = text.folded, anchor.start, anchor.end
    if is_spaced_on_purpose(folded, anchor):
        return not goes_on(folded, start, end)
    if is_han(folded[start]):
        return _is_broken_up(folded, start, end)
    shown = folded[start:end]
    if not (
        len(anchor.term) >= _LEAST_BROKEN
        and anchor.term.isascii()
        and len(shown) == len(anchor.term) + 1
        and not _touches(folded, start, end)
    ):
        return False
    pieces = shown.split()  # in two words where both are long: only fans, but not cas ino
    return (
        len(pieces) == 1
        or (len(anchor.term) >= _LEAST_PARTED and min(map(len, pieces)) >= _LEAST_LEET)
        or (len(anchor.term) >= _LEAST_IN_TWO and min(map(len, pieces)) >= _SHORT)
    )


def _is_broken_up(folded: str, start: int, end: int) -> bool:
    """Whether Chinese with ordinary separators inside is one term, as no word goes over its ends.

    So 专业色·情 is, and 集中，国家 is not: 集中 is a word.
    """
    shown = folded[start:end]
    pieces = re.split(r"[\W_]+", shown)
    first, last = pieces[0], pieces[-1]
    if not are_han(first + last) or _WIDE_GAP.search(folded, start, end):
        return False
    signs = [char for char in shown if not char.isalnum() and not char.isspace()]
    ends = "。!?,;:" if len(first) == len(last) == 1 and len(pieces) == 2 else "。!?"
    if len(set(signs)) > 1 or (len(signs) == 1 and signs[0] in ends):
        return False
    before = _HAN_END.search(folded[max(0, start - REACH) : start])
    after = _HAN_RUN.match(folded, end, end + REACH)
    left, right = before[0] if before else "", after[0] if after else ""
    if signs == [","] and right and is_word(first):
        return False  # what follows is a clause of its own: 听话，水都喝光了
    return not (
        is_within_word(left + first, len(left), len(left) + len(first))
        or is_within_word(last + right, 0, len(last))
    )


_WIDE_GAP = re.compile(r"[\W_]{4}")
_HAN_RUN = re.compile("[\u3400-\u9fff]*")
_HAN_END = re.compile("[\u3400-\u9fff]*\\Z")


def goes_on(folded: str, start: int, end: int, *, han: bool = False) -> bool:
    """Whether a word that is spaced letter by letter goes on beyond a span: b e t t e r.

    What parts its letters must part it from the next as well: a b.e.t is a bet. Han characters
    spaced apart are words of their own, but ``han`` asks for 小 姐 姐 as well.
    """
    before, after = folded[max(0, start - 3) : start][::-1], folded[end : end + 3]
    signs = {char for char in folded[start:end] if not char.isalnum()}
    return any(
        len(beside) > 1
        and not beside[0].isalnum()
        and (not signs or beside[0] in signs)
        and _alike(beside[1], own, han=han)
        and not beside[2:].isalnum()
        for beside, own in ((before, folded[start]), (after, folded[end - 1]))
    )


def _alike(char: str, other: str, *, han: bool) -> bool:
    return (is_latin(char) and is_latin(other)) or (han and is_han(char) and is_han(other))


def is_whole_word(text: Text, anchor: Anchor) -> bool:
    """Whether no word goes on at either end, spaced letter by letter or not."""
    folded, start, end = text.folded, anchor.start, anchor.end
    if not is_bordered(folded, start, end):
        return False
    return anchor.view != STRIPPED or not goes_on(folded, start, end, han=True)


# --- Skeleton --------------------------------------------------------------------------------


def looks_alike(text: Text, anchor: Anchor, form: str, *, loose: bool) -> bool:
    """Whether what has the skeleton of a term is written for it.

    ``loose`` is a term with separators of its own.
    """
    folded, start, end = text.folded, anchor.start, anchor.end
    shown = folded[start:end]
    if not any(map(str.isascii, form)) or any(map(is_han, form)):
        return anchor.reading == readings.NUMERAL or _is_numeral(text, anchor, form)
    kept = "".join(char for char in shown if char.isalnum() or char in SIGNS)
    letters = sum(map(str.isalpha, kept))
    pairs = zip(kept, form, strict=False)
    if len(kept) == len(form) and any(a.isdigit() and b.isdigit() and a != b for a, b in pairs):
        return False  # 12306 is no 12309, though 6 and 9 both stand for a g
    same = equal(kept, form) if len(kept) == len(form) else 0
    few = 3 if len(form) >= _LEAST_BROKEN else 2  # of a long term a third says as much
    if len(form) < _LEAST_LEET or few * max(letters, same) < len(kept):
        return False
    if len(kept) < len(shown) and not (loose or _is_spelled_out(shown)):
        return False
    if is_bordered(folded, start, end) or letters == len(kept):
        return not goes_on(folded, start, end)
    return not _touches(folded, start, end)


def _touches(folded: str, start: int, end: int) -> bool:
    around = folded[start - 1 : start] + folded[end : end + 1]
    return any(char.isalnum() and not is_han(char) for char in around)


def _is_numeral(text: Text, anchor: Anchor, form: str) -> bool:
    """Whether a term with numerals is written with other ones: 6合彩."""
    start, end = text.stripped_span(anchor.start, anchor.end)
    shown = _ROUND.sub(lambda hit: _TENS[len(hit[0])], text.stripped[start:end])
    if not text.folded[anchor.end : anchor.end + 1].isalnum():
        shown = _IN_DIGITS.sub(lambda hit: _TENS[len(hit[0])], shown)
    if len(shown) != len(form) or len(form) < _SHORT:
        return False
    changed = [pair for pair in zip(shown, form, strict=True) if pair[0] != pair[1]]
    if not all(_is_count(a) and _is_count(b) for a, b in changed):
        return False
    before, after = text.stripped[start - 1 : start], text.stripped[end : end + 1]
    return not (
        (shown[0].isdigit() and before.isdigit()) or (shown[-1].isdigit() and after.isdigit())
    )


_ROUND = re.compile("[1il](?=[o0]*[o])[o0]{1,3}|[il][o0]{1,3}")
"""A round number with a letter in it; in digits alone it is one: 100家乐队."""
_IN_DIGITS = re.compile("(?<![0-9])10{1,3}(?![0-9])")
_TENS = {len(digits): char for char, digits in ROUND.items()}


def _is_count(char: str) -> bool:
    return char.isdigit() or char in NUMERALS


# --- Sound -----------------------------------------------------------------------------------


def equal(shown: Sequence[str], form: str) -> int:
    """How many characters are those of the form."""
    return list(map(eq, shown, form)).count(True)


def sounds_alike(text: Text, anchor: Anchor, form: str) -> bool:
    """Whether what sounds like a form may be written for it; a long one is no word of its own."""
    if anchor.reading in (readings.PINYIN, readings.BOPOMOFO):
        return _is_pinyin(text, anchor, form)
    if anchor.reading == readings.INITIAL:
        return _is_initial(text, anchor, form)
    start, end = text.stripped_span(anchor.start, anchor.end)
    shown = text.stripped[start:end]
    if len(shown) != len(form):
        return False
    if len(form) > _SHORT:
        return is_no_word(text, anchor, form)
    # Whether a short one is, or is meant, is asked of the detector that looks for it.
    some = len(form) == _SHORT and equal(shown, form)
    named = not some and _is_name(text.stripped, start, end, form)
    return is_spaced_on_purpose(text.folded, anchor) and not named


def is_no_word(text: Text, anchor: Anchor, form: str) -> bool:
    """Whether nothing of what is shown for a form is a word or cut by one, but what it keeps.

    Of one with most of it kept one character may make a word.
    """
    start, end = text.stripped_span(anchor.start, anchor.end)
    shown = text.stripped[start:end]
    before, after = neighbours(text, anchor)
    run, first = f"{before}{shown}{after}", len(before)
    last = first + len(shown)
    if cut_ends(run, first, last):
        return False
    words = words_around(run, first, last)
    changed = [first + at for at in range(len(form)) if shown[at] != form[at]]
    one_of_many = len(form) >= _SHORT and len(changed) <= 1
    if any(
        begin <= first and stop >= last and not (one_of_many and stop - begin == len(form))
        for begin, stop in words
    ):
        return False
    sure = one_of_many or (len(form) >= _LEAST_KEPT and 2 * len(changed) <= len(form))
    return sure or not any(begin <= at < stop for at in changed for begin, stop in words)


def _is_name(stripped: str, start: int, end: int, form: str) -> bool:
    """Whether two or three characters are the name of a person, or begin that of a place.

    杜博 and 刘贺才 are, and so is 官坊 in 官坊街道.
    """
    if _PLACE.match(stripped, end):
        return True
    alone = start == 0 and not is_han(stripped[end : end + 1] or " ")
    return alone and stripped[0] != form[0] and stripped[0] in SURNAMES


def _is_pinyin(text: Text, anchor: Anchor, form: str) -> bool:
    """Syllables in Latin letters: many, or written as one word; a kept character says as much.

    One that only sounds so does it in an offer: 歪gua辅助.
    """
    shown = text.folded[anchor.start : anchor.end]
    kept = [char for char in shown if is_han(char)]
    if _is_gloss(text, anchor):
        return False
    if kept:
        meant = len(form) >= _SHORT or any(char in form for char in kept)
        meant = meant or _is_half_in_tone(text, anchor, form)
        return meant or _is_offered(text, anchor)
    if len(form) >= _SHORT or anchor.reading == readings.BOPOMOFO:
        return True
    first, last = text.span(anchor.start, anchor.end)
    original = text.original[first:last]
    if _is_spelled_out(shown):
        return not goes_on(text.folded, anchor.start, anchor.end)
    offered = OFFER_NEXT.match(neighbours(text, anchor)[1])
    disguised = any(RULES.get(ord(char)) == "confusable" for char in original)
    return offered is not None or disguised or not original.istitle()


def _is_half_in_tone(text: Text, anchor: Anchor, form: str) -> bool:
    """Whether of two characters one is spelled, and the other sounds so in tone: yue泡.

    It must be of no word with what stands beside it: 小麦yin.
    """
    if len(form) != _LEAST:
        return False
    first = is_han(text.folded[anchor.start])
    at = anchor.start if first else anchor.end - 1
    span = text.stripped_span(at, at + 1)
    return is_in_tone(text.folded[at], form[0 if first else 1]) and not is_within_word(
        text.stripped, *span
    )


def _is_offered(text: Text, anchor: Anchor) -> bool:
    start, end = text.stripped_span(anchor.start, anchor.end)
    return offers(text.stripped[max(0, start - REACH) : end + REACH]) > 0


def _is_gloss(text: Text, anchor: Anchor) -> bool:
    """Whether syllables are how characters before are read, which stand for themselves.

    So 菠菜 bocai, 越跑越快 yuepao.
    """
    end = text.stripped_span(anchor.start, anchor.end)[0]
    at = text.heard_first(anchor.term)
    return 0 <= at <= end - len(anchor.term)


def _is_spelled_out(shown: str) -> bool:
    """Whether every letter stands apart from the next: d-u-b-o."""
    return not any(one.isalnum() and two.isalnum() for one, two in pairwise(shown))


def is_combined(text: Text, anchor: Anchor, form: str) -> bool:
    """Whether a form is put together from parts or pictures, and the rest of it spelled.

    What is put together must be of the form as it is; beside a picture, which may be there to be
    looked at, or beside digits, a character that only sounds so must do it in tone.
    """
    pictured = not PICTURES.keys().isdisjoint(text.folded[anchor.start : anchor.end])
    exact = [at for at, piece in enumerate(anchor.written) if piece == form[at]]
    if not exact or (len(exact) == len(form) and not pictured):  # parts alone are a split
        return False
    if any(map(str.isdigit, anchor.written)):
        in_tone, hidden = True, len(form) >= _SHORT and not _goes_on_in_digits(text, anchor)
    else:
        in_tone, shown = pictured, text.folded[anchor.start : anchor.end]
        hidden = any(form[at] not in shown for at in exact)
    return hidden and all(
        at in exact or piece.isascii() or not in_tone or is_in_tone(piece, form[at])
        for at, piece in enumerate(anchor.written)
    )


def _goes_on_in_digits(text: Text, anchor: Anchor) -> bool:
    around = text.folded[anchor.start - 1 : anchor.start], text.folded[anchor.end :][:1]
    return any(map(str.isdigit, around))


def _is_initial(text: Text, anchor: Anchor, form: str) -> bool:
    """Characters as in the form, some by their first letters; or all by them."""
    folded, start, end = text.folded, anchor.start, anchor.end
    if anchor.term.isascii():  # beside Chinese, and no longer a word
        far = 2 if len(form) >= _LEAST_LEET else 1  # a blank may stand between: hswz 看片
        around = folded[max(0, start - far) : start] + folded[end : end + far]
        shown = folded[start:end]
        spaced = shown != anchor.term and _is_spelled_out(shown)  # D.K.F.P
        if spaced and goes_on(folded, start, end):
            return False
        return (spaced or shown == anchor.term) and any(map(is_han, around))
    letters = [char for char in folded[start:end] if char.isalnum()]
    same = zip(letters, form, strict=False)
    return len(letters) == len(form) and all(a == b or a.isascii() for a, b in same)
