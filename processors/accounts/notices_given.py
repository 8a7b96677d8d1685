"""What a complaint must bring to be accepted, where the pack asks for it (DSA Art. 16(2))."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from processors.policy.model import ComplaintTerms, Message, NoticePart
from schemas.records import AccountComplaint

_BROUGHT: Mapping[NoticePart, Callable[[AccountComplaint], bool]] = {
    NoticePart.REASONS: lambda complaint: bool(complaint.statement and complaint.statement.strip()),
    NoticePart.LOCATION: lambda complaint: complaint.field is not None,
    NoticePart.CONTACT: lambda complaint: bool(complaint.complainant_token),
    NoticePart.GOOD_FAITH: lambda complaint: complaint.good_faith is True,
}
PARTS: Mapping[NoticePart, Message] = {
    NoticePart.REASONS: Message("举报理由", "the reasons for it"),
    NoticePart.LOCATION: Message("所涉信息的位置", "the field that it concerns"),
    NoticePart.CONTACT: Message("举报人的联系方式", "a contact of the complainant"),
    NoticePart.GOOD_FAITH: Message("善意声明", "a statement of good faith"),
}
"""The parts in words."""


def lacking(terms: ComplaintTerms, complaint: AccountComplaint) -> tuple[NoticePart, ...]:
    """The parts that a complaint lacks, in the order in which the pack asks for them."""
    return tuple(part for part in terms.notice if not _BROUGHT[part](complaint))


def said(parts: tuple[NoticePart, ...]) -> Message:
    """That a complaint is not accepted, and what it lacks; it may come again with it."""
    zh, en = "、".join(PARTS[p].zh for p in parts), ", ".join(PARTS[p].en for p in parts)
    return Message(
        zh=f"举报缺少：{zh}。补齐后可重新提交。",
        en=f"The complaint lacks {en}. It may be made again with it.",
    )
