"""What a directive covers is what its scope says, and it is somebody's, for a reason."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from processors.control import Control
from schemas.records import Decision, PlatformDirective, Verdict
from streams import control_topics, directives, journal
from streams.commands import common
from streams.errors import ConfigurationError
from streams.topics import topic_of
from tests.processors.accounts.world import DAY, POLICY, START, World, one
from tests.streams.command_line import Command


def pause(**more: Any) -> PlatformDirective:
    order = {"begins": START, "ends": START + DAY, "reason": "Order 17", "by": "ana"}
    return directives.pause(**{**order, **more})


def sweep(**more: Any) -> PlatformDirective:
    order = {"begins": START, "ends": START + DAY, "reason": "Order 17", "by": "ana"}
    return directives.sweep(packs_read=0, **{**order, **more})


@pytest.mark.obligation("CAC-21-2")
@pytest.mark.parametrize("region", ["广东", "广东省", "Guangdong", "中国|0|广东省|深圳市|电信"])
def test_a_pause_holds_the_changes_of_a_region_however_it_is_spelt(region: str) -> None:
    pauses, problems = journal.pauses_of([pause(regions=[region])])
    assert problems == []

    def decided(where: str) -> Decision:
        world = World(Control.under(POLICY, pauses))
        return one(world.propose(name="sunny", ip_region=where), Verdict).decision

    assert decided("中国|0|广东省|深圳市|电信") is Decision.HOLD
    assert decided("中国|0|四川省|成都市|电信") is Decision.ALLOW


def test_scope_and_record_have_the_labels() -> None:
    order = sweep(regions=["Hong Kong", "香港", "日本"], accounts=[" a* "])
    assert order.regions == ("中国香港", "日本")
    assert order.scope == "中国香港, 日本, a*"


@pytest.mark.parametrize("order", [pause, sweep])
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"regions": ["广东", "Nowhere"]}, "no IP label shows the region 'Nowhere'"),
        ({"regions": ["中国"]}, "or one of 北京, 天津,"),
        ({"regions": [""]}, "no IP label shows the region ''"),
        ({"accounts": ["a1", ""]}, "an account of the scope is empty"),
        ({"reason": " "}, "the reason is empty"),
        ({"by": ""}, "the name of who orders it is empty"),
        ({"name": " "}, "the id is empty"),
    ],
)
def test_what_covers_nothing_or_is_nobodys_is_not_ordered(
    order: Any, wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        order(**wrong)


@pytest.mark.parametrize(
    "arguments",
    [
        ("directive", "lift", "d", "--by", " "),
        ("policy", "retire", "cac2022", "--by", ""),
        ("directive", "pause", "--by", "", "--reason", "Order 17", "--hours", "1"),
    ],
)
def test_nobody_leaves_their_name_out(command: Command, arguments: tuple[str, ...]) -> None:
    left = command(*arguments)
    assert left.code == 2
    assert "is empty; fill it in" in left.err


def test_the_list_cuts_nothing_on_a_narrow_terminal(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, by_hand = pause(), pause(name="order-17-of-2026-and-what-follows-from-it")
    orders = [replace(made, ends_at=START + 1, end_set_by="bea"), by_hand]
    topic = topic_of(PlatformDirective).name
    published = [journal.Published(topic, n, order) for n, order in enumerate(orders)]
    monkeypatch.setattr(control_topics, "read_published", lambda _: published)

    def shown() -> tuple[str, list[str]]:
        told = command("directive", "list").out
        rows = [line.split("│") for line in told.splitlines() if "│" in line]
        return told, ["".join(row[n].strip() for row in rows) for n in range(1, 7)]

    monkeypatch.setattr(common.out, "width", 80)
    told, columns = shown()
    assert "…" not in told
    for whole in (made.directive_id, by_hand.directive_id):
        assert whole in columns[0]
    assert columns[2].count("2023-11-14") == len(orders) * 2 - 1
    assert columns[5] == "anaend: beaana"
    published.pop()
    assert f" {made.directive_id} " in shown()[0], "in one piece where it is as it was made up"
