"""Random histories of a few accounts, as inputs in the order of their time."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from processors import engine
from processors.credit_code import complete
from processors.policy import Policy
from schemas.records import (
    AccountAppeal,
    AccountChange,
    AccountComplaint,
    AccountRuling,
    AccountVerification,
    AuthorityReport,
    ChangeKind,
    ComplaintCategory,
    Disposal,
    Field,
    MeasureStep,
    Phase,
    RulingAction,
    SubjectKind,
    VerificationKind,
    VerificationResult,
)
from tests.processors.accounts.world import DAY, HOUR, POLICY, RULES, START, TOPICS

ACCOUNTS = ("a", "b", "丙")
WORDS = ("", "plain", "sunny zq9x", *(f"{rule.id} zq9x" for rule in RULES))
PRIVATE = "zq9x"
"""Stands in many values, and so must be in no output."""

CODE = complete("91990000MA000001")
REGIONS = (None, None, "中国|0|广东省|深圳市", "日本", "内网IP zq9x")

texts = st.sampled_from(WORDS)
optional_texts = st.none() | texts
gaps = st.sampled_from((1, 1000, HOUR, DAY, 4 * DAY, 31 * DAY))

changes = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(
            (*[ChangeKind.EDIT] * 5, *[ChangeKind.REGISTRATION] * 2, ChangeKind.OWNER_CHANGE)
        )
        | st.sampled_from((ChangeKind.EDIT, ChangeKind.CANCELLATION)),
        "phase": st.sampled_from(Phase),
        "name": optional_texts,
        "bio": optional_texts,
        "avatar": st.sampled_from((None, "", "img-zq9x")),
        "subject": st.sampled_from((None, None, *SubjectKind)),
        "owner_token": st.sampled_from((None, "own-1", "own-2")),
        "language": st.sampled_from((None, "en", "zh")),
        "agreement_version": st.sampled_from((None, "v1", "v2")),
        "ip_region": st.sampled_from(REGIONS),
        "observed_address": st.sampled_from((None, "zq9x")),
    }
)
verifications = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(VerificationKind),
        "result": st.sampled_from((VerificationResult.VERIFIED, *VerificationResult)),
        "value": st.sampled_from((None, "doctor", "ministry", "baker zq9x")),
        "token": st.sampled_from((None, "own-1")),
        "days": st.sampled_from((None, 0, 3, 40)),
        "names": st.sampled_from(((), ("ministry", "zq9x"))),
        "scope": st.sampled_from((None, "doctor zq9x")),
        "registered_address": st.sampled_from((None, "zq9x")),
        "content_category": st.sampled_from((None, "zq9x")),
        "credit_code": st.sampled_from((None, CODE, CODE[:-1] + "?")),
    }
)
complaints = st.fixed_dictionaries(
    {
        "category": st.sampled_from(ComplaintCategory),
        "field": st.sampled_from((None, Field.NAME, Field.BIO)),
        "statement": st.just("because zq9x"),
        "evidence": st.sampled_from(((), (), ("zq9x",))),
        "again": st.sampled_from((None, None, None, 0, 1, 2)),
    }
)
rulings = st.fixed_dictionaries(
    {
        "action": st.sampled_from(RulingAction),
        "pick": st.integers(0, 30),
        "reviewer_id": st.sampled_from(("rev-1", "rev-2", "rev-3")),
        "step": st.sampled_from((None, *MeasureStep)),
        "duration_days": st.sampled_from((None, 1, 20)),
        "field": st.sampled_from((None, Field.NAME, Field.BIO)),
    }
)
appeals = st.fixed_dictionaries(
    {"pick": st.integers(0, 30), "answers": st.sampled_from((False, False, True))}
)

steps = st.tuples(
    st.sampled_from(ACCOUNTS),
    gaps,
    st.one_of(
        st.tuples(st.just("change"), changes),
        st.tuples(st.just("change"), changes),
        st.tuples(st.just("verification"), verifications),
        st.tuples(st.just("complaint"), complaints),
        st.tuples(st.just("ruling"), rulings),
        st.tuples(st.just("appeal"), appeals),
    ),
)
plans = st.lists(steps, max_size=25)


class Known:
    """What later inputs may refer to: ids of changes, complaints, appeals and measures."""

    def __init__(self) -> None:
        self.changes: list[str] = []
        self.complaints: list[str] = []
        self.appeals: list[str] = []
        self.measures: list[str] = []
        self.reports: list[str] = []

    def of(self, action: RulingAction) -> list[str]:
        if action.value.endswith("CHANGE"):
            return self.changes
        if action.value.endswith("COMPLAINT") or action is RulingAction.REQUEST_EVIDENCE:
            return self.complaints
        if action is RulingAction.REPORT_DELIVERED:
            return self.reports
        return self.appeals if action.value.endswith("APPEAL") else self.measures


def build(
    kind: str, number: int, account: str, now: int, fields: dict[str, Any], known: Known
) -> Any:
    """A record out of a plan's step."""
    fields = dict(fields)
    head = {"event_id": f"e{number}", "account_id": account, "occurred_at": now}
    if kind == "change":
        known.changes.append(f"e{number}")
        return AccountChange(**head, **fields)
    if kind == "verification":
        days = fields.pop("days")
        expires = None if days is None else now + days * DAY
        return AccountVerification(**head, **fields, expires_at=expires)
    if kind == "complaint":
        again = fields.pop("again", None)
        ticket = "nobody" if again is None else pick(known.complaints, again)
        if ticket == "nobody":
            ticket = f"c{number}"
            known.complaints.append(ticket)
        return AccountComplaint(**head, **fields, complaint_id=ticket)
    if kind == "appeal":
        if fields.get("answers"):
            complaint = pick(known.complaints, fields["pick"])
            return AccountAppeal(
                **head, appeal_id=f"p{number}", measure_id="", complaint_id=complaint
            )
        known.appeals.append(f"p{number}")
        measure = fields.get("measure_id") or pick(known.measures, fields["pick"])
        return AccountAppeal(**head, appeal_id=f"p{number}", measure_id=measure)
    newest = pick(known.of(fields["action"]), fields.pop("pick"))
    subject = fields.pop("subject_id", newest)
    return AccountRuling(**head, **fields, subject_id=subject, reason="so decided")


def pick(ids: list[str], number: int) -> str:
    """One of the newest ids, or one that nobody knows."""
    newest = ids[-8:]
    return newest[-1 - number % len(newest)] if newest and number % 11 else "nobody"


def realise(plan: list[Any], policy: Policy = POLICY) -> list[engine.Input]:
    """The inputs of a plan. Ids of measures come from running it."""
    store: dict[bytes, bytes | None] = {}
    known: dict[str, Known] = {account: Known() for account in ACCOUNTS}
    inputs: list[engine.Input] = []
    now = START
    for number, (account, gap, (kind, fields)) in enumerate(plan):
        now += gap
        record = build(kind, number, account, now, fields, known[account])
        item = engine.Input(TOPICS[type(record)], 0, number, now, record)
        inputs.append(item)
        outcome = engine.run([item], store.get, policy)
        store.update(outcome.states)
        known[account].measures += [o.measure_id for o in outcome.outputs if type(o) is Disposal]
        known[account].reports += [
            o.report_id for o in outcome.outputs if type(o) is AuthorityReport
        ]
    return inputs
