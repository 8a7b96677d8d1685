"""Whether the name of an institution's account is that of the institution (Order No. 10, Art. 7).

Compared are letters alone, folded as everything that is judged, without what stands in brackets. A
name may be shorter than the registered one (云杉书店 of 杭州云杉书店有限公司), or hold the whole of
it without its legal form (杭州云杉书店官方账号). Anything else needs an alias in the proof.
"""

import re
from collections.abc import Iterable

from processors.text.fold import fold, strip

_LEAST = 2  # letters of a name that may stand for a longer one
_BRACKETS = re.compile(r"\([^()]*\)|【[^】]*】|\[[^\]]*\]")
_LEGAL_FORMS = re.compile(
    r"(?:股份有限公司|有限责任公司|集团有限公司|有限公司|(?:特殊)?普通合伙|有限合伙|公司"
    r"|incorporated|corporation|limited|inc|ltd|llc|gmbh)+$"
)
_ADDED = re.compile(
    r"^官方|(?:官方(?:账号|帐号|号|微博|旗舰店)?|旗舰店|客服(?:中心)?|账号|帐号|公众号|服务号)+$"
)


def is_registered(name: str, registered: Iterable[str]) -> bool:
    """Whether a name is one of the registered names or aliases, a part of one, or holds one."""
    whole = _letters(name)
    part = _LEGAL_FORMS.sub("", _ADDED.sub("", whole))
    for other in registered:
        full = _letters(other)
        core = _LEGAL_FORMS.sub("", full)
        if len(part) >= _LEAST and part in full:
            return True
        if len(core) >= _LEAST and core in whole:
            return True
    return False


def is_whole_name(name: str, registered: Iterable[str]) -> bool:
    """Whether a name holds the whole of a registered name or an alias, but for its legal form."""
    whole = _letters(name)
    cores = (_LEGAL_FORMS.sub("", _letters(other)) for other in registered)
    return any(len(core) >= _LEAST and core in whole for core in cores)


def _letters(name: str) -> str:
    return strip(_BRACKETS.sub("", fold(name)))
