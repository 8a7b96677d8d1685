"""What machines found in values, and what waits for it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from processors.accounts import Status
from processors.accounts.analysed import MAX_ANALYSES
from processors.policy import Detector, DetectorKind, ImageTerms, Policy
from processors.policy.model import KnownImage, Pause
from processors.validation import Limits, check
from schemas.records import (
    AccountVerification,
    AuditRecord,
    ChangeKind,
    CreditChange,
    Decision,
    Disposal,
    Escalation,
    EscalationStatus,
    Field,
    FieldLabel,
    ImagePart,
    ImageRequest,
    Label,
    MeasureStep,
    Phase,
    RulingAction,
    SubjectKind,
    Verdict,
    VerificationKind,
    VerificationResult,
)
from tests.processors.accounts.world import START, World, none, of, one
from tests.support import shipped

PACK = shipped()
AVATAR, COVER = Field.AVATAR, Field.COVER
REQUIRED = ImageTerms(required=(AVATAR, COVER), wait_minutes=10)
MINUTES = 1 / 60
FLAG = next(d for d in PACK.detectors if d.name == "national-symbols").images[0].hash


def member(images: ImageTerms = REQUIRED) -> World:
    """An account with all that it owes, under the shipped pack with these terms."""
    world = World(Policy(replace(PACK, images=images)), registered=False)
    world.verify(VerificationKind.IDENTITY, token="tok")
    world.change(kind=ChangeKind.REGISTRATION, name="山茶", bio="", agreement_version="1")
    assert world.status is Status.OPEN
    return world


def decided(outputs: list[Any]) -> tuple[int, Decision]:
    verdict = one(outputs, Verdict)
    return verdict.revision, verdict.decision


# -- a proposed image waits ---------------------------------------------------------------------


@pytest.mark.invariant("INV-01")
def test_a_proposed_image_is_not_current_before_it_was_looked_into():
    world = member()
    outputs = world.propose("e1", avatar="img/1")
    verdict, request = one(outputs, Verdict), one(outputs, ImageRequest)
    assert (verdict.decision, verdict.unchecked) == (Decision.HOLD, (AVATAR,))
    assert verdict.due_at == world.now + 10 * 60_000
    assert (request.field, request.value, request.event_id) == (AVATAR, "img/1", "e1")
    assert none(outputs, Escalation), "nobody is asked to look yet"
    assert world.value(AVATAR) == ""

    outputs = world.analyse(AVATAR, "img/1")
    verdict = one(outputs, Verdict)
    assert (verdict.event_id, verdict.revision) == ("e1", 2)
    assert (verdict.decision, verdict.unchecked) == (Decision.ALLOW, ())
    assert world.value(AVATAR) == "img/1"
    assert world.account.pending == []


@pytest.mark.obligation("CAC-08-6")
@pytest.mark.obligation("CAC-10-1")
def test_a_proposed_image_with_a_code_is_refused_and_costs_what_the_rule_says():
    world = member()
    world.propose("e1", avatar="img/1")
    outputs = world.analyse(AVATAR, "img/1", codes=("wechat",))
    verdict = one(outputs, Verdict)
    assert (verdict.event_id, verdict.decision) == ("e1", Decision.REFUSE)
    (finding,) = verdict.findings
    assert (finding.rule_id, finding.entry, finding.field) == ("images.codes", "wechat", AVATAR)
    assert one(outputs, CreditChange).points == -30
    assert world.value(AVATAR) == ""


@pytest.mark.obligation("CAC-08-6")
@pytest.mark.invariant("INV-12")
def test_a_contact_in_the_text_of_an_image_is_found_and_never_repeated():
    world = member()
    world.propose("e1", avatar="img/1")
    outputs = world.analyse(AVATAR, "img/1", text="加V信 demo_12345")
    verdict = one(outputs, Verdict)
    assert verdict.decision is Decision.HOLD
    assert [f.rule_id for f in verdict.findings] == ["images.contacts"]
    assert "in the text read in it" in verdict.findings[0].why
    assert one(outputs, Escalation).status is EscalationStatus.OPENED
    assert "demo_12345" not in repr(outputs)


def test_a_registration_waits_as_any_change_and_is_refused_with_its_image():
    world = World(Policy(replace(PACK, images=REQUIRED)), registered=False)
    world.verify(VerificationKind.IDENTITY, token="tok")
    kind = ChangeKind.REGISTRATION
    outputs = world.change(kind=kind, name="山茶", avatar="img/1", agreement_version="1")
    assert decided(outputs) == (1, Decision.HOLD)
    assert world.status is Status.AWAITING
    world.analyse(AVATAR, "img/1", codes=("url",))
    assert world.status is Status.REFUSED


def test_two_images_are_waited_for_together():
    world = member()
    assert len(of(world.propose("e1", avatar="img/1", cover="img/2"), ImageRequest)) == 2
    assert none(world.analyse(AVATAR, "img/1"), Verdict)
    assert decided(world.analyse(COVER, "img/2")) == (2, Decision.ALLOW)


def test_what_is_refused_for_its_words_is_refused_at_once_and_no_image_is_asked_for():
    world = member()
    outputs = world.propose(name="账号安全中心", avatar="img/1")
    assert one(outputs, Verdict).decision is Decision.REFUSE
    assert none(outputs, ImageRequest)


def test_a_proof_that_comes_first_does_not_let_an_unseen_image_through():
    world = member()
    assert decided(world.propose("e1", name="张医生", avatar="img/1")) == (
        1,
        Decision.NEED_MATERIAL,
    )
    outputs = world.verify(VerificationKind.OCCUPATION, value="执业医师")
    assert decided(outputs) == (2, Decision.HOLD)
    assert none(outputs, Escalation)
    assert world.value(AVATAR) == ""
    assert decided(world.analyse(AVATAR, "img/1")) == (3, Decision.ALLOW_LABELLED)


# -- when it is not looked into -----------------------------------------------------------------


def test_without_an_analysis_in_time_a_person_looks():
    world = member()
    world.propose("e1", avatar="img/1")
    assert world.wait(hours=9 * MINUTES) == []
    outputs = world.wait(hours=2 * MINUTES)
    verdict = one(outputs, Verdict)
    assert (verdict.revision, verdict.decision, verdict.unchecked) == (2, Decision.HOLD, (AVATAR,))
    assert "was not looked into" in verdict.reason
    assert one(outputs, Escalation).status is EscalationStatus.OPENED
    assert decided(world.rule(RulingAction.APPROVE_CHANGE, "e1")) == (3, Decision.ALLOW)
    assert world.value(AVATAR) == "img/1"


def test_a_late_analysis_still_decides():
    world = member()
    world.propose("e1", avatar="img/1")
    world.wait(hours=1)
    outputs = world.analyse(AVATAR, "img/1", codes=("url",))
    assert decided(outputs) == (3, Decision.REFUSE)
    assert one(outputs, Escalation).status is EscalationStatus.CLOSED


def test_where_the_pack_says_so_it_is_allowed_and_the_verdict_tells():
    world = member(replace(REQUIRED, unchecked=Decision.ALLOW))
    world.propose("e1", avatar="img/1")
    verdict = one(world.wait(hours=1), Verdict)
    assert (verdict.decision, verdict.unchecked) == (Decision.ALLOW, (AVATAR,))
    assert "was not looked into" in verdict.reason


def test_an_image_that_could_not_be_fetched_goes_to_a_person_at_once():
    world = member()
    world.propose("e1", avatar="img/1")
    outputs = world.analyse(AVATAR, "img/1", checked=False, detail="the host is not allowed")
    assert decided(outputs) == (2, Decision.HOLD)
    assert one(outputs, Escalation).status is EscalationStatus.OPENED


def test_an_image_looked_into_for_less_than_the_rules_ask_counts_as_not_checked():
    world = member()
    world.propose("e1", avatar="img/1")
    outputs = world.analyse(AVATAR, "img/1", parts=(ImagePart.HASH,))
    assert one(outputs, Verdict).unchecked == (AVATAR,)
    assert decided(outputs) == (2, Decision.HOLD)


def test_by_default_nothing_is_asked_for_and_every_verdict_names_what_was_not_checked():
    outputs = member(ImageTerms()).propose("e1", avatar="img/1")
    assert (one(outputs, Verdict).decision, one(outputs, Verdict).unchecked) == (
        Decision.ALLOW,
        (AVATAR,),
    )
    assert none(outputs, ImageRequest)


def test_what_is_asked_for_and_not_required_is_allowed_first_and_judged_when_it_was_seen():
    world = member(ImageTerms(asked=(AVATAR,)))
    outputs = world.propose("e1", avatar="img/1")
    verdict = one(outputs, Verdict)
    assert (verdict.decision, verdict.unchecked) == (Decision.ALLOW, (AVATAR,))
    assert one(outputs, ImageRequest).value == "img/1"
    assert one(world.propose(bio="今天也要好好生活"), Verdict).unchecked == ()
    outputs = world.analyse(AVATAR, "img/1", codes=("url",))
    assert one(outputs, Disposal).step is MeasureStep.CORRECT


# -- a live image ------------------------------------------------------------------------------


def test_a_live_image_in_breach_is_under_a_measure_until_another_takes_its_place():
    world = member()
    outputs = world.apply("e1", avatar="img/1")
    assert decided(outputs) == (1, Decision.HOLD)
    assert world.value(AVATAR) == "img/1"
    outputs = world.analyse(AVATAR, "img/1", codes=("payment",))
    assert decided(outputs) == (2, Decision.REFUSE)
    assert one(outputs, Disposal).fields == (AVATAR,)
    world.apply("e2", avatar="img/2")
    world.analyse(AVATAR, "img/2")
    assert world.live() == []


def test_a_live_image_that_a_person_has_is_under_a_measure_once_a_late_analysis_finds_a_breach():
    world = member()
    world.apply("e1", avatar="img/1")
    world.wait(hours=1)
    outputs = world.analyse(AVATAR, "img/1", codes=("payment",))
    assert decided(outputs) == (3, Decision.REFUSE)
    assert one(outputs, Disposal).fields == (AVATAR,)
    assert one(outputs, Escalation).status is EscalationStatus.CLOSED
    assert none(world.analyse(AVATAR, "img/1", codes=("payment",)), Disposal)
    world.apply("e2", avatar="img/2")
    world.analyse(AVATAR, "img/2")
    assert world.live() == []


def test_of_two_live_images_one_in_breach_and_one_for_a_person_each_goes_its_way():
    world = member()
    world.apply("e1", avatar="img/1", cover="img/2")
    assert none(world.analyse(COVER, "img/2", text="加V信 demo_12345"), Disposal)
    outputs = world.analyse(AVATAR, "img/1", codes=("payment",))
    assert one(outputs, Disposal).fields == (AVATAR,)
    assert none(outputs, Escalation), "the person goes on with the other"
    (waiting,) = world.account.pending
    assert (waiting.event_id, waiting.decision) == ("e1", Decision.HOLD)
    assert none(world.analyse(AVATAR, "img/1", codes=("payment",)), Disposal)


@pytest.mark.parametrize("late", [False, True], ids=["in time", "while a person has both"])
def test_of_two_live_images_one_in_breach_the_other_is_looked_into_or_a_person_asked(late: bool):
    world = member()
    world.apply("e1", avatar="img/1", cover="img/2")
    if late:
        world.wait(hours=1)
    outputs = world.analyse(AVATAR, "img/1", codes=("payment",))
    assert one(outputs, Disposal).fields == (AVATAR,)
    assert none(outputs, Escalation), "the person goes on with the other"
    unseen = world.analyse(COVER, "img/2", checked=False, detail="it is gone")
    (waiting,) = world.account.pending
    assert (dict(waiting.values), waiting.decision) == ({COVER: "img/2"}, Decision.HOLD)
    assert none(unseen, Escalation) is late
    outputs = world.rule(RulingAction.APPROVE_CHANGE, "e1")
    assert one(outputs, Escalation).status is EscalationStatus.CLOSED
    assert world.live() == [MeasureStep.CORRECT], "to approve one lifts nothing of the other"


def test_of_two_live_images_one_in_breach_the_other_is_cleared_by_its_analysis():
    world = member()
    world.apply("e1", avatar="img/1", cover="img/2")
    world.analyse(AVATAR, "img/1", codes=("payment",))
    assert decided(world.analyse(COVER, "img/2")) == (3, Decision.ALLOW)
    assert (world.account.pending, world.live()) == ([], [MeasureStep.CORRECT])


def test_an_image_from_before_the_pack_asked_for_a_look_is_not_waited_for_for_ever():
    world = member(ImageTerms())
    world.apply("e1", avatar="img/1")
    world.policy = Policy(replace(PACK, images=REQUIRED))
    world.verify(VerificationKind.IDENTITY, token="tok")
    (waits,) = of(world.change("o1", kind=ChangeKind.OWNER_CHANGE, owner_token="tok"), Verdict)
    assert (waits.decision, waits.due_at) == (Decision.HOLD, world.now + 600_000)
    outputs = world.wait(hours=1)
    assert decided(outputs) == (2, Decision.HOLD)
    assert one(outputs, Escalation).subject_id == "o1"


def to_be_corrected(days: float) -> World:
    """An account that was to correct its avatar, so many days ago."""
    world = member()
    world.apply(avatar="img/1")
    world.analyse(AVATAR, "img/1", codes=("payment",))
    assert world.live() == [MeasureStep.CORRECT]
    world.wait(days=days)
    return world


@pytest.mark.obligation("CAC-15-2")
def test_a_corrected_image_is_waited_for_through_its_analysis_and_a_person():
    world = to_be_corrected(7 - 5 * MINUTES / 24)
    world.propose("fix", avatar="img/2")
    outputs = world.wait(days=1)
    asked = one(outputs, Escalation)
    assert world.live() == [MeasureStep.CORRECT]
    assert of(outputs, Disposal)[-1].deadline == asked.due_at
    world.rule(RulingAction.APPROVE_CHANGE, "fix")
    assert world.live() == []


@pytest.mark.obligation("CAC-15-2")
def test_one_image_after_the_other_does_not_put_a_time_limit_off_for_good():
    world = to_be_corrected(7 - 5 * MINUTES / 24)
    world.propose("fix", avatar="img/2")
    world.wait(hours=9 * MINUTES)
    assert world.live() == [MeasureStep.CORRECT]
    world.propose("another", avatar="img/3")
    world.wait(hours=9 * MINUTES)
    assert world.live() == [MeasureStep.SUSPEND]


def test_a_live_image_nobody_could_look_into_is_looked_at_by_a_person():
    world = member()
    world.apply("e1", avatar="img/1")
    outputs = world.wait(hours=1)
    assert one(outputs, Escalation).status is EscalationStatus.OPENED
    outputs = world.rule(RulingAction.REJECT_CHANGE, "e1")
    assert one(outputs, Disposal).fields == (AVATAR,)


def test_a_live_image_beside_a_breach_of_words_is_waited_for_all_the_same():
    world = member()
    outputs = world.apply("e1", bio="加微信abc12345", avatar="img/1")
    assert one(outputs, Disposal).fields == (Field.BIO,)
    (waiting,) = world.account.pending
    assert (waiting.awaiting, dict(waiting.values)) == (True, {AVATAR: "img/1"})


def test_the_same_analysis_again_changes_nothing():
    world = member()
    world.apply("e1", avatar="img/1")
    world.analyse(AVATAR, "img/1", event="a1", codes=("url",))
    before = world.store
    assert world.analyse(AVATAR, "img/1", event="a1", codes=("url",)) == []
    outputs = world.analyse(AVATAR, "img/1", event="a2", codes=("url",))
    assert [type(output) for output in outputs] == [AuditRecord]
    assert world.store.keys() == before.keys()


def test_what_is_found_in_a_value_that_is_gone_is_only_noted():
    world = member()
    world.propose("e1", avatar="img/1")
    world.propose("e2", avatar="img/2")
    outputs = world.analyse(AVATAR, "img/1", codes=("url",))
    assert "neither current nor waiting" in one(outputs, AuditRecord).summary
    assert none(outputs, Verdict)
    assert decided(world.analyse(AVATAR, "img/2")) == (2, Decision.ALLOW)


# -- the strict track --------------------------------------------------------------------------


@pytest.mark.obligation("CAC-10-2")
@pytest.mark.invariant("INV-03")
@pytest.mark.parametrize(
    "facts",
    [
        {"hash": f"{FLAG:064x}", "mirror_hash": "0" * 64},
        {"hash": "0" * 64, "mirror_hash": f"{FLAG ^ 0b1111:064x}"},
        {"text": "中国好茶"},
        {"labels": (Label(label="PARTY_SYMBOL", score=900),), "text": ""},
    ],
    ids=["flag", "mirrored flag", "strict word in its text", "label"],
)
def test_symbols_and_strict_words_in_images_wait_for_two_people(facts: dict[str, Any]):
    world = member()
    world.propose("e1", avatar="img/1")
    outputs = world.analyse(AVATAR, "img/1", **facts)
    assert decided(outputs) == (2, Decision.STRICT_HOLD)
    world.verify(VerificationKind.INSTITUTION, value="中国好茶有限公司")
    assert world.value(AVATAR) == "", "no proof lets it through"
    world.rule(RulingAction.APPROVE_CHANGE, "e1", reviewer="rev-1")
    assert world.value(AVATAR) == "", "one person does not"
    world.rule(RulingAction.APPROVE_CHANGE, "e1", reviewer="rev-2")
    assert world.value(AVATAR) == "img/1"


@pytest.mark.invariant("INV-03")
def test_what_waits_for_two_people_is_not_refused_by_what_a_machine_finds_later():
    world = member()
    assert decided(world.propose("e1", name="中国好茶", avatar="img/1")) == (
        1,
        Decision.STRICT_HOLD,
    )
    outputs = world.analyse(AVATAR, "img/1", codes=("url",))
    verdict = one(outputs, Verdict)
    assert (verdict.revision, verdict.decision) == (2, Decision.STRICT_HOLD)
    assert "images.codes" in {finding.rule_id for finding in verdict.findings}


def test_one_person_becomes_two_where_a_machine_finds_a_symbol():
    world = member()
    world.propose("e1", name="杭州市公安局", avatar="img/1")
    outputs = world.analyse(AVATAR, "img/1", hash=f"{FLAG:064x}")
    assert decided(outputs) == (2, Decision.STRICT_HOLD)
    assert [e.status for e in of(outputs, Escalation)] == [
        EscalationStatus.CLOSED,
        EscalationStatus.OPENED,
    ]


# -- classifiers of the operator ---------------------------------------------------------------


def label(name: str, score: int, field: Field = Field.BIO) -> FieldLabel:
    return FieldLabel(field=field, label=name, score=score)


@pytest.mark.obligation("CAC-08-1")
def test_a_label_that_comes_with_a_change_counts_from_the_score_of_the_rule_on():
    world = member()
    low = world.propose(bio="夜里直播", labels=(label("VULGAR", 799),))
    assert one(low, Verdict).decision is Decision.ALLOW
    high = one(world.propose(bio="深夜直播", labels=(label("VULGAR", 800),)), Verdict)
    assert high.decision is Decision.HOLD
    assert [f.rule_id for f in high.findings] == ["content.classified"]
    assert "score 0.8" in high.findings[0].why
    assert world.value(Field.BIO) == "夜里直播"


@pytest.mark.obligation("CAC-08-1")
def test_a_label_that_comes_later_is_judged_as_if_it_had_been_there():
    world = member()
    world.apply("e1", bio="深夜直播")
    outputs = world.analyse(Field.BIO, "深夜直播", labels=(Label(label="FRAUD", score=990),))
    assert one(outputs, Escalation).rule_ids == ("content.classified",)


@pytest.mark.obligation("CAC-08-8")
def test_what_a_classifier_finds_barred_otherwise_is_for_people_alone():
    world = member()
    verdict = one(world.propose(bio="新把戏", labels=(label("BARRED_OTHERWISE", 1000),)), Verdict)
    assert verdict.decision is Decision.HOLD
    assert [f.obligation_id for f in verdict.findings] == ["CAC-08-8"]


@pytest.mark.obligation("CAC-08-3")
def test_a_foreign_symbol_is_looked_at_by_a_person():
    world = member()
    world.propose("e1", avatar="img/1")
    labels = (Label(label="INTERNATIONAL_SYMBOL", score=950),)
    outputs = world.analyse(AVATAR, "img/1", labels=labels, text="")
    assert decided(outputs) == (2, Decision.HOLD)


def test_labels_of_one_source_take_the_place_of_its_earlier_ones():
    world = member()
    world.apply("e1", bio="深夜直播", labels=(label("VULGAR", 100),))
    world.analyse(Field.BIO, "深夜直播", labels=(Label(label="VULGAR", score=900),))
    world.analyse(Field.BIO, "深夜直播", labels=(Label(label="VULGAR", score=100),))
    (kept,) = world.account.analyses
    assert sorted(one.source for one in kept.labels) == ["change", "test"]


# -- what is kept ------------------------------------------------------------------------------


@pytest.mark.obligation("CAC-16")
def test_what_was_found_goes_with_the_value():
    world = member()
    world.apply("e1", avatar="img/1")
    world.analyse(AVATAR, "img/1", text="午后的猫")
    world.apply("e2", avatar="img/2")
    assert "午后的猫" not in repr(world.account.analyses)
    world.analyse(AVATAR, "img/2", text="晚上的猫")
    world.change(kind=ChangeKind.CANCELLATION)
    assert world.account.analyses == []


def test_no_more_than_so_many_analyses_are_kept():
    world = member(ImageTerms())
    for number in range(MAX_ANALYSES + 5):
        world.propose(bio=f"中国{number}", labels=(label("CATS", 1),))
    assert len(world.account.analyses) <= MAX_ANALYSES


def test_a_live_change_that_replaces_a_waiting_image_ends_its_wait():
    world = member()
    world.propose("e1", avatar="img/1")
    outputs = world.change("e2", phase=Phase.APPLIED, avatar="img/2")
    assert {v.event_id: v.decision for v in of(outputs, Verdict)} == {
        "e1": Decision.REFUSE,
        "e2": Decision.HOLD,
    }
    assert none(outputs, Escalation)


# -- logos -------------------------------------------------------------------------------------

LOGO, OTHER_LOGO = f"{(1 << 128) - 1:064x}", f"{((1 << 128) - 1) << 64:064x}"


def institution(world: World, logo: str | None = LOGO) -> None:
    """Make the account one of an institution whose proof carries a logo."""
    name = "云杉书店"
    world.verify(VerificationKind.INSTITUTION, value=f"杭州{name}有限公司", logo_hash=logo)
    world.change(subject=SubjectKind.INSTITUTION, name=name)
    assert world.account.subject is SubjectKind.INSTITUTION


@pytest.mark.obligation("CAC-07-2")
def test_the_avatar_of_an_institution_is_compared_with_its_registered_logo():
    world = member()
    institution(world)
    world.propose("e1", avatar="img/1")
    assert decided(world.analyse(AVATAR, "img/1", hash=LOGO)) == (2, Decision.ALLOW)
    world.propose("e2", avatar="img/2")
    outputs = world.analyse(AVATAR, "img/2", hash=OTHER_LOGO)
    assert decided(outputs) == (2, Decision.HOLD)
    assert [f.rule_id for f in one(outputs, Verdict).findings] == ["institution.logo"]
    assert world.value(AVATAR) == "img/1"


@pytest.mark.obligation("CAC-07-2")
def test_an_image_too_plain_to_be_compared_with_the_logo_goes_to_a_person():
    world = member()
    institution(world)
    world.propose("e1", avatar="img/1")
    assert decided(world.analyse(AVATAR, "img/1", hash="")) == (2, Decision.HOLD)


def test_without_a_logo_in_the_proof_nothing_is_compared():
    world = member()
    institution(world, logo=None)
    world.propose("e1", avatar="img/1")
    assert decided(world.analyse(AVATAR, "img/1", hash=OTHER_LOGO)) == (2, Decision.ALLOW)


@pytest.mark.obligation("CAC-07-2")
@pytest.mark.obligation("CAC-08-2")
def test_the_logo_of_another_institution_goes_to_a_person_and_ones_own_is_shown():
    """A list of known logos in a pack, cleared by the proof of the institution that it names."""
    known = KnownImage(int(OTHER_LOGO, 16), "logo of a bank", "滨海银行")
    template = next(rule for rule in PACK.rules if rule.id == "identity.enterprise")
    rule = replace(template, id="images.logos", detector="logos", fields=(AVATAR,))
    pack = replace(
        PACK,
        images=REQUIRED,
        detectors=(*PACK.detectors, Detector("logos", DetectorKind.KNOWN_IMAGES, images=(known,))),
        rules=(*PACK.rules, rule),
    )

    def shown_by(proof: str) -> Decision:
        world = World(Policy(pack), registered=False)
        world.verify(VerificationKind.IDENTITY, token="tok")
        world.change(kind=ChangeKind.REGISTRATION, name="山茶", bio="", agreement_version="1")
        world.verify(VerificationKind.INSTITUTION, value=proof)
        world.propose("e1", avatar="img/1")
        return decided(world.analyse(AVATAR, "img/1", hash=OTHER_LOGO))[1]

    assert shown_by("杭州云杉书店有限公司") is Decision.HOLD
    assert shown_by("滨海银行股份有限公司") is Decision.ALLOW_LABELLED


def test_a_logo_hash_that_is_none_is_set_aside():
    record = AccountVerification(
        event_id="e1",
        account_id="a1",
        occurred_at=START,
        kind=VerificationKind.INSTITUTION,
        result=VerificationResult.VERIFIED,
        logo_hash="not a hash",
    )
    fault = check(record, START, Limits())
    assert fault is not None
    assert fault.detail == "logo_hash is not 64 hex digits"


# -- pauses ------------------------------------------------------------------------------------


@pytest.mark.invariant("INV-13")
def test_a_clean_image_does_not_pass_a_pause_that_came_meanwhile():
    world = member()
    world.propose("e1", avatar="img/1")
    pause = Pause("d1", "ordered", world.now + 3_600_000, (ChangeKind.EDIT,))
    world.policy = Policy(replace(PACK, images=REQUIRED, pauses=(pause,)))
    outputs = world.analyse(AVATAR, "img/1")
    assert one(outputs, Verdict).decision is Decision.HOLD
    assert world.value(AVATAR) == ""
    world.policy = Policy(replace(PACK, images=REQUIRED))
    world.wait(hours=2)
    assert world.value(AVATAR) == "img/1"
