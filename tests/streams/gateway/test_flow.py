"""The way of a change through the gateway, on a real Kafka, Redis and worker."""

from __future__ import annotations

import json
import threading
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from msgspec.structs import replace

from processors.policy import load_pack
from schemas.codec import decode, encode
from schemas.records import (
    AccountChange,
    AccountVerification,
    ChangeKind,
    Phase,
    Verdict,
    VerificationKind,
    VerificationResult,
)
from streams.children import free_ports
from streams.clients import create_producer, read_all
from streams.topics import real_name
from streams.views.documents import VERDICTS
from streams.views.store import now_ms
from tests.streams.gateway.stack import Stack
from tests.support import wait_until

SPAM = "加V信 demo_12345 领取资料"
STRICT = "中国第一摄影"
SOURCE = ("source_topic", "source_partition", "source_offset")


def known_identity(stack: Stack, account: str) -> None:
    """A proof of identity, given by the platform's own Kafka client."""
    record = AccountVerification(
        event_id=f"id-{account}",
        account_id=account,
        occurred_at=now_ms(),
        kind=VerificationKind.IDENTITY,
        result=VerificationResult.VERIFIED,
        token=f"t-{account}",  # of one person each: more than one account would be refused
    )
    producer: Any = create_producer(stack.settings)
    topic = real_name(stack.settings, "account.verifications")
    producer.produce(topic, key=account.encode(), value=encode(record))
    assert producer.flush(10) == 0


def open_account(stack: Stack, account: str, **values: str) -> None:
    known_identity(stack, account)
    body = {
        "account_id": account,
        "subject": "INDIVIDUAL",
        "agreement_version": "1",
        "language": "zh",
    }
    answer = stack.client("service").post("/v1/registrations", json=body | values)
    assert answer.status_code == 200, answer.text

    def is_open() -> bool:
        # The proof may overtake the registration or come after it: then it is judged again.
        told = stack.client("viewer").get(f"/v1/accounts/{account}")
        verdicts = told.json().get("verdicts") if told.status_code == 200 else None
        return bool(verdicts) and verdicts[-1]["decision"] == "ALLOW"

    wait_until(is_open, 20, "the account is open", every=0.1)


def escalation_of(stack: Stack, account: str, queue: str = "review") -> str:
    def found() -> str | None:
        told = stack.client("viewer").get("/v1/reviews", params={"queue": queue, "limit": 100})
        for item in told.json()["items"]:
            if item["escalation"]["account_id"] == account:
                return str(item["escalation"]["escalation_id"])
        return None

    return wait_until(found, 20, f"{account} waits in the queue {queue}", every=0.1)


def case_of(stack: Stack, escalation: str, *parts: str) -> dict[str, Any]:
    """A case, once it has these parts.

    The views may learn of the case before its change, and an input that cannot be read soon is left
    out: then it is asked for again, as a reviewer would.
    """
    ann = stack.client("ann")

    def whole() -> dict[str, Any] | None:
        told: dict[str, Any] = ann.get(f"/v1/reviews/{escalation}").json()
        return told if all(told.get(part) for part in parts) else None

    return wait_until(whole, 20, f"the case has {parts}", every=0.1)


def test_a_change_is_answered_with_the_verdict_of_the_stream(stack: Stack, account: str) -> None:
    open_account(stack, account, name="林小鱼")
    service = stack.client("service")
    answer = service.post("/v1/changes", json={"account_id": account, "bio": SPAM})
    assert answer.status_code == 200
    verdict = answer.json()
    assert verdict["decision"] == "REFUSE"
    assert verdict["verdicts"][-1]["findings"][0]["obligation_id"] == "CAC-08-6"
    assert SPAM not in answer.text
    honest = service.post("/v1/changes", json={"account_id": account, "bio": "今天也要好好生活"})
    assert honest.json()["decision"] == "ALLOW"

    def told() -> bool:
        status = service.get(f"/v1/changes/{account}/{verdict['event_id']}")
        return status.status_code == 200 and status.json()["verdicts"][0]["decision"] == "REFUSE"

    wait_until(told, 20, "the status address knows it, too")


def test_an_account_and_an_event_may_have_any_id(stack: Stack, account: str) -> None:
    other, event_id = f"{account}/timeline", "e/1?%2F 某"
    service, viewer = stack.client("service"), stack.client("viewer")
    body = {"account_id": account, "subject": "INDIVIDUAL", "agreement_version": "1"}
    for account_id in (account, other):
        assert service.post("/v1/registrations", json=body | {"account_id": account_id}).is_success
    producer: Any = create_producer(stack.settings)
    change = AccountChange(
        event_id=event_id,
        account_id=other,
        occurred_at=now_ms(),
        kind=ChangeKind.EDIT,
        phase=Phase.PROPOSED,
        bio=SPAM,
    )
    topic = real_name(stack.settings, "account.changes")
    producer.produce(topic, key=other.encode(), value=encode(change))
    assert producer.flush(10) == 0
    asked = f"/v1/changes/{quote(other, safe='')}/{quote(event_id, safe='')}"
    wait_until(lambda: service.get(asked).status_code == 200, 20, "its verdict is told")
    told = service.get(asked).json()
    assert (told["account_id"], told["event_id"]) == (other, event_id)
    for path in (quote(other, safe=""), f"{account}%2ftimelin%65"):
        dossier = viewer.get(f"/v1/accounts/{path}").json()
        assert (dossier["account_id"], len(dossier["verdicts"])) == (other, 2)
    by_its_side = f"/v1/accounts/{other}"
    wait_until(lambda: viewer.get(by_its_side).status_code == 200, 20, "the other one is known")
    timeline = viewer.get(by_its_side).json()
    assert (timeline["account_id"], "moments" in timeline) == (account, True)
    complaint = {"account_id": other, "category": "VULGAR", "field": "BIO"}
    where = stack.nobody.post("/v1/complaints", json=complaint).headers["location"]
    wait_until(lambda: stack.nobody.get(where).status_code == 200, 20, "its receipt is known")


def test_a_repeated_request_takes_effect_once_and_gets_the_same_answer(
    stack: Stack, account: str
) -> None:
    open_account(stack, account)
    service = stack.client("service")
    key = {"Idempotency-Key": "once"}
    body = {"account_id": account, "name": "林小鱼"}
    first = service.post("/v1/changes", json=body, headers=key)
    assert first.json()["decision"] == "ALLOW"
    event_id = first.json()["event_id"]
    wait_until(
        lambda: service.get(f"/v1/changes/{account}/{event_id}").status_code == 200,
        20,
        "it is told",
    )
    again = service.post("/v1/changes", json=body, headers=key)
    assert again.headers["idempotent-replayed"] == "true"
    assert [v["event_id"] for v in again.json()["verdicts"]] == [event_id]
    other = service.post("/v1/changes", json=body | {"name": "别的"}, headers=key)
    assert other.status_code == 422
    assert "another request" in other.json()["detail"]
    # Somebody else's key of the same words is another key.
    elsewhere = stack.client("all").post("/v1/changes", json=body, headers=key)
    assert elsewhere.json()["event_id"] != event_id


def settled(stack: Stack, escalation: str) -> None:
    """Wait until a case is open no more."""
    ann = stack.client("ann")
    wait_until(lambda: ann.get(f"/v1/reviews/{escalation}").status_code == 404, 20, "it is settled")


def test_a_repeated_ruling_gets_the_answer_of_the_first_also_when_it_has_settled_its_case(
    stack: Stack, account: str
) -> None:
    cases = []
    for each in (account, f"{account}-other"):
        open_account(stack, each)
        name = {"account_id": each, "name": "最高人民法院发布"}
        stack.client("service").post("/v1/changes", json=name)
        cases.append(escalation_of(stack, each))
    ann, key = stack.client("ann"), {"Idempotency-Key": f"ruled-{account}"}
    body = {"action": "REJECT_CHANGE", "reason": "冒用国家机关名称"}
    first = ann.post(f"/v1/reviews/{cases[0]}/ruling", json=body, headers=key)
    assert first.json()["effective"] is True
    settled(stack, cases[0])
    again = ann.post(f"/v1/reviews/{cases[0]}/ruling", json=body, headers=key)
    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    other = body | {"reason": "另有理由"}
    for where, said in ((cases[0], other), (cases[1], body)):
        refused = ann.post(f"/v1/reviews/{where}/ruling", json=said, headers=key)
        assert refused.status_code == 422
        assert "another request" in refused.json()["detail"]
    ruled = ann.post(f"/v1/reviews/{cases[1]}/ruling", json=body)
    assert ruled.json()["effective"] is True, "the key of another case has taken nothing away"


def test_a_key_that_was_used_for_another_ruling_by_hand_is_refused(
    stack: Stack, account: str
) -> None:
    open_account(stack, account)
    everybody, key = stack.client("all"), {"Idempotency-Key": f"by-hand-{account}"}
    where = f"/v1/accounts/{account}"
    warned = {"action": "IMPOSE_MEASURE", "step": "WARN", "reason": "多次更名"}
    first = everybody.post(f"{where}/rulings", json=warned, headers=key)
    assert first.json()["effective"] is True
    for path, body in (
        ("rulings", warned | {"step": "SUSPEND"}),
        ("legal-holds", {"action": "PLACE_HOLD", "case_id": "2026-1", "reason": "调查取证"}),
    ):
        assert everybody.post(f"{where}/{path}", json=body, headers=key).status_code == 422
    again = everybody.post(f"{where}/rulings", json=warned, headers=key)
    assert again.json() == first.json()


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/v1/complaints", {"category": "OTHER"}),
        ("/v1/appeals", {"measure_id": "m1"}),
    ],
)
def test_a_repeated_complaint_or_appeal_gets_the_same_receipt_and_another_one_is_not_lost(
    stack: Stack, account: str, path: str, more: dict[str, str]
) -> None:
    open_account(stack, account, bio="写写画画")
    everybody, key = stack.client("all"), {"Idempotency-Key": f"ticket-{account}"}
    body = {"account_id": account, "statement": "one"} | more
    first = everybody.post(path, json=body, headers=key)
    assert first.status_code == 201
    again = everybody.post(path, json=body, headers=key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    other = everybody.post(path, json=body | {"statement": "two"}, headers=key)
    assert other.status_code == 422
    assert "another request" in other.json()["detail"]


def test_a_key_of_nobody_is_no_name(stack: Stack, account: str) -> None:
    body = {"account_id": account, "category": "OTHER"}
    key = {"Idempotency-Key": "1"}
    receipts = [stack.nobody.post("/v1/complaints", json=body, headers=key) for _ in range(2)]
    assert [receipt.status_code for receipt in receipts] == [201, 201]
    assert receipts[0].json()["ticket_id"] != receipts[1].json()["ticket_id"]


def test_what_takes_too_long_gets_a_status_address(
    stack: Stack, account: str, tmp_path: Any
) -> None:
    open_account(stack, account)
    from streams.children import free_ports

    (port,) = free_ports(1)
    child = stack.start("gateway", ZHENGMING_GATEWAY_PORT=str(port), ZHENGMING_GATEWAY_WAIT_MS="0")
    headers = {"Authorization": f"Bearer {stack.keys['service']}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as client:

        def ready() -> bool:
            try:
                return client.get("/ready").status_code == 200
            except httpx.TransportError:
                return False

        wait_until(ready, 30, "the impatient gateway is ready", every=0.1)
        answer = client.post("/v1/changes", json={"account_id": account, "name": "林小鱼"})
        assert answer.status_code == 202
        where = answer.headers["location"]
        assert where == answer.json()["status_url"]
        wait_until(lambda: client.get(where).status_code == 200, 20, "the verdict is told there")
        assert client.get(where).json()["verdicts"][0]["decision"] == "ALLOW"
    child.stop()


def test_a_reviewer_sees_the_text_with_its_evidence_and_rules(stack: Stack, account: str) -> None:
    open_account(stack, account)
    service, ann = stack.client("service"), stack.client("ann")
    text = "最高人民法院发布"
    held = service.post("/v1/changes", json={"account_id": account, "name": text}).json()
    assert held["decision"] in ("HOLD", "STRICT_HOLD")
    escalation = escalation_of(stack, account)
    (shown,) = case_of(stack, escalation, "verdict", "texts")["texts"]
    assert shown["text"] == text
    spans = {text[f["span_start"] : f["span_end"]] for f in shown["findings"]}
    assert "最高人民法院" in "".join(spans)
    for words in (text, "法院发布"):
        assert words not in stack.client("viewer").get(f"/v1/accounts/{account}").text

    assert ann.post(f"/v1/reviews/{escalation}/claim").json()["claimed_by"] == "ann"
    bob = stack.client("bob")
    assert bob.post(f"/v1/reviews/{escalation}/claim").status_code == 409
    ruling = {"action": "REJECT_CHANGE", "reason": "冒用国家机关名称"}
    assert bob.post(f"/v1/reviews/{escalation}/ruling", json=ruling).status_code == 409
    wrong = ann.post(f"/v1/reviews/{escalation}/ruling", json=ruling | {"action": "UPHOLD_APPEAL"})
    assert wrong.status_code == 422
    ruled = ann.post(f"/v1/reviews/{escalation}/ruling", json=ruling)
    assert ruled.status_code == 200, ruled.text
    assert ruled.json()["effective"] is True

    def closed() -> bool:
        return ann.get(f"/v1/reviews/{escalation}").status_code == 404

    wait_until(closed, 20, "the case is closed", every=0.1)
    auditor = stack.client("auditor")

    def recorded() -> bool:
        lines = auditor.get(f"/v1/accounts/{account}/timeline").json()["moments"]
        return any(m["kind"] == "ruling" and m["what"] == "by ann" for m in lines)

    wait_until(recorded, 20, "the ruling is in the timeline", every=0.1)
    logged = [json.loads(line) for line in stack.log("gateway").splitlines() if '"ruled"' in line]
    assert [(x["actor"], x["account"]) for x in logged if x["account"] == account] == [
        ("ann", account)
    ]


def test_a_change_is_decided_by_its_own_text_however_many_came_after_it(
    stack: Stack, account: str
) -> None:
    open_account(stack, account, name="林小鱼")
    service = stack.client("service")
    assert service.post("/v1/changes", json={"account_id": account, "name": STRICT}).json()[
        "decision"
    ] == ("STRICT_HOLD")
    last = ""
    for number in range(VERDICTS + 2):
        edit = {"account_id": account, "bio": f"第{number}天，好好生活"}
        last = service.post("/v1/changes", json=edit).json()["event_id"]
    wait_until(
        lambda: service.get(f"/v1/changes/{account}/{last}").status_code == 200, 20, "all are known"
    )
    case = case_of(stack, escalation_of(stack, account), "texts", "verdict")
    assert [(shown["field"], shown["text"]) for shown in case["texts"]] == [("NAME", STRICT)]
    assert case["texts"][0]["standing"] == "WAITING"


def test_the_text_of_another_account_is_never_shown_as_that_of_this_one(
    stack: Stack, account: str
) -> None:
    """After a restore verdicts name places where by now something else may stand."""
    other, words = f"{account}-other", f"写写画画 {account}"
    open_account(stack, other, bio=words)
    open_account(stack, account)
    held = stack.client("service").post("/v1/changes", json={"account_id": account, "name": STRICT})
    escalation = escalation_of(stack, account)
    case_of(stack, escalation, "texts", "verdict")
    topic = real_name(stack.settings, "account.verdicts")
    verdicts = [decode(Verdict, m.value()) for m in read_all(stack.settings, [topic])]
    waits = next(v for v in verdicts if v.event_id == held.json()["event_id"])
    theirs = next(v for v in verdicts if v.account_id == other)
    place = {name: getattr(theirs, name) for name in SOURCE}
    producer: Any = create_producer(stack.settings)
    for restored in (
        replace(theirs, account_id=account, event_id="before", **place),
        replace(waits, revision=2, reason="restored", **place),
    ):
        producer.produce(topic, key=account.encode(), value=encode(restored))
    assert producer.flush(10) == 0
    ann = stack.client("ann")

    def told() -> dict[str, Any] | None:
        case: dict[str, Any] = ann.get(f"/v1/reviews/{escalation}").json()
        return case if case["verdict"]["reason"] == "restored" else None

    assert wait_until(told, 20, "the verdict is known", every=0.1)["texts"] == []
    events = {v["event_id"] for v in ann.get(f"/v1/accounts/{account}").json()["verdicts"]}
    assert "before" in events
    assert words not in ann.get(f"/v1/accounts/{account}/values").text
    assert words in ann.get(f"/v1/accounts/{other}/values").text


@pytest.mark.obligation("CAC-10-2")
def test_a_strict_review_takes_two_different_reviewers(stack: Stack, account: str) -> None:
    open_account(stack, account)
    held = (
        stack.client("service")
        .post("/v1/changes", json={"account_id": account, "name": STRICT})
        .json()
    )
    assert held["decision"] == "STRICT_HOLD"
    escalation = escalation_of(stack, account)
    ruling = {"action": "APPROVE_CHANGE", "reason": "已核验"}
    first = stack.client("ann").post(f"/v1/reviews/{escalation}/ruling", json=ruling)
    assert "first of two reviewers" in first.json()["outcome"]
    again = stack.client("ann").post(f"/v1/reviews/{escalation}/ruling", json=ruling)
    assert again.status_code == 409
    case = case_of(stack, escalation, "rulings")
    assert case["rulings"][0]["actor"] == "ann"
    assert "first of two reviewers" in case["rulings"][0]["summary"]
    assert "two different reviewers" in again.json()["detail"]
    second = stack.client("bob").post(f"/v1/reviews/{escalation}/ruling", json=ruling)
    assert "the change is allowed" in second.json()["outcome"]


@pytest.mark.obligation("CAC-19-1")
def test_a_complaint_of_nobody_in_particular_gets_a_receipt_and_reaches_a_person(
    stack: Stack, account: str
) -> None:
    open_account(stack, account, bio="写写画画")
    said = "这个人冒充我"
    body = {"account_id": account, "category": "IMPERSONATION", "field": "BIO", "statement": said}
    receipt = stack.nobody.post("/v1/complaints", json=body)
    assert receipt.status_code == 201
    where = receipt.headers["location"]

    def accepted() -> bool:
        told = stack.nobody.get(where)
        history = told.json()["history"] if told.status_code == 200 else []
        return [state for state, _ in history[:2]] == ["RECEIVED", "ACCEPTED"]

    wait_until(accepted, 20, "its state is told")
    escalation = escalation_of(stack, account, "complaint")
    case = case_of(stack, escalation, "statement", "texts")
    assert case["statement"] == said
    assert [shown["text"] for shown in case["texts"]] == ["写写画画"]
    ruled = stack.client("ann").post(
        f"/v1/reviews/{escalation}/ruling", json={"action": "DISMISS_COMPLAINT", "reason": "不实"}
    )
    assert ruled.json()["effective"] is True
    wait_until(lambda: stack.nobody.get(where).json()["state"] == "CLOSED", 20, "it is closed")


def test_the_desk_shows_what_was_complained_of_also_when_it_is_another_one_by_now(
    stack: Stack, account: str
) -> None:
    open_account(stack, account, bio="写写画画")
    body = {"account_id": account, "category": "IMPERSONATION", "field": "BIO"}
    assert stack.nobody.post("/v1/complaints", json=body).status_code == 201
    escalation = escalation_of(stack, account, "complaint")
    service = stack.client("service")
    for bio in ("种花", "养鱼"):
        edit = {"account_id": account, "bio": bio}
        assert service.post("/v1/changes", json=edit).json()["decision"] == "ALLOW"

    def texts() -> list[tuple[str, str]]:
        shown = case_of(stack, escalation)["texts"]
        return [(text["text"], text["standing"]) for text in shown]

    wait_until(lambda: ("养鱼", "CURRENT") in texts(), 20, "the last edit is shown")
    assert texts() == [("写写画画", "FORMER"), ("养鱼", "CURRENT")]


def test_a_measure_is_imposed_appealed_against_and_lifted(stack: Stack, account: str) -> None:
    open_account(stack, account)
    ann = stack.client("ann")
    imposed = ann.post(
        f"/v1/accounts/{account}/rulings",
        json={"action": "IMPOSE_MEASURE", "step": "SUSPEND", "reason": "多次违规"},
    )
    assert imposed.json()["effective"] is True

    def measure() -> dict[str, Any] | None:
        told = stack.client("viewer").get(f"/v1/accounts/{account}").json().get("measures", [])
        return told[-1] if told else None

    begun = wait_until(measure, 20, "the measure is shown")
    assert (begun["step"], begun["action"]) == ("SUSPEND", "BEGIN")
    appeal = {"account_id": account, "measure_id": begun["measure_id"], "statement": "我没有"}
    assert stack.client("service").post("/v1/appeals", json=appeal).status_code == 201
    escalation = escalation_of(stack, account, "appeal")
    case = case_of(stack, escalation, "statement", "measure")
    assert case["statement"] == "我没有"
    assert case["measure"]["measure_id"] == begun["measure_id"]
    ruling = {"action": "UPHOLD_APPEAL", "reason": "申诉成立"}
    assert (
        stack.client("bob").post(f"/v1/reviews/{escalation}/ruling", json=ruling).status_code == 200
    )
    wait_until(lambda: (measure() or {})["action"] == "LIFT", 20, "the measure is lifted")


def test_live_events_come_as_they_happen_without_any_text(stack: Stack, account: str) -> None:
    open_account(stack, account)
    lines: list[str] = []
    begun = threading.Event()

    def listen() -> None:
        with stack.client("viewer").stream("GET", "/v1/live") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            for line in answer.iter_lines():
                begun.set()
                lines.append(line)
                if account in line and "REFUSE" in line:
                    return

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    assert begun.wait(60)
    stack.client("service").post("/v1/changes", json={"account_id": account, "bio": SPAM})
    listener.join(60)
    assert not listener.is_alive()
    assert lines[lines.index(next(x for x in lines if account in x and "REFUSE" in x)) - 1] == (
        "event: Verdict"
    )
    assert not any("demo_12345" in line for line in lines)


def test_checks_say_what_is_wrong_and_what_to_do_and_leave_no_trace(stack: Stack) -> None:
    items = [
        {"name": "林小鱼"},
        {"bio": SPAM},
        {"name": "张医生", "proofs": {"OCCUPATION": ["执业医师"]}},
    ]
    answer = stack.client("service").post("/v1/checks", json={"items": items})
    allowed, refused, labelled = answer.json()["items"]
    assert allowed["decision"] == "ALLOW"
    assert refused["decision"] == "REFUSE"
    assert refused["advice"][0]["remedy"]["zh"]
    assert labelled["decision"] == "ALLOW_LABELLED"
    assert labelled["marks"][0]["zh"]
    assert "demo_12345" not in answer.text + stack.log("gateway")


def test_the_views_tell_minutes_levels_and_reports(stack: Stack, account: str) -> None:
    open_account(stack, account)
    traffic = stack.client("viewer").get("/v1/traffic", params={"minutes": 30}).json()
    assert len(traffic["minutes"]) == 30
    counts = [m["counts"].get("decision:ALLOW", 0) for m in traffic["minutes"]]
    assert sum(counts) > 0
    assert sum(traffic["levels"].values()) > 0
    assert set(traffic["work"]) == {"review", "complaint", "appeal", "breach"}
    auditor = stack.client("auditor")
    assert auditor.get("/v1/reports").status_code == 200
    assert auditor.get("/v1/reports", params={"due_from": 2**53}).json() == {"items": []}
    assert auditor.get("/v1/reports", params={"due_from": -1}).status_code == 422


def test_packs_are_shown_validated_and_compared(stack: Stack) -> None:
    from streams.packs import find_pack

    policy = stack.client("policy")
    (pack,) = policy.get("/v1/packs").json()["packs"]
    assert (pack["id"], pack["problems"]) == ("cac2022", [])
    bad = policy.post("/v1/packs/validate", json={"files": {"pack.yaml": "id: 1\n"}})
    assert bad.json()["problems"][0]["file"] == "pack.yaml"
    files = {name: data.decode() for name, data in find_pack("cac2022").items()}
    sound = {"problems": [], "advice": []}
    assert policy.post("/v1/packs/validate", json={"files": files}).json() == sound
    spare = policy.post("/v1/packs/validate", json={"files": files | {"spare.tsv": "word"}}).json()
    assert [one["code"] for one in spare["advice"]] == ["unnamed-file"]
    files["pack.yaml"] = files["pack.yaml"].replace("hold_hours: 72", "hold_hours: 48", 1)
    assert files["pack.yaml"] != find_pack("cac2022")["pack.yaml"].decode()
    changes = policy.post("/v1/packs/diff", json={"files": files}).json()["changes"]
    assert [change["part"] for change in changes] == ["review"]

    proposed = policy.post("/v1/packs/proposals", json={"files": files}).json()
    assert proposed["author"] == "policy"
    activate = f"/v1/packs/proposals/{proposed['pack_hash']}/activate"
    assert policy.post(activate).status_code == 409  # its author
    assert stack.client("Policy").post(activate).status_code == 409
    assert stack.client("all").post(activate).json()["published_by"] == "all"

    def in_force() -> bool:
        (now,) = policy.get("/v1/packs").json()["packs"]
        return bool(now["hash"] == proposed["pack_hash"])

    wait_until(in_force, 20, "the pack is in force", every=0.1)
    assert policy.post("/v1/packs/cac2022/retire").status_code == 200
    wait_until(lambda: not in_force(), 20, "the pack before it is in force again", every=0.1)
    assert policy.post("/v1/packs/cac2022/retire").status_code == 404


def test_each_of_several_packs_is_shown_with_its_own_rules(stack: Stack) -> None:
    from streams.packs import find_pack

    def shown(url: str) -> list[str]:
        """The packs that a gateway shows, each with nothing but what is its own."""
        told = stack.client("policy").get(f"{url}/v1/packs")
        assert told.status_code == 200, told.text
        packs = told.json()["packs"]
        for pack in packs:
            name = pack["id"].partition(".")[0]
            own = load_pack({n: d for n, d in find_pack(name).items() if n != "tests.yaml"})
            ending = pack["id"].removeprefix(name)
            assert [rule["id"] for rule in pack["rules"]] == [r.id + ending for r in own.rules]
            assert (pack["title"]["en"], pack["problems"]) == (own.title.en, [])
        return [pack["id"] for pack in packs]

    (port,) = free_ports(1)
    more = {"ZHENGMING_GATEWAY_PORT": str(port), "ZHENGMING_PACK": "cac2022,dsa2022"}
    child, url = stack.start("gateway", **more), f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: serves(url), 60, f"it serves: {child.tail()}", every=0.1)
        assert shown(url) == ["cac2022", "dsa2022"]
        for name in ("cac2022", "dsa2022"):  # of what is the same nothing differs
            same = {path: data.decode() for path, data in find_pack(name).items()}
            told = stack.client("policy").post(f"{url}/v1/packs/diff", json={"files": same})
            assert told.json()["changes"] == []
    finally:
        child.stop()

    policy = stack.client("policy")
    files = {name: data.decode() for name, data in find_pack("cac2022").items()}
    proposed = policy.post("/v1/packs/proposals", json={"files": files | {"new.md": "new"}}).json()
    assert policy.post(f"/v1/packs/proposals/{proposed['pack_hash']}/shadow").is_success
    try:
        both = ["cac2022", "cac2022.shadow"]
        wait_until(lambda: shown("") == both, 20, "the shadow is shown, too", every=0.1)
    finally:
        assert policy.post("/v1/packs/cac2022.shadow/retire").is_success
    wait_until(lambda: shown("") == ["cac2022"], 20, "it is there no more", every=0.1)


def serves(url: str) -> bool:
    """Whether a gateway serves."""
    try:
        return httpx.get(f"{url}/ready").status_code == 200
    except httpx.TransportError:
        return False


def test_a_parameter_that_is_not_known_is_refused_and_not_left_out(stack: Stack) -> None:
    answer = stack.client("viewer").get("/v1/traffic", params={"minute": 5})
    assert answer.status_code == 422
    assert "there are: minutes" in answer.json()["detail"]


def test_a_body_that_is_too_large_is_refused_however_it_is_sent(stack: Stack) -> None:
    large = b'{"items": [{"bio": "' + b"x" * 1_100_000 + b'"}]}'
    service = stack.client("service")
    headers = {"Content-Type": "application/json"}
    for content in (large, iter([large[:100_000], large[100_000:]])):
        answer = service.post("/v1/checks", content=content, headers=headers)
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_wrong_request_is_told_where_without_being_quoted(stack: Stack) -> None:
    answer = stack.client("service").post(
        "/v1/changes", json={"account_id": "a", "naem": "某人的秘密", "phase": "NEVER"}
    )
    assert answer.status_code == 422
    assert {error["where"] for error in answer.json()["errors"]} == {"body.naem", "body.phase"}
    assert "某人的秘密" not in answer.text
