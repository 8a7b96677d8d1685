"""Addresses: URLs, bare domains, e-mail, with dots and at signs spelled in whatever way.

A search looks for what an address cannot do without (a dot with a top-level domain, an at sign)
and reads on from there to both sides over a bounded stretch, so that no pattern runs far.
"""

import re
from collections.abc import Iterator

from processors.text.contact_forms import Contact
from processors.text.match import Outcome

# Top-level domains that are no common word, those that are one (sure only with more to go by),
# and those that count only with a path behind.
_TLD = (
    "com|cn|net|org|edu|gov|cc|top|xyz|vip|site|info|biz|mobi|wang|ren|io|co|ltd|icu|asia|hk|tw|jp|us"
    "|uk|ru|example|dev|website|cyou|sbs|cfd|bond|buzz|lol|win|pw|tk|ml|ga|cf|gq|xin|eu|de|kr"
)
_WORD_TLD = (
    "club|online|shop|store|tech|pro|app|link|live|fun|work|group|cloud|click|space|host|team|art|ink"
    "|press|red|life|love|world|chat|page|studio|design"
)
_MOTTO = frozenset(("life", "love", "live", "work", "world", "fun", "art"))
"""Top-level domains that end mottoes (eat.pray.love)."""
_TLD_WITH_PATH = "yt|to|cx|ws|re|me|tv|gg|ly|gl|ai|im|gd|id|su|gy|bio|ee|la|fm|ch|fr|ca|sg|my|be|st"
_SHORTENERS = "youtu.be|amzn.to|redd.it|kutt.it|shorturl.at|u.nu|qr.ae|notion.so"
_HAN_TLD = "中国|公司|网络|网址|在线|集团|商城|手机|香港|台湾|我爱你|рф|pф"
_PLAIN_TLD = "com|cn|net|org|cc|xyz"  # sure enough for a dot that is hardly one
_IN_LETTERS = ("com", "cn", "net", "org", "cc", "top", "vip", "xyz", "club", "site", "icu")
_LIKE_DOTS = "·•●・‧∙丶､、,*~_|▪▫■◆◇◦○⚫⚪🔴🔵🟢🟡🟠🟣⭕⦁⬤◉⊙☉⋅∘🔘🔹🔸♦☆★"
_WEAKER_TLD = (
    "app|club|site|icu|fun|shop|live|online|tv|io|co|info|biz|pro|link|xin|store|ws|lol|pw"
)
"""Top-level domains that count behind such a dot where an address is spoken of."""
_SPOKEN_OF_TLD = "tv|ws|la"
"""Top-level domains that count without a path, too, where an address is spoken of."""
_SPACED_TLD = "|".join(r"\s?".join(name) for name in _IN_LETTERS)
_SURE_TLD = frozenset(("com", "cn", "net", "org", "cc", "top", "vip"))
_SPOKEN_TLD = "西欧姆|西欧艾姆|康姆|扣姆|靠姆|科姆|抗姆|康母|坑姆|c0m|t0p|c○m|cοm|соm"
_NO_MORE = r"(?![a-z0-9_-])"
_OPEN, _CLOSE = r"[(\[{<【「〔\"'*]", r"[)\]}>】」〕\"'*]"
_SPELLED = (
    rf"\s?{_OPEN}\s?(?:[.。·]|d[o0]t|点|點)\s?{_CLOSE}\s?"
    r"|[\W_]{0,2}(?:点儿?|點|奌|d[o0〇○]t|[句圆小]点|句号)[\W_]{0,2}"
)
_DOT = rf"(?:[.。]{{1,2}}|{_SPELLED})"
_SLASH = r"(?:/|\s?(?:斜[杠槓线]|slash)\s?)"
_PATH = rf"(?:(?:\s?[/?#:]|{_SLASH})[!-~]{{0,200}})?"
_LABEL_CHARS = "abcdefghijklmnopqrstuvwxyz0123456789-"
_LONGEST_LABEL = 63
_MOST_LABELS = 5

_URL = re.compile(
    r"h\s?[tx*]\s?[tx*]\s?p\s?s?\s{0,2}:\s{0,2}[/\\]\s{0,2}[/\\]\s{0,2}[!-~㐀-鿿][!-~]{0,200}"
    r"|(?<![a-z])[a-z][a-z0-9+.-]{1,15}://[!-~]{1,200}"
    r"|(?<![a-z])(?:magnet:\?|ed2k:|thunder:|skype:|mailto:)[!-~]{6,200}"
    r"|/s/(?=[a-z_-]{0,20}\d)[a-z0-9_-]{6,30}(?=\W{0,3}(?:提取码|密码|访问码|[?&]pwd))"
    r"|盘[^\n/]{0,6}/s/(?=[a-z_-]{0,20}\d)[a-z0-9_-]{6,30}"
    rf"|(?<![a-z0-9])w\s?w\s?w(?:\s?{_DOT}\s?|\s)(?:[a-z0-9-]{{2,63}}(?:{_DOT}[a-z0-9-]{{1,63}}){{0,3}}"
    rf"|[a-z0-9㐀-鿿-]{{2,63}}(?:{_DOT}[a-z0-9-]{{1,63}}){{1,3}})(?:/[!-~]{{0,200}})?"
    rf"|(?<![a-z0-9])www\s?[{_LIKE_DOTS}]\s?[a-z0-9-]{{2,63}}\s?[{_LIKE_DOTS}]\s?(?:{_TLD}|{_WORD_TLD}){_NO_MORE}"
    rf"|w w w\s?{_DOT}\s?[a-z0-9](?:\s[a-z0-9-]){{1,63}}"
    rf"(?:\s?{_DOT}\s?[a-z](?:\s[a-z]){{1,9}}){{1,3}}"
)
_AT_HOME = re.compile(r"(?<![\d.])(?:10|127|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.[\d.:]+\Z")
"""The number of a host in a network at home, which nobody is to reach from elsewhere."""
_HOST_NUMBER = re.compile(
    r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}:\d{2,5}(?!\d)(?:/[!-~]{0,200})?"
    r"|(?:ip|网址|服务器|进站|访问|入口|输入?)\W{0,3}\d{1,3}(?:\.\d{1,3}){3}"
    r"(?:(?![\d.:])|:\d{2,5}(?!\d))"
)
"""The number of a host, with a port or where it is said what it is."""
_DOT_TLD = re.compile(
    rf"(?P<dot>{_DOT})(?:(?P<tld>{_TLD}){_NO_MORE}|(?P<word>{_WORD_TLD}){_NO_MORE}(?![.。]?\s?[a-z])"
    rf"|(?<=[)\]}}】」])(?:{_TLD_WITH_PATH}){_NO_MORE}|(?:{_TLD_WITH_PATH})(?={_SLASH}[a-z0-9+@_-])|xn--[a-z0-9-]{{2,59}}"
    rf"|(?:{_SPOKEN_TLD})|(?<=[)\]}}】」])[a-z]{{2,8}}{_NO_MORE})"
    rf"|(?P<spaced>\s[.。]\s?(?:{_PLAIN_TLD}|top|vip)|\s[.]\s(?:me|tv|gg|ly|im)|[.。]\s(?:com|cn)){_NO_MORE}"
    rf"|(?P<weak>[{_LIKE_DOTS}]{{1,2}}\ufe0f?(?:{_PLAIN_TLD}|top|vip)){_NO_MORE}"
    rf"|(?P<weaker>[{_LIKE_DOTS}](?:{_WEAKER_TLD})|[.](?:{_SPOKEN_OF_TLD})){_NO_MORE}"
    rf"|(?P<letters>\s?[.。点]\s?(?:{_SPACED_TLD}))(?![a-z0-9])"
)
_SHORT_LINK = re.compile(
    rf"(?<![a-z0-9.-])(?:(?:{_SHORTENERS.replace('.', '[.]')})/"
    rf"|(?:t|telegram|wa)\s?(?:{_DOT}|[{_LIKE_DOTS}])\s?me\s?/\s?"
    rf"|(?:t|dwz|url|suo)\s?(?:{_DOT}|[{_LIKE_DOTS}])\s?(?:cn|im|nz)\s?/\s?)"
    r"[!-~]{1,200}"
)
_SAID = "点|[.。·]|dot"
_SAID_DOT = re.compile(
    rf"(?:就?是|换成?|改成?|替?换为|改为|=|代表|当[作成]?)[个为]?(?:{_SAID})(?![a-z㐀-鿿])"
)
"""How a text says that a sign is a dot: 中间是点, ◎换成点."""
_HAN_DOMAIN = re.compile(rf"(?<=[\w])[.。点](?:{_HAN_TLD})(?![㐀-鿿\w])")
_REST = re.compile(rf"(?:[.。](?:cn|hk|tw|uk|jp|au|kr|sg){_NO_MORE})?{_PATH}")
_DOT_BEFORE = re.compile(rf"{_DOT}\Z")
_SIGN_TLD = re.compile(
    rf"[a-z0-9-]{{2,63}}\s?[^\w\s.]\ufe0f?\s?(?:{_TLD}|{_WORD_TLD}|{_TLD_WITH_PATH}){_NO_MORE}"
)
_SIGNED_LABEL = re.compile(r"(?:[a-z0-9][^\w\s.,:;!?/-]{1,2}){2,20}\Z")
"""A label with a picture behind each of its letters."""
_O_CLOCK = re.compile(r"\d{1,2}")
_HOURS = re.compile(r"(?<![a-z\d])\d{1,2}\Z|[一二三四五六七八九十两几早晚整]\Z")
"""An hour before 点: 8点到17点在线, 晚八点在线."""
_ABBREVIATIONS = frozenset(
    ("asp.net", "vb.net", "ado.net", "ml.net", "f#.net", "c.net", "socket.io", "draw.io")
)
"""Names of technology that only look like domains."""

_FIRMS = frozenset(("co.ltd", "pte.ltd", "pvt.ltd"))
_ADDRESSED = frozenset(("dr", "mr", "mrs", "ms", "prof", "st"))
"""What stands before the name of a person: Dr.Wang."""

_HOSTS = (
    r"q\s?q|163|126|139|189|gmail|foxmail|outlook|hotmail|yahoo|sina|sohu|icloud|aliyun|yeah|proton"
    "|protonmail|企鹅|扣扣|网易|新浪|谷歌"
)
_AT_WORDS = "艾特|爱特|埃特|哎特|圈a|圈啊|a圈|小老鼠|花a"
_MAIL = "qq|163|126|139|189|gmail|foxmail|outlook|hotmail|sina"
"""Hosts before which less says that an address follows."""
_MAIL_DOMAIN = rf"(?:{_MAIL})(?:{_DOT}|[{_LIKE_DOTS}])(?:com|cn|net)"
_AT = re.compile(
    rf"[\W_]{{0,2}}(?:@|{_AT_WORDS}|{_OPEN}\s?(?:at|a|艾特|圈)\s?{_CLOSE})[\W_]{{0,2}}"
    rf"|\s{{1,3}}at\s{{1,3}}|[_*#~-]at[_*#~-]|at(?=(?:qq|163|126|gmail|foxmail)(?:{_DOT}|\Z|[\W_]))"
    rf"|(?:[^\w\s.,/:-]{{1,2}}|(?<=\d)a)(?={_MAIL_DOMAIN})"
    rf"|[&#](?=(?:{_MAIL})(?:[&#]|{_DOT}|\Z|[\W_]))"
)
_HOST = re.compile(
    rf"(?:[a-z0-9-]{{1,63}}\s?{_DOT}\s?){{1,3}}(?:{_TLD}|{_WORD_TLD}|{_SPOKEN_TLD}|c\s?o\s?m){_NO_MORE}"
    rf"|[a-z0-9-]{{1,63}}\s?{_OPEN}\s?d[o0]t\s?{_CLOSE}\s?[a-z]{{2,12}}{_NO_MORE}"
    rf"|(?:{_HOSTS})(?:(?:\s?{_DOT}\s?|[{_LIKE_DOTS}])(?:c\s?o\s?m|cn|net)|(?![a-z0-9]))"
)
_LOCAL_CHARS = _LABEL_CHARS + "._%+"
_MAILBOX = re.compile(
    rf"(?<![a-z0-9._-])[a-z0-9][a-z0-9._-]{{4,30}}[\W_]{{0,3}}的?(?:{_HOSTS})[\W_]?(?:邮箱|信箱|电邮|mail)"
    r"|(?:邮箱|信箱|电邮|e-?mail)[\W_是为号地址我的前缀名账户同]{0,6}"
    r"(?:[a-z0-9][a-z0-9._-]{3,30}@(?![a-z0-9])|(?=[a-z._-]{0,20}\d)[a-z0-9][a-z0-9._-]{5,30}(?![a-z0-9年月日]))"
)

_DOT_ENDS = (
    *(".", "。", "点", "点儿", "點", "奌", "dot", "d0t", "d○t", "句号"),
    *(")", "]", "}", ">", "】", "」", "*", '"', "'"),
    *(end + gap for end in ("dot", "点") for gap in ("-", "_")),
    *(f"{end} " for end in ("点", "dot", "d0t", ")", "]", "}", ">", "】")),
)
_SLASHES = ("/", *(gap + slash for gap in ("", " ") for slash in ("斜杠", "斜线", "slash")))
ANCHORS = (
    *(
        said + dot
        for said in ("是", "换", "成", "为", "=", "代表", "当")
        for dot in ("点", ".", "dot")
    ),
    *("magnet:", "ed2k:", "thunder:", "skype:", "mailto:", "/s/"),
    *("://", ": //", ":/ /", ":\\\\", "http", "hxxp", "h t t p", "h**p", "www", "w w w"),
    *(
        end + name
        for end in _DOT_ENDS
        for name in f"{_TLD}|{_WORD_TLD}|xn--|{_SPOKEN_TLD}".split("|")
    ),
    *(f"{end}{name}" for end in ")]}】」" for name in _TLD_WITH_PATH.split("|")),
    *(f"{name}{path}" for name in _TLD_WITH_PATH.split("|") for path in _SLASHES),
    *(dot + name for dot in (". ", "。 ") for name in f"{_PLAIN_TLD}|top|vip".split("|")),
    *(dot + name for dot in _LIKE_DOTS for name in (*_PLAIN_TLD.split("|"), "top", "vip")),
    *(dot + name for dot in _LIKE_DOTS for name in _WEAKER_TLD.split("|")),
    *(f".{name}" for name in _SPOKEN_OF_TLD.split("|")),
    *(f"点{end}" for end in ")]}】」"),
    *(f"dot{end}" for end in ")]}】」"),
    *(f"a{host}" for host in _MAIL.split("|")),
    *(" ".join(name) for name in _IN_LETTERS),
    *(".c om", ".co m"),
    *(f"{dot}{name}/" for dot in _LIKE_DOTS for name in ("me", "cn", "im", "nz")),
    *("me /", ".me/", *(f" . {name}" for name in ("me", "tv", "gg", "ly", "im"))),
    *(f"{name}/" for name in _SHORTENERS.split("|")),
    *(dot + name for dot in (".", "。", "点") for name in _HAN_TLD.split("|")),
    *_AT_WORDS.split("|"),
    *("邮箱", "信箱", "电邮", "e-mail", "email"),
    *(
        at + host
        for at in ("@", "@ ", "at", "at ", ")", "]", "】", "&", "#")
        for host in _HOSTS.split("|")[1:]
    ),
    *(at + "qq" for at in ("@", "@ ", "at", "at ", ")", "]", "】", "#", "&")),
    *("@q q", "@ q q", ".1:", ":80"),
    *(f"{before}at{behind}" for before, behind in ("()", "[]", "{}", "<>", "【】", "「」")),
)
"""Terms of which a folded text with an address has one."""


def find_addresses(folded: str) -> Iterator[Contact]:
    """URLs, domains and e-mail addresses of a text, in no order; they may overlap."""
    for hit in _URL.finditer(folded):
        yield Contact(*hit.span(), "url")
    yield from _emails(folded)
    yield from _domains(folded)
    yield from _said_domains(folded)
    for hit in _SHORT_LINK.finditer(folded):
        yield Contact(*hit.span(), "domain")
    for hit in _HAN_DOMAIN.finditer(folded):
        start = _word_before(folded, hit.start())
        if not (hit[0][0] == "点" and _HOURS.search(folded, start, hit.start())):
            yield Contact(start, hit.end(), "domain", Outcome.REVIEW)


def _domains(folded: str) -> Iterator[Contact]:
    for hit in _DOT_TLD.finditer(folded):
        start = _labels_before(folded, hit)
        if start == hit.start() or _only_looks_like_one(folded, start, hit):
            continue
        rest = _REST.match(folded, hit.end())
        end = rest.end() if rest else hit.end()
        plain = hit["dot"] == "."
        name = folded[start : hit.start()]
        doubtful = hit["word"] and plain and end == hit.end() and name.isalpha()
        yield Contact(
            start,
            end,
            "domain",
            Outcome.REVIEW if doubtful else Outcome.REJECT,
            None if plain or not hit["dot"] else "spelled",
        )


def _said_domains(folded: str) -> Iterator[Contact]:
    """Labels with a sign between that the text says is a dot."""
    for hit in _SIGN_TLD.finditer(folded) if _SAID_DOT.search(folded) else ():
        yield Contact(*hit.span(), "domain", technique="spelled")


def _labels_before(folded: str, hit: re.Match[str]) -> int:
    """Where the labels before a dot begin; the start of the hit where there is none."""
    start = hit.start()
    if hit["letters"] and folded[max(0, start - 2) : start - 1].isspace():
        return _spaced_before(folded, start)
    for _ in range(_MOST_LABELS):
        label = _label_before(folded, start)
        if label == start:
            break
        start = label
        dot = _DOT_BEFORE.search(folded, max(0, start - 7), start)
        if dot is None or _label_before(folded, dot.start()) == dot.start():
            return start
        start = dot.start()
    if start == hit.start() and hit["tld"]:
        signed = _SIGNED_LABEL.search(folded, max(0, start - _LONGEST_LABEL), start)
        if signed:
            return signed.start()
    if start == hit.start() and (hit["dot"] or hit["letters"] or "x").strip()[:1] in ".。点d":
        return _han_before(folded, start, hit)
    return start


def _label_before(folded: str, end: int) -> int:
    window = folded[max(0, end - _LONGEST_LABEL) : end]
    return end - len(window) + len(window.rstrip(_LABEL_CHARS))


def _spaced_before(folded: str, end: int) -> int:
    """Start of single letters with one space between each, before a position."""
    start = end
    while start >= 1 and end - start < 2 * _LONGEST_LABEL:
        here = start - 1 if start == end else start - 2
        if here < 0 or folded[here] not in _LABEL_CHARS:
            break
        if start != end and not folded[here + 1].isspace():
            break
        start = here
    return start


def _word_before(folded: str, end: int) -> int:
    start = end
    while start > 0 and end - start < _LONGEST_LABEL and folded[start - 1].isalnum():
        start -= 1
    return start


def _han_before(folded: str, end: int, hit: re.Match[str]) -> int:
    """Start of a name in other letters than Latin, for the plain top-level domains."""
    start = _word_before(folded, end)
    if folded.startswith(("点", "."), start):  # 点com与点cn
        return end
    if end - start < 2 or (hit["tld"] or "com") not in _SURE_TLD:
        return end
    return start


def _only_looks_like_one(folded: str, start: int, hit: re.Match[str]) -> bool:
    """A time of day, an abbreviation, the name of a technology, or a plain list of words."""
    name = folded[start : hit.start()]
    firm = hit["tld"] and folded[start : hit.end("tld")] in _FIRMS
    share = hit["tld"] == "hk" and name.isdigit()
    o_clock = hit["dot"] and "点" in hit["dot"] and _O_CLOCK.fullmatch(name)
    if firm or share or o_clock or name in _ADDRESSED:
        return True
    if folded[start : hit.end()] in _ABBREVIATIONS:
        return True
    if hit["weak"] or hit["weaker"]:
        name = name.rpartition(".")[2]
        whole = start == 0 and hit.end() == len(folded)
        around = folded[max(0, start - 12) : hit.end() + 10]
        numbered = _NUMBERED.fullmatch(name)
        if hit["weaker"] and not (whole or numbered or _SPOKEN_OF.search(around)):
            return True
        return len(name) < 3 or not name.isalnum() or name.isdigit()
    if hit["word"] and hit["dot"] == ".":
        rest, _, last = name.rpartition(".")
        motto = rest.isalpha() and last.isalpha() and hit["word"] in _MOTTO
        return len(name) == 1 or motto or last in _WORD_TLD.split("|")
    return False


_SPOKEN_OF = re.compile(
    "网址|网站|备用|域名|入口|导航|地址|永久|访问|浏览器|发布页|防丢|失联|链接|外传|收藏"
)
"""How somebody speaks of an address."""

_NUMBERED = re.compile(r"[a-z]{2,8}\d{3,6}")
"""A name with a number behind, which nobody has a list of: xs5200."""


def find_hosts(folded: str) -> Iterator[Contact]:
    """Numbers of hosts, for texts with many digits."""
    for hit in _HOST_NUMBER.finditer(folded):
        if _AT_HOME.search(hit[0]):
            continue
        yield Contact(*hit.span(), "url")


def _emails(folded: str) -> Iterator[Contact]:
    for hit in _AT.finditer(folded):
        host = _HOST.match(folded, hit.end())
        if host is None:
            continue
        window = folded[max(0, hit.start() - 64) : hit.start()]
        start = hit.start() - len(window) + len(window.rstrip(_LOCAL_CHARS))
        if start == hit.start() - 1 and folded[max(0, start - 1) : start].isspace():
            start = _spaced_before(folded, hit.start())
        start += len(folded[start : hit.start()]) - len(folded[start : hit.start()].lstrip("._%+-"))
        if start < hit.start():
            plain = "@" in hit[0] and len(hit[0]) == 1
            yield Contact(start, host.end(), "email", technique=None if plain else "spelled")
    for hit in _MAILBOX.finditer(folded):
        yield Contact(*hit.span(), "email")
