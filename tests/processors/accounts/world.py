"""A small pack with plain words for rules, and an account that a test leads through its life."""

from __future__ import annotations

from typing import Any, TypeVar

from processors import engine
from processors.accounts import Account, Status, decode
from processors.policy import (
    ComplaintTerms,
    CreditTerms,
    Detector,
    DetectorKind,
    LadderTerms,
    Level,
    Message,
    Pack,
    Policy,
    ReportTerms,
    ReviewTerms,
    Rule,
)
from processors.text import Entry
from schemas.records import (
    AccountAppeal,
    AccountChange,
    AccountComplaint,
    AccountRuling,
    AccountVerification,
    ChangeKind,
    ComplaintCategory,
    Decision,
    Field,
    FieldAnalysis,
    ImageFacts,
    ImagePart,
    MeasureStep,
    Phase,
    RuleMode,
    RulingAction,
    VerificationKind,
    VerificationResult,
)

START = 1_700_000_000_000
SECOND = 1000
HOUR = 3_600_000
DAY = 24 * HOUR
ACCOUNT = "acct-1"
TEXTS = (Field.NAME, Field.BIO, Field.SIGNATURE, Field.BADGE)

TOPICS = {
    AccountChange: "account.changes",
    AccountVerification: "account.verifications",
    AccountComplaint: "account.complaints",
    AccountAppeal: "account.appeals",
    AccountRuling: "account.rulings",
    FieldAnalysis: "account.analyses",
}

R = TypeVar("R")


def rule(word: str, decision: Decision, **more: Any) -> Rule:
    """A rule that is found by one word and carries its name."""
    defaults: dict[str, Any] = {
        "id": word,
        "obligation": "CAC-08-7",
        "article": "Art. 8",
        "mode": RuleMode.ENFORCE,
        "detector": word,
        "fields": TEXTS,
        "subjects": (),
        "decision": decision,
        "severity": 2,
        "points": -30,
        "points_days": 90,
        "measure": MeasureStep.CORRECT,
        "message": Message(zh=f"发现{word}", en=f"Found {word}."),
        "remedy": Message(zh="请删除", en="Remove it."),
    }
    return Rule(**{**defaults, **more})


RULES = (
    rule("contact", Decision.REFUSE, categories=(ComplaintCategory.CONTACTS,)),
    rule("advert", Decision.REFUSE, severity=1, points=-20, measure=None),
    rule("casino", Decision.REFUSE, severity=3, points=-150, measure=MeasureStep.RESTRICT),
    rule("fraud", Decision.REFUSE, severity=4, points=-300, measure=MeasureStep.CLOSE),
    rule("boast", Decision.NEED_MATERIAL, severity=1, points=-10, measure=MeasureStep.WARN),
    rule(
        "doctor",
        Decision.NEED_MATERIAL,
        points=-40,
        proof=VerificationKind.OCCUPATION,
        cleared=Decision.ALLOW_LABELLED,
        contradicted=Decision.REFUSE,
        categories=(ComplaintCategory.FALSE_CLAIM,),
    ),
    rule(
        "ministry",
        Decision.HOLD,
        severity=3,
        points=-100,
        proof=VerificationKind.INSTITUTION,
        cleared=Decision.ALLOW,
        categories=(ComplaintCategory.IMPERSONATION,),
    ),
    rule("national", Decision.STRICT_HOLD, points=-20),
    rule("curious", Decision.REFUSE, mode=RuleMode.SHADOW),
)


def make_pack(**changes: Any) -> Pack:
    """The pack of these tests, with parts of it replaced."""
    parts: dict[str, Any] = {
        "id": "test",
        "version": "1",
        "hash": "f" * 64,
        "title": Message(zh="测试", en="Test"),
        "detectors": tuple(
            Detector(r.id, DetectorKind.LEXICON, (Entry(r.id, r.id),)) for r in RULES
        ),
        "rules": RULES,
        "credit": CreditTerms(
            base=700,
            levels=(
                Level("A", 800),
                Level("B", 600),
                Level("C", 400),
                Level("D", 200, MeasureStep.RESTRICT),
                Level("E", 0, MeasureStep.SUSPEND),
            ),
        ),
        "ladder": LadderTerms(),
        "review": ReviewTerms(),
        "complaints": ComplaintTerms(
            7, {category: 1 + i % 4 for i, category in enumerate(ComplaintCategory)}
        ),
        "report": ReportTerms(),
    }
    return Pack(**{**parts, **changes})


POLICY = Policy(make_pack())


class World:
    """One account, its state and a clock. Every call returns the records it brought about."""

    def __init__(
        self, policy: Policy = POLICY, *, registered: bool = True, value_key: Any = b""
    ) -> None:
        self.policy = policy
        self.value_key = value_key
        self.store: dict[bytes, bytes | None] = {}
        self.now = START
        self.log: list[Any] = []
        self.inputs: list[engine.Input] = []
        self._number = 0
        if registered:
            self.change("reg", kind=ChangeKind.REGISTRATION, name="plain", language="en")

    # -- what happens -------------------------------------------------------------------------

    def propose(self, event: str = "", **fields: Any) -> list[Any]:
        """An edit that waits for its verdict."""
        return self.change(event, **fields)

    def apply(self, event: str = "", **fields: Any) -> list[Any]:
        """An edit that is live already."""
        return self.change(event, phase=Phase.APPLIED, **fields)

    def change(self, event: str = "", **fields: Any) -> list[Any]:
        fields.setdefault("kind", ChangeKind.EDIT)
        return self.give(AccountChange(**self._head(event), **fields))

    def verify(
        self,
        kind: VerificationKind,
        result: VerificationResult = VerificationResult.VERIFIED,
        event: str = "",
        **fields: Any,
    ) -> list[Any]:
        return self.give(
            AccountVerification(**self._head(event), kind=kind, result=result, **fields)
        )

    def complain(
        self,
        ticket: str,
        category: ComplaintCategory = ComplaintCategory.OTHER,
        field: Field | None = None,
        **fields: Any,
    ) -> list[Any]:
        return self.give(
            AccountComplaint(
                **self._head(""), complaint_id=ticket, category=category, field=field, **fields
            )
        )

    def appeal(self, ticket: str, measure_id: str) -> list[Any]:
        return self.give(AccountAppeal(**self._head(""), appeal_id=ticket, measure_id=measure_id))

    def answer(self, ticket: str, complaint: str) -> list[Any]:
        """The account answers a complaint."""
        head = self._head("")
        return self.give(
            AccountAppeal(**head, appeal_id=ticket, measure_id="", complaint_id=complaint)
        )

    def rule(
        self, action: RulingAction, subject: str, reviewer: str = "rev-1", **fields: Any
    ) -> list[Any]:
        return self.give(
            AccountRuling(
                **self._head(""),
                action=action,
                subject_id=subject,
                reviewer_id=reviewer,
                reason="so decided",
                **fields,
            )
        )

    def analyse(
        self, field: Field, value: str, event: str = "", labels: Any = (), **facts: Any
    ) -> list[Any]:
        """What machines found in a value; without ``labels`` an image that was looked into."""
        image = None
        if facts or not labels:
            facts.setdefault("checked", True)
            facts.setdefault("parts", tuple(ImagePart) if facts["checked"] else ())
            image = ImageFacts(**facts)
        head = self._head(event)
        return self.give(
            FieldAnalysis(
                **head, field=field, value=value, source="test", labels=labels, image=image
            )
        )

    def give(self, record: Any) -> list[Any]:
        """Apply one input, a second after the last."""
        self.now += SECOND
        self._number += 1
        item = engine.Input(TOPICS[type(record)], 3, self._number, self.now, record)
        self.inputs.append(item)
        key = self.value_key
        outcome = engine.run([item], self.store.get, self.policy, value_key=key, alone=True)
        return self._take(outcome)

    def wait(self, days: float = 0, hours: float = 0) -> list[Any]:
        """Let time pass, and deadlines fall due."""
        self.now += int(days * DAY + hours * HOUR)
        keys = [key for key in self.store if key[0]]
        outcome = engine.run_due(
            keys, self.store.get, self.policy, self.now, self.value_key, alone=True
        )
        return self._take(outcome)

    # -- what is there ------------------------------------------------------------------------

    @property
    def account(self) -> Account:
        state = self.store[ACCOUNT.encode()]
        assert state is not None
        return decode(state)

    @property
    def status(self) -> Status:
        return self.account.status

    def value(self, field: Field) -> str | None:
        return self.account.value(field)

    def live(self) -> list[MeasureStep]:
        return [measure.step for measure in self.account.live_measures()]

    def _head(self, event: str) -> dict[str, Any]:
        event = event or f"ev-{self._number + 1}"
        return {"event_id": event, "account_id": ACCOUNT, "occurred_at": self.now}

    def _take(self, outcome: engine.Outcome) -> list[Any]:
        assert not outcome.rejected
        self.store.update(outcome.states)
        self.log += outcome.outputs
        return outcome.outputs


def of(outputs: list[Any], kind: type[R]) -> list[R]:
    """The records of one type, in order."""
    return [output for output in outputs if type(output) is kind]


def one(outputs: list[Any], kind: type[R]) -> R:
    """The only record of a type."""
    found = of(outputs, kind)
    assert len(found) == 1, [type(output).__name__ for output in outputs]
    return found[0]


def none(outputs: list[Any], kind: type[Any]) -> bool:
    """Whether there is no record of a type."""
    return not of(outputs, kind)
