"""The front door: what is rejected, what is a duplicate, what a batch comes to."""

from __future__ import annotations

from typing import Any

import pytest

from processors import engine
from processors.validation import MAX_TIME
from schemas.errors import DeadLetterReason
from schemas.records import (
    AccountAppeal,
    AccountChange,
    AccountComplaint,
    AccountRuling,
    AccountVerification,
    ChangeKind,
    ComplaintCategory,
    RulingAction,
    Verdict,
    VerificationKind,
    VerificationResult,
)
from tests.processors.accounts.world import DAY, POLICY, START, TOPICS

HEAD: dict[str, Any] = {"event_id": "e1", "account_id": "a", "occurred_at": START}


def edit(**fields: Any) -> AccountChange:
    return AccountChange(**{**HEAD, "kind": ChangeKind.EDIT, **fields})


def verification(**fields: Any) -> AccountVerification:
    defaults = {"kind": VerificationKind.LICENCE, "result": VerificationResult.VERIFIED}
    return AccountVerification(**{**HEAD, **defaults, **fields})


def complaint(**fields: Any) -> AccountComplaint:
    defaults = {"complaint_id": "c1", "category": ComplaintCategory.OTHER}
    return AccountComplaint(**{**HEAD, **defaults, **fields})


def appeal(**fields: Any) -> AccountAppeal:
    return AccountAppeal(**{**HEAD, "appeal_id": "p1", "measure_id": "m1", **fields})


def ruling(**fields: Any) -> AccountRuling:
    defaults = {
        "action": RulingAction.LIFT_MEASURE,
        "subject_id": "m1",
        "reviewer_id": "r",
        "reason": "so",
    }
    return AccountRuling(**{**HEAD, **defaults, **fields})


def item(record: Any, timestamp: int = START, offset: int = 0) -> engine.Input:
    return engine.Input(TOPICS[type(record)], 0, offset, timestamp, record)


def run(*items: engine.Input, store: dict[bytes, bytes | None] | None = None) -> engine.Outcome:
    return engine.run(items, (store or {}).get, POLICY)


@pytest.mark.parametrize(
    ("record", "reason", "named"),
    [
        (edit(account_id=""), "MISSING_ACCOUNT_ID", "account_id"),
        (edit(account_id="\0positions"), "INVALID_FIELD", "account_id"),
        (edit(account_id="a" * 257), "OVERSIZE_FIELD", "account_id"),
        (edit(event_id=""), "INVALID_FIELD", "event_id"),
        (edit(event_id="e" * 257), "OVERSIZE_FIELD", "event_id"),
        (edit(occurred_at=-1), "INVALID_FIELD", "occurred_at"),
        (edit(occurred_at=START // 1_000), "INVALID_FIELD", "occurred_at"),
        (edit(occurred_at=START * 1_000), "INVALID_FIELD", "occurred_at"),
        (edit(occurred_at=START + 300_001), "TIME_IN_FUTURE", "occurred_at"),
        *[
            (edit(**{name: "长" * 20_001}), "OVERSIZE_FIELD", name)
            for name in ("name", "avatar", "cover", "bio", "signature", "badge")
        ],
        *[
            (edit(**{name: "x" * 257}), "OVERSIZE_FIELD", name)
            for name in (
                "owner_token",
                "agreement_version",
                "language",
                "ip_region",
                "device_token",
                "avatar_hash",
            )
        ],
        (verification(value="x" * 20_001), "OVERSIZE_FIELD", "value"),
        (verification(token="x" * 257), "OVERSIZE_FIELD", "token"),
        (verification(source="x" * 257), "OVERSIZE_FIELD", "source"),
        (verification(credit_code="x" * 257), "OVERSIZE_FIELD", "credit_code"),
        (verification(expires_at=-1), "INVALID_FIELD", "expires_at"),
        (verification(expires_at=0), "INVALID_FIELD", "expires_at"),
        (verification(expires_at=START // 1_000 + 86_400), "INVALID_FIELD", "expires_at"),
        (verification(expires_at=MAX_TIME), "INVALID_FIELD", "expires_at"),
        (complaint(complaint_id=""), "INVALID_FIELD", "complaint_id"),
        (complaint(complaint_id="c" * 257), "OVERSIZE_FIELD", "complaint_id"),
        (complaint(statement="x" * 20_001), "OVERSIZE_FIELD", "statement"),
        (complaint(complainant_token="x" * 257), "OVERSIZE_FIELD", "complainant_token"),
        (appeal(appeal_id=""), "INVALID_FIELD", "appeal_id"),
        (appeal(measure_id="m" * 257), "OVERSIZE_FIELD", "measure_id"),
        (appeal(complaint_id="c" * 257), "OVERSIZE_FIELD", "complaint_id"),
        (ruling(reviewer_id=""), "INVALID_FIELD", "reviewer_id"),
        (ruling(reason="x" * 20_001), "OVERSIZE_FIELD", "reason"),
        (ruling(duration_days=0), "INVALID_FIELD", "duration_days"),
        (ruling(duration_days=36_501), "INVALID_FIELD", "duration_days"),
    ],
)
def test_bad_input_is_rejected_with_a_reason_and_the_name_of_the_field(
    record: Any, reason: str, named: str
):
    outcome = run(item(record))
    (rejection,) = outcome.rejected
    assert (rejection.index, rejection.reason) == (0, DeadLetterReason(reason))
    assert named in rejection.detail
    assert len(rejection.detail) < 100
    assert (outcome.states, outcome.outputs) == ({}, [])


def test_a_timestamp_out_of_range_is_rejected():
    for timestamp in (-1, MAX_TIME):
        (rejection,) = run(item(edit(occurred_at=0), timestamp)).rejected
        assert rejection.reason is DeadLetterReason.INVALID_FIELD


@pytest.mark.parametrize(
    "record",
    [
        edit(name="长" * 20_000),
        edit(account_id="a" * 256, event_id="e" * 256),
        edit(occurred_at=START + 300_000),
        edit(occurred_at=0),
        verification(expires_at=MAX_TIME - 1),
        ruling(duration_days=36_500),
    ],
)
def test_what_just_fits_is_accepted(record: Any):
    outcome = run(item(record))
    assert outcome.rejected == []
    assert len(outcome.states) == 1


def test_limits_are_the_callers():
    limits = engine.Limits(max_field_chars=5, max_id_chars=3, max_future_ms=0)
    records = [edit(name="123456"), edit(event_id="e123"), edit(occurred_at=START + 1)]
    outcome = engine.run([item(record) for record in records], {}.get, POLICY, limits)
    assert [rejection.index for rejection in outcome.rejected] == [0, 1, 2]


def test_good_neighbours_of_a_bad_input_are_applied():
    outcome = run(
        item(edit(event_id="e1", name="one")),
        item(edit(event_id="", name="two")),
        item(edit(event_id="e3", name="three")),
    )
    assert [output.event_id for output in outcome.outputs] == ["e1", "e3"]
    assert [rejection.index for rejection in outcome.rejected] == [1]


def test_a_duplicate_is_counted_and_puts_out_nothing():
    outcome = run(item(edit(name="one")), item(edit(name="one")))
    assert outcome.duplicates == 1
    assert len(outcome.outputs) == 1


def test_a_duplicate_does_not_even_fire_deadlines():
    first = run(item(edit(name="doctor")))
    again = run(item(edit(name="doctor"), START + 30 * DAY), store=first.states)
    assert (again.states, again.outputs, again.duplicates) == ({}, [], 1)


def test_an_event_is_known_among_sixteen_others_and_no_longer():
    store: dict[bytes, bytes | None] = {}
    for number in range(17):
        store.update(run(item(edit(event_id=f"e{number}", name="x")), store=store).states)
    assert run(item(edit(event_id="e1", name="x")), store=store).duplicates == 1
    assert run(item(edit(event_id="e0", name="x")), store=store).duplicates == 0


def test_deadlines_of_the_account_fire_before_a_later_input():
    first = run(item(edit(name="doctor")))
    outcome = run(item(edit(event_id="e2", bio="hi"), START + 8 * DAY), store=first.states)
    verdicts = [output for output in outcome.outputs if type(output) is Verdict]
    assert [(v.event_id, v.revision) for v in verdicts] == [("e1", 2), ("e2", 1)]
    assert [v.decided_at for v in verdicts] == [START + 7 * DAY, START + 8 * DAY]
    assert [v.account_seq for v in verdicts] == [2, 3]


def test_only_what_changed_comes_back():
    store = run(item(edit(account_id="a")), item(edit(account_id="b"))).states
    outcome = run(item(edit(account_id="a", event_id="e2")), store=dict(store))
    assert list(outcome.states) == [b"a"]


def test_nothing_is_written_while_a_batch_runs():
    class Frozen(dict[bytes, bytes | None]):
        def __setitem__(self, key: bytes, value: bytes | None) -> None:
            raise AssertionError("written")

    store = Frozen(run(item(edit(name="doctor"))).states)
    before = dict(store)
    engine.run([item(edit(event_id="e2", name="x"))], store.get, POLICY)
    engine.run_due([b"a"], store.get, POLICY, START + 9 * DAY)
    assert store == before


def test_a_state_is_read_once_a_batch():
    reads: list[bytes] = []

    def read(key: bytes) -> bytes | None:
        reads.append(key)
        return None

    engine.run([item(edit(event_id=f"e{n}")) for n in range(5)], read, POLICY)
    assert reads == [b"a"]


def test_deadlines_that_are_not_due_do_not_fire():
    store = run(item(edit(name="doctor"))).states
    early = engine.run_due([b"a", b"unknown"], store.get, POLICY, START + 7 * DAY - 1)
    assert (early.states, early.outputs) == ({}, [])
    due = engine.run_due([b"a", b"a"], store.get, POLICY, START + 7 * DAY)
    assert list(due.states) == [b"a"]
    assert {output.account_seq for output in due.outputs} == {2}


def test_an_account_id_is_any_text():
    outcome = run(item(edit(account_id="用户 1")))
    assert list(outcome.states) == ["用户 1".encode()]
    assert outcome.outputs[0].account_id == "用户 1"


def test_an_unknown_version_of_a_state_is_a_fault_of_the_program():
    with pytest.raises(ValueError, match="version"):
        run(item(edit()), store={b"a": bytes(8) + b"\x91\x63"})
