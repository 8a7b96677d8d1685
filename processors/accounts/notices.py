"""Statements of reasons, in Chinese and English: what was found, the ground, the remedy, appeal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from processors.accounts.effects import Ground, MeasureTerms
from processors.accounts.reasons import STEP_NAMES
from processors.policy.analyses import IMAGE_FIELDS
from processors.policy.model import Message, StatementsTerms
from processors.text import HIDDEN, HIDDEN_ZH
from schemas.records import Field, Finding, MeasureStep, NoticeKind

_FIELDS: Mapping[Field, Message] = {
    Field.NAME: Message(zh="名称", en="name"),
    Field.AVATAR: Message(zh="头像", en="avatar"),
    Field.COVER: Message(zh="封面", en="cover"),
    Field.BIO: Message(zh="简介", en="introduction"),
    Field.SIGNATURE: Message(zh="签名", en="signature"),
    Field.BADGE: Message(zh="认证信息", en="badge"),
}
_TITLES: Mapping[NoticeKind, Message] = {
    NoticeKind.MEASURE_BEGUN: Message(zh="处置通知：{step}", en="Measure on your account: {step}"),
    NoticeKind.MEASURE_EXTENDED: Message(zh="处置延长通知：{step}", en="Measure extended: {step}"),
    NoticeKind.MEASURE_LIFTED: Message(zh="处置解除通知：{step}", en="Measure lifted: {step}"),
    NoticeKind.CORRECTION_REMINDER: Message(zh="改正提醒", en="Reminder: a correction is due"),
}


_FINAL = (MeasureStep.CLOSE, MeasureStep.BAR)
MAX_PLACES = 3
"""Places that a notice names; the disposal has them all."""


class Notice(NamedTuple):
    """A notice in words. ``language`` is that of title and body: zh or en."""

    language: str
    title: str
    body: str


class _Words(NamedTuple):
    """The sentences of a body in one language."""

    found: str
    field: str
    place: str
    read: str
    written: str
    ground: str
    clause: str
    measure: str
    functions: str
    ends: str
    lifted: str
    deadline: str
    remedy: str
    appeal: str
    reason: str
    join: str


_WORDS = {
    "zh": _Words(
        found="事由：{}",
        field="涉及信息：{}。",
        place="位置：{field}第 {first} 至 {last} 字{written}。",
        read="{}中的文字",
        written="（写法：{}）",
        ground="依据：{article}（规则 {rule}）。",
        clause="协议条款：{}。",
        measure="处置措施：{}。",
        functions="受限功能：{}。",
        ends="处置截止时间：{}。",
        lifted="解除时间：{}。",
        deadline="请于 {} 前改正，改正后即解除。",
        remedy="改正方法：{}",
        appeal="如有异议，可于 {} 前提出申诉。",
        reason="说明：{}",
        join="",
    ),
    "en": _Words(
        found="What was found: {}",
        field="It concerns your {}.",
        place="Where: characters {first} to {last} of the {field}{written}.",
        read="text in the {}",
        written=", written {}",
        ground="Ground: {article} (rule {rule}).",
        clause="Clause of your agreement: {}.",
        measure="Measure: {}.",
        functions="Functions restricted: {}.",
        ends="It ends on {}.",
        lifted="It ended on {}.",
        deadline="A correction by {} lifts it.",
        remedy="What you can do: {}",
        appeal="You may appeal until {}.",
        reason="Details: {}",
        join=" ",
    ),
}


def compose(
    kind: NoticeKind,
    language: str | None,
    terms: MeasureTerms,
    reason: Message | None,
    ground: Ground | None,
    appeal_until: int | None,
    found: Sequence[Finding] = (),
    functions: Sequence[Message] = (),
) -> Notice:
    """Put a notice into words: Chinese unless the account holder's language is another."""
    code = code_of(language)
    words = _WORDS[code]
    step = _in(code, STEP_NAMES[terms.step])
    parts = [words.measure.format(step)]
    if ground:
        parts.insert(0, words.found.format(_in(code, ground.message)))
    if terms.field:
        parts.append(words.field.format(_in(code, _FIELDS[terms.field])))
    placed = [finding for finding in found if finding.span_end > finding.span_start]
    parts += [_place(code, words, finding) for finding in placed[:MAX_PLACES]]
    if reason and (details := _in(code, reason)):
        parts.append(words.reason.format(details))
    parts.append(words.ground.format(article=terms.article, rule=terms.rule_id))
    if terms.clause:
        parts.append(words.clause.format(terms.clause))
    if functions and kind is not NoticeKind.MEASURE_LIFTED:
        named = [_in(code, function) for function in functions]
        parts.append(words.functions.format(("、" if code == "zh" else ", ").join(named)))
    if terms.ends and terms.step is not MeasureStep.WARN:  # which is said once
        ends = words.lifted if kind is NoticeKind.MEASURE_LIFTED else words.ends
        parts.append(ends.format(day(terms.ends)))
    if terms.deadline:
        parts.append(words.deadline.format(day(terms.deadline)))
    if ground and terms.step not in _FINAL:
        parts.append(words.remedy.format(_in(code, ground.remedy)))
    if appeal_until:
        parts.append(words.appeal.format(day(appeal_until)))
    title = _in(code, _TITLES[kind]).format(step=step)
    return Notice(code, title, words.join.join(parts))


def means_and_redress(
    language: str,
    statements: StatementsTerms,
    *,
    detected: bool | None = None,
    decided: bool | None = None,
) -> str:
    """Whether automated means detected and decided, None where it is not said, and the redress.

    It goes on after other words (DSA Art. 16(5) and (6), 17(3), 20(5)).
    """
    words, parts = _MEANS[language], []
    if detected is not None:
        parts.append(words.detected.format(words.yes if detected else words.no))
    if decided is not None:
        parts.append(words.decided.format(words.yes if decided else words.no))
    join = _WORDS[language].join
    return join + join.join([*parts, _in(language, statements.redress)])


class _Means(NamedTuple):
    detected: str
    decided: str
    yes: str
    no: str


_MEANS = {
    "zh": _Means("是否以自动方式发现：{}。", "是否以自动方式决定：{}。", "是", "否"),
    "en": _Means(
        "Detected by automated means: {}.", "Decided by automated means: {}.", "yes", "no"
    ),
}


def field_name(field: Field | None) -> Message:
    """A field in words; the account as a whole where it is None."""
    return _FIELDS[field] if field else Message(zh="账号整体", en="the account as a whole")


def code_of(language: str | None) -> str:
    """The language of the words for a person: zh unless another one is known, then en."""
    return "zh" if language is None or language.lower().startswith("zh") else "en"


def _place(code: str, words: _Words, finding: Finding) -> str:
    """Where in a text something was found, and how it was written where that hides it."""
    hidden = HIDDEN_ZH if code == "zh" else HIDDEN
    technique = hidden.get(finding.technique)
    field = _in(code, _FIELDS[finding.field])
    return words.place.format(
        field=words.read.format(field) if finding.field in IMAGE_FIELDS else field,
        first=finding.span_start + 1,
        last=finding.span_end,
        written=words.written.format(technique) if technique else "",
    )


def _in(code: str, message: Message) -> str:
    return message.zh if code == "zh" else message.en


def day(at: int) -> str:
    """A time in words, in UTC."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
