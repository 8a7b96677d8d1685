"""Obligations under the shipped pack, from a record that comes in to the records that go out."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from processors.accounts import Status
from processors.policy import Policy, load_pack, shipped_pack
from schemas.codec import Codec
from schemas.records import (
    ChangeKind,
    ComplaintCategory,
    ComplaintFeedback,
    ComplaintState,
    Decision,
    Disposal,
    Field,
    MeasureStep,
    Notice,
    Phase,
    RulingAction,
    Verdict,
    VerificationKind,
)
from tests.effort import effort
from tests.processors.accounts.world import World, none, of, one

FILES = shipped_pack()
POLICY = Policy(load_pack(FILES))
CODEC = Codec()


def member(policy: Policy = POLICY) -> World:
    """An account with all that it owes."""
    world = World(policy, registered=False)
    world.verify(VerificationKind.IDENTITY, token="tok")
    world.change(kind=ChangeKind.REGISTRATION, name="山茶", bio="", agreement_version="1")
    assert world.status is Status.OPEN
    return world


@pytest.mark.parametrize(
    ("obligation", "name"),
    [
        pytest.param("CAC-08-1", "博彩平台", marks=pytest.mark.obligation("CAC-08-1")),
        pytest.param("CAC-08-2", "杭州市公安局", marks=pytest.mark.obligation("CAC-08-2")),
        pytest.param("CAC-08-3", "世界卫生组织", marks=pytest.mark.obligation("CAC-08-3")),
        pytest.param("CAC-08-4", "江南晚报", marks=pytest.mark.obligation("CAC-08-4")),
        pytest.param("CAC-08-6", "加微信abc12345", marks=pytest.mark.obligation("CAC-08-6")),
        pytest.param("CAC-08-7", "账号安全中心", marks=pytest.mark.obligation("CAC-08-7")),
        pytest.param("CAC-10-2", "中国好茶", marks=pytest.mark.obligation("CAC-10-2")),
    ],
)
def test_what_is_prohibited_is_not_shown_and_the_verdict_names_the_obligation(
    obligation: str, name: str
):
    world = member()
    verdict = one(world.propose(name=name), Verdict)
    assert verdict.decision not in (Decision.ALLOW, Decision.ALLOW_LABELLED)
    assert obligation in {finding.obligation_id for finding in verdict.findings}
    assert world.value(Field.NAME) == "山茶"


@pytest.mark.obligation("CAC-08-8")
def test_what_no_rule_knows_a_person_can_dispose_of():
    world = member()
    assert one(world.apply(bio="some new trick"), Verdict).decision is Decision.ALLOW
    outputs = world.complain("t1", ComplaintCategory.OTHER, Field.BIO)
    assert none(outputs, Disposal)
    outputs = world.rule(RulingAction.UPHOLD_COMPLAINT, "t1", step=MeasureStep.CORRECT)
    disposal = one(outputs, Disposal)
    assert (disposal.step, disposal.fields, disposal.automatic) == (
        MeasureStep.CORRECT,
        (Field.BIO,),
        False,
    )
    notices = {notice.notice_id: notice for notice in of(outputs, Notice)}
    assert "请按照规定更正账号信息" in notices[disposal.notice_id].body
    assert of(outputs, ComplaintFeedback)[-1].state is ComplaintState.CLOSED


@pytest.mark.obligation("CAC-17-1")
@pytest.mark.obligation("CAC-15-2")
def test_every_step_of_the_ladder_under_the_shipped_pack_is_told_with_its_ground():
    world = member()
    world.apply(bio="加微信abc12345聊")
    world.wait(days=400)
    begun = [d for d in of(world.log, Disposal) if d.action == "BEGIN"]
    assert [d.step for d in begun] == ["CORRECT", "SUSPEND", "CLOSE", "BAR"]
    notices = {notice.notice_id: notice for notice in of(world.log, Notice)}
    for disposal in begun:
        assert disposal.rule_id == "contacts.individual"
        assert disposal.obligation_id == "CAC-08-6"
        assert "Art. 8(6)" in disposal.article
        assert "Art. 8(6)" in notices[disposal.notice_id].article


# -- nothing of a person goes out ---------------------------------------------------------------

digits = st.text("0123456789", min_size=4, max_size=8)
RAW = st.one_of(
    digits.map(lambda tail: f"138{tail.zfill(8)}"),
    digits.map(lambda tail: f"11010119900101{tail[:4]}"),
    digits.map(lambda tail: f"someone{tail}@example.com"),
    digits.map(lambda tail: f"203.0.113.{int(tail) % 250}"),
    digits.map(lambda tail: f"wx_id{tail}"),
)


@pytest.mark.obligation("CAC-16")
@pytest.mark.invariant("INV-12")
@effort(60)
@given(
    raw=RAW,
    around=st.sampled_from(("{}", "加微信{}", "电话：{}", "请联系 {} 谢谢", "医生 {}")),
    field=st.sampled_from(("name", "bio", "signature", "badge")),
    phase=st.sampled_from(Phase),
)
def test_no_number_and_no_address_of_a_person_is_in_any_output(
    raw: str, around: str, field: str, phase: Phase
):
    world = member()
    world.change("c1", kind=ChangeKind.EDIT, phase=phase, **{field: around.format(raw)})
    world.change("c2", kind=ChangeKind.EDIT, observed_address=raw, ip_region=raw)
    world.verify(VerificationKind.CONTACT, value=raw)
    world.verify(VerificationKind.OCCUPATION, value=around.format(raw), token=raw)
    world.complain("t1", field=Field[field.upper()], statement=raw, complainant_token=raw)
    world.rule(RulingAction.UPHOLD_COMPLAINT, "t1")
    world.wait(days=400)
    for output in world.log:
        assert raw.encode() not in CODEC.encode(output), output


# -- noise ---------------------------------------------------------------------------------------

CASES: list[dict[str, Any]] = yaml.safe_load(FILES["tests.yaml"])
NAMES = sorted({case["name"] for case in CASES if "name" in case and case["expect"] != "ALLOW"})
TRADITIONAL = str.maketrans("国门医师书华业团乐学报闻总务区", "國門醫師書華業團樂學報聞總務區")
CYRILLIC = str.maketrans("aceopxy", "асеорху")
WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def judged(name: str) -> tuple[Decision, set[str]]:
    verdict = one(member().propose(name=name), Verdict)
    return verdict.decision, {finding.rule_id for finding in verdict.findings}


@pytest.mark.invariant("INV-04")
@pytest.mark.obligation("CAC-08-6")
@pytest.mark.parametrize("name", NAMES)
def test_no_noise_in_a_name_changes_its_verdict(name: str):
    plain = judged(name)
    noisy = {
        "invisible": "\u200b".join(name),
        "wide": name.translate(WIDE),
        "traditional": name.translate(TRADITIONAL),
        "confusable": name.translate(CYRILLIC),
        "separated": "·".join(name),
    }
    assert {how: judged(text) for how, text in noisy.items()} == dict.fromkeys(noisy, plain)
