"""Patterns of contacts over the folded form. Repetitions are bounded: none backtracks far."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from processors.text.fold import JOINT

GAP = r"[\W_]{0,3}"

# Top-level domains that are no common word; those that are count only with a path behind.
_TLD = (
    "com|cn|net|org|edu|gov|cc|top|xyz|vip|club|site|online|shop|store|tech|info|biz|pro|app|link|live"
    "|wang|ren|io|co|ltd|fun|icu|work|group|cloud|asia|hk|tw|jp|us|uk|ru"
)
_TLD_WITH_PATH = "me|tv|gg|ly|gl|to|so|it|in|be|am|is|ai|xin|link|gd"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HAN_LABEL = r"[㐀-鿿]{1,20}"
_DOT = r"(?:[.。·丶]|[(\[{<【]\s?(?:[.。]|dot|点)\s?[)\]}>】]|[\W_]?(?:点|dot)[\W_]?)"
_NO_MORE = r"(?![a-z0-9-])"
_PATH = r"(?:/[!-~]{0,200})"

URL = re.compile(
    r"h[tx]{2}ps?\s{0,2}:\s{0,2}/\s{0,2}/[!-~㐀-鿿]{0,200}"
    rf"|(?<![a-z0-9])www\s?{_DOT}\s?[a-z0-9㐀-鿿-]{{2,63}}(?:{_DOT}{_LABEL}){{0,3}}{_PATH}?"
)
DOMAIN = re.compile(
    rf"(?<![a-z0-9@._-])(?:{_LABEL}{_DOT}){{1,4}}(?:(?:{_TLD}){_NO_MORE}{_PATH}?|(?:{_TLD_WITH_PATH}){_PATH})"
    rf"|(?<![a-z0-9@._-]){_LABEL}\s\.\s(?:com|cn|net|org){_NO_MORE}"
    rf"|(?<![㐀-鿿]){_HAN_LABEL}\.(?:com|cn|net|org|cc|top|vip){_NO_MORE}"
)
# Names of technology that only look like domains.
NO_DOMAINS = frozenset(("asp.net", "vb.net", "ado.net", "ml.net", "socket.io", "draw.io"))
O_CLOCK = re.compile(r"\d{1,2}点")

_AT = r"(?:[\W_]{0,2}(?:@|艾特|[(\[{【]\s?at\s?[)\]}】])[\W_]{0,2}|\sat\s)"
_MAIL_HOSTS = "qq|163|126|139|189|gmail|foxmail|outlook|hotmail|yahoo|sina|sohu|icloud"
EMAIL = re.compile(
    rf"(?<![a-z0-9._%+-])[a-z0-9][a-z0-9._%+-]{{0,63}}{_AT}"
    rf"(?:(?:[a-z0-9-]{{1,63}}\s?{_DOT}\s?){{1,3}}(?:{_TLD}){_NO_MORE}|(?:{_MAIL_HOSTS})(?![a-z]))"
    rf"|(?<![a-z0-9._-])[a-z0-9][a-z0-9._-]{{4,30}}[\W_]{{0,3}}的?(?:{_MAIL_HOSTS})[\W_]?(?:邮箱|信箱|mail)"
    rf"|(?:邮箱|信箱|e-?mail)[\W_是为]{{0,4}}[a-z0-9][a-z0-9._-]{{3,30}}@"
)

# Numbers. A run holds groups of digits with little between them.
DIGIT_RUN = re.compile(r"\d(?:[\W_]{0,3}\d){6,}")
DIGITS = re.compile(r"\d+")
MOBILE = re.compile(r"(?:(?:00)?86)?1(?:3\d|4[5-9]|5[0-35-9]|6[2567]|7[0-8]|8\d|9[0-35-9])\d{8}")
LANDLINE = re.compile(
    r"(?<![\d.])(?:\(0[1-9]\d{1,2}\)|0[1-9]\d{1,2}[\W_])[\W_]{0,2}[2-9]\d{6,7}(?!\d)"
)
SERVICE = re.compile(r"(?<![\d.])[48]00[- ]?\d{3,4}[- ]?\d{3,4}(?!\d)")
INTERNATIONAL = re.compile(r"\+[\W_]{0,2}[1-9]\d{0,2}(?:[\s().-]{0,2}\d){7,12}(?!\d)")
CALL = re.compile(
    r"(?:电话|手机号?码?|座机|致电|热线|联系方式"
    r"|(?<![a-z])(?:tel|phone|call|mobile)(?: me)?(?![a-z]))"
    r"[\W_号码是为]{0,6}\d(?:[\W_]{0,2}\d){6,11}(?![\W_]?\d)"
)
_NUMERALS = "〇零一幺二两三四五六七八九壹贰叁肆伍陆柒捌玖"
NUMERALS = str.maketrans(_NUMERALS, "0011223456789123456789")
NUMERAL_RUN = re.compile(rf"(?:[{_NUMERALS}\d][\W_]{{0,2}}){{11}}")
# Seven digits or numerals in a row make a text worth a look; one set of characters, so that the
# search over the joined batch skips quickly.
WORTH_A_LOOK = re.compile(rf"[{_NUMERALS}0-9](?:[^\w{JOINT}]{{0,3}}_{{0,3}}[{_NUMERALS}0-9]){{6}}")

# Ids of other services.
ID = re.compile(
    r"(?P<fill>(?:[\W_]|[号码是为加搜索添联系账帐公众我的同群]|id){0,12})"
    r"(?P<id>[a-z][a-z0-9_-]{4,30}|\d(?:[\W_]{0,2}\d){4,14})"
    r"(?![\da-z年月日点万亿元块人个次粉位名家%])"
)
MARK = re.compile(r"[:=➕@+→]|号|码|加|搜|是|为|id")
STRONG_MARK = re.compile(r"[➕@]|号|加|搜|id")


class Channel(NamedTuple):
    """A service: words that mean only it, words that mean other things too, digits its ids have.

    ``digits`` is the range of a number that is an id there; None where ids begin with a letter.
    """

    name: str
    sure: tuple[str, ...]
    unsure: tuple[str, ...]
    letters: bool
    digits: tuple[int, int] | None


def _split(*lines: str) -> tuple[str, ...]:
    return tuple(" ".join(lines).split())


CHANNELS = (
    Channel(
        "wechat",
        _split("微信 薇信 徽信 溦信 微❤ v信 v❤ weixin wechat vx wx 微x 加v 加薇 加微 +v ➕v"),
        _split("威信 维信 卫星 绿泡泡 v: 薇: 微:"),
        True,
        (5, 11),
    ),
    Channel(
        "qq",
        _split("qq 扣扣 叩叩 q群 扣群 q号 扣号 加q 加扣"),
        _split("企鹅 球球 秋秋 q: 扣:"),
        False,
        (5, 11),
    ),
    Channel("telegram", _split("telegram 电报号 纸飞机 飞机号"), _split("电报 tg"), True, None),
    Channel("whatsapp", ("whatsapp", "whats app"), (), False, (7, 15)),
    Channel("line", (), ("line",), True, None),
    Channel(
        "handle",
        _split("抖音号 快手号 小红书号 微博号 skype discord kakaotalk snapchat"),
        _split("抖音 快手 小红书 微博 instagram ins ig twitter 推特 facebook"),
        True,
        (6, 12),
    ),
)


def _channel_word(words: Sequence[str]) -> re.Pattern[str] | None:
    """Any of the words, its letters with up to two separators between, no Latin word going on."""
    if not words:
        return None
    spaced = "|".join(
        r"[\W_]{0,2}".join(map(re.escape, word)) for word in sorted(words, key=len, reverse=True)
    )
    # Looked for at every position: 加微 must not hide the 微信 that begins inside it.
    return re.compile(rf"(?<![a-z])(?=({spaced}))")


CHANNEL_WORDS = tuple(
    (channel, sure, pattern)
    for channel in CHANNELS
    for sure, words in ((True, channel.sure), (False, channel.unsure))
    if (pattern := _channel_word(words))
)

INVITATION = re.compile(
    r"(?:加|➕|\+|扫|搜|联系|私)[\W_]{0,2}(?:我|个|一下|下|本人|老师|客服|助理|小助手){0,2}的?[\W_]{0,2}"
    r"(?:微信|薇信|v信|vx|wx|wechat|qq|扣扣|二维码|电报|telegram"
    r"|(?:v|微|薇|q|tg)(?=[\W_]|[领了看进拿聊详我私免送]|\Z))"
    r"|扫码(?:加|进|领|关注|入)|扫描?二维码|长按识别|(?:微信|vx|v|qq|微)同(?:号|步|名|手机|电话)"
)
DECLINED = re.compile(r"(?:不|勿|别|莫|谢绝|拒绝?)[^\W_]?[\W_]?\Z")

_DOT_ENDS = (".", "。", "·", "丶", "点", "点 ", "dot", "dot ", ")", "]", "}", ">", "】")
ANCHORS = (
    *_split("http hxxp www @ 艾特 (at) [at] {at} 【at】 邮箱 信箱 e-mail email"),
    " at ",
    *(end + name for end in _DOT_ENDS for name in _TLD.split("|")),
    *(". " + name for name in ("com", "cn", "net", "org")),
    *(name + "/" for name in _TLD_WITH_PATH.split("|")),
    *_split(
        "扫码 二维码 长按识别 同号 同步 同名 同手机 同电话 加我 加个 加一下 加下 加本人 加老师"
    ),
    *_split("加客服 加助理 加小助手 加tg +v +q +微 +薇 ➕v ➕q ➕微 ➕薇 联系v 私v"),
)
"""Terms of which a folded text has one if it has a contact other than a number."""

CHANNEL_TERMS = tuple(word for channel in CHANNELS for word in channel.sure + channel.unsure)
"""Words of the channels, looked for in the folded and in the stripped form."""
