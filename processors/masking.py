"""Masks numbers and addresses of persons in free text that goes out: reasons, logs (Art. 16).

Reasons are written by people in a hurry: a number may have a word, a colon or a hyphen before and
behind it. So only what is sure to be none is left alone: a part of a longer number, hashes, UUIDs,
versions and fractions.
"""

from __future__ import annotations

import re
import unicodedata
from ipaddress import IPv4Address, IPv6Address, ip_address

_APART = r"[ .()\-‐-—·]{0,2}"
"""What people write between the groups of a number."""

_SPREAD = r"[ .()\-‐-—·_/]{0,2}"
"""What people write between digits, so that no group is seen."""

_MONTH, _DAY = r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
_FOUR = r"\d{1,3}(?:\.\d{1,3}){3}"
_SIX = r"(?:[0-9A-Fa-f]{0,4}:)"

_PARTS = 9
"""Between the colons of the longest IPv6 address."""

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_FORMS = re.compile(
    rf"""
    (?=[0-9A-Fa-f:(+])(?:
    (?P<none>
        (?<![0-9A-Za-z])
        (?:0x[0-9A-Fa-f]+
          |[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}
          |(?=\d*[a-f])(?:[0-9a-f]{{20,}}|[0-9a-f]{{16}}|[0-9a-f]{{12}}))
        (?![0-9A-Za-z])
    )
    |(?P<six>
        (?=[0-9A-Fa-f:]{{0,80}}::|{_SIX}{{6}})
        {_SIX}{{2,16}}(?:{_FOUR}|[0-9A-Fa-f]{{0,4}})
    )(?![0-9A-Za-z_]|\.\d)
    |(?<!\d)(?<!\d\.)(?<![Vv])(?P<four>{_FOUR})(?!\d|\.\d)
    |(?<!\d)(?P<id>
        [1-9]\d{{16}}[\dXx]
        |[1-9]\d{{5}}{_APART}(?:19|20)\d\d{_APART}{_MONTH}{_APART}{_DAY}{_APART}\d{{3}}[\dXx]
        |[1-9]\d{{7}}{_MONTH}{_DAY}\d{{3}}
    )(?!\d)
    |(?<!\d)(?P<phone>
        (?:(?:\+|00)\d{{1,3}}{_APART}|86{_APART}|0)?\(?1[3-9]\d(?:{_SPREAD}\d){{8}}
        |1(?P<apart>[ .\-·_/,、])[3-9](?:(?P=apart)\d){{9}}
        |\+\d{{1,3}}(?:{_APART}\d){{7,12}}
        |(?<!\d\.)\(?0[1-9]\d{{1,2}}{_APART}[1-9]\d{{2,3}}{_APART}\d{{4}}
    )(?!\d)
    )
    """,
    re.VERBOSE,
)
_NUMERALS = "〇零一二三四五六七八九壹贰叁肆伍陆柒捌玖幺两"
"""Chinese numerals: eleven of them and of digits may be a telephone number."""
_SPOKEN = str.maketrans(_NUMERALS, "0012345678912345678912")
_SPOKEN_PHONE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_WORTH_A_LOOK = re.compile(rf"\d.?\d|@|:[0-9A-Fa-f]*:|[\d{_NUMERALS}]{{11}}")


def mask(text: str) -> str:
    """Replace e-mail addresses, ID numbers, phone numbers and IP addresses in a text.

    Loopback addresses stay: they name nobody. A text that hides them in full-width characters
    comes back in plain ones.
    """
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    if not _WORTH_A_LOOK.search(plain):
        return text
    masked = _mask(text)
    if masked.isascii():
        return masked
    plain = unicodedata.normalize("NFKC", masked)
    again = _mask(plain)
    return masked if again == plain else again


def _mask(text: str) -> str:
    masked = _FORMS.sub(_masked, _EMAIL.sub("[e-mail]", text))
    if masked.isascii():
        return masked
    for spoken in reversed(list(_SPOKEN_PHONE.finditer(masked.translate(_SPOKEN)))):
        masked = f"{masked[: spoken.start()]}[phone]{masked[spoken.end() :]}"
    return masked


def _masked(match: re.Match[str]) -> str:
    form, found = match.lastgroup, match[0]
    if form == "none":
        return found
    if form == "six":
        return _masked_six(match)
    if form == "four":
        address = _address(found)
        return found if address is None or _is_own(address) else "[ip]"
    before = "(" if found.startswith("(") and ")" not in found else ""
    return f"{before}[{form}]"


def _masked_six(match: re.Match[str]) -> str:
    """The longest part between colons that is an address, masked: a word may stand before it."""
    found, before = match[0], match.string[: match.start()][-1:]
    alone = not (before.isascii() and before.isalnum())
    parts = found.split(":")
    for length in range(min(len(parts), _PARTS), 0, -1):
        for first in range(len(parts) - length, -1, -1):
            last = first + length
            part = ":".join(parts[first:last])
            word = not any(map(str.isdigit, part)) and not (alone and part == found)
            if not word and (address := _address(part)):
                shown = part if _is_own(address) else "[ip]"
                return ":".join((*parts[:first], shown, *parts[last:]))
    return found


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _is_own(address: IPv4Address | IPv6Address) -> bool:
    return address.is_loopback or address.is_unspecified
