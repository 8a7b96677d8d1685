"""Secrets: from the environment or from files, and never in anything that is said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote

import pytest

from streams import redaction
from streams.children import Child, free_ports
from streams.errors import ConfigurationError
from streams.sandbox import Kafka
from streams.settings import (
    Settings,
    load_settings,
    may_lie_in_file,
    unknown_variables,
    variable_of,
)
from streams.topics import create_topics
from tests.conftest import SettingsFactory
from tests.streams.command_line import Command
from tests.support import wait_until

pytestmark = pytest.mark.usefixtures("no_settings")

NOWHERE = "127.0.0.1:1"
ROOT = Path(__file__).parents[2]
SECRETS = [name for name in Settings.model_fields if may_lie_in_file(name)]


def canary(name: str) -> str:
    """A secret that no other text contains; with what a URL and a pattern may stumble over."""
    return f"canary+{name}/%d@x"


def planted(**more: str) -> dict[str, str]:
    """An environment in which every secret is a canary, and nothing that is named answers."""
    urls = {
        "redis_url": f"redis://views:{quote(canary('redis_url'), safe='')}@{NOWHERE}/0",
        "schema_registry_url": (
            f"http://us:{quote(canary('schema_registry_url'), safe='')}@{NOWHERE}"
        ),
        "executor_url": f"http://{NOWHERE}/hook?token={quote(canary('executor_url'), safe='')}",
        "image_url": f"http://us:{quote(canary('image_url'), safe='')}@{NOWHERE}/{{id}}",
    }
    environment = {
        variable_of(name): urls.get(name, canary(name) + "-long-enough") for name in SECRETS
    }
    former = f"2026-12-01T00:00Z {canary('value_keys_before')}-long-enough"
    return environment | {
        "ZHENGMING_VALUE_KEYS_BEFORE": former,
        "ZHENGMING_KAFKA": NOWHERE,
        "ZHENGMING_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "ZHENGMING_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "ZHENGMING_KAFKA_SASL_USERNAME": "somebody",
        "ZHENGMING_LOG_LEVEL": "debug",
        **more,
    }


def assert_silent(text: str, where: str) -> None:
    """No canary, in no spelling."""
    for name in SECRETS:
        for spelt in (canary(name), quote(canary(name), safe=""), repr(canary(name))[1:-1]):
            assert spelt not in text, f"{where} shows {name}"
    assert "canary" not in text, f"{where} shows a part of a secret: {text}"


# -- where they come from ----------------------------------------------------------------------


def test_a_secret_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("hunter2 and a space \n")
    monkeypatch.setenv("ZHENGMING_EXECUTOR_SECRET_FILE", str(file))
    secret = load_settings().executor_secret
    assert secret is not None
    assert secret.get_secret_value() == "hunter2 and a space "
    assert unknown_variables() == {}


def test_a_url_with_a_password_may_come_from_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "redis"
    file.write_text("rediss://views:hunter2@redis:6380/0\n")
    monkeypatch.setenv("ZHENGMING_REDIS_FILE", str(file))
    assert load_settings().redis_url == "rediss://views:hunter2@redis:6380/0"


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_that_is_given_twice_or_cannot_be_read_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    variable = variable_of(name)
    monkeypatch.setenv(variable + "_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(ConfigurationError, match=f"{variable}_FILE=.*No such file"):
        load_settings()
    monkeypatch.setenv(variable, "some-secret-that-is-long")
    with pytest.raises(ConfigurationError, match="are both set") as refused:
        load_settings()
    assert "some-secret" not in str(refused.value)


def test_what_is_wrong_with_a_secret_of_a_file_is_told_without_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    file.write_text("short")
    monkeypatch.setenv("ZHENGMING_VALUE_KEY_FILE", str(file))
    with pytest.raises(ConfigurationError, match="the file of ZHENGMING_VALUE_KEY_FILE") as refused:
        load_settings()
    assert "short" not in str(refused.value).replace("should have", "")


@pytest.mark.parametrize("url", ["redis://:hun/ter2@host/0", "redis://u:hun#ter2@host:1x/0"])
def test_a_password_that_breaks_its_url_is_refused_without_a_part_of_it(url: str) -> None:
    with pytest.raises(ConfigurationError, match="percent-encoding") as refused:
        load_settings(redis_url=url)
    assert "hun" not in str(refused.value)
    assert "ter2" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["views:hunter2@host:6380/0", "redis//views:hunter2@host", "rediss:/views:hunter2@host"]
)
def test_a_url_without_its_scheme_is_refused_without_its_password(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("ZHENGMING_REDIS", url)
    with pytest.raises(ConfigurationError, match="ZHENGMING_REDIS") as refused:
        load_settings()
    assert "hunter2" not in str(refused.value)


# -- where they never go ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "redis://views:canary@host:6379/0",
        "to redis://:can/ary:canary@host and http://canary@b.example/x",
        "https://host/hook?a=1&access_token=canary&b=2",
        "rediss://host/0?password=canary",
        "('http://us:canary@host', 'x')",
    ],
)
def test_a_url_is_shown_without_what_is_secret_in_it(text: str) -> None:
    shown = redaction.redact_urls(text)
    assert "canary" not in shown
    assert "host" in shown


def test_doctor_shows_no_secret_not_even_of_a_variable_that_is_no_setting(command: Command) -> None:
    for form in ((), ("--json",)):
        strange = canary("value_key") + "-long-enough"
        left = command("doctor", *form, **planted(ZHENGMING_VALUE_KEYS=strange))
        assert left.code == 1
        assert_silent(left.out + left.err, "doctor")
        assert "ZHENGMING_VALUE_KEYS is not a setting" in left.out
    checks = {check["what"]: check for check in json.loads(left.out)["checks"]}
    assert not checks["Kafka"]["ok"]
    assert not checks["Redis"]["ok"]
    assert not checks["schema registry"]["ok"]


def test_no_process_that_fails_to_connect_shows_a_secret(tmp_path: Path) -> None:
    """All at once, at the most talkative level of log: nothing that is named answers."""
    commands = [
        ["worker"], ["gateway"], ["execute"], ["views", "rebuild"], ["dead-letters", "list"],
    ]  # fmt: skip
    clean = {k: v for k, v in os.environ.items() if not k.startswith("ZHENGMING_")}
    started = [
        subprocess.Popen(
            [sys.executable, "-X", "dev", "-m", "streams.cli", *arguments],
            cwd=ROOT,
            env=clean | planted(ZHENGMING_DATA_DIR=str(tmp_path)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for arguments in commands
    ]
    try:
        for arguments, process in zip(commands, started, strict=True):
            said, _ = process.communicate(timeout=90)
            assert process.returncode not in (0, None), said
            assert said.strip(), f"{arguments} fails without a word"
            assert_silent(said, " ".join(arguments))
    finally:
        for process in started:
            process.kill()


def test_the_traceback_of_a_fault_that_nobody_foresaw_shows_no_secret(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = f"cannot use {canary('value_key')}-long-enough for 13812345678"

    def broken(*_: object) -> None:
        raise RuntimeError(said)

    monkeypatch.setattr("streams.commands.topics.describe_topics", broken)
    left = command("topics", "list", **planted())
    assert left.code == 1
    assert "RuntimeError: cannot use ******** for [phone]" in left.err
    assert_silent(left.err, "the traceback")


def test_pages_and_logs_of_a_process_that_waits_show_no_secret(
    kafka: Kafka, settings: SettingsFactory, tmp_path: Path
) -> None:
    """The views wait for a Redis that is away, and say so on every page."""
    ours = settings()
    create_topics(ours)
    (port,) = free_ports(1)
    environment = planted(
        ZHENGMING_KAFKA=kafka.bootstrap,
        ZHENGMING_KAFKA_SECURITY_PROTOCOL="PLAINTEXT",
        ZHENGMING_APP_ID=ours.app_id,
        ZHENGMING_TOPIC_PREFIX=ours.topic_prefix,
        ZHENGMING_PARTITIONS=str(ours.partitions),
        ZHENGMING_WEB_PORT=str(port),
    )
    for name in ("KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD", "SCHEMA_REGISTRY_URL"):
        environment["ZHENGMING_" + name] = ""

    def page(path: str) -> str:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            return error.read().decode()
        except OSError:
            return ""

    log = tmp_path / "views.log"
    with Child([sys.executable, "-m", "streams.cli", "views"], log, environment) as views:
        wait_until(lambda: "Redis is away" in page("/ready"), 30, "the views wait", every=0.1)
        for path in ("/ready", "/health", "/metrics"):
            assert_silent(page(path), path)
        assert views.running
    assert "Redis is away" in log.read_text("utf-8")
    assert_silent(log.read_text("utf-8"), "the log")
