"""Statements of reasons in the account holder's language."""

from __future__ import annotations

import pytest

from schemas.records import ChangeKind, Field, MeasureStep, Notice, RulingAction
from tests.processors.accounts.world import World, of, one


def account_in(language: str | None) -> World:
    world = World(registered=False)
    world.change(kind=ChangeKind.REGISTRATION, name="plain", language=language)
    return world


@pytest.mark.parametrize(
    ("language", "expected"),
    [(None, "zh"), ("zh", "zh"), ("zh-Hant", "zh"), ("en", "en"), ("en-GB", "en"), ("de", "en")],
)
def test_a_notice_is_in_chinese_unless_another_language_is_known(language: str, expected: str):
    notice = one(account_in(language).apply(bio="contact"), Notice)
    assert notice.language == expected


def test_a_notice_says_what_was_found_where_on_what_ground_and_what_to_do():
    notice = one(account_in("en").apply(bio="contact"), Notice)
    assert notice.title == "Correction within a time limit of your account"
    for part in (
        "Found contact.",
        "introduction",
        "Art. 8",
        "(rule contact)",
        "Remove it.",
        "2023-11-21",
        "You may appeal until 2024-05-12",
    ):
        assert part in notice.body, part
    assert notice.deadline is not None
    assert notice.appeal_until is not None


def test_a_chinese_notice_is_chinese():
    world = account_in("zh")
    notice = one(world.apply(bio="contact"), Notice)
    assert notice.title == "处置通知：限期改正"
    assert "发现contact" in notice.body
    lifted = one(world.apply(bio="clean"), Notice)
    assert lifted.title == "处置解除通知：限期改正"
    assert "账号信息已改正。" in lifted.body


def test_a_lift_tells_how_long_a_restriction_was_served():
    world = account_in("zh")
    world.apply(bio="casino")
    world.apply(bio="clean")
    assert "已执行 7 天 0 小时" in one(world.wait(days=7), Notice).body


def test_an_order_tells_the_reason_given():
    world = account_in("en")
    outputs = world.rule(RulingAction.IMPOSE_MEASURE, "x", step=MeasureStep.RESTRICT)
    assert "so decided" in one(outputs, Notice).body


@pytest.mark.parametrize("step", list(MeasureStep))
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_step_has_words_in_both_languages(step: MeasureStep, language: str):
    world = account_in(language)
    outputs = world.rule(RulingAction.IMPOSE_MEASURE, "x", step=step, field=Field.NAME)
    for notice in of(outputs, Notice):
        assert notice.title
        assert "{" not in notice.title + notice.body


def test_a_warning_is_not_said_to_end():
    body = one(account_in("en").apply(bio="boast"), Notice).body
    assert "Measure: Warning." in body
    assert "It ends on" not in body
