"""What an account owes whatever its values say: agreement, identity, page, registration."""

from __future__ import annotations

from typing import Any

import pytest

from processors import engine
from processors.accounts import Status
from processors.credit_code import complete
from processors.policy import DutyTerms, Facet, Policy
from processors.sweeps import Sweep
from schemas.records import (
    AuditRecord,
    ChangeKind,
    Decision,
    Disposal,
    DisposalAction,
    Escalation,
    Field,
    MeasureStep,
    Notice,
    Phase,
    RulingAction,
    SubjectKind,
    Verdict,
    VerificationKind,
    VerificationResult,
)
from tests.processors.accounts.world import DAY, World, make_pack, none, of, one

IDENTITY = VerificationKind.IDENTITY
INSTITUTION = VerificationKind.INSTITUTION
FAILED, REVOKED = VerificationResult.FAILED, VerificationResult.REVOKED
CODE = complete("91990000MA000001")
FACTS = {"value": "ministry", "registered_address": "x", "content_category": "y"}


def asking(**terms: Any) -> Policy:
    return Policy(make_pack(duties=DutyTerms(**terms)))


ALL = asking(agreement=True, identity=True, page=tuple(Facet))


def newcomer(policy: Policy = ALL) -> World:
    return World(policy, registered=False)


def register(world: World, event: str = "reg", **fields: Any) -> list[Any]:
    fields = {"name": "plain", "agreement_version": "v1", **fields}
    return world.change(event, kind=ChangeKind.REGISTRATION, **fields)


def member() -> World:
    """An account with all that it owes."""
    world = newcomer()
    world.verify(IDENTITY, token="tok")
    register(world)
    assert world.status is Status.OPEN
    return world


def page(world: World, **fields: Any) -> list[Any]:
    """Everything that a page must show, and the registration of the public account."""
    world.verify(IDENTITY)
    world.verify(VerificationKind.CONTACT)
    world.verify(INSTITUTION, **FACTS, credit_code=CODE)
    return register(world, subject=SubjectKind.PUBLIC_ACCOUNT, ip_region="广东省", **fields)


# -- agreement ---------------------------------------------------------------------------------


@pytest.mark.obligation("CAC-06")
def test_nobody_registers_without_an_agreement():
    world = newcomer()
    world.verify(IDENTITY)
    verdict = one(register(world, agreement_version=None), Verdict)
    assert (verdict.decision, verdict.missing) == (Decision.NEED_MATERIAL, ("AGREEMENT",))
    assert "CAC-06" in verdict.reason
    assert world.status is Status.AWAITING


@pytest.mark.obligation("CAC-06")
def test_the_accepted_version_is_kept_with_the_account():
    world = member()
    assert world.account.agreement == "v1"
    world.propose(bio="b", agreement_version="v2")
    assert world.account.agreement == "v2"


def test_a_registration_with_the_agreement_takes_the_place_of_one_without():
    world = newcomer()
    world.verify(IDENTITY)
    register(world, "r1", agreement_version=None)
    outputs = register(world, "r2")
    assert [(v.event_id, v.decision) for v in of(outputs, Verdict)] == [
        ("r1", Decision.REFUSE),
        ("r2", Decision.ALLOW),
    ]


# -- identity ----------------------------------------------------------------------------------


@pytest.mark.obligation("CAC-09-1")
def test_a_registration_waits_for_the_identity_and_then_takes_effect():
    world = newcomer()
    verdict = one(register(world, "r1"), Verdict)
    assert (verdict.decision, verdict.missing) == (Decision.NEED_MATERIAL, ("IDENTITY",))
    assert world.value(Field.NAME) is None
    verdict = one(world.verify(IDENTITY, token="tok"), Verdict)
    assert (verdict.event_id, verdict.revision) == ("r1", 2)
    assert (verdict.decision, verdict.missing) == (Decision.ALLOW, ())
    assert world.value(Field.NAME) == "plain"


@pytest.mark.obligation("CAC-09-1")
def test_who_brings_no_identity_in_time_is_not_registered():
    world = newcomer()
    register(world)
    assert one(world.wait(days=8), Verdict).decision is Decision.REFUSE
    assert world.status is Status.REFUSED


@pytest.mark.obligation("CAC-09-2")
@pytest.mark.parametrize("result", [FAILED, REVOKED])
def test_a_false_or_stolen_identity_is_refused(result: VerificationResult):
    world = newcomer()
    world.verify(IDENTITY, result)
    verdict = one(register(world), Verdict)
    assert verdict.decision is Decision.REFUSE
    assert "CAC-09-2" in verdict.reason


@pytest.mark.obligation("CAC-09-2")
def test_an_account_whose_identity_was_stolen_is_suspended_and_in_the_end_closed():
    world = member()
    world.verify(IDENTITY, REVOKED)
    assert world.live() == [MeasureStep.SUSPEND]
    verdict = one(world.propose(bio="b"), Verdict)
    assert (verdict.decision, verdict.missing) == (Decision.NEED_MATERIAL, ("IDENTITY",))
    world.wait(days=31)
    assert world.status is Status.CLOSED


@pytest.mark.obligation("CAC-09-2")
def test_a_true_identity_in_time_lifts_the_suspension():
    world = member()
    world.verify(IDENTITY, REVOKED)
    world.verify(IDENTITY)
    assert world.live() == []
    assert one(world.propose(bio="b"), Verdict).decision is Decision.ALLOW


@pytest.mark.obligation("CAC-09-1")
def test_what_is_refused_anyway_is_refused_at_once():
    world = newcomer()
    assert one(register(world, name="contact"), Verdict).decision is Decision.REFUSE


def test_edits_of_no_field_do_not_pile_up_while_something_is_owed():
    world = member()
    world.verify(IDENTITY, REVOKED)
    verdict = one(world.propose(), Verdict)
    assert (verdict.decision, verdict.due_at) == (Decision.NEED_MATERIAL, None)
    world.propose(name="plain", subject=SubjectKind.INDIVIDUAL)
    assert world.account.pending == []
    for number in range(3):
        world.propose(f"to-institution-{number}", subject=SubjectKind.INSTITUTION)
    world.propose("token", owner_token="tok-2")
    assert [p.event_id for p in world.account.pending] == ["to-institution-2", "token"]


def test_no_person_is_asked_before_the_identity_is_there():
    world = newcomer()
    outputs = register(world, "r1", name="ministry")
    assert none(outputs, Escalation)
    outputs = world.verify(IDENTITY)
    assert one(outputs, Verdict).decision is Decision.HOLD
    assert one(outputs, Escalation).subject_id == "r1"


@pytest.mark.obligation("CAC-09-1")
def test_no_person_can_allow_a_change_without_an_identity():
    world = member()
    world.propose("e1", name="ministry")
    world.verify(IDENTITY, FAILED)
    audit = one(world.rule(RulingAction.APPROVE_CHANGE, "e1"), AuditRecord)
    assert "applied to nothing: There is no verified identity" in audit.summary
    assert world.value(Field.NAME) == "plain"
    world.verify(IDENTITY)
    world.rule(RulingAction.APPROVE_CHANGE, "e1")
    assert world.value(Field.NAME) == "ministry"


@pytest.mark.obligation("CAC-15-1")
def test_a_live_registration_without_identity_must_be_corrected():
    world = newcomer()
    disposal = one(register(world, phase=Phase.APPLIED), Disposal)
    assert (disposal.step, disposal.obligation_id) == (MeasureStep.CORRECT, "CAC-09-1")
    world.verify(IDENTITY)
    assert world.live() == []


@pytest.mark.obligation("CAC-15-1")
def test_the_end_of_an_identity_is_met_in_the_same_moment_and_a_new_one_lifts_the_measure():
    world = newcomer()
    world.verify(IDENTITY, expires_at=world.now + 10 * DAY)
    register(world)
    outputs = world.wait(days=11)
    disposal = one(outputs, Disposal)
    assert disposal.at == disposal.begins_at == one(outputs, Notice).at
    assert disposal.deadline == disposal.at + 7 * DAY
    lifted = one(world.verify(IDENTITY), Disposal)
    assert (lifted.action, lifted.measure_id) == (DisposalAction.LIFT, disposal.measure_id)


def test_a_failed_identity_replaces_the_time_for_bringing_one():
    world = newcomer()
    register(world, phase=Phase.APPLIED)
    world.verify(IDENTITY, FAILED)
    assert world.live() == [MeasureStep.SUSPEND]


@pytest.mark.obligation("CAC-09-1")
def test_a_new_owner_brings_an_identity_of_their_own():
    world = member()
    verdict = one(world.change("o1", kind=ChangeKind.OWNER_CHANGE, owner_token="new"), Verdict)
    assert verdict.missing == ("IDENTITY",)
    outputs = world.verify(IDENTITY, token="new")
    assert one(outputs, Verdict).decision is Decision.ALLOW
    assert world.account.owner == "new"


@pytest.mark.obligation("CAC-09-2")
def test_a_next_owner_with_a_false_identity_costs_the_present_one_nothing():
    world = member()
    world.change("o1", kind=ChangeKind.OWNER_CHANGE, owner_token="thief")
    verdict = one(world.verify(IDENTITY, REVOKED, token="thief"), Verdict)
    assert (verdict.event_id, verdict.decision) == ("o1", Decision.REFUSE)
    assert world.live() == []
    assert one(world.propose(bio="b"), Verdict).decision is Decision.ALLOW


def test_the_present_owner_stays_proved_where_the_next_one_is_rejected():
    world = member()
    world.change("o1", kind=ChangeKind.OWNER_CHANGE, owner_token="new", name="ministry")
    world.verify(IDENTITY, token="new")
    world.rule(RulingAction.REJECT_CHANGE, "o1")
    assert [fact.token for fact in world.account.facts] == ["tok", "new"]
    world.verify(IDENTITY, token="tok")
    assert [fact.token for fact in world.account.facts] == ["tok"]


def test_the_registration_of_an_institution_is_its_identity():
    world = newcomer()
    world.verify(INSTITUTION, value="ministry")
    assert one(register(world, subject=SubjectKind.INSTITUTION), Verdict).missing == ()
    world = newcomer()
    world.verify(INSTITUTION, value="ministry")
    assert one(register(world), Verdict).missing == ("IDENTITY",)


def test_accounts_from_before_our_time_owe_nothing_unless_the_pack_says_so():
    world = newcomer()
    assert one(world.propose(bio="b"), Verdict).decision is Decision.ALLOW
    world = newcomer(asking(identity=True, unseen=True))
    assert one(world.propose(bio="b"), Verdict).missing == ("IDENTITY",)


@pytest.mark.obligation("CAC-15-2")
@pytest.mark.parametrize("later", [DutyTerms(), DutyTerms(agreement=True)], ids=["none", "another"])
def test_a_duty_that_the_pack_asks_no_more_suspends_and_closes_nobody(later: DutyTerms):
    world = newcomer()
    register(world, phase=Phase.APPLIED)
    assert world.live() == [MeasureStep.CORRECT]
    world.policy = Policy(make_pack(duties=later))
    outputs = world.wait(days=60)
    lifted = one(outputs, Disposal)
    assert (lifted.action, lifted.rule_id) == (DisposalAction.LIFT, "identity")
    assert (world.status, world.live()) == (Status.OPEN, [])


def test_a_sweep_lifts_what_was_begun_for_a_duty_that_is_gone_and_says_why():
    world = newcomer()
    register(world, phase=Phase.APPLIED)
    world.wait(days=8)
    assert world.live() == [MeasureStep.SUSPEND]
    world.policy = asking(agreement=True)
    states = world.store
    sweep = Sweep("s1", world.now)
    outcome = engine.run_sweep([b"acct-1"], states.get, world.policy, world.now, sweep)
    lifted = one(outcome.outputs, Disposal)
    assert (lifted.action, lifted.step) == (DisposalAction.LIFT, MeasureStep.SUSPEND)
    assert "no longer found" in lifted.reason


@pytest.mark.obligation("CAC-15-2")
def test_accounts_that_were_never_seen_are_let_go_once_the_pack_asks_them_nothing():
    world = newcomer(asking(identity=True, unseen=True))
    world.apply(bio="b")
    assert world.live() == [MeasureStep.CORRECT]
    world.policy = asking(identity=True)
    world.wait(days=60)
    assert (world.status, world.live()) == (Status.OPEN, [])


@pytest.mark.obligation("CAC-09-2")
def test_a_failed_identity_suspends_and_closes_whatever_the_pack_asks_for():
    world = member()
    world.policy = asking()
    world.verify(IDENTITY, FAILED)
    world.propose(bio="b", agreement_version="v2")
    assert world.live() == [MeasureStep.SUSPEND]
    world.wait(days=31)
    assert world.status is Status.CLOSED


# -- the page of a public account --------------------------------------------------------------


@pytest.mark.obligation("CAC-13")
def test_a_page_with_all_six_facets_is_publishable():
    verdict = one(page(newcomer()), Verdict)
    assert (verdict.decision, verdict.publishable) == (Decision.ALLOW, True)


@pytest.mark.obligation("CAC-13")
@pytest.mark.parametrize(
    ("lost", "missing"),
    [
        ({"value": None}, "PAGE_ENTITY"),
        ({"registered_address": ""}, "PAGE_ADDRESS"),
        ({"content_category": None}, "PAGE_CATEGORY"),
        ({"credit_code": None}, "PAGE_CREDIT_CODE"),
        ({"credit_code": CODE[:-1] + "?"}, "PAGE_CREDIT_CODE"),
    ],
)
def test_a_page_that_lacks_a_facet_is_not(lost: dict[str, Any], missing: str):
    world = newcomer()
    page(world)
    world.verify(INSTITUTION, REVOKED)
    world.verify(INSTITUTION, **{**FACTS, "credit_code": CODE, **lost})
    verdict = one(world.propose(bio="b"), Verdict)
    assert (verdict.missing, verdict.publishable) == ((missing,), False)


@pytest.mark.obligation("CAC-13")
def test_a_page_needs_a_contact_and_a_place():
    world = newcomer()
    world.verify(INSTITUTION, **FACTS, credit_code=CODE)
    verdict = one(register(world, subject=SubjectKind.PUBLIC_ACCOUNT), Verdict)
    assert verdict.missing == ("PAGE_CONTACT", "PAGE_IP_LOCATION")


@pytest.mark.obligation("CAC-13")
def test_the_end_of_a_facet_begins_a_measure_that_its_renewal_lifts():
    world = newcomer()
    page(world)
    world.verify(INSTITUTION, **FACTS, credit_code=CODE, expires_at=world.now + DAY)
    disposal = one(world.wait(days=2), Disposal)
    assert (disposal.rule_id, disposal.obligation_id) == ("page", "CAC-13")
    assert "credit code" in disposal.reason
    assert "统一社会信用代码" in of(world.log, Notice)[-1].body
    world.verify(INSTITUTION, **FACTS, credit_code=CODE)
    assert world.live() == []


@pytest.mark.obligation("CAC-13")
def test_other_accounts_have_no_page():
    assert one(member().propose(bio="b"), Verdict).publishable is None


@pytest.mark.obligation("CAC-16")
def test_no_code_of_a_person_is_taken_for_that_of_an_institution():
    world = member()
    outputs = world.verify(VerificationKind.OCCUPATION, value="doctor", credit_code=CODE)
    assert CODE not in repr(outputs)
    assert CODE.encode() not in (world.store[b"acct-1"] or b"")
    assert "no institution's" in one(outputs, AuditRecord).summary


# -- institutions ------------------------------------------------------------------------------


def institution() -> World:
    world = newcomer()
    world.verify(INSTITUTION, value="ministry", names=["the bureau"])
    register(world, subject=SubjectKind.INSTITUTION)
    return world


@pytest.mark.obligation("CAC-15-2")
def test_a_revoked_registration_suspends_and_in_the_end_closes():
    world = institution()
    disposals = of(world.verify(INSTITUTION, REVOKED), Disposal)
    assert [(d.step, d.obligation_id) for d in disposals] == [(MeasureStep.SUSPEND, "CAC-15-2")]
    world.wait(days=31)
    assert world.status is Status.CLOSED


@pytest.mark.obligation("CAC-15-2")
def test_a_valid_registration_in_time_lifts_the_suspension():
    world = institution()
    world.verify(INSTITUTION, REVOKED)
    assert one(world.verify(INSTITUTION, value="ministry"), Disposal).action is DisposalAction.LIFT
    assert world.live() == []


def test_an_account_that_goes_to_a_person_is_no_institution_any_more():
    world = institution()
    world.verify(INSTITUTION, REVOKED)
    kind, subject = ChangeKind.OWNER_CHANGE, SubjectKind.INDIVIDUAL
    world.change(kind=kind, subject=subject, owner_token="new")
    outputs = world.verify(IDENTITY, token="new")
    assert DisposalAction.LIFT in [d.action for d in of(outputs, Disposal)]
    assert world.live() == []


def test_an_institution_with_another_registration_goes_on():
    world = institution()
    world.verify(INSTITUTION, value="a second one")
    world.verify(INSTITUTION, REVOKED, value="ministry")
    assert world.live() == []


@pytest.mark.obligation("CAC-07-2")
def test_an_alias_in_the_proof_counts_as_the_name():
    world = World()
    world.verify(INSTITUTION, value="some office", names=["ministry"])
    assert one(world.propose(name="ministry"), Verdict).decision is Decision.ALLOW


# -- the IP label ------------------------------------------------------------------------------


@pytest.mark.obligation("CAC-12")
def test_the_label_is_that_of_the_last_address_seen():
    world = member()
    assert one(world.propose(bio="a"), Verdict).ip_label is None
    assert one(world.propose(bio="b", ip_region="中国|0|广东省|深圳市"), Verdict).ip_label == "广东"
    assert one(world.propose(bio="c"), Verdict).ip_label == "广东"
    assert one(world.propose(bio="d", ip_region="日本|东京都"), Verdict).ip_label == "日本"
    assert one(world.propose(bio="e", ip_region="内网IP"), Verdict).ip_label is None


@pytest.mark.obligation("CAC-16")
def test_an_address_reaches_neither_state_nor_output():
    world = member()
    outputs = world.propose(bio="a", observed_address="203.0.113.77")
    assert "203.0.113" not in repr(outputs)
    assert b"203.0.113" not in (world.store[b"acct-1"] or b"")
