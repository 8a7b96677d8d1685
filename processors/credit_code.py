"""Unified social credit codes of legal persons and other organisations (GB 32100-2015).

Eighteen characters: the registering department (1), the type of organisation (1), the division (6
digits, GB/T 2260), the organisation code with its own check character (9, GB 11714-1997), and the
check character of the whole. Codes of the army (A), of rural collectives (N) and of other
departments (Y) are as lawful as the rest.
"""

import re

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # without I, O, S, V, Z
_VALUE = {character: value for value, character in enumerate(_ALPHABET)}
_FORM = re.compile(rf"[1-9ANY][1-9]\d{{6}}[{_ALPHABET}]{{8}}[\dX][{_ALPHABET}]")
_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def is_credit_code(code: str) -> bool:
    """Whether a text is a lawful code: form, both check characters; capitals, no separators."""
    return (
        _FORM.fullmatch(code) is not None
        and code[16] == _organisation_check(code[8:16])
        and code[17] == _check(code)
    )


def complete(head: str) -> str:
    """The code that begins with these 16 characters: its two check characters put behind them."""
    code = head + _organisation_check(head[8:])
    return code + _check(code)


def _organisation_check(code: str) -> str:
    """Check character of an organisation code (GB 11714-1997), position 17."""
    total = sum(
        weight * int(character, 36)
        for weight, character in zip(_ORGANISATION_WEIGHTS, code, strict=True)
    )
    return "0X987654321"[total % 11]


def _check(code: str) -> str:
    """Check character of the first 17 (GB 32100-2015, modulus 31), position 18."""
    total = sum(weight * _VALUE[code[place]] for place, weight in enumerate(_WEIGHTS))
    return _ALPHABET[-total % 31]
