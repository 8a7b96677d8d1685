"""Accounts among each other: closed ones do not come back, names by right are kept (Art. 10)."""

from __future__ import annotations

import pytest

from processors.accounts import Status
from processors.credit_code import complete
from schemas.records import (
    AccountAppeal,
    ChangeKind,
    Decision,
    Disposal,
    Escalation,
    EscalationKind,
    EscalationStatus,
    Field,
    KeyKind,
    MeasureStep,
    RulingAction,
    SubjectKind,
    Verdict,
    VerificationKind,
    VerificationResult,
)
from tests.processors.accounts.street import POLICY, Street, applied, policy, verdict
from tests.processors.accounts.world import DAY, none, of, one

MANY = policy(persons=0, organisations=0)
"""Any number of accounts for everybody."""

CODE = complete("91990000MA000001")


@pytest.fixture
def street() -> Street:
    return Street(MANY)


# -- what a closed account leaves behind --------------------------------------------------------


@pytest.mark.obligation("CAC-10-3a")
def test_the_identity_of_a_closed_account_is_refused_under_another_account(street):
    street.register("bad", "tok-b")
    street.close("bad", days=30)
    refused = verdict(street.register("again", "tok-b"))
    assert refused.decision is Decision.REFUSE
    assert "CAC-10-3a" in refused.reason
    assert street.account("again").status is Status.REFUSED
    assert verdict(street.register("other", "tok-o")).decision is Decision.ALLOW


@pytest.mark.obligation("CAC-10-3a")
def test_after_the_bar_the_identity_is_verified_strictly(street):
    street.register("bad", "tok-b")
    street.close("bad", days=30)
    street.wait(31)
    held = verdict(street.register("again", "tok-b"))
    assert held.decision is Decision.STRICT_HOLD
    allowed = verdict(street.approve("again", held.event_id, "rev-1", "rev-2"))
    assert allowed.decision is Decision.ALLOW
    assert street.account("again").status is Status.OPEN


@pytest.mark.obligation("CAC-10-3a")
def test_the_length_of_the_bar_goes_by_the_severity_of_the_breach(street):
    street.register("worst", "tok-w")
    street.change("worst", bio="fraud", **applied())  # severity 4: closed, no end of the bar
    assert street.account("worst").status is Status.CLOSED
    street.wait(10_000)
    assert verdict(street.register("again", "tok-w")).decision is Decision.REFUSE


@pytest.mark.obligation("CAC-10-3a")
def test_an_identity_that_a_proof_brings_later_is_refused_as_well(street):
    street.register("bad", "tok-b")
    street.close("bad", days=30)
    held = verdict(street.register("again", name="doctor"))
    assert held.decision is Decision.NEED_MATERIAL
    street.prove("again", VerificationKind.IDENTITY, token="tok-b")
    outputs = street.prove("again", VerificationKind.OCCUPATION, value="doctor")
    assert verdict(outputs).decision is Decision.REFUSE
    assert verdict(outputs).revision == 2


@pytest.mark.obligation("CAC-10-3a")
def test_what_people_have_allowed_is_refused_when_the_identity_is_barred(street):
    street.register("bad", "tok-b")
    street.close("bad")
    held = verdict(street.register("again", "tok-b", name="ministry"))
    assert held.decision is Decision.HOLD
    assert verdict(street.approve("again", held.event_id, "rev-1")).decision is Decision.REFUSE


@pytest.mark.obligation("CAC-10-3a")
def test_an_institution_is_known_by_its_credit_code(street):
    organisation = {"subject": SubjectKind.INSTITUTION}
    street.prove_institution("shop", "Hill Ltd", credit_code=CODE)
    street.register("shop", "tok-1", **organisation)
    street.close("shop")
    street.prove_institution("shop-2", "Hill Ltd", credit_code=CODE)
    assert verdict(street.register("shop-2", "tok-2", **organisation)).decision is Decision.REFUSE


@pytest.mark.obligation("CAC-10-3a")
def test_an_account_of_a_closed_subject_that_is_live_already_is_suspended(street):
    street.register("bad", "tok-b")
    street.close("bad", days=30)
    outputs = street.register("again", "tok-b", **applied())
    assert [v.decision for v in of(outputs, Verdict)] == [Decision.ALLOW, Decision.REFUSE]
    live = street.account("again").live_measures()
    assert [(m.step, m.rule) for m in live] == [(MeasureStep.SUSPEND, "reregistration")]


@pytest.mark.obligation("CAC-10-3a")
@pytest.mark.obligation("CAC-10-3a")
@pytest.mark.parametrize("bio", ["tea", "contact", "ministry"])
def test_a_live_account_of_a_closed_subject_is_suspended_whatever_else_it_shows(street, bio: str):
    street.register("gone", "tok-a")
    street.close("gone")
    outputs = street.register("again", "tok-a", bio=bio, **applied())
    begun = [d.rule_id for d in of(outputs, Disposal) if d.step is MeasureStep.SUSPEND]
    assert begun == ["reregistration"]


def test_cancelling_bars_nothing_and_leaves_nothing(street):
    street.register("gone", "tok-g", device_token="dev", avatar="a", avatar_hash="look")
    street.cancel("gone")
    assert verdict(street.register("back", "tok-g", device_token="dev")).decision is Decision.ALLOW
    street.cancel("back")
    assert street.account("back").claimed == []


@pytest.mark.obligation("CAC-10-3a")
def test_an_upheld_appeal_takes_the_bar_from_every_key(street):
    street.register("bad", "tok-b", device_token="dev")
    street.close("bad")
    closure = street.account("bad").live_measures()[0]
    street.rule("bad", RulingAction.LIFT_MEASURE, closure.id)
    assert street.account("bad").status is Status.OPEN
    assert verdict(street.register("again", "tok-b", device_token="dev")).decision is Decision.ALLOW


@pytest.mark.obligation("CAC-10-3a")
def test_a_bar_that_a_person_makes_longer_lasts_longer_for_all(street):
    street.register("bad", "tok-b")
    street.close("bad", days=10)
    street.close("bad", days=100)
    street.wait(50)
    assert verdict(street.register("again", "tok-b")).decision is Decision.REFUSE


@pytest.mark.obligation("CAC-10-3a")
def test_a_new_owner_who_is_barred_does_not_get_the_account(street):
    street.register("bad", "tok-b")
    street.close("bad")
    street.register("sold", "tok-s")
    outputs = street.change("sold", kind=ChangeKind.OWNER_CHANGE, owner_token="tok-b")
    assert verdict(outputs).decision is Decision.REFUSE
    assert street.account("sold").owner == "tok-s"


# -- association --------------------------------------------------------------------------------


@pytest.mark.obligation("CAC-10-3b")
def test_device_and_look_of_a_closed_account_together_are_verified_strictly(street):
    look = {"device_token": "dev", "avatar": "a", "avatar_hash": "look"}
    street.register("bad", "tok-b", **look)
    street.close("bad", days=30)
    held = verdict(street.register("again", "tok-2", **look))
    assert held.decision is Decision.STRICT_HOLD
    assert {key.kind: key.weight for key in held.association} == {
        KeyKind.DEVICE: 40,
        KeyKind.NAME: 30,
        KeyKind.AVATAR: 30,
    }
    assert held.association_score == 100
    ends = next(m.ends for m in street.account("bad").live_measures() if m.ends)
    assert {key.ban_until for key in held.association} == {ends}


@pytest.mark.obligation("CAC-10-3b")
def test_less_than_the_threshold_is_kept_with_the_verdict_and_allowed(street):
    street.register("bad", "tok-b", name="sunny", device_token="dev")
    street.close("bad", days=30)
    allowed = verdict(street.register("flatmate", "tok-f", device_token="dev"))
    assert allowed.decision is Decision.ALLOW
    assert [(key.kind, key.weight) for key in allowed.association] == [(KeyKind.DEVICE, 40)]
    assert allowed.association_score == 40


@pytest.mark.obligation("CAC-10-3b")
def test_a_telephone_of_a_closed_account_is_enough_by_its_weight(street):
    street.register("bad", "tok-b", name="sunny")
    street.prove("bad", VerificationKind.CONTACT, token="tel-1")
    street.close("bad", days=30)
    street.prove("again", VerificationKind.CONTACT, token="tel-1")
    assert verdict(street.register("again", "tok-2")).decision is Decision.STRICT_HOLD


@pytest.mark.obligation("CAC-10-3b")
def test_what_is_associated_and_live_already_goes_to_two_people(street):
    look = {"device_token": "dev", "avatar": "a", "avatar_hash": "look"}
    street.register("bad", "tok-b", **look)
    street.close("bad", days=30)
    outputs = street.register("again", "tok-2", **look, **applied())
    kinds = [e.kind for e in of(outputs, Escalation)]
    assert kinds == [EscalationKind.STRICT_HOLD]
    assert street.account("again").status is Status.OPEN


# -- accounts of a subject ----------------------------------------------------------------------


def test_a_person_has_one_account_and_may_have_another_after_it():
    street = Street(POLICY)
    street.register("one", "tok-p")
    assert verdict(street.register("two", "tok-p")).decision is Decision.REFUSE
    street.cancel("one")
    assert verdict(street.register("three", "tok-p")).decision is Decision.ALLOW


def test_an_organisation_has_two():
    street = Street(POLICY)
    for account, expected in (
        ("one", Decision.ALLOW),
        ("two", Decision.ALLOW),
        ("three", Decision.REFUSE),
    ):
        street.prove_institution(account, "Hill Ltd", credit_code=CODE)
        outputs = street.register(account, f"tok-{account}", subject=SubjectKind.INSTITUTION)
        assert verdict(outputs).decision is expected


@pytest.mark.obligation("CAC-10-1")
@pytest.mark.parametrize(
    ("bio", "reviewers"), [("ministry", ["rev-1"]), ("national", ["rev-1", "rev-2"])]
)
def test_a_live_change_is_before_a_person_once_whatever_it_is_held_for(bio, reviewers):
    street = Street()
    street.register("a", "tok-a")
    street.register("b", "tok-b")
    sold = {"kind": ChangeKind.OWNER_CHANGE, "owner_token": "tok-a", "bio": bio}
    outputs = street.change("b", **applied(**sold))
    assert [v.revision for v in of(outputs, Verdict)] == [1, 2]
    assert "Accounts that the subject has already: 1" in verdict(outputs).reason
    assert [e.status for e in of(outputs, Escalation)] == [EscalationStatus.OPENED]
    done = street.approve("b", verdict(outputs).event_id, *reviewers)
    assert [v.revision for v in of(done, Verdict)] == [3]
    assert [e.status for e in of(done, Escalation)] == [EscalationStatus.CLOSED]
    assert street.account("b").pending == []


def test_a_registration_that_is_refused_counts_for_nobody():
    street = Street(POLICY)
    held = verdict(street.register("one", "tok-p", name="ministry"))
    street.rule("one", RulingAction.REJECT_CHANGE, held.event_id)
    assert verdict(street.register("two", "tok-p")).decision is Decision.ALLOW


def test_many_registrations_of_a_day_with_one_device_are_held():
    street = Street(policy(registrations_a_day={KeyKind.DEVICE: 3}))
    decisions = [
        verdict(street.register(f"a{n}", f"tok-{n}", device_token="dev")).decision for n in range(5)
    ]
    assert decisions == [Decision.ALLOW] * 3 + [Decision.HOLD] * 2
    street.wait(1)
    assert verdict(street.register("b", "tok-b", device_token="dev")).decision is Decision.ALLOW


@pytest.mark.obligation("CAC-10-1")
def test_what_was_approved_before_the_check_held_it_is_approved_with_what_that_held():
    street = Street(policy(registrations_a_day={KeyKind.DEVICE: 1}))
    street.register("first", "tok-f", device_token="dev")
    asked = verdict(street.register("second", "tok-s", "doctor lee", device_token="dev"))
    assert asked.decision is Decision.NEED_MATERIAL
    assert verdict(street.approve("second", asked.event_id, "rev-1")).decision is Decision.HOLD
    assert verdict(street.approve("second", asked.event_id, "rev-2")).decision is Decision.ALLOW
    phone = {"token": "tel-1", "expires_at": street.now + DAY}
    street.prove("second", VerificationKind.CONTACT, **phone)
    assert none(street.wait(2), Disposal), "the end of a proof has all verified anew"


# -- names --------------------------------------------------------------------------------------


@pytest.mark.obligation("CAC-08-2")
def test_nicknames_are_nobodys(street):
    for account in ("one", "two", "three"):
        assert verdict(street.register(account, account, "sunny")).decision is Decision.ALLOW


@pytest.mark.obligation("CAC-08-2")
@pytest.mark.parametrize("name", ["Hill Books", "ＨＩＬＬ ｂｏｏｋｓ", "H1ll-Books", "hiIl books"])
def test_the_name_of_a_verified_institution_is_held_for_others_however_written(street, name):
    assert verdict(street.found("shop", "Hill Books Ltd", "Hill Books")).decision is Decision.ALLOW
    held = verdict(street.register("fan", "tok-f", name))
    assert held.decision is Decision.HOLD
    assert [finding.rule_id for finding in held.findings] == ["taken"]
    street.register("late", "tok-l", "sunny")
    assert verdict(street.rename("late", name)).decision is Decision.HOLD
    assert street.account("late").value(Field.NAME) == "sunny"


@pytest.mark.obligation("CAC-08-2")
def test_a_name_that_is_live_already_and_another_institutions_is_put_before_a_person(street):
    street.found("shop", "Hill Books Ltd", "Hill Books")
    street.register("fan", "tok-f", "sunny")
    outputs = street.rename("fan", "Hill Books", **applied())
    assert [e.kind for e in of(outputs, Escalation)] == [EscalationKind.DISPOSAL]
    assert street.account("fan").value(Field.NAME) == "Hill Books"


def test_a_live_name_that_is_anothers_stays_with_the_person_whatever_proof_comes(street):
    street.found("a", "Hill Books Ltd", "Hill Books")
    street.register("b", "tok-b")
    (opened,) = of(street.rename("b", "Hill Books", **applied()), Escalation)
    assert of(street.prove("b", VerificationKind.CONTACT, token="tel"), Escalation) == []
    street.approve("b", opened.subject_id, "rev-1")
    assert street.account("b").pending == []


def test_a_name_is_free_once_its_institution_gives_it_up(street):
    street.found("shop", "Hill Books Ltd", "Hill Books")
    street.rename("shop", "Hill Books Ltd")
    assert verdict(street.register("fan", "tok-f", "Hill Books")).decision is Decision.ALLOW


def test_a_name_is_free_once_the_proof_is_revoked(street):
    street.found("shop", "Hill Books Ltd", "Hill Books")
    street.prove_institution("shop", "Hill Books Ltd", result=VerificationResult.REVOKED)
    assert verdict(street.register("fan", "tok-f", "Hill Books")).decision is Decision.ALLOW


def test_a_proof_that_comes_later_makes_the_name_its_owners(street):
    street.register("shop", "tok-s", "Hill Books", subject=SubjectKind.INSTITUTION)
    assert verdict(street.register("early", "tok-e", "Hill Books")).decision is Decision.ALLOW
    street.prove_institution("shop", "Hill Books Ltd")
    assert verdict(street.register("fan", "tok-f", "Hill Books")).decision is Decision.HOLD


def test_the_first_of_two_institutions_has_the_name_they_share(street):
    street.found("east", "Hill Books Ltd", "Hill Books")
    held = verdict(street.found("west", "Hill Books Inc", "Hill Books"))
    assert held.decision is Decision.HOLD


def test_who_owns_a_protected_name_goes_before_an_institution_of_that_name(street):
    held = verdict(street.register("office", "tok-o", "harbour office"))
    street.approve("office", held.event_id, "rev-1")
    assert street.account("office").value(Field.NAME) == "harbour office"
    street.prove_institution("pub", "Harbour Office Ltd")
    second = verdict(street.register("pub", "tok-p", "Harbour Office"))
    assert second.decision is Decision.HOLD
    again = verdict(street.approve("pub", second.event_id, "rev-1"))
    assert again.decision is Decision.HOLD
    assert "taken" in {finding.rule_id for finding in again.findings}
    assert verdict(street.approve("pub", second.event_id, "rev-1")).decision is Decision.ALLOW


@pytest.mark.obligation("CAC-10-3b")
def test_a_name_for_which_an_account_was_closed_is_held_while_the_bar_lasts(street):
    street.register("bad", "tok-b", "gold miner")
    street.close("bad", days=30, field=Field.NAME)
    assert verdict(street.register("again", "tok-2", "G0LD miner")).decision is Decision.HOLD
    street.wait(31)
    assert verdict(street.register("later", "tok-3", "gold miner")).decision is Decision.ALLOW


def test_a_nickname_of_an_account_closed_for_something_else_stays_free(street):
    street.register("bad", "tok-b", "sunny")
    street.close("bad", days=30)
    allowed = verdict(street.register("namesake", "tok-2", "sunny"))
    assert allowed.decision is Decision.ALLOW
    assert allowed.association_score == 30


@pytest.mark.obligation("CAC-10-1")
@pytest.mark.parametrize("kind", [ChangeKind.REGISTRATION, ChangeKind.OWNER_CHANGE])
@pytest.mark.parametrize("held", [False, True])
def test_what_has_no_key_to_be_asked_for_is_decided_at_once(street, kind: ChangeKind, held: bool):
    if kind is ChangeKind.OWNER_CHANGE:
        street.register("a", name="sunny")
    outputs = street.change("a", kind=kind, bio="ministry" if held else "tea")
    if held:
        outputs = street.approve("a", outputs[0].event_id, "rev-1")
    assert verdict(outputs).decision is Decision.ALLOW
    assert street.account("a").pending == []
    assert street.account("a").value(Field.BIO) == ("ministry" if held else "tea")
    live = street.change("a", kind=ChangeKind.OWNER_CHANGE, **applied(bio="milk"))
    assert verdict(live).decision is Decision.ALLOW
    assert street.account("a").pending == []


# -- while an answer is awaited -----------------------------------------------------------------


def test_names_of_letters_and_of_signs_alone_have_keys_of_their_own():
    from processors.keys import name_key

    assert name_key("☆☆") != name_key("♪♪")
    assert name_key("") == name_key("\u200b")
    assert name_key("Rain 1") == name_key("rain-l")
    assert len({name_key(name) for name in ("rain", "rains", "雨", "雨雨")}) == 4


# -- whose identity was used, and who had the account before ------------------------------------


@pytest.mark.obligation("CAC-09-2")
@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("result", [VerificationResult.FAILED, VerificationResult.REVOKED])
def test_whose_identity_was_stolen_may_register_before_and_after_the_closure(result, named):
    street = Street(policy(persons=1))
    street.register("thief", "tok-v", device_token="dev-t")
    token = {"token": "tok-v"} if named else {}
    street.prove("thief", VerificationKind.IDENTITY, result=result, **token)
    assert verdict(street.register("victim", "tok-v")).decision is Decision.ALLOW
    street.cancel("victim")
    street.wait(31)
    assert street.account("thief").status is Status.CLOSED
    assert verdict(street.register("victim-2", "tok-v")).decision is Decision.ALLOW


@pytest.mark.obligation("CAC-09-2")
def test_a_theft_that_is_found_out_after_the_closure_takes_the_bar_off_the_identity(street):
    street.register("thief", "tok-v tok-old", device_token="dev-t")
    street.prove("thief", VerificationKind.IDENTITY, token="tok-old")
    street.close("thief")
    assert verdict(street.register("victim", "tok-v")).decision is Decision.REFUSE
    revoked = {"result": VerificationResult.REVOKED, "token": "tok-old"}
    street.prove("thief", VerificationKind.IDENTITY, **revoked)
    assert verdict(street.register("victim-2", "tok-v")).decision is Decision.ALLOW
    lookalike = street.register("thief-2", "tok-t", device_token="dev-t")
    assert [key.kind for key in verdict(lookalike).association] == [KeyKind.DEVICE, KeyKind.NAME]


@pytest.mark.obligation("CAC-10-3a")
def test_a_failed_repetition_of_ones_own_proof_shakes_no_bar_off(street):
    street.register("bad", "tok-b")
    street.prove("bad", VerificationKind.IDENTITY, token="tok-b")
    for _ in range(2):
        failed = {"result": VerificationResult.FAILED, "token": "tok-b"}
        street.prove("bad", VerificationKind.IDENTITY, **failed)
    street.wait(31)
    assert street.account("bad").status is Status.CLOSED
    assert verdict(street.register("again", "tok-b")).decision is Decision.REFUSE


@pytest.mark.obligation("CAC-10-3a")
def test_an_account_suspended_for_anothers_bar_is_closed_by_a_person_alone(street):
    street.register("one", "tok-x")
    (closure, _) = of(street.close("one"), Disposal)
    suspended = of(street.register("two", "tok-x", name="other", **applied()), Disposal)[0]
    street.rule("one", RulingAction.LIFT_MEASURE, closure.measure_id, "rev-2")
    told = street.wait(31)
    (asked,) = [e for e in of(told, Escalation) if e.account_id == "two"]
    assert (asked.kind, asked.subject_id) == (EscalationKind.SLA_BREACH, suspended.measure_id)
    assert none(street.wait(200), Escalation)
    account = street.account("two")
    assert account.status is Status.OPEN
    assert [m.step for m in account.live_measures()] == [MeasureStep.SUSPEND]
    lifted = street.rule("two", RulingAction.LIFT_MEASURE, suspended.measure_id, "rev-2")
    assert one(lifted, Escalation).status is EscalationStatus.CLOSED
    assert street.account("two").live_measures() == []
    assert verdict(street.register("three", "tok-x")).decision is Decision.ALLOW


@pytest.mark.obligation("CAC-10-3a")
def test_one_appeal_takes_back_the_suspension_for_anothers_bar_however_often_it_is_found(street):
    street.register("bad", "tok-b")
    street.close("bad")
    begun = of(street.register("again", "tok-b", **applied()), Disposal)
    begun += of(street.register("again", "tok-b", **applied()), Disposal)
    transfer = {"kind": ChangeKind.OWNER_CHANGE, "owner_token": "tok-b"}
    outputs = street.change("again", **transfer, **applied())
    assert verdict(outputs).decision is Decision.REFUSE
    (suspended,) = [*begun, *of(outputs, Disposal)]
    head = {"event_id": "ap", "account_id": "again", "occurred_at": street.now}
    street.give(AccountAppeal(**head, appeal_id="t", measure_id=suspended.measure_id))
    street.rule("again", RulingAction.UPHOLD_APPEAL, "t", "judge")
    assert street.account("again").live_measures() == []


@pytest.mark.obligation("CAC-10-3b")
def test_who_sold_an_account_is_not_known_by_their_device_when_it_is_closed(street):
    street.register("sold", "tok-s", name="seller", device_token="dev-s")
    street.change("sold", kind=ChangeKind.OWNER_CHANGE, owner_token="tok-b")
    street.change("sold", name="buyer", device_token="dev-b")
    street.close("sold")
    again = verdict(street.register("mine", "tok-s", name="buyer", device_token="dev-s"))
    assert (again.decision, [k.kind for k in again.association]) == (
        Decision.ALLOW,
        [KeyKind.NAME],
    )
    held = verdict(street.register("back", "tok-o", name="buyer", device_token="dev-b"))
    assert held.decision is Decision.STRICT_HOLD


@pytest.mark.obligation("CAC-10-3a")
def test_a_closed_account_that_is_registered_anew_leaves_no_bar_behind(street):
    street.register("back", "tok-b")
    street.close("back", days=10)
    street.wait(11)
    held = verdict(street.register("back", "tok-b"))
    street.approve("back", held.event_id, "rev-1", "rev-2")
    assert street.account("back").status is Status.OPEN
    assert verdict(street.register("second", "tok-b")).decision is Decision.ALLOW
    street.cancel("back")
    street.cancel("second")
    assert street.keys() == set()
