"""Telephone numbers, in whatever digits and groups. Other numbers only look like them.

Every pattern has bounded repetitions over separators and digits only, so that none runs far.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate

from processors.text.contact_forms import DIGIT_OF, NUMERAL, Contact, with_digits
from processors.text.fold import JOINT

_BETWEEN = "_杠横空格然后再接着中间面前四位三加上和跟啊呀哦呢吧嗯不要的开头起打尾号后末最结是为"
_FILL = rf"(?:[^\w{JOINT}]|[{_BETWEEN}]){{1,6}}"

WORTH_A_LOOK = re.compile(
    rf"[{NUMERAL}0-9oil](?:(?:[^\w{JOINT}]{{0,3}}_{{0,3}}[{NUMERAL}0-9oil]){{6}}"
    rf"|(?<=[1一幺])(?:[{NUMERAL}3-9][{NUMERAL}\d]{_FILL}[{NUMERAL}\d]{{4}}"
    rf"|[^\d{JOINT}][3-9](?:[^\d\s{JOINT}]\d){{4}}))"
)
"""What a text with a number has. One set of characters to begin with, so that the search over the
joined batch skips quickly."""

_SPOKEN = {
    **dict.fromkeys(("zero", "oh", "ling", "dong"), "0"),
    **dict.fromkeys(("one", "yi", "yao"), "1"),
    **dict.fromkeys(("two", "er"), "2"),
    **dict.fromkeys(("three", "san"), "3"),
    **dict.fromkeys(("four", "si"), "4"),
    **dict.fromkeys(("five", "wu"), "5"),
    **dict.fromkeys(("six", "liu"), "6"),
    **dict.fromkeys(("seven", "qi", "guai"), "7"),
    **dict.fromkeys(("eight", "ba"), "8"),
    **dict.fromkeys(("nine", "jiu", "gou"), "9"),
}
_HOMOPHONES = {
    **{"1": "衣医依伊妖腰要夭", "2": "而儿耳尔", "3": "伞散山衫", "4": "思是死丝似司"},
    **{"5": "我吾无午舞唔", "6": "流刘柳留溜", "7": "起气妻期奇齐", "8": "吧巴爸罢把霸"},
    **{"9": "就酒久旧舅究", "0": "林灵领令铃您玲另"},
}
"""What a digit may be written as in a number that nobody is to see."""
_EVERYDAY = frozenset("要是我无起气期把霸就")
"""Of these the ones that stand everywhere: a number is not looked for because of them."""
_SOUNDS_LIKE = {char: digit for digit, chars in _HOMOPHONES.items() for char in chars}
_HEARD = str.maketrans(_SOUNDS_LIKE)
_HEARD_RUN = re.compile(rf"(?:[\d{''.join(_SOUNDS_LIKE)}][\W_]{{0,2}}){{11}}")
_SPOKEN_DIGIT = re.compile("|".join(sorted(_SPOKEN, key=len, reverse=True)) + r"|\d")
_SPOKEN_RUN = re.compile(rf"(?<![a-z])(?:(?:{_SPOKEN_DIGIT.pattern})[\W_]{{0,2}}){{11}}(?![a-z])")
STRIPPED_ANCHORS = tuple(
    one + other
    for one, others in (
        ("one", ("three", "four", "five", "six", "seven", "eight", "nine")),
        ("yao", ("san", "si", "wu", "liu", "qi", "ba", "jiu")),
        ("yi", ("san", "si", "wu", "liu", "qi", "ba", "jiu")),
    )
    for other in (*others, *"三四五六七八九3456789")
) + tuple(
    one + other
    for one in "1一幺" + _HOMOPHONES["1"]
    for other in "三四五六七八九" + "".join(_HOMOPHONES[digit] for digit in "3456789")
    if one not in _EVERYDAY and other not in _EVERYDAY
)
"""Terms of which the stripped text has one if a mobile number is said in words."""

_RUN = re.compile(r"\d(?:[\W_]{0,3}\d){6,}")
_DIGITS = re.compile(r"\d+")
_MOBILE = re.compile(r"(?:(?:00)?86)?1(?:3\d|4[014-9]|5[0-35-9]|6[2567]|7[0-8]|8\d|9[0-35-9])\d{8}")
_OTHERS = (
    # A landline of the mainland: brackets or a separator behind the area code, or in one piece.
    r"(?:\(0[1-9]\d{1,2}\)|0(?:10|2\d|[3-9]\d\d)[\W_])[\W_]{0,2}[1-9]\d{2,3}[\W_]?\d{4}"
    r"|0(?:10|2\d)[2-9]\d{7}|0[3-9]\d{2}[2-9]\d{6,7}",
    # Numbers of firms.
    r"[48]00(?P<s>[\W_]{0,2})\d{3,4}(?P=s)\d{3,4}|[48]00[\W_]{1,2}\d{7}",
    # Taiwan; Japan, Korea and Britain at home; North America.
    r"09\d{2}[ -]?\d{3}[ -]?\d{3}|0\d{1,4}-\d{3,4}-\d{4}",
    r"(?:1[-. ]{1,2})?(?:\([2-9]\d\d\) ?|[2-9]\d\d-)[2-9]\d\d[-. ]\d{4}",
    r"[2-9]\d\d\.[2-9]\d\d\.\d{4}|1[ -]800[ -]\d{3}[ -]\d{4}",
    # France and Germany at home.
    r"0[67](?:(?P<f>[ .-])\d\d)(?:(?P=f)\d\d){3}|01[5-7]\d[ /-]\d{7,8}",
    # Hong Kong and Macao, by their code or their name.
    r"(?:\(85[23]\)|\(?(?:00)?85[23]\)?[ -])[ -]?[2-9]\d{3}[ -]?\d{4}"
    r"|\(?(?:00)?886\)?[ -]{1,2}9\d\d[ -]?\d{3}[ -]?\d{3}",
    # From anywhere: 00 and a code.
    r"00[1-9]\d{0,2}(?:[\s().-]{0,2}\d){7,11}",
)
_APART = re.compile(r"[48]00\d{7}|0(?:10|2\d)[2-9]\d{7}|0[3-9]\d{2}[2-9]\d{6,7}|09\d{8}")
"""Numbers other than of mobiles that are one with every digit apart; of firms the first three."""
_OTHER = re.compile(rf"(?<![\d.])(?:{'|'.join(_OTHERS)})(?![\d.]\d|\d)")
_INTERNATIONAL = re.compile(r"[+➕]\W{0,2}[1-9]\d{0,2}(?:[\s().-]{0,2}\d){7,12}(?!\d)")
_WITH_PLACE = re.compile(
    r"(?:香港|澳门|(?<![a-z])(?:hk|macau)(?![a-z]))[\W_电话号码手机是]{0,6}"
    r"(?!(?:19|20)\d\d\D)[2-9]\d{3}[ -]?\d{4}(?!\d)"
    r"|(?<!\d)[569]\d{3}[ -]?\d{4}\W{0,2}(?:香港|澳门|(?:hk|macau)(?![a-z]))"
)
_CALL = re.compile(
    r"(?:电话|手机号?码?|座机|固话|致电|来电|拨打|热线|联系方式|打给?我|[☎📞📱☏📲✆]"
    r"|(?<![a-z])(?:tel|phone|call|mobile|ph|cell|hotline)(?: me)?(?: at)?(?![a-z]))"
    r"[\W_号码是为联系咨询请拨打我的]{0,8}"
    r"(?!(?:19|20)\d\d\W{1,3}(?:19|20)?\d\d(?!\d))\d(?:[\W_]{0,2}\d){6,11}"
    r"(?!\W?\d|\s?[年月日元万亿人次粉名个%])"
    r"|(?<![\d.])[1-9]\d{7,11}\W{0,2}[㐀-鿿]{0,2}(?:电话|手机号)(?![卡店亭])"
)
_BROKEN = re.compile(
    rf"(?<!\d)1[3-9]\d{_FILL}\d{{4}}{_FILL}\d{{4}}(?!\d)"
    r"|(?<!\d)1[^\d\s][3-9](?:[^\d\s]\d){9}(?!\d)"
)
_IN_PARTS = re.compile(
    r"前[三3]位?\W{0,2}1[3-9]\d\W{0,3}中间(?:[四4]位)?\W{0,2}\d{4}\W{0,3}"
    r"(?:最?后|末)[四4]位?\W{0,2}\d{4}(?!\d)"
)
"""A number told in its parts: 前三位133 中间0749 后四位2685."""
_LOOKALIKE = re.compile(r"(?<![a-z0-9])[\doil|](?:[ -]?[\doil|]){10}(?![a-z0-9])")
_FIRM = re.compile(r"(?<![a-z0-9])[48][o0]{2}[ -]?[\doil]{3,4}[ -]?[\doil]{3,4}(?![a-z0-9])")
_FIRMS = 10  # digits of a number of a firm
_ABROAD = re.compile(
    r"[+➕]\W{0,2}[1-9]\d{0,2}(?:[\s().-]{0,2}(?:\d|(?<=\d)[oil]|[oil](?=\d))){6,11}"
    r"[\s().-]{0,2}\d(?![a-z0-9])"
)
_LEAST_ABROAD = 7  # real digits of one from abroad with letters that look like some
_LOOKS = str.maketrans("oil|", "0111")
_LEAST_DIGITS = 4  # real ones, in a number with letters that look like digits
_PREFIX = re.compile(r"1[3-9]\d[ -][oil]{4}[ -]")  # or in its first group: 137 oooo oooo

# What a date, a time of day or a span of years begins with.
_DATE = re.compile(
    r"(?:19|20)\d\d(?:\W{1,3}\d{1,2}(?!\d)|\W{1,3}(?:19|20)\d\d(?!\d))"
    r"|\d{1,2}:\d\d(?!\d)|\d{1,2}([./-])\d{1,2}\1(?:19|20)\d\d|\d{1,2}\.\d{5,}(?!\d)"
)
_NOT_TO_CALL = re.compile(
    r"(?:学号|工号|订单|单号|编号|准考证|考号|案号|座位|序列号|流水号|备案|许可证|身份证|证号|邮编|第"
    r"|isbn|uid|#)"
    r"[\W_号是为码]{0,3}\Z"
)
_UNIT = re.compile(r"\s?(?:[次元粉票步亿万块米]|人(?!工)|个|播放|点赞|km|kg|bytes?)")


def find_numbers(folded: str) -> Iterator[Contact]:
    """Telephone numbers of a text, in no order; they may overlap."""
    plain = with_digits(folded)
    for contact in _in_digits(plain):
        shown = folded[contact.start : contact.end]
        hidden = shown != plain[contact.start : contact.end]
        yield contact._replace(technique="numeral") if hidden else contact
    for pattern, read in ((_BROKEN, folded.translate(DIGIT_OF)), (_IN_PARTS, folded)):
        for hit in pattern.finditer(read):
            if _is_whole(folded, *hit.span()):
                yield Contact(*hit.span(), "phone", technique="separator")
    for hit in _LOOKALIKE.finditer(folded.translate(DIGIT_OF)):
        real = sum(map(str.isdigit, hit[0]))
        digits = re.sub(r"\D", "", hit[0].translate(_LOOKS))
        enough = real >= _LEAST_DIGITS or _PREFIX.match(hit[0])
        if enough and real < len(digits) and _MOBILE.fullmatch(digits):
            yield Contact(*hit.span(), "phone", technique="confusable")
    for hit in _ABROAD.finditer(folded):
        if _LEAST_ABROAD <= sum(map(str.isdigit, hit[0])) < sum(map(str.isalnum, hit[0])):
            yield Contact(*hit.span(), "phone", technique="confusable")
    for hit in _FIRM.finditer(folded):
        if _LEAST_DIGITS <= sum(map(str.isdigit, hit[0])) < _FIRMS:
            yield Contact(*hit.span(), "phone", technique="confusable")


def find_spoken_numbers(folded: str) -> Iterator[Contact]:
    """Mobile numbers said in English words or in pinyin, or in characters that sound so."""
    plain = folded.translate(DIGIT_OF)
    for hit in _HEARD_RUN.finditer(plain):
        digits = re.sub(r"\D", "", hit[0].translate(_HEARD))
        if _MOBILE.fullmatch(digits):
            yield Contact(*hit.span(), "phone", technique="numeral")
    for hit in _SPOKEN_RUN.finditer(plain):
        digits = "".join(_SPOKEN.get(word, word) for word in _SPOKEN_DIGIT.findall(hit[0]))
        if _MOBILE.fullmatch(digits):
            end = hit.start() + len(hit[0].rstrip(" ,.-_"))
            yield Contact(hit.start(), end, "phone", technique="numeral")


def _in_digits(plain: str) -> Iterator[Contact]:
    yield from _mobiles(plain)
    for pattern in (_OTHER, _INTERNATIONAL, _WITH_PLACE, _CALL):
        for hit in pattern.finditer(plain):
            if pattern is not _OTHER or _is_whole(plain, *hit.span()):
                yield Contact(*hit.span(), "phone")


def _is_whole(plain: str, start: int, end: int) -> bool:
    """Whether a number stands for itself: nothing around it says that it counts or names."""
    before = _NOT_TO_CALL.search(plain, max(0, start - 8), start)
    return before is None and _UNIT.match(plain, end) is None


def _mobiles(plain: str) -> Iterator[Contact]:
    """Mobile numbers of the mainland, in whatever groups: each begins and ends with a group.

    And any number with every digit apart.
    """
    for run in _RUN.finditer(plain):
        groups = [hit.span() for hit in _DIGITS.finditer(plain, *run.span())]
        digits = "".join(plain[start:end] for start, end in groups)
        apart = [end - start == 1 for start, end in groups]
        firm = digits[1:3] == "00" and len(digits) == _FIRMS and all(apart[:3])
        if (all(apart) or firm) and _APART.fullmatch(digits):
            yield Contact(*run.span(), "phone", technique="separator")
        # For every count of digits at the end of a group, where in the text that is.
        ends = dict(zip(accumulate(end - start for start, end in groups), groups, strict=True))
        count = 0
        for index, (start, end) in enumerate(groups):
            hit = _MOBILE.match(digits, count)
            count += end - start
            last = ends.get(hit.end()) if hit else None
            if last is None or _is_decimal(plain, start) or _DATE.match(plain, start):
                continue
            if _is_list(plain, groups, index, last) or not _is_whole(plain, start, last[1]):
                continue
            grouped = all(char.isdigit() or char in " -" for char in plain[start : last[1]])
            yield Contact(start, last[1], "phone", technique=None if grouped else "separator")


def _is_decimal(plain: str, start: int) -> bool:
    return start > 1 and plain[start - 1] == "." and plain[start - 2].isdigit()


def _is_list(
    plain: str, groups: Sequence[tuple[int, int]], index: int, last: tuple[int, int]
) -> bool:
    """Whether the groups are numbers told off one by one (130, 256, 789, 11), not parts of one."""
    first = groups[index]
    if first == last or plain[first[1]] not in ",、;/":
        return False
    lengths = {end - start for start, end in groups[index : index + 11] if end <= last[1]}
    return lengths not in ({1}, {3, 4}, {3, 8}, {4, 7}) or plain[first[1] : first[1] + 2] == ", "
