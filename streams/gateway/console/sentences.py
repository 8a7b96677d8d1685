"""The stream's reasons in Chinese: it says them in English, in sentences of a fixed form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum

from processors.accounts import cases, reasons
from processors.accounts.duties import FACETS
from processors.accounts.notices_given import PARTS
from processors.policy.model import Message
from processors.text import HIDDEN, HIDDEN_ZH
from schemas.records import ComplaintCategory, Field, MeasureStep
from streams.gateway.console.words import Language, word, words

_FIELD = r"the (?P<field>\w+)"
_FIELDS = r"the image of the (?P<fields>\w+(?: and the \w+)*)"
_QUOTED = r"""(?P<entry>'[^']*'|"[^"]*")"""
_NAMED = r"(?P<entry>[\w-]+)"
_RULE = r"(?P<entry>[\w-]+(?:\.[\w-]+)*)"
_COUNT = r"(?P<entry>\d+)"
_STEP = r"(?P<step>\w+)"
_MEASURE = r"(?P<measure>[\w ]+)"
_PROOF = r"proof of (?P<proof>\w+)"

HEADS = {
    # What rules find.
    rf"a contact of the form {_NAMED} is in {_FIELD}": "{field}中有联系方式（{entry}）",
    rf"{_FIELD} invites to get in touch elsewhere": "{field}引导到站外联系",
    rf"{_FIELD} holds {_QUOTED}": "{field}含有“{entry}”",
    rf"{_FIELD} uses the protected name {_QUOTED}": "{field}使用了受保护的名称“{entry}”",
    rf"{_FIELD} claims {_QUOTED}": "{field}自称“{entry}”",
    rf"{_FIELD} associates itself with a place by {_QUOTED}": "{field}以“{entry}”关联地域",
    rf"{_FIELD} is compared with the registered name": "{field}与登记名称比对",
    rf"{_FIELD} is that of (?P<owner>[^.,;]+)": "{field}与{owner}的名称相同",
    rf"a code of the class {_NAMED} is in {_FIELD}": "{field}中有二维码（{entry}）",
    rf"{_FIELD} looks like the known image {_QUOTED}": "{field}与已知图像“{entry}”相似",
    rf"{_FIELD} does not look like the registered logo": "{field}与登记标识不相似",
    rf"a classifier gives {_FIELD} the label {_QUOTED}": "{field}被分类为“{entry}”",
    r"no rule asks for anything": "没有规则提出要求",
    r"only rules on trial hit": "只有试行规则命中",
    # What else verdicts rest on.
    rf"more than {_COUNT} names were tried within a day": "一天内尝试的名称超过 {entry} 个",
    rf"the name was changed less than {_COUNT} days ago": "距上次改名不足 {entry} 天",
    rf"it waits until {_FIELDS} was looked into": "等待查看{fields}图像",
    rf"{_FIELDS} was not looked into": "未查看{fields}图像",
    r"a person decides": "由人工判定",
    r"no agreement was accepted": "未签订服务协议",
    r"there is no verified identity": "无有效的真实身份信息",
    r"the page lacks (?P<facets>[\w ,]+)": "页面缺少{facets}",
    rf"the credit level {_NAMED} asks for a review of every change": (
        "信用等级 {entry} 须逐次审核变更"
    ),
    r"more waits for review than can be settled in time[;:] (?:"
    r"what a rule found is held|doubtful changes are held)": "审核积压，存疑的变更暂缓处理",
    rf"{_FIELD} repeats what is to be corrected by the rule {_RULE}": (
        "{field}与须改正的内容相同（规则 {entry}）"
    ),
    r"the identity could not be verified": "真实身份信息未通过核验",
    r"the identity is that of a closed account, which must not be registered again": (
        "身份属于已关闭的账号，不得重新注册"
    ),
    r"the identity is that of an account that was closed; it is verified strictly": (
        "身份属于曾被关闭的账号，从严核验"
    ),
    r"the account is closed and must not be registered again": "账号已关闭，不得重新注册",
    r"the account was closed; its registration anew is verified strictly": (
        "账号曾被关闭，重新注册从严核验"
    ),
    rf"closely associated with a closed account by (?P<keys>[\w ,]+) \({_COUNT},": (
        "与已关闭账号密切关联（{keys}，{entry} 分"
    ),
    rf"accounts that the subject has already: {_COUNT}; allowed: (?P<limit>\d+)": (
        "该主体已有账号 {entry} 个，上限 {limit} 个"
    ),
    rf"{_COUNT} accounts were registered with one (?P<keys>[\w ]+) within a day": (
        "一天内同一{keys}注册了 {entry} 个账号"
    ),
    r"the check across accounts found nothing that matters": "跨账号核对未发现问题",
    r"not checked across accounts: no answer came in time": "未能及时跨账号核对",
    r"the registration of the account is not decided yet": "账号注册尚未决定",
    r"the registration of the account was refused": "账号注册未通过",
    r"the account was cancelled by its holder, and erased": "账号已由其主体注销并清除",
    r"the account is cancelled already": "账号已注销",
    r"cancelled at the account holder's wish": "应账号主体要求注销",
    r"approved by a reviewer": "经一名审核员通过",
    r"approved by two reviewers": "经两名审核员通过",
    r"rejected by a reviewer": "经审核员驳回",
    r"superseded by a newer change": "已被更新的变更取代",
    r"no material was given in time; the old value stays": "逾期未补材料，保留原信息",
    r"no decision was taken in time; the old value stays": "逾期未决定，保留原信息",
    # Why a person is asked, or is not any more.
    r"review by a person": "由人工审核",
    r"strict review by two reviewers": "由两名审核员从严核验",
    r"the value is live": "该信息已在展示",
    rf"claimed to be live although directive {_NAMED} holds it": (
        "指令 {entry} 暂缓期间，平台称该信息已在展示"
    ),
    r"complaint of the category (?P<category>\w+)": "投诉类别：{category}",
    rf"evidence was brought: {_COUNT}": "已补充证据 {entry} 份",
    r"the account has answered: (?P<entry>\S+)": "账号方已答复：{entry}",
    r"evidence is waited for": "等待补充证据",
    rf"appeal against the measure {_STEP}": "对措施“{step}”的申诉",
    r"appeal against a measure that this account is not known to have": (
        "申诉所涉措施不在该账号名下"
    ),
    r"the value was refused before, and an appeal against that was upheld": (
        "该内容曾被拒绝，针对该拒绝的申诉已成立"
    ),
    r"appeal against a deduction from the credit": "对信用扣分的申诉",
    r"its subject was barred when it came: a person decides whether the account is closed": (
        "注册时其主体处于禁止注册期：账号是否关闭由人工决定"
    ),
    r"a correction came after the closure, and was made at its source before it": (
        "改正信息在关闭之后到达，而改正在关闭之前已作出"
    ),
    r"an appeal of this id was received before and is still open": (
        "同一编号的申诉此前已收到，尚未办结"
    ),
    r"the time for feedback on a complaint has passed": "投诉的反馈时限已过",
    r"the time for deciding an appeal has passed": "申诉的审理时限已过",
    r"the time for reviewing a change has passed": "变更的审核时限已过",
    r"the time for reviewing a live value has passed": "现行信息的审核时限已过",
    r"the time to report a disposal to the authorities has passed": "处置的报送时限已过",
    r"the report was delivered late": "已逾期报送",
    r"too many passed time limits are open; this is the oldest": "超期事项过多，此为最早一项",
    r"a person has taken note": "已有人知悉",
    r"the pause has ended": "暂缓已结束",
    r"a pause is in force": "正在暂缓",
    r"the pause ends at another time": "暂缓的结束时间有变",
    r"the new rule (?P<entry>[\w.-]+) hits too large a share of the changes and has lost "
    r"its power": ("新规则 {entry} 命中的变更过多，已暂停其处置"),
    r"mend it, or let it come into force anew": "请修正规则，或重新启用",
    # Measures, complaints and credit.
    rf"the quota of automatic measures {_STEP} is used up; the time to correct is longer": (
        "自动处置“{step}”的限额已用完，改正期限顺延"
    ),
    r"the quota of automatic measures is used up": "自动处置的限额已用完",
    rf"replaced by the step {_STEP}": "已由“{step}”取代",  # of an earlier build, as one below
    rf"{_MEASURE} takes its place": "已由“{measure}”取代",
    rf"the credit fell to the level {_NAMED}": "账号信用等级降至 {entry}",
    rf"the credit level is now {_NAMED}": "账号信用等级现为 {entry}",
    rf"served: {_COUNT} d (?P<limit>\d+) h": "已执行 {entry} 天 {limit} 小时",
    r"complaints were misused in spite of a warning; yours are not processed until "
    r"(?P<entry>[^.]+)": ("经警告后仍滥用投诉举报，{entry} 前不予处理"),
    r"the same was complained of before; the outcome of (?P<entry>\S+) applies": (
        "此前已有相同投诉举报，适用 {entry} 的处理结果"
    ),
    rf"measure (?P<entry>\S+) \({_STEP}\) answers it": "已采取处置措施“{step}”（{entry}）",
    rf"a measure was taken: {_MEASURE} \((?P<entry>\S+)\)": "已采取处置措施“{measure}”（{entry}）",
    r"please bring evidence by (?P<entry>[^.]+)": "请于 {entry} 前补充证据",
    r"the complaint lacks (?P<parts>[\w ,]+)": "举报缺少：{parts}",
    r"it may be made again with it": "补齐后可重新提交",
    rf"measure {_STEP} was begun": "采取措施“{step}”",
    rf"measure {_STEP} was ordered by a reviewer": "审核员决定采取措施“{step}”",
    r"a change was refused": "变更被拒绝",
    r"a change was rejected by a reviewer": "变更经审核员驳回",
    r"the entry has counted for its time": "记录已到期",
    r"carried over into a newer entry": "并入较新的记录",
    r"the account was erased": "账号已清除",
    rf"{_COUNT} days passed without a new entry": "连续 {entry} 天没有新的记录",
}
"""What a sentence says, and the same in Chinese. `reasons` and `cases` say theirs in both."""

TAILS = {
    ", in the text read in it": "（图中文字）",
    ", turned around": "（镜像）",
    ", after the time for appeals": "，已过申诉期限",
    r", distance (?P<entry>\d+)": "，距离 {entry}",
    r", score (?P<entry>\d(?:\.\d+)?)": "，得分 {entry}",
    ", it is too plain to be compared": "，过于简单，无法比对",
    "; that is not certain, so a person decides": "；尚不确定，由人工判定",
    "; its condition has no answer: (?P<entry>.+?)(?=; the rule is new|[.]$)": (
        "；其条件没有结果：{entry}"
    ),
    "; the rule is new, hits too much, and has lost its power": "；新规则命中过多，已暂停其处置",
    f"; there is no valid {_PROOF}": "；没有有效的{proof}证明",
    f"; no {_PROOF} covers what is hidden": "；{proof}证明不涵盖隐藏的写法",
    f"; a valid {_PROOF} covers it": "；有相符的{proof}证明",
    f"; the {_PROOF} is for something else": "；{proof}证明与此不符",
    r" \((?P<entry>CAC-[\w-]+)\)": "（{entry}）",
    r" (?P<entry>CAC-[\w-]+)\)": "，{entry}）",
    **{f", written {re.escape(HIDDEN[way])}": f"，写法：{zh}" for way, zh in HIDDEN_ZH.items()},
}
"""What a sentence may go on with."""

OPENINGS = {
    r"Ordered by a reviewer: ": "经人工审核决定：",
    r"Held by directive (?P<entry>\S+) until (?P<limit>.+? UTC): ": (
        "按指令 {entry} 暂缓至 {limit}："
    ),
}
"""What follows these are the words of a person."""

OWNERS = {
    "whose protected name it is": "受保护名称的所有者",
    "a verified institution": "已核验的机构",
    "an account that was closed for it": "因此被关闭的账号",
}
PROOFS = {
    "identity": "身份",
    "occupation": "职业",
    "institution": "机构",
    "licence": "许可",
    "contact": "联系方式",
}
KEYS = {
    "identity": "身份",
    "contact": "联系方式",
    "credit code": "统一社会信用代码",
    "device": "设备",
    "name": "名称",
    "avatar": "头像",
    "reporter": "举报人",
}
_KINDS: dict[str, type[StrEnum]] = {
    "field": Field,
    "category": ComplaintCategory,
    "step": MeasureStep,
}
_LISTS: dict[str, Mapping[str, str]] = {
    "owner": OWNERS,
    "measure": {name.en: name.zh for name in reasons.STEP_NAMES.values()},
    "proof": PROOFS,
    "keys": KEYS,
    "facets": {facet.en: facet.zh for facet in FACETS.values()},
    "parts": {part.en: part.zh for part in PARTS.values()},
    "fields": {field.lower(): word(field, "zh") for field in Field},
}


def _said_in_both() -> Iterator[tuple[str, str]]:
    """The sentences that the stream itself has in Chinese, without their last stop."""
    for module in (reasons, cases):
        for said in vars(module).values():
            if isinstance(said, Message):
                yield re.escape(said.en.removesuffix(".")), said.zh.removesuffix("。")


def _compiled(table: Mapping[str, str], end: str) -> list[tuple[re.Pattern[str], str]]:
    """The longer ones first: one may begin like another."""
    longest = sorted(table.items(), key=lambda item: -len(item[0]))
    return [(re.compile(_any_first(pattern) + end, re.DOTALL), zh) for pattern, zh in longest]


def _any_first(pattern: str) -> str:
    """A pattern whose first letter may be large or small: it begins a sentence, or a part."""
    first = pattern[0]
    return f"[{first.upper()}{first.lower()}]{pattern[1:]}" if first.isalpha() else pattern


_OPENINGS = _compiled(OPENINGS, "")
_HEADS = _compiled(HEADS | dict(_said_in_both()), r"(?=[.,;]| \(?CAC-)")
_TAILS = _compiled(TAILS, "")


def reason(text: str, language: Language) -> str:
    """A reason in a language; one that is not of these sentences stays as it is."""
    if language == "en":
        return text
    opening = _next(_OPENINGS, text, 0)
    if opening is not None:
        told, at = opening
        return told + text[at:]
    told, at = "", 0
    while at < len(text):
        found = _next(_HEADS, text, at)
        while found is not None:
            said, at = found
            told += said
            found = _next(_TAILS, text, at)
        stop = _STOPS.get(text[at : at + 1])
        if stop is None:
            return text
        told, at = told + stop, at + 2  # what comes next stands after a space
    return told


_STOPS = {".": "。", ";": "；"}


def _next(ways: list[tuple[re.Pattern[str], str]], text: str, at: int) -> tuple[str, int] | None:
    for pattern, zh in ways:
        found = pattern.match(text, at)
        if found is not None:
            parts = {name: _part(name, value) for name, value in found.groupdict().items()}
            return zh.format(**parts), found.end()
    return None


def _part(name: str, value: str) -> str:
    if name in _LISTS:
        said = re.split(", | and the ", value)
        return "、".join(_LISTS[name].get(part, part) for part in said)
    if name in _KINDS:
        return words(value.upper(), "zh", _KINDS[name])
    return value.strip("'\"")
