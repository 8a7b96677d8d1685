"""Views and gateway on a Redis with TLS and users, with exactly the commands of the table."""

from __future__ import annotations

import json
import threading
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.exceptions import NoPermissionError

from streams.children import Child
from streams.sandbox import Kafka
from streams.settings import Settings
from streams.views.access import COMMANDS, RedisUser, lines
from streams.views.keys import Keys
from streams.views.store import ViewStore
from tests.streams.command_line import Command
from tests.streams.gateway.stack import Stack
from tests.streams.security.locked_redis import ADMIN, LockedRedis, locked_redis
from tests.support import wait_until

RARE = {"unwatch"}
"""Used only where the lease was lost between a look and a write, as a rebuild may do."""


class Watch(threading.Thread):
    """What each user asks of Redis, until it is told to stop."""

    def __init__(self, server: LockedRedis) -> None:
        super().__init__(daemon=True)
        self._admin = server.client(ADMIN)
        self._monitor = server.client(ADMIN, None).monitor()
        self._users: dict[str, str] = {}
        self._marks: set[str] = set()
        self.used: dict[str, set[str]] = {}
        self.stopping = False

    def catch_up(self) -> None:
        """Wait until all was heard that was asked so far.

        Whose it is Redis can tell as long as the connection lives: before one is closed.
        """
        mark = uuid.uuid4().hex
        self._admin.echo(mark)
        wait_until(lambda: mark in self._marks, 20, "all is heard")

    def run(self) -> None:
        """Listen."""
        with self._monitor as monitor:
            for heard in monitor.listen():
                if self.stopping:
                    return
                address = f"{heard['client_address']}:{heard['client_port']}"
                words = heard["command"].lower().split()
                if heard["client_type"] == "lua":  # whose scripts are the gateway's alone
                    user = "zhengming-gateway"
                else:
                    user = self._user_of(address)
                name = words[0]
                if name == "echo":
                    self._marks.add(words[1])
                if name in ("client", "script"):
                    name = f"{name}|{words[1]}"
                self.used.setdefault(user, set()).add(name)

    def _user_of(self, address: str) -> str:
        if address not in self._users:
            self._users |= {c["addr"]: c["user"] for c in self._admin.client_list()}
        return self._users.get(address, "gone")


def test_views_and_gateway_work_with_exactly_the_commands_of_the_table(
    kafka: Kafka, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"zhengming-test-{uuid.uuid4().hex[:8]}"
    names = {"app_id": name, "topic_prefix": f"{name}.", "partitions": 2}
    settings = Settings(kafka=kafka.bootstrap, **names)
    with locked_redis(settings, tmp_path) as server:
        watch, close = Watch(server), ViewStore.close
        watch.start()

        def heard_before(store: ViewStore) -> None:
            watch.catch_up()
            close(store)

        monkeypatch.setattr(ViewStore, "close", heard_before)
        # Nor is a rebuild to lose its lease where the machine stands still.
        monkeypatch.setattr("streams.views.store.LEASE_MS", 600_000)
        stack = Secured(settings, tmp_path, server)
        try:
            drive(stack)
            ours = {
                "ZHENGMING_KAFKA": kafka.bootstrap,
                "ZHENGMING_APP_ID": name,
                "ZHENGMING_TOPIC_PREFIX": f"{name}.",
                "ZHENGMING_PARTITIONS": "2",
                "ZHENGMING_REDIS": server.url("zhengming-views"),
            }
            rebuilt = command("views", "rebuild", "--json", **ours)
            assert json.loads(rebuilt.out)["records"] > 0, rebuilt.err
            denied = [e for e in server.client(ADMIN).acl_log() if "client" not in e["object"]]
            assert not denied, denied
            watch.catch_up()
        finally:
            stack.close()
            watch.stopping = True
            server.client(ADMIN).ping()
        for user in RedisUser:
            unused = set(COMMANDS[user]) - watch.used[f"zhengming-{user}"] - RARE
            assert not unused, f"{user} never used {unused}"
        within_bounds(server, settings)
        told(server, command, ours)


def within_bounds(server: LockedRedis, settings: Settings) -> None:
    """What the users may not do."""
    keys = Keys(settings)
    gateway, views = server.client("zhengming-gateway"), server.client("zhengming-views")
    for forbidden in (
        lambda: gateway.set(keys.account("a"), b"forged"),
        lambda: gateway.delete(keys.positions),
        lambda: gateway.get("another:application"),
        lambda: views.set("another:application", b"x"),
        lambda: views.get(keys.desk + "claim:1"),
        gateway.flushall,
        lambda: views.config_get("*"),
        lambda: gateway.keys("*"),
    ):
        with pytest.raises(NoPermissionError):
            forbidden()


def told(server: LockedRedis, command: Command, ours: dict[str, str]) -> None:
    """A wrong password, and a certificate of nobody we trust, are no answer and no secret."""
    for url in (
        server.url("zhengming-views", "not+this/one"),
        f"rediss://zhengming-views:not+this+one@127.0.0.1:{server.port}/0",
    ):
        left = command("doctor", "--json", **ours | {"ZHENGMING_REDIS": url})
        (found,) = [c for c in json.loads(left.out)["checks"] if c["what"] == "Redis"]
        assert not found["ok"]
        assert "invalid username-password" in found["seen"] or "CERTIFICATE" in found["seen"]
        assert "not+this" not in left.out + left.err


class Secured(Stack):
    """The stack whose parts have a user each."""

    def __init__(self, settings: Settings, directory: Path, server: LockedRedis) -> None:
        self._server = server
        super().__init__(settings, directory)

    def start(self, name: str, **more: str) -> Child:
        """Start a process as its user."""
        user = "zhengming-gateway" if name == "gateway" else "zhengming-views"
        return super().start(name, **more | {"ZHENGMING_REDIS": self._server.url(user)})


def drive(stack: Stack) -> None:
    """All that a gateway asks Redis for."""
    service, ann, viewer = (stack.client(who) for who in ("service", "ann", "viewer"))
    body = {"account_id": "r1", "name": "中国第一摄影", "bio": "写写画画", "agreement_version": "1"}
    assert service.post("/v1/registrations", json=body).status_code in (200, 202)
    once = {"Idempotency-Key": "edit-1"}
    change = {"account_id": "r1", "bio": "今天也要好好生活"}
    for _ in range(2):
        assert service.post("/v1/changes", json=change, headers=once).status_code in (200, 202)
    told = {"account_id": "r1", "category": "IMPERSONATION", "field": "BIO", "statement": "他"}
    receipt = stack.nobody.post("/v1/complaints", json=told)
    assert receipt.status_code == 201

    def case() -> dict[str, Any] | None:
        items = viewer.get("/v1/reviews", params={"queue": "complaint"}).json()["items"]
        return items[0]["escalation"] if items else None

    opened = wait_until(case, 30, "a case is open", every=0.1)
    here = f"/v1/reviews/{opened['escalation_id']}"
    assert ann.get(here).status_code == 200
    assert ann.post(f"{here}/claim").status_code == 200
    assert ann.post(f"{here}/claim").status_code == 200  # renewed
    assert ann.delete(f"{here}/claim").status_code < 300
    ruled = ann.post(f"{here}/ruling", json={"action": "DISMISS_COMPLAINT", "reason": "不实"})
    assert ruled.status_code == 200, ruled.text
    wait_until(lambda: ann.get(here).status_code == 404, 20, "the case is closed", every=0.1)
    assert viewer.get("/v1/accounts/r1").status_code == 200
    assert viewer.get("/v1/traffic").status_code == 200
    assert stack.client("auditor").get("/v1/reports").status_code == 200
    policy = stack.client("policy")
    files = {
        str(path.relative_to(PACK)): path.read_text("utf-8")
        for path in PACK.rglob("*")
        if path.is_file()
    }
    proposed = policy.post("/v1/packs/proposals", json={"files": files})
    assert proposed.status_code < 300, proposed.text
    activate = f"/v1/packs/proposals/{proposed.json()['pack_hash']}/activate"
    assert policy.post(activate).status_code == 409  # whose author may not
    with stack.client("all").stream("GET", "/v1/live") as live:
        assert live.status_code == 200
    overview(stack)


PACK = Path(__file__).parents[3] / "processors" / "packs" / "cac2022"


def overview(stack: Stack) -> None:
    """The console's first page lists what was found lately."""
    with httpx.Client(base_url=stack.url, timeout=30) as client:
        entered = client.post("/login", data={"credential": stack.keys["all"]})
        assert entered.status_code == 303
        assert client.get("/").status_code == 200


def test_the_lines_name_no_password_and_no_key_of_others() -> None:
    for line in lines(Settings(app_id="one", topic_prefix="t.")):
        assert "#PASSWORD" in line
        assert "nopass" not in line
        assert "~*" not in line
        assert "+@all" not in line
