"""Clients that are not ours: curl, one generated from the description, a plain producer."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from streams.topics import real_name
from streams.views.store import now_ms
from tests.streams.gateway.stack import Stack
from tests.support import wait_until

PAGE = Path(__file__).parents[3] / "docs" / "gateway.md"
SPAM = "加V信 demo_12345 领取资料"


def test_the_command_of_the_page_is_answered_with_a_verdict(stack: Stack) -> None:
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    (command,) = re.findall(r"^(curl .*?)^```", PAGE.read_text("utf-8"), re.S | re.M)
    told = subprocess.run(
        command.replace("http://127.0.0.1:8066", stack.url),
        shell=True,
        env={**os.environ, "KEY": stack.keys["service"]},
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert json.loads(told.stdout)["decision"] == "REFUSE"


def test_a_client_generated_from_the_description_takes_a_change_to_its_verdict(
    stack: Stack, account: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    description = tmp_path / "openapi.json"
    description.write_text(stack.nobody.get("/v1/openapi.json").text, "utf-8")
    quiet = tmp_path / "config.yaml"
    quiet.write_text("post_hooks: []\n", "utf-8")
    generator = str(Path(sys.executable).with_name("openapi-python-client"))
    made = subprocess.run(
        [
            *(generator, "generate", "--meta", "none", "--config", str(quiet)),
            *("--path", str(description), "--output-path", str(tmp_path / "made_client")),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    left_out = re.findall(r"^(?:WARNING|ERROR) parsing (\S+ \S+)", made.stdout, re.M)
    assert set(left_out) <= {  # answers that are no JSON: the operations are there
        "GET /v1/exports/statements",
        "POST /v1/exports/inspections/{inspection_id}/approve",
    }
    monkeypatch.syspath_prepend(str(tmp_path))
    client: Any = importlib.import_module("made_client")
    asked: Any = importlib.import_module("made_client.api.changes.change")
    read: Any = importlib.import_module("made_client.api.accounts.dossier")
    models: Any = importlib.import_module("made_client.models")
    with client.AuthenticatedClient(stack.url, token=stack.keys["all"], timeout=30) as caller:
        answer = asked.sync(client=caller, body=models.Change(account_id=account, bio=SPAM))
        assert answer.decision == "REFUSE"
        assert [found.obligation_id for found in answer.verdicts[-1].findings] == ["CAC-08-6"]

        def shown() -> bool:
            told = read.sync(account, client=caller)
            return isinstance(told, models.AccountView) and bool(told.verdicts)

        wait_until(shown, 20, "the views show the account", every=0.1)


def test_json_from_a_plain_producer_is_decided_and_shown(stack: Stack, account: str) -> None:
    producer = Producer({"bootstrap.servers": stack.settings.kafka})
    change = {
        "event_id": "plain-1",
        "account_id": account,
        "occurred_at": now_ms(),
        "kind": "EDIT",
        "phase": "PROPOSED",
        "bio": SPAM,
    }
    topic = real_name(stack.settings, "account.changes")
    producer.produce(topic, key=account.encode(), value=json.dumps(change).encode())
    assert producer.flush(10) == 0

    def decided() -> str | None:
        told = stack.client("viewer").get(f"/v1/changes/{account}/plain-1")
        return str(told.json()["decision"]) if told.status_code == 200 else None

    assert wait_until(decided, 20, "the change is decided", every=0.1) == "REFUSE"
