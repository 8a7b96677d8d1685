"""Who may do what: every operation and every role, keys, and tokens."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from streams.errors import ConfigurationError
from streams.gateway import oidc
from streams.gateway.auth import Authenticator, require_access
from streams.gateway.keys import KeyRing, draw_key, entry, hash_key
from streams.gateway.oidc import DISCOVERY_S, LEEWAY_S
from streams.gateway.problems import Problem
from streams.gateway.roles import Role
from streams.settings import Settings
from tests.streams.gateway.stack import Stack

EVERYBODY = {None, *Role}
READERS = {"viewer", "reviewer", "policy", "operator", "auditor"}

MAY: dict[tuple[str, str], set[Any]] = {
    ("POST", "/v1/checks"): {"service", "reviewer", "policy"},
    ("POST", "/v1/changes"): {"service"},
    ("POST", "/v1/registrations"): {"service"},
    ("GET", "/v1/changes/{account_id}/{event_id}"): {"service", "viewer", "reviewer", "auditor"},
    ("POST", "/v1/complaints"): EVERYBODY,
    ("GET", "/v1/complaints/{account_id}/{ticket_id}"): EVERYBODY,
    ("POST", "/v1/appeals"): {"service"},
    ("GET", "/v1/accounts/{account_id}"): READERS,
    ("GET", "/v1/accounts/{account_id}/timeline"): READERS,
    ("GET", "/v1/accounts/{account_id}/values"): {"reviewer"},
    ("POST", "/v1/accounts/{account_id}/rulings"): {"reviewer"},
    ("POST", "/v1/accounts/{account_id}/legal-holds"): {"operator"},
    ("GET", "/v1/reviews"): {"viewer", "reviewer", "operator", "auditor"},
    ("GET", "/v1/reviews/{escalation_id}"): {"reviewer"},
    ("POST", "/v1/reviews/{escalation_id}/claim"): {"reviewer"},
    ("DELETE", "/v1/reviews/{escalation_id}/claim"): {"reviewer"},
    ("POST", "/v1/reviews/{escalation_id}/ruling"): {"reviewer"},
    ("GET", "/v1/packs"): READERS,
    ("POST", "/v1/packs/validate"): {"policy"},
    ("POST", "/v1/packs/diff"): {"policy"},
    ("POST", "/v1/packs/proposals"): {"policy"},
    ("POST", "/v1/packs/proposals/{pack_hash}/activate"): {"policy"},
    ("POST", "/v1/packs/{pack_id}/retire"): {"policy"},
    ("POST", "/v1/packs/proposals/{pack_hash}/shadow"): {"policy"},
    ("POST", "/v1/packs/proposals/{pack_hash}/overlay"): {"policy"},
    ("GET", "/v1/directives"): READERS,
    ("POST", "/v1/directives/pauses"): {"operator"},
    ("POST", "/v1/directives/{directive_id}/end"): {"operator"},
    ("GET", "/v1/exports/statements"): {"auditor"},
    ("POST", "/v1/exports/inspections"): {"auditor"},
    ("GET", "/v1/exports/inspections/{inspection_id}"): {"auditor"},
    ("POST", "/v1/exports/inspections/{inspection_id}/approve"): {"auditor"},
    ("GET", "/v1/traffic"): READERS,
    ("GET", "/v1/reports"): {"auditor", "operator"},
    ("GET", "/v1/live"): READERS,
    ("GET", "/health"): EVERYBODY,
    ("GET", "/ready"): EVERYBODY,
    ("GET", "/metrics"): EVERYBODY,
}
"""Who may call what, in words of this test's own."""


def example(description: dict[str, Any], path: str, method: str) -> Any:
    operation = description["paths"][path][method.lower()]
    if "requestBody" not in operation:
        return None
    reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    return description["components"]["schemas"][reference.rsplit("/", 1)[1]]["example"]


@pytest.mark.obligation("CAC-16")
def test_every_operation_lets_in_exactly_those_it_should(stack: Stack) -> None:
    description = stack.nobody.get("/v1/openapi.json").json()
    operations = {
        (method.upper(), path)
        for path, methods in description["paths"].items()
        for method in methods
    }
    assert operations == set(MAY)
    assert all(
        "For: " in operation["description"]
        for methods in description["paths"].values()
        for operation in methods.values()
    )
    wrong = []
    for (method, path), may in MAY.items():
        body = example(description, path, method)
        address = re.sub(r"{\w+}", "none", path.replace("{pack_hash}", "0" * 64))
        for who in (None, *Role):
            caller = stack.client(who)
            with caller.stream(method, address, json=body) as answer:
                status = answer.status_code
                kind = answer.headers.get("content-type", "")
            denied = 401 if who is None else 403
            fine = status not in (401, 403, 405, 500)  # 404 tells of a thing, not of an operation
            if (who in may and not fine) or (who not in may and status != denied):
                wrong.append((method, path, who, status))
            if status >= 400 and kind != "application/problem+json":
                wrong.append((method, path, who, kind))
    assert wrong == []


def test_an_operation_that_says_nothing_of_access_keeps_the_application_from_starting() -> None:
    app = FastAPI(openapi_url=None)

    @app.get("/v1/forgotten")
    def forgotten() -> None: ...

    with pytest.raises(RuntimeError, match="/v1/forgotten does not say who may call it"):
        require_access(app, lambda path: path.startswith("/v1/"))


@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("GET", "/v1/nothing", 404, None),
        ("POST", "/v1", 404, None),
        ("PUT", "/v1/checks", 405, "POST"),
        ("PATCH", "/v1/reviews/some/claim", 405, "DELETE, POST"),
        ("DELETE", "/health", 405, "GET"),
    ],
)
def test_what_is_no_operation_is_answered_with_a_problem_and_not_with_a_page(
    stack: Stack, method: str, path: str, status: int, allowed: str | None
) -> None:
    answer = stack.client("all").request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers.get("allow") == allowed


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("Bearer zm_nobodys", "this API key is not known"),
        ("Bearer something", "tokens are not accepted here"),
        ("Basic YTpi", "must be: Bearer"),
        ("Bearer", "must be: Bearer"),
    ],
)
def test_a_bad_credential_is_refused_where_none_would_do(
    stack: Stack, header: str, told: str
) -> None:
    answer = stack.nobody.get("/ready", headers={"Authorization": header})
    assert answer.status_code == 401
    assert told in answer.json()["detail"]
    assert answer.headers["www-authenticate"] == "Bearer"


# -- keys --------------------------------------------------------------------------------------


def test_a_key_opens_what_its_entry_says_and_the_file_does_not_hold_it(tmp_path: Path) -> None:
    key = draw_key()
    file = tmp_path / "keys.toml"
    file.write_text(entry("edit-path", [Role.SERVICE], key))
    assert key not in file.read_text()
    found = KeyRing(file).find(key)
    assert found is not None
    assert (found.name, found.roles) == ("edit-path", {Role.SERVICE})
    assert KeyRing(file).find(draw_key()) is None
    assert KeyRing(None).find(key) is None


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('name = "a"\nroles = ["king"]\nhash = "x"', "needs name, roles of service"),
        ('name = "a"\nroles = ["viewer"]\nhash = "zm_plain"', "not sha256"),
        (f'roles = ["viewer"]\nhash = "{hash_key("x")}"', "needs name"),
    ],
)
def test_a_bad_entry_is_told_by_number(tmp_path: Path, line: str, told: str) -> None:
    file = tmp_path / "keys.toml"
    file.write_text(entry("fine", [Role.VIEWER], draw_key()) + "[[key]]\n" + line)
    with pytest.raises(ConfigurationError, match="key 2") as error:
        KeyRing(file)
    assert told in str(error.value)


# -- tokens ------------------------------------------------------------------------------------


class Issuer:
    """An OpenID Connect issuer, as far as its keys go."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.asked = 0
        """How often for its keys."""
        self.answers = threading.Event()
        self.answers.set()
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(issuer.key.public_key()))
                pages = {
                    "/.well-known/openid-configuration": {
                        "issuer": issuer.url,
                        "jwks_uri": issuer.url + "/keys",
                    },
                    "/keys": {"keys": [jwk | {"kid": "k1", "use": "sig", "alg": "RS256"}]},
                }
                if self.path == "/keys":
                    issuer.asked += 1
                    issuer.answers.wait()
                body = json.dumps(pages[self.path]).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                with suppress(BrokenPipeError, ConnectionResetError):  # who asked may have left
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def token(self, **changes: Any) -> str:
        claims = {
            "iss": self.url,
            "aud": "zhengming",
            "sub": "ann",
            "exp": int(time.time()) + 600,
            "roles": ["reviewer", "gardener"],
        }
        claims |= changes
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, self.key, "RS256", headers={"kid": "k1"})


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    made = Issuer()
    yield made
    made.server.shutdown()
    made.server.server_close()


def authenticator(issuer: Issuer) -> Authenticator:
    return Authenticator(Settings(oidc_issuer=issuer.url, oidc_audience="zhengming"))


async def test_a_token_of_the_issuer_opens_the_roles_it_lists(issuer: Issuer) -> None:
    found = await authenticator(issuer).principal(issuer.token())
    assert (found.name, found.roles, found.by) == ("ann", {Role.REVIEWER}, "token")
    found = await authenticator(issuer).principal(issuer.token(roles="viewer auditor"))
    assert found.roles == {Role.VIEWER, Role.AUDITOR}
    found = await authenticator(issuer).principal(issuer.token(roles=None))
    assert found.roles == set()


async def test_of_a_token_is_known_when_it_runs_out(issuer: Issuer) -> None:
    ends = int(time.time()) + 60
    found = await authenticator(issuer).principal(issuer.token(exp=ends))
    assert found.until == ends + LEEWAY_S


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"exp": 1}, "expired"),
        ({"aud": "another"}, "another audience"),
        ({"iss": "http://elsewhere"}, "another issuer"),
        ({"exp": None}, "lacks a claim"),
        ({"sub": None}, "lacks a claim"),
    ],
)
async def test_a_token_that_is_not_for_us_opens_nothing(
    issuer: Issuer, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(Problem, match=told) as error:
        await authenticator(issuer).principal(issuer.token(**changes))
    assert error.value.status == 401


async def test_no_trick_with_the_signature_opens_anything(issuer: Issuer) -> None:
    public = issuer.key.public_key()
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    claims = jwt.decode(issuer.token(), public, ["RS256"], audience="zhengming")
    forged = [
        jwt.encode(claims, stranger, "RS256", headers={"kid": "k1"}),
        jwt.encode(claims, "a shared secret of thirty-two bytes", "HS256", headers={"kid": "k1"}),
        jwt.encode(claims, None, "none", headers={"kid": "k1"}),
        jwt.encode(claims, stranger, "RS256", headers={"kid": "unknown"}),
        "a.b.c",
    ]
    for token in forged:
        with pytest.raises(Problem) as error:
            await authenticator(issuer).principal(token)
        assert error.value.status == 401


@pytest.fixture
def silent(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    """The issuer, which says nothing until it is let; its keys are kept for no time at all."""
    monkeypatch.setattr(oidc, "KEYS_FOR_S", 1e-9)
    issuer.answers.clear()
    issuer.asked = 0
    yield issuer
    issuer.answers.set()


async def test_an_issuer_that_fell_silent_is_asked_once_and_not_for_every_token(
    silent: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc, "DISCOVERY_S", 0.2)
    made = authenticator(silent)
    for _ in range(4):
        with pytest.raises(Problem) as error:
            await made.principal(silent.token())
        assert error.value.status == 503
    assert silent.asked == 1
    silent.answers.set()
    monkeypatch.setattr(oidc, "RETRY_S", 0.0)
    assert (await made.principal(silent.token())).name == "ann"


async def test_tokens_that_wait_for_their_issuer_keep_nobody_else_waiting(silent: Issuer) -> None:
    made, token = authenticator(silent), silent.token()
    waiting = [asyncio.create_task(made.principal(token)) for _ in range(100)]
    try:
        await asyncio.sleep(0)  # all of them have begun
        served = asyncio.create_task(run_in_threadpool(silent.answers.is_set))
        await asyncio.wait([served], timeout=DISCOVERY_S / 2)
        assert served.done(), "an operation of somebody with a key has a thread"
        assert not served.result(), "while the issuer is silent"
    finally:
        silent.answers.set()
        await asyncio.gather(*waiting, served, return_exceptions=True)


async def test_without_the_issuer_a_token_is_no_answer_and_keys_still_open(
    issuer: Issuer, tmp_path: Path
) -> None:
    key = draw_key()
    file = tmp_path / "keys.toml"
    file.write_text(entry("a", [Role.VIEWER], key))
    made = Authenticator(
        Settings(oidc_issuer="http://127.0.0.1:9", oidc_audience="zhengming", gateway_keys=file)
    )
    with pytest.raises(Problem) as error:
        await made.principal(issuer.token())
    assert error.value.status == 503
    assert (await made.principal(key)).name == "a"
