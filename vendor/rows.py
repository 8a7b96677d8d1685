"""What of the folding is decided by hand."""

from __future__ import annotations

from typing import NamedTuple


class Character(NamedTuple):
    """What is known of a code point."""

    category: str
    decomposition: str
    number: str
    age: tuple[int, ...]


UNASSIGNED = Character("Cn", "", "", (0,))
UNKNOWN = "\ufffd"
OLDEST = (14, 0)
"""Unicode of the oldest Python: younger letters become one that every Python knows as a letter."""
NEW_LETTER = "\u9ffc"

KEPT = frozenset("\t\n\v\f\r\x85…‥\uffff™℠℗∞")
"""Separators: a line end, an ellipsis (which must not turn into full stops), the joint, a sign that
looks like two letters to nobody."""

MARKED_BELOW = 0x2000
"""Below it letters lose their accents; above it a mark makes another letter (か, が)."""

_LOOSE_MARKS = (  # marks that belong to no script of their own: accents, enclosures, selectors
    (0x0300, 0x0370),
    (0x180B, 0x1810),
    (0x1AB0, 0x1B00),
    (0x1DC0, 0x1E00),
    (0x20D0, 0x2100),
    (0x3099, 0x309B),
    (0xFE00, 0xFE10),
    (0xFE20, 0xFE30),
    (0xE0100, 0xE01F0),
)
_FILLERS = frozenset((0x115F, 0x1160, 0x3164, 0xFFA0, 0x17B4, 0x17B5))
IGNORABLE = frozenset((0x640, 0x7FA, 0x2065, *range(0xFFF0, 0xFFF9), *range(0xE0000, 0xE1000)))
"""Shown as nothing, whether assigned or not, or only as a longer stroke (kashida)."""

_EAST_ASIAN = (
    (0x1100, 0x1200),
    (0x2E80, 0xA4D0),
    (0xA960, 0xA980),
    (0xAC00, 0xD800),
    (0xF900, 0xFB00),
    (0xFE30, 0xFE70),
    (0xFF00, 0xFFF0),
    (0x1AFF0, 0x1B300),
    (0x1F200, 0x1F300),
    (0x20000, 0x40000),
)
VARIANT = {
    **{ord("妳"): "你", ord("辧"): "办", ord("嶶"): "微", ord("亾"): "人"},
    **{ord("囗"): "口", ord("屮"): "中", ord("慱"): "博", ord("旡"): "无"},
    **{ord(char): form for char, form in zip("囬囸淸亰罓", "回日清京网", strict=True)},
}
"""Variants that Unihan leaves out or gives otherwise, and rare characters like a common one."""
STROKES = "·|"
"""Strokes that fold to separators, and are no part of a split character then."""
WHOLES = {"卩又": "𠬝"}
"""Parts that are taken together, beside those that have a way to split them of their own."""
SPLITS = {"里灬": "黑", "贝戈": "贱", "钅戈": "钱", "金戈": "钱", "氵戈": "浅", "纟戈": "线"}
"""Ways to write a character in parts that only look like its own."""
AROUND = frozenset("辶廴疒匚")
"""Parts that go around the rest of a character, and are written before it or behind."""
AT_THE_LEFT = dict(zip("人水手心言金食糸犬示衣艸阜", "亻氵扌忄讠钅饣纟犭礻衤艹阝", strict=True))
"""Parts that have another form at the left of a character, or on top of it."""
SIGN_OF = {"l": "|", "I": "|", "i": "!"}
"""Signs that a mark stands for which looks like a letter: a danda, ¡, or a line of a box."""
LOOKED_LIKE = frozenset("!$%()*+,-./:;<=>?@[]^_{|}~'\"")


def is_invisible(code: int, category: str) -> bool:
    """Whether nothing is shown of a code point, or it only marks the one before."""
    if category in ("Cf", "Cc") or code in _FILLERS or code in IGNORABLE:
        return True
    return category in ("Mn", "Me") and _within(code, _LOOSE_MARKS)


def is_east_asian(code: int) -> bool:
    """Whether a code point is of a script that UTS #39 would wreck (一 looks like a dash)."""
    return _within(code, _EAST_ASIAN)


def is_pictogram(code: int) -> bool:
    """Whether a code point is a picture, however much it looks like a sign."""
    return 0x2600 <= code < 0x2800 or code >= 0x1F000


def _within(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(low <= code < high for low, high in ranges)


def is_word(code: int, category: str, decomposition: str) -> bool:
    """Whether a number is written as a word: Roman numerals are letters, 〇 and ㊀ characters."""
    return code in _ROMAN or (is_east_asian(code) and (category == "Nl" or bool(decomposition)))


_ROMAN = range(0x2160, 0x2189)


def _run(first: int, forms: str) -> dict[int, str]:
    return {first + index: form for index, form in enumerate(forms)}


_LATIN = "abcdefghijklmnopqrstuvwxyz"
_SMALL_CAPITALS = dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnopqrstuvwyz", strict=True))

HAND: dict[int, str] = {
    **_run(0x1F110, _LATIN),  # in parentheses
    **_run(0x249C, _LATIN),
    **_run(0x1F150, _LATIN),  # negative circled
    **_run(0x1F170, _LATIN),  # negative squared
    **_run(0x1F1E6, _LATIN),  # regional indicators
    **{ord(char): form for char, form in _SMALL_CAPITALS.items()},
    **{0x2474 + n: str(n + 1) for n in range(20)},  # in parentheses
    **{0x2488 + n: str(n + 1) for n in range(20)},  # with a full stop
    **{0x1F101 + n: str(n) for n in range(10)},  # with a comma
    0x1F100: "0",
    **{0x1F18E: "ab", 0x1F191: "cl", 0x1F192: "cool", 0x1F193: "free", 0x1F194: "id"},
    **{0x1F195: "new", 0x1F196: "ng", 0x1F197: "ok", 0x1F198: "sos", 0x1F19A: "vs"},
    **_run(0x3021, "123456789"),  # Suzhou numerals
    **{ord(char): form for char, form in zip("кмпωηκĸəǝ", "kmnwnkkee", strict=True)},
    ord("丶"): "·",  # strokes that are written as separators
    ord("丨"): "|",
    ord("ſ"): "s",
    ord("ß"): "ss",
    ord("ẞ"): "ss",
    ord("æ"): "ae",
    ord("Æ"): "ae",
    ord("œ"): "oe",
    ord("Œ"): "oe",
}
"""Enclosed and squared letters and digits, small capitals, letters that stand for two, look-alikes
that UTS #39 leaves out."""

_ORNATE = {
    **{"a": "₳ᗩꍏᏗⱥɐ", "b": "฿ⴆꌃɮცƅβ", "c": "₵ᑕᄃꉓƈɔ", "d": "∂ԃꀸᎴ", "e": "єɛꍟᏋε"},
    **{"f": "₣ϝꎇᎦғҒ", "g": "₲ꁅᎶ", "h": "ԋꃅɥɧ", "i": "ꀤᴉ", "j": "ʝꀭᏠ", "k": "ꀘʞꝁҝ"},
    **{"l": "ⱡᄂᏝʅɭ꒒", "m": "ꂵᎷ", "n": "₦ᑎꈤᏁи", "o": "ꂦᎧ", "p": "₱ꉣ℘Ꭾ", "q": "ꆰᑫϙꝗ"},
    **{"r": "ꋪɹяɾ", "s": "₴ᔕꌗֆ", "t": "꓄ʇᏖȶɬ", "u": "ꀎᏬʉʊ", "v": "ꃴᏉʌ", "w": "ꅏᗯᏇ"},
    **{"x": "ꊼӿҳχ", "y": "ꌩʎ", "z": "ꁴᘔʑ"},
}
_WITH = {
    **{"a": "ᶏ", "b": "ᵬᶀꞗ", "c": "ɕꞓꞔ", "d": "ȡᵭᶁᶑꟈ", "e": "ᶒⱸꬴ"},
    **{"f": "ᶂ", "g": "ʛꞡ", "h": "ⱨꞕ", "i": "ᶖ", "k": "ᶄⱪꝃꝅꞣ"},
    **{"l": "ȴᴌᶅꝉꞎꬷꬸꬹ", "m": "ᶆꬺ", "n": "ȵᶇꞑꞥꬻ", "o": "ⱺꝍ", "p": "ᵱᶈꝑꝓꝕ"},
    **{"q": "ɋꝙ", "r": "ᵳᶉꞧꭆꭉ", "s": "ȿᶊꞩꟊ", "t": "ʈⱦ", "u": "ᶙꞹ"},
    **{"v": "ⱱⱴꝟ", "w": "ⱳ", "x": "ᶍꭖꭗꭘꭙ", "z": "ɀᶎ"},
}
ORNATE: dict[int, str] = {
    ord(char): form
    for letters in (_ORNATE, _WITH)
    for form, chars in letters.items()
    for char in chars
}
"""Letters as generators of ornate names write them, and with hooks, strokes and tails; UTS #39
leaves them out."""
