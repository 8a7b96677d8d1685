"""The stream's reasons in Chinese: it says them in English, in sentences of a fixed form."""

from __future__ import annotations

import re
from enum import StrEnum

from processors.text import HIDDEN, HIDDEN_ZH
from schemas.records import ComplaintCategory, Field, MeasureStep
from streams.gateway.console.words import Language, words

_FIELD = r"[Tt]he (?P<field>\w+)"
_QUOTED = r"""(?P<entry>'[^']*'|"[^"]*")"""
_NAMED = r"(?P<entry>[\w-]+)"
_PROOF = r"proof of (?P<proof>\w+)"

HEADS = {
    rf"A contact of the form {_NAMED} is in the (?P<field>\w+)": "{field}中有联系方式（{entry}）",
    rf"{_FIELD} invites to get in touch elsewhere": "{field}引导到站外联系",
    rf"{_FIELD} holds {_QUOTED}": "{field}含有“{entry}”",
    rf"{_FIELD} uses the protected name {_QUOTED}": "{field}使用了受保护的名称“{entry}”",
    rf"{_FIELD} claims {_QUOTED}": "{field}自称“{entry}”",
    rf"{_FIELD} associates itself with a place by {_QUOTED}": "{field}以“{entry}”关联地域",
    rf"{_FIELD} is compared with the registered name": "{field}与登记名称比对",
    rf"{_FIELD} is that of (?P<entry>[^.;]+)": "{field}与{entry}相同",
    rf"A code of the class {_NAMED} is in the (?P<field>\w+)": "{field}中有二维码（{entry}）",
    rf"{_FIELD} looks like the known image {_QUOTED}": "{field}与已知图像“{entry}”相似",
    rf"{_FIELD} does not look like the registered logo": "{field}与登记标识不相似",
    rf"A classifier gives {_FIELD} the label {_QUOTED}": "{field}被分类为“{entry}”",
    r"No rule asks for anything": "没有规则提出要求",
    r"Review by a person": "由人工审核",
    r"Strict review by two reviewers": "由两名审核员从严核验",
    r"The value is live": "该信息已在展示",
    r"Approved by a reviewer": "经一名审核员通过",
    r"Approved by two reviewers": "经两名审核员通过",
    r"Complaint of the category (?P<category>\w+)": "投诉类别：{category}",
    r"Appeal against the measure (?P<step>\w+)": "对措施“{step}”的申诉",
    r"The time for feedback on a complaint has passed": "投诉的反馈时限已过",
    r"The time for reviewing a change has passed": "变更的审核时限已过",
    r"The time for reviewing a live value has passed": "现行信息的审核时限已过",
    r"The time to report a disposal to the authorities has passed": "处置的报送时限已过",
    r"The credit level (?P<entry>\w+) asks for a review of every change": (
        "信用等级 {entry} 须逐次审核变更"
    ),
    r"No material was given in time; the old value stays": "逾期未补材料，保留原信息",
    r"Not checked across accounts: no answer came in time \((?P<entry>[\w-]+)\)": (
        "未能及时跨账号核对（{entry}）"
    ),
    r"(?P<entry>\d+) days passed without a new entry": "连续 {entry} 天没有新的记录",
}
"""How a sentence begins, and the same in Chinese."""

TAILS = {
    ", in the text read in it": "（图中文字）",
    ", turned around": "（镜像）",
    ", after the time for appeals": "，已过申诉期限",
    "; that is not certain, so a person decides": "；尚不确定，由人工判定",
    "; the rule is new, hits too much, and has lost its power": "；新规则命中过多，已暂停其处置",
    f"; there is no valid {_PROOF}": "；没有有效的{proof}证明",
    f"; no {_PROOF} covers what is hidden": "；{proof}证明不涵盖隐藏的写法",
    f"; a valid {_PROOF} covers it": "；有相符的{proof}证明",
    f"; the {_PROOF} is for something else": "；{proof}证明与此不符",
    **{f", written {re.escape(HIDDEN[way])}": f"，写法：{zh}" for way, zh in HIDDEN_ZH.items()},
}
"""What a sentence may go on with."""

PROOFS = {
    "identity": "身份",
    "occupation": "职业",
    "institution": "机构",
    "licence": "许可",
    "contact": "联系方式",
}

_KINDS: dict[str, type[StrEnum]] = {
    "field": Field,
    "category": ComplaintCategory,
    "step": MeasureStep,
}

ORDERED = "Ordered by a reviewer: "
"""What follows are the words of a person."""

_HEADS = [(re.compile(pattern + r"(?=[.,;])"), zh) for pattern, zh in HEADS.items()]
_TAILS = [(re.compile(pattern), zh) for pattern, zh in TAILS.items()]


def reason(text: str, language: Language) -> str:
    """A reason in a language; one that is not of these sentences stays as it is."""
    if language == "en":
        return text
    if text.startswith(ORDERED):
        return "经人工审核决定：" + text.removeprefix(ORDERED)
    told, at = "", 0
    while at < len(text):
        found = _next(_HEADS, text, at)
        while found is not None:
            said, at = found
            told += said
            found = _next(_TAILS, text, at)
        if text[at : at + 1] != ".":
            return text
        told, at = told + "。", at + 2  # the next sentence stands after a space
    return told


def _next(ways: list[tuple[re.Pattern[str], str]], text: str, at: int) -> tuple[str, int] | None:
    for pattern, zh in ways:
        found = pattern.match(text, at)
        if found is not None:
            parts = {name: _part(name, value) for name, value in found.groupdict().items()}
            return zh.format(**parts), found.end()
    return None


def _part(name: str, value: str) -> str:
    if name == "proof":
        return PROOFS.get(value, value)
    if name in _KINDS:
        return words(value.upper(), "zh", _KINDS[name])
    return value.strip("'\"")
