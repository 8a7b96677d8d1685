"""The words of the console."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import pytest
from msgspec import Struct, inspect

from schemas.records import (
    AuditKind,
    ComplaintCategory,
    ComplaintState,
    CreditAction,
    Decision,
    EscalationKind,
    EscalationStatus,
    Field,
    Finding,
    Phase,
    RuleMode,
    RuleOutcome,
    RulingAction,
)
from streams.gateway.accounts import Value
from streams.gateway.console.accounts import KINDS, timeline
from streams.gateway.console.reviews import marked
from streams.gateway.console.session import Session
from streams.gateway.console.show import clock, two_lines
from streams.gateway.console.words import NAMES, WORDS, measure_words, word, words
from streams.gateway.packs import PackLine, PublishedLine
from streams.gateway.reviews import Case, Shown
from streams.gateway.roles import NOBODY
from streams.views.documents import AccountView, ReportLine
from streams.views.fold import Fold, Seen
from tests.streams.views.outputs import simulated

READ = (AccountView, ReportLine, Case, PackLine, PublishedLine, Value)
"""What pages are made of."""
IN_LINES = {ComplaintCategory, RulingAction, *(kind for kinds in KINDS.values() for kind in kinds)}
"""What stands in texts."""
NOT_SHOWN = {AuditKind, Phase, RuleOutcome}


def enumerations(read: type[Struct]) -> Iterator[type[Any]]:
    """All enumerations in a structure, and in those within it."""
    asked: list[Any] = [inspect.type_info(read)]
    seen: set[type] = set()
    while asked:
        told = asked.pop()
        if isinstance(told, inspect.EnumType):
            yield told.cls
        elif isinstance(told, inspect.StructType):
            if told.cls not in seen:
                seen.add(told.cls)
                asked += [field.type for field in told.fields]
        else:
            for inner in ("types", "item_types"):
                asked += getattr(told, inner, ())
            asked += [told.item_type] if hasattr(told, "item_type") else []


def test_every_enumeration_that_a_page_is_made_of_has_names() -> None:
    shown = {kind for read in READ for kind in enumerations(read)} | IN_LINES
    assert shown - NOT_SHOWN == set(NAMES)


@pytest.mark.parametrize("kind", NAMES, ids=lambda kind: kind.__name__)
def test_every_member_has_a_name_in_both_languages(kind: type[StrEnum]) -> None:
    for member in kind:
        assert not word(member, "zh").isascii(), member
        assert word(member, "en").isascii(), member
        assert word(member, "en") != member


def test_a_name_goes_by_the_kind_of_what_is_named() -> None:
    assert word(ComplaintState.DISPOSAL, "en") == "Answered by a measure"
    assert word(EscalationKind.DISPOSAL, "en") == "Live value"
    assert words("CLOSED DISPOSAL", "zh", EscalationStatus, EscalationKind) == "办结 现行信息"
    assert words("CLOSED", "zh", ComplaintState) == "已办结"
    assert words("ADDED -30, 770 A", "en", CreditAction) == "entered -30, 770 A"
    assert words("NEW THING", "en", EscalationStatus, EscalationKind) == "NEW THING"


def test_what_is_put_together_is_a_phrase_of_its_language() -> None:
    assert measure_words("LIFT RESTRICT", "en") == "Restriction lifted"
    assert measure_words("LIFT RESTRICT", "zh") == "限制功能 解除"
    hours = 3_600_000
    assert ">6 h 0 min left<" in clock(6 * hours, 0, "en")
    assert ">2 h 0 min overdue<" in clock(0, 2 * hours, "en")
    assert ">超期 2 小时 0 分<" in clock(0, 2 * hours, "zh")


def test_a_line_without_words_leaves_no_room_for_them() -> None:
    assert two_lines("a", "", "b") == "a<br><span class=soft>b</span>"
    assert two_lines("", "b") == "<span class=soft>b</span>"
    assert two_lines("a", "") == "a"


def test_every_word_is_in_both_languages() -> None:
    assert all(zh and en for zh, en in WORDS.values())


def test_what_happened_to_an_account_is_told_without_the_names_of_records() -> None:
    fold = Fold({}, "A")
    fold.apply(Seen("all", 0, at, record) for at, record in enumerate(simulated(1_500)))
    for language in ("zh", "en"):
        session = Session(NOBODY, language)  # type: ignore[arg-type]  # one of the two
        for document in fold.documents.values():
            told = re.findall('data-head="(?:事项|What)">(.*?)</td>', timeline(document, session))
            assert not [what for what in told if re.search("[A-Z]{2}", what)]


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        (Field.BIO, "<mark>最高</mark>人民"),
        (Field.AVATAR, "最高人民"),  # the place is one in the text that was read in the image
    ],
)
def test_evidence_is_marked_where_it_stands_and_nowhere_else(field: Field, shown: str) -> None:
    place = {"field": field, "span_start": 0, "span_end": 2, "technique": "plain"}
    rule = {"rule_id": "state", "obligation_id": "CAC-08-2", "mode": RuleMode.ENFORCE}
    finding = Finding(**place, **rule, entry="e", decision=Decision.HOLD, why="Found.")
    told = marked(Shown(field, "最高人民", [finding], False))
    assert re.sub(' title="[^"]*"', "", told) == shown
