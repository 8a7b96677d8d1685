"""What the two sides of a complaint or an appeal are told, in Chinese and English (Art. 19)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from processors.accounts.notices import code_of, day, field_name
from processors.accounts.reasons import STEP_NAMES, in_full
from processors.policy.model import Message
from schemas.records import CaseOutcome, ComplaintCategory, Field, NoticeKind

RECEIVED = Message(zh="投诉举报已收到。", en="The complaint was received.")
ACCEPTED = Message(zh="投诉举报已受理。", en="The complaint was accepted.")
VERIFYING = Message(
    zh="正在对被投诉的信息重新核验。", en="The information complained of is verified again."
)
AT_A_PERSON = Message(zh="已转人工处理。", en="A person looks at the complaint.")
UPHELD = Message(zh="投诉举报成立。", en="The complaint was upheld.")
DISMISSED = Message(
    zh="投诉举报不成立：未发现违规。", en="The complaint was dismissed: no breach was found."
)
NO_EVIDENCE = Message(
    zh="未在期限内提供证据，投诉举报不成立。",
    en="The complaint was dismissed: no evidence was brought in time.",
)
CLOSED = Message(zh="投诉举报已办结。", en="The complaint is closed.")
SAID_BEFORE = Message(
    zh="此编号的投诉举报此前已收到，当前状态如此。",
    en="A ticket of this id was received before; this is its state.",
)
BROUGHT = Message(
    zh="证据已收到，已转人工处理。", en="Evidence was brought; a person looks at the complaint."
)
ACCOUNT_CLOSED = Message(zh="账号已关闭。", en="The account is closed.")
ACCOUNT_CLOSED_NOW = Message(zh="账号已被关闭。", en="The account was closed.")
ACCOUNT_CANCELLED = Message(
    zh="账号已由其主体注销。", en="The account was cancelled by its holder."
)
NOT_REGISTERED = Message(zh="账号未获注册。", en="The account was not registered.")
EMPTY = Message(zh="被投诉的信息为空。", en="The field complained of is empty.")

APPEAL_RECEIVED = Message(zh="申诉已收到，由人工审核。", en="A person decides on your appeal.")
APPEAL_LATE = Message(
    zh="申诉已收到；申诉期限已过，由人工决定是否受理。",
    en="The time for appeals has passed; a person decides whether it can still be heard.",
)
APPEAL_UNKNOWN = Message(
    zh="申诉已收到；未找到所涉处置，由人工核实。",
    en="The measure is not known to us; a person looks into it.",
)
APPEAL_UPHELD = Message(
    zh="申诉成立，处置及由此产生的信用扣分已撤销。",
    en="The appeal was upheld: the measure and its effect on your credit are taken back.",
)
POINTS_UPHELD = Message(
    zh="申诉成立，信用扣分已撤销，原内容可再次提交。",
    en="The appeal was upheld: the deduction from your credit is taken back, and you may submit "
    "again what was refused.",
)
APPEAL_DISMISSED = Message(zh="申诉不成立，处置维持。", en="The appeal was dismissed.")
APPEAL_MOOT = Message(
    zh="所涉处置已撤销，申诉终结。", en="The measure was taken back, the appeal is at an end."
)
TOO_MANY_APPEALS = Message(
    zh="待处理的申诉过多，本申诉未受理。",
    en="Too many appeals are open; they must be decided first.",
)


def with_reason(said: Message, reason: str) -> Message:
    """A decision with the reason that the person gave who took it (DSA Art. 20(5))."""
    given = in_full(reason)
    return Message(zh=f"{said.zh}理由：{given.zh}", en=f"{said.en} Reason: {given.en}")


ANSWERED = Message(
    zh="答复已收到，将由处理该投诉举报的人员一并审阅。",
    en="Your answer goes to the person who rules on the complaint.",
)
NOTHING_TO_ANSWER = Message(
    zh="该投诉举报不存在或已办结；如对处置有异议，请对该处置提出申诉。",
    en="No complaint of this id is open; where a measure was taken, appeal against that.",
)


WARNED = Message(
    zh="投诉举报已受理。您此前多次提交不成立的投诉举报；如继续滥用，您的投诉举报将在一段时间内不予处理。",
    en="The complaint was accepted. Many of your complaints were without reason; if that goes on, "
    "your complaints will not be processed for a time.",
)


def limited(until: int) -> Message:
    """Complaints of somebody who was warned of misuse are not processed until a time in ms."""
    return Message(
        zh=f"经警告后仍滥用投诉举报，您的投诉举报在 {day(until)} 前不予处理。",
        en="Complaints were misused in spite of a warning; yours are not processed until "
        f"{day(until)}.",
    )


def repeats(ticket: str) -> Message:
    """A complaint says what another said."""
    return Message(
        zh=f"此前已有相同投诉举报，适用 {ticket} 的处理结果。",
        en=f"The same was complained of before; the outcome of {ticket} applies.",
    )


def answered_by(measure_id: str, step: str) -> Message:
    """A measure answers a complaint."""
    return Message(
        zh=f"已采取处置措施（{STEP_NAMES[step].zh}，{measure_id}）。",
        en=f"A measure was taken: {STEP_NAMES[step].en} ({measure_id}).",
    )


def evidence_wanted(until: int) -> Message:
    """Evidence is asked for, until a time in ms."""
    return Message(
        zh=f"请于 {day(until)} 前补充证据。", en=f"Please bring evidence by {day(until)}."
    )


_CATEGORIES: Mapping[ComplaintCategory, Message] = {
    ComplaintCategory.IMPERSONATION: Message(zh="冒用、仿冒", en="impersonation"),
    ComplaintCategory.CONTACTS: Message(zh="夹带联系方式", en="smuggled contacts"),
    ComplaintCategory.FALSE_CLAIM: Message(zh="不实声称", en="a false claim"),
    ComplaintCategory.FAKE_NEWS: Message(zh="假冒新闻", en="fake news"),
    ComplaintCategory.ILLEGAL: Message(zh="违法内容", en="illegal content"),
    ComplaintCategory.VULGAR: Message(zh="低俗内容", en="vulgar content"),
    ComplaintCategory.OTHER: Message(zh="其他", en="something else"),
}


def complained_of(category: ComplaintCategory, field: Field | None, until: int) -> Message:
    """Somebody has complained of the account, and it may answer until a time in ms.

    Who it was is not said.
    """
    kind, where = _CATEGORIES[category], field_name(field)
    whose = "your " if field else ""
    return Message(
        zh=f"有人投诉举报您的账号（{kind.zh}；涉及{where.zh}）。"
        f"您可于 {day(until)} 前提交答复，由处理该投诉举报的人员审阅。",
        en=f"Somebody has complained of your account ({kind.en}; it concerns {whose}{where.en}). "
        f"You may answer by {day(until)}; the person who rules on it will read what you say.",
    )


_TITLES: Mapping[NoticeKind, Message] = {
    NoticeKind.COMPLAINT_RECEIVED: Message(
        zh="您的账号被投诉举报", en="A complaint about your account"
    ),
    NoticeKind.COMPLAINT_DECIDED: Message(
        zh="投诉举报处理结果", en="A complaint about your account is decided"
    ),
    NoticeKind.ANSWER_RECEIVED: Message(zh="答复回执", en="Your answer to a complaint"),
    NoticeKind.APPEAL_RECEIVED: Message(zh="申诉回执", en="Your appeal was received"),
    NoticeKind.APPEAL_DECIDED: Message(zh="申诉处理结果", en="Your appeal is decided"),
}
_DECIDED: Mapping[CaseOutcome, Message] = {
    CaseOutcome.UPHELD: Message(zh="投诉举报成立。", en="The complaint was upheld."),
    CaseOutcome.DISMISSED: Message(
        zh="投诉举报不成立，账号不受影响。",
        en="The complaint was dismissed; nothing follows for your account.",
    ),
    CaseOutcome.NOT_ACCEPTED: Message(zh="投诉举报未受理。", en="The complaint was not accepted."),
    CaseOutcome.WITHOUT_DECISION: Message(
        zh="投诉举报已终结，未作认定。", en="The complaint is at an end without a decision."
    ),
}


class Words(NamedTuple):
    """A text for a person. ``language`` is zh or en."""

    language: str
    title: str
    body: str


def put(kind: NoticeKind, language: str | None, said: Message) -> Words:
    """Put word of a complaint or an appeal into the account holder's language."""
    code, title = code_of(language), _TITLES[kind]
    return Words(code, *((title.zh, said.zh) if code == "zh" else (title.en, said.en)))


def decided(outcome: CaseOutcome) -> Message:
    """How a complaint ended, for the account."""
    return _DECIDED[outcome]


def in_language(language: str | None, said: Message) -> str:
    """A message for a complainant, in Chinese or in English (see `code_of`)."""
    return said.zh if code_of(language) == "zh" else said.en
