"""No telephone number, identity number, e-mail or IP address in anything that goes out (Art. 16).

They are planted wherever a platform, its users or its reviewers may put them; then everything that
the application says is read: output topics, headers of dead letters, the changelog's answers across
accounts, Redis, logs, pages, and what the gateway tells to each role.
"""

from __future__ import annotations

import json
import secrets
import unicodedata
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import redis

from schemas.codec import encode
from schemas.records import (
    AccountAppeal,
    AccountChange,
    AccountComplaint,
    AccountRuling,
    AccountVerification,
    ChangeKind,
    ComplaintCategory,
    Field,
    MeasureStep,
    Phase,
    RulingAction,
    SubjectKind,
    VerificationKind,
    VerificationResult,
)
from streams.clients import create_producer, read_all
from streams.processing import HEADER_PREFIX
from streams.topics import TOPICS, Direction, real_name
from streams.views.store import now_ms
from tests.streams.gateway.stack import Stack
from tests.support import wait_until

pytestmark = [pytest.mark.obligation("CAC-16"), pytest.mark.invariant("INV-12")]

SPEAKERS = ("viewer", "operator", "auditor", "policy", "service")
"""Roles that have no need to see what somebody wrote."""


class Planted:
    """Identifiers that nothing else contains, and texts with them."""

    def __init__(self) -> None:
        def digits(count: int) -> str:
            return "".join(secrets.choice("0123456789") for _ in range(count))

        self.phone = "139" + digits(8)
        self.identity = identity_number("110101199003" + digits(5))
        self.mail = f"li{digits(6)}@mail.example.cn"
        self.address = f"203.0.113.{1 + secrets.randbelow(250)}"
        self.six = f"2001:db8::{1 + secrets.randbelow(60_000):x}"
        self.all = (self.phone, self.identity, self.mail, self.address, self.six)

    @property
    def text(self) -> str:
        return f"电话{self.phone}身份证{self.identity} {self.mail} IP {self.address} {self.six}"

    @property
    def hasty(self) -> str:
        """The same, as people write it who are in a hurry."""
        return (
            f"Tel.{self.phone} wx{self.phone} {self.phone}-张三 86-{self.phone} "
            f"ID{self.identity} {self.mail.replace('@', '＠')} "
            f"IP:{self.address} IP{self.address} ip:{self.six} ::ffff:{self.address}"
        )

    def found_in(self, text: str) -> list[str]:
        plain = unicodedata.normalize("NFKC", text).replace("-", "").replace(" ", "")
        return [one for one in self.all if one in text or one in plain]


def identity_number(first: str) -> str:
    """An identity number with its check character (GB 11643)."""
    seventeen = first[:17]
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    rest = sum(int(c) * w for c, w in zip(seventeen, weights, strict=True)) % 11
    return seventeen + "10X98765432"[rest]


@pytest.fixture(scope="module")
def planted() -> Planted:
    return Planted()


def inputs(planted: Planted, account: str) -> Iterator[tuple[str, Any]]:
    """Identifiers in every text that an input has, in an order in which much happens."""
    number = 0

    def head() -> dict[str, Any]:
        nonlocal number
        number += 1
        return {"event_id": f"{account}-{number}", "account_id": account, "occurred_at": now_ms()}

    def change(**fields: Any) -> tuple[str, Any]:
        fields = {"kind": ChangeKind.EDIT, "observed_address": planted.address, **fields}
        return "account.changes", AccountChange(**head(), **fields)

    def verified(kind: VerificationKind, **fields: Any) -> tuple[str, Any]:
        result = fields.pop("result", VerificationResult.VERIFIED)
        record = AccountVerification(**head(), kind=kind, result=result, **fields)
        return "account.verifications", record

    def ruled(action: RulingAction, subject: str, **fields: Any) -> tuple[str, Any]:
        record = AccountRuling(
            **head(), action=action, subject_id=subject, reviewer_id="rev-1",
            reason=f"{planted.text}, {planted.hasty}", **fields,
        )  # fmt: skip
        return "account.rulings", record

    yield verified(VerificationKind.IDENTITY, value=planted.identity, token="tok-raw")
    yield verified(VerificationKind.CONTACT, value=planted.phone, token="tok-phone")
    yield verified(VerificationKind.OCCUPATION, value=planted.text)
    yield verified(VerificationKind.INSTITUTION, value=planted.text, scope=planted.text,
                   registered_address=planted.text, content_category=planted.text,
                   names=(planted.text,))  # fmt: skip
    yield change(kind=ChangeKind.REGISTRATION, name="林小鱼", agreement_version="1",
                 subject=SubjectKind.INDIVIDUAL)  # fmt: skip
    yield change(bio=planted.text)
    yield change(name=planted.text)
    yield change(phase=Phase.APPLIED, bio=planted.text, signature=planted.text)
    yield change(phase=Phase.APPLIED, badge=planted.text, name=planted.text)
    yield change(phase=Phase.APPLIED, observed_address=planted.six, bio="写写画画")
    yield change(avatar=f"https://images.example/{planted.phone}.png", cover=planted.text)
    for field in Field:
        complaint = AccountComplaint(
            **head(), complaint_id=f"{account}-c-{field}", category=ComplaintCategory.FALSE_CLAIM,
            field=field, statement=planted.text, evidence=(f"sha256:{'0' * 64}",),
        )  # fmt: skip
        yield "account.complaints", complaint
    yield ruled(RulingAction.UPHOLD_COMPLAINT, f"{account}-c-{Field.BIO}")
    yield ruled(RulingAction.DISMISS_COMPLAINT, f"{account}-c-{Field.NAME}", misuse=True)
    yield ruled(RulingAction.REQUEST_EVIDENCE, f"{account}-c-{Field.AVATAR}")
    yield ruled(RulingAction.IMPOSE_MEASURE, "by hand", step=MeasureStep.SUSPEND)
    appeal = AccountAppeal(
        **head(), appeal_id=f"{account}-a", measure_id="some", statement=planted.text
    )
    yield "account.appeals", appeal
    yield ruled(RulingAction.DISMISS_APPEAL, f"{account}-a")
    yield ruled(RulingAction.LIFT_MEASURE, planted.hasty)
    yield ruled(RulingAction.PLACE_HOLD, planted.text)
    yield verified(VerificationKind.IDENTITY, token="tok-raw", value=planted.identity,
                   result=VerificationResult.REVOKED)  # fmt: skip
    yield ruled(RulingAction.IMPOSE_MEASURE, "by hand", step=MeasureStep.CLOSE)


def broken(planted: Planted, account: str) -> Iterator[tuple[bytes, Any]]:
    """Records that are set aside, with identifiers where the fault is: key and value."""
    good = {"event_id": "x-1", "account_id": account, "occurred_at": now_ms(), "kind": "EDIT"}
    for wrong in (
        good | {"kind": planted.text},
        good | {"bio": 7, "name": planted.text},
        good | {"bio": planted.text, "occurred_at": planted.phone},
        good | {planted.phone: planted.mail},
        good | {"bio": planted.text * 400},
        good | {"occurred_at": now_ms() + 10**10, "bio": planted.text},
        good | {"labels": [planted.text]},
    ):
        yield account.encode(), wrong
    yield b"another-key", good | {"bio": planted.text, "observed_address": planted.address}
    yield account.encode(), planted.text


@pytest.fixture(scope="module")
def done(stack: Stack, planted: Planted) -> str:
    """All of it is published and decided; the account."""
    account = f"t-{secrets.token_hex(5)}"
    producer: Any = create_producer(stack.settings)
    for topic, record in inputs(planted, account):
        producer.produce(real_name(stack.settings, topic), encode(record), account.encode())
        assert producer.flush(10) == 0
    changes = real_name(stack.settings, "account.changes")
    for key, value in broken(planted, account):
        body = value.encode() if isinstance(value, str) else json.dumps(value).encode()
        producer.produce(changes, body, key, headers=[("trace", b"t-1")])
    assert producer.flush(10) == 0
    last = AccountChange(
        event_id="last", account_id=account, occurred_at=now_ms(), kind=ChangeKind.EDIT, bio="末"
    )
    producer.produce(changes, encode(last), account.encode())
    assert producer.flush(10) == 0
    viewer = stack.client("viewer")

    def decided() -> bool:
        told = viewer.get(f"/v1/accounts/{account}")
        verdicts = told.json().get("verdicts", []) if told.status_code == 200 else []
        return any(v["event_id"] == "last" for v in verdicts)

    wait_until(decided, 60, "all is decided and in the views", every=0.2)
    return account


def test_none_is_in_any_output(stack: Stack, planted: Planted, done: str) -> None:
    """Topics that are written by the application; of dead letters the headers that it adds."""
    written = [t for t in TOPICS if t.direction not in (Direction.IN, Direction.CONTROL)]
    names = {real_name(stack.settings, t.name): t.name for t in written}
    read = 0
    for message in read_all(stack.settings, list(names)):
        name = names[str(message.topic())]
        told = [bytes(message.value() or b"")]
        if name == "dead.letters":
            told = [v for n, v in message.headers() or [] if n.startswith(HEADER_PREFIX)]
        read += 1
        for part in (*told, bytes(message.key() or b"")):
            text = part.decode("utf-8", "replace")
            assert not planted.found_in(text), f"{name} at {message.offset()}: {text}"
    assert read > 50


def test_dead_letters_tell_what_was_wrong_and_keep_the_record_for_those_who_may_read_it(
    stack: Stack, planted: Planted, done: str
) -> None:
    from streams.dead_letters import read_letters

    letters = [letter for letter in read_letters(stack.settings) if letter.key == done.encode()]
    assert len({letter.reason for letter in letters}) >= 3
    assert any(planted.found_in((letter.value or b"").decode()) for letter in letters)


def test_none_is_in_redis(stack: Stack, planted: Planted, done: str) -> None:
    client = redis.Redis.from_url(stack.settings.redis_url)
    seen = 0
    for key in client.scan_iter(f"{stack.settings.app_id}:*", count=1_000):
        kind = client.type(key)
        if kind == b"string":
            values: list[Any] = [client.get(key)]
        elif kind == b"hash":
            values = [part for pair in client.hgetall(key).items() for part in pair]
        else:
            values = client.zrange(key, 0, -1)
        for value in (key, *values):
            text = (value or b"").decode("utf-8", "replace")
            seen += 1
            assert not planted.found_in(text), f"{key}: {text}"
    assert seen > 20


def test_none_is_in_logs_and_on_the_pages_of_probes(
    stack: Stack, planted: Planted, done: str
) -> None:
    for name in stack.children:
        for line in stack.log(name).splitlines():
            assert not planted.found_in(line), f"{name}: {line}"
        for path in ("/metrics", "/health", "/ready"):
            page = httpx.get(f"{stack.probe(name)}{path}", timeout=10).text
            assert page
            assert not planted.found_in(page), f"{name}{path}"


@pytest.mark.parametrize("role", SPEAKERS)
def test_none_is_told_to_a_caller_who_is_no_reviewer(
    stack: Stack, planted: Planted, done: str, role: str
) -> None:
    client = stack.client(role)
    answered = 0
    for path in (
        f"/v1/accounts/{done}",
        f"/v1/accounts/{done}/timeline",
        f"/v1/accounts/{done}/values",
        "/v1/reviews?queue=complaint&limit=100",
        "/v1/reviews?queue=review&limit=100",
        "/v1/reports?limit=100",
        "/v1/traffic",
        f"/v1/changes/{done}/{done}-6",
        f"/v1/complaints/{done}/{done}-c-BIO",
        "/v1/packs",
    ):
        answer = client.get(path)
        answered += answer.status_code == 200
        assert not planted.found_in(answer.text), f"{role} {path}"
    assert answered
    assert client.get(f"/v1/accounts/{done}/values").status_code == 403


def test_a_reviewer_sees_what_was_written_and_that_is_logged(
    stack: Stack, planted: Planted, done: str
) -> None:
    """Evidence is shown in its own words to whoever has to decide, and to nobody else."""
    reviewer = stack.client("reviewer")
    # An input that cannot be read soon is left out.
    wait_until(
        lambda: planted.phone in reviewer.get(f"/v1/accounts/{done}/values").text,
        20,
        "what was written is shown",
        every=0.1,
    )
    logged = [
        json.loads(line) for line in stack.log("gateway").splitlines() if "texts read" in line
    ]
    assert any(line["account"] == done and line["actor"] == "reviewer" for line in logged)
