"""Masks numbers and addresses of persons in free text that goes out: reasons, logs (Art. 16)."""

from __future__ import annotations

import ipaddress
import re
import unicodedata

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_ID_NUMBER = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{16}[0-9Xx](?![0-9A-Za-z])")
_PHONE = re.compile(
    r"(?<![0-9A-Za-z_.+-])(?:\+\d{1,3}[ -]?)?1[3-9]\d(?:[ -]?\d{4}){2}(?![0-9A-Za-z_-])"
    r"|(?<![0-9A-Za-z_+])\+\d{1,3}(?:[ -]?\d){7,12}(?![0-9A-Za-z_])"
)
_IP = re.compile(
    r"(?<![0-9A-Za-z_.:])(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4})"
    r"(?![0-9A-Za-z_.][0-9A-Za-z_]|[0-9A-Za-z_])"
)
_WORTH_A_LOOK = re.compile(r"\d{3}|@|:[0-9A-Fa-f]*:|\d\.\d")


def mask(text: str) -> str:
    """Replace e-mail addresses, ID numbers, phone numbers and IP addresses in a text.

    Loopback addresses stay: they name nobody. A text that hides them in full-width characters
    comes back in plain ones.
    """
    if not _WORTH_A_LOOK.search(text):
        return text
    masked = _mask(text)
    if masked.isascii():
        return masked
    plain = unicodedata.normalize("NFKC", masked)
    again = _mask(plain)
    return masked if again == plain else again


def _mask(text: str) -> str:
    text = _EMAIL.sub("[e-mail]", text)
    text = _ID_NUMBER.sub("[id]", text)
    text = _PHONE.sub("[phone]", text)
    return _IP.sub(_masked_ip, text)


def _masked_ip(match: re.Match[str]) -> str:
    try:
        address = ipaddress.ip_address(match[0])
    except ValueError:
        return match[0]
    return match[0] if address.is_loopback or address.is_unspecified else "[ip]"
