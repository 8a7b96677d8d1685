"""The check across accounts on a broker: claims and answers between partitions, through crashes."""

from __future__ import annotations

import signal
import time
from typing import Any

import pytest

from processors.credit_code import complete
from schemas.codec import encode
from schemas.records import (
    AccountChange,
    AccountRuling,
    AccountVerification,
    ChangeKind,
    Decision,
    Field,
    MeasureStep,
    RulingAction,
    SubjectKind,
    VerificationKind,
    VerificationResult,
)
from streams.dead_letters import requeue
from tests.integration.harness import Application
from tests.support import wait_until

NAME = "云杉书店"
SHOPS = {
    f"shop-{place}": f"{place}云杉书店有限公司"
    for place in ("杭州", "西安", "成都", "武汉", "青岛", "厦门")
}
"""Institutions that share a name; their accounts lie in all partitions."""


class Street:
    """Sends inputs of some accounts."""

    def __init__(self, app: Application) -> None:
        self.app = app
        self.number = 0

    def send(self, topic: str, make: type[Any], account: str, **fields: Any) -> str:
        self.number += 1
        event = f"ev-{self.number}"
        now = time.time_ns() // 1_000_000
        record = make(event_id=event, account_id=account, occurred_at=now, **fields)
        self.app.send(topic, account.encode(), encode(record))
        return event

    def verify(self, account: str, kind: VerificationKind, **fields: Any) -> None:
        fields["result"] = VerificationResult.VERIFIED
        self.send("account.verifications", AccountVerification, account, kind=kind, **fields)

    def register(self, account: str, token: str, name: str, **fields: Any) -> str:
        fields |= {"name": name, "owner_token": token, "agreement_version": "v1"}
        return self.send(
            "account.changes", AccountChange, account, kind=ChangeKind.REGISTRATION, **fields
        )

    def close(self, account: str) -> None:
        self.send(
            "account.rulings",
            AccountRuling,
            account,
            action=RulingAction.IMPOSE_MEASURE,
            subject_id=account,
            reviewer_id="rev-1",
            reason="closed",
            step=MeasureStep.CLOSE,
            field=Field.NAME,
        )

    def decisions(self) -> dict[str, Decision]:
        """The last verdict on each change: papers may come behind a registration."""
        verdicts = self.app.outputs("account.verdicts")
        return {v.event_id: v.decision for v in sorted(verdicts, key=lambda v: v.revision)}


def found(street: Street) -> list[str]:
    """All shops bring their papers; then each registers under the name they share."""
    for number, (shop, legal) in enumerate(SHOPS.items()):
        code = complete(f"91990000MA{number:06d}")
        papers = {"value": legal, "names": (NAME,), "credit_code": code}
        street.verify(shop, VerificationKind.INSTITUTION, **papers)
    return [
        street.register(shop, f"tok-{shop}", NAME, subject=SubjectKind.INSTITUTION)
        for shop in SHOPS
    ]


@pytest.mark.obligation("CAC-08-2")
@pytest.mark.parametrize("step", [2, 3, 4, 5, 6])
def test_institutions_race_for_a_name_while_the_worker_dies_and_none_is_asked_twice(settings, step):
    with Application(settings(partitions=3)) as app:
        street = Street(app)
        events = found(street)
        app.flush()
        worker = app.worker(TEST_FAULT=f"{step}:4:kill")
        assert worker.await_exit() == -signal.SIGKILL
        app.drain()
        street.verify("fan", VerificationKind.IDENTITY, token="tok-fan")
        fan = street.register("fan", "tok-fan", "云杉-书店")
        app.flush()
        app.drain()
        app.assert_sound()
        decided = street.decisions()
        assert {decided[event] for event in events} <= {Decision.ALLOW, Decision.ALLOW_LABELLED}
        assert decided[fan] is Decision.HOLD, "the name is theirs"
        claims = [c for r in app.outputs("name.claims") for c in r.claims if c.answer]
        asked = {(c.account_id, c.event_id, c.kind, c.key) for c in claims}
        assert len(asked) == len(claims), "no question stands twice"


@pytest.mark.obligation("CAC-10-3a")
@pytest.mark.obligation("CAC-10-3b")
def test_who_was_closed_is_known_in_every_partition_and_after_a_restart(settings):
    look = {"device_token": "dev", "avatar": "a", "avatar_hash": "look"}
    with Application(settings(partitions=3)) as app:
        street = Street(app)
        street.verify("bad", VerificationKind.IDENTITY, token="tok-b")
        street.register("bad", "tok-b", "晚霞", **look)
        worker = app.worker()
        app.flush()
        app.drain()
        street.close("bad")
        app.flush()
        app.drain()
        worker.kill()
        app.workers.remove(worker)
        same, alike, free = [], [], []
        for number in range(6):
            for events, token, more in (
                (same, "tok-b", {}),
                (alike, f"tok-a{number}", look),
                (free, f"tok-f{number}", {"device_token": f"dev-{number}"}),
            ):
                account = f"{token}-{number}"
                street.verify(account, VerificationKind.IDENTITY, token=token)
                events.append(street.register(account, token, "晚风", **more))
        app.flush()
        app.worker()
        app.drain()
        app.assert_sound()
        decided = street.decisions()
        assert {decided[event] for event in same} == {Decision.REFUSE}
        assert {decided[event] for event in alike} == {Decision.STRICT_HOLD}
        assert {decided[event] for event in free} == {Decision.ALLOW}


@pytest.mark.obligation("CAC-10-3a")
def test_what_is_asked_and_set_aside_goes_to_a_person_and_is_decided_once_it_is_sent_again(
    settings,
):
    with Application(settings(partitions=3, answer_within_s=1.0, idle_slack_ms=500)) as app:
        street = Street(app)
        worker = app.worker(TEST_POISON="lost-", TEST_POISON_IN="name.claims")
        lost, other = [], []
        for number in range(4):
            for events, name in ((lost, f"lost-{number}"), (other, f"kept-{number}")):
                street.verify(name, VerificationKind.IDENTITY, token=f"tok-{name}")
                events.append(street.register(name, f"tok-{name}", "晚风"))
        app.flush()

        def given_up() -> bool:
            # A proof may come after its registration, which then asks only once it is there.
            decided = street.decisions()
            return {decided.get(event) for event in lost} == {Decision.HOLD} and (
                {decided.get(event) for event in other} <= {Decision.ALLOW, Decision.HOLD}
            )

        wait_until(given_up, 40, "what was set aside waits for a person")
        app.drain()
        assert app.dead_letters()
        app.assert_sound()
        worker.kill()
        app.workers.remove(worker)
        app.worker().await_ready()
        assert requeue(app.settings, lambda letters: letters)
        wait_until(
            lambda: {d for e, d in street.decisions().items() if e in lost} == {Decision.ALLOW},
            40,
            "what was asked is answered after all",
        )
        app.drain()
        app.assert_sound()
        verdicts = app.outputs("account.verdicts")
        assert len({(v.event_id, v.revision) for v in verdicts}) == len(verdicts)
