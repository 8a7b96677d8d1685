"""Statements of reasons in the account holder's language."""

from __future__ import annotations

import pytest

from processors.policy import Policy, load_pack, shipped_pack
from schemas.records import ChangeKind, Disposal, Field, MeasureStep, Notice, RulingAction
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
    assert notice.title == "Measure on your account: Correction within a time limit"
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


@pytest.mark.parametrize("language", ["zh", "en"])
def test_of_what_is_in_no_text_no_characters_are_named_and_of_an_image_its_text(language: str):
    world = World(Policy(load_pack(shipped_pack("cac2022"))), registered=False)
    world.apply("a", avatar="img/1", language=language)
    notice = one(world.analyse(Field.AVATAR, "img/1", codes=("payment",)), Notice)
    assert "1 to 0" not in notice.body
    assert "第 1 至 0 字" not in notice.body
    world.apply("b", avatar="img/2")
    world.analyse(Field.AVATAR, "img/2", text="加V信 demo_12345")
    (waits,) = world.account.pending
    notice = one(world.rule(RulingAction.REJECT_CHANGE, waits.event_id), Notice)
    said = "位置：头像中的文字第" if language == "zh" else "of the text in the avatar"
    assert said in notice.body


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh", "受限功能：发布内容、评论、发送私信。"),
        ("en", "Functions restricted: posting, commenting, sending messages."),
    ],
)
def test_functions_are_called_as_the_pack_calls_them(language: str, said: str):
    world = World(Policy(load_pack(shipped_pack("cac2022"))), registered=False)
    world.apply("a", name="plain", language=language)
    outputs = world.rule(RulingAction.IMPOSE_MEASURE, "x", step=MeasureStep.RESTRICT)
    assert said in one(outputs, Notice).body
    assert one(outputs, Disposal).functions == ("post", "comment", "message")


def test_a_step_that_takes_the_place_of_another_is_said_in_words():
    world = account_in("en")
    world.apply(bio="contact")
    lifted, begun = of(world.wait(days=8), Notice)[-2:]
    assert "Suspension takes its place." in lifted.body
    assert begun.title == "Measure on your account: Suspension"
