"""Logs: one chain for all loggers, UTC, and nothing personal or secret in any line."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI
from pydantic import SecretStr

from processors.masking import mask
from streams.gateway.problems import add_handlers
from streams.logs import configure_logging, get_logger, log_to_stderr
from streams.settings import Settings


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(captured: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in captured.readouterr().err.splitlines()]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("call 13812345678 now", "call [phone] now"),
        ("电话：138-1234-5678。", "电话：[phone]。"),
        ("+86 138 1234 5678", "[phone]"),
        ("电话13812345678谢谢", "电话[phone]谢谢"),
        ("电话：１３８１２３４５６７８", "电话:[phone]"),
        ("+44 2079460000", "[phone]"),
        ("身份证11010519491231002X", "身份证[id]"),
        ("id 110105194912310021, ok", "id [id], ok"),
        ("to a.b+c@example.com.cn!", "to [e-mail]!"),
        ("from 203.0.113.7:9092", "from [ip]:9092"),
        ("from 2001:db8::1 and fe80::1", "from [ip] and [ip]"),
        ("IP:203.0.113.7, IP203.0.113.7", "IP:[ip], IP[ip]"),
        ("IP:2001:db8::1, IP2001:db8::1", "IP:[ip], IP[ip]"),
        ("2001:db8::1: refused by ::ffff:203.0.113.7", "[ip]: refused by [ip]"),
        ("来自2001:db8::1.然后", "来自[ip].然后"),
        ("at 12:30:203.0.113.7", "at 12:30:[ip]"),
        ("Tel.13912345678 tel13912345678 wx13912345678", "Tel.[phone] tel[phone] wx[phone]"),
        ("电话-13912345678, 13912345678-张三", "电话-[phone], [phone]-张三"),
        ("8613912345678, 86-13912345678", "[phone], [phone]"),
        ("008613912345678, 139.1234.5678", "[phone], [phone]"),
        ("(13912345678), (139)1234-5678", "([phone]), [phone]"),
        ("010-62345678, 0755-88888888, (010) 6234 5678", "[phone], [phone], [phone]"),
        ("139 1234567 8, 139 12 34 56 78", "[phone], [phone]"),
        ("139/1234/5678 or 1 3 9 1 2 3 4 5 6 7 8", "[phone] or [phone]"),
        ("加一13912345678", "加一[phone]"),
        ("他的电话是一三九一二三四五六七八。", "他的电话是[phone]。"),
        ("壹叁九12345六七八", "[phone]"),
        ("ID110101199003071234, 110101 19900307 1234", "ID[id], [id]"),
        ("110101900307123", "[id]"),
        ("li＠mail.cn", "[e-mail]"),
    ],
)
def test_what_is_personal_is_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1:9092 and [::1]:9092",
        "version 4.1.1, offset 1763000000000",
        "12:30:05 took 3:45",
        "2026-11-23T15:02:06.105Z",
        "3f2a9c1381234567890ab",
        "zhengming-accounts-changelog-0",
        "std::sort, app::cafe, a::b::c",
        "v1.2.3.4 took 0.0123456789 s",
        "from 1990 2000 to 2010 2020, 09-11-2026 08:30",
        "1763000000000000 and 1763000000000000000",
        "e81aa13912345678c0d5f7b2, a13912345678",
        "4f8d9b1a-0139-4123-8567-813912345678",
        "<object at 0x7f0123456789>",
        "offsets 150, 151, 152, 15 and 130,000,000,00",
        "15.11.2025 12:30, 123 cases",
        "二〇二五年一三五七九日",
    ],
)
def test_what_is_not_personal_stays(text: str) -> None:
    assert mask(text) == text


def test_all_loggers_write_the_same_lines(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings())
    get_logger("ours").info("committed", records=12, at=1763000000000)
    logging.getLogger("theirs").warning("lost %s", "203.0.113.7")

    ours, theirs = lines(capsys)
    assert ours["event"] == "committed"
    assert ours["records"] == 12
    assert ours["at"] == 1763000000000
    assert ours["level"] == "info"
    assert ours["timestamp"].endswith("Z")
    assert theirs["event"] == "lost [ip]"
    assert theirs["logger"] == "theirs"


def test_secrets_and_personal_data_are_masked_however_deep(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(Settings())
    get_logger("x").info(
        "see",
        config={"sasl.password": "hunter2", "hosts": ["203.0.113.7", {"mail": "a@b.cn"}]},
        key=SecretStr("hunter2"),
        error=ValueError("13812345678"),
    )
    (line,) = lines(capsys)
    assert line["config"] == {"sasl.password": "********", "hosts": ["[ip]", {"mail": "[e-mail]"}]}
    assert "hunter2" not in str(line)
    assert line["error"] == "[phone]"


def test_an_exception_is_written_out_and_masked(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings())
    try:
        raise ValueError("13812345678")
    except ValueError:
        get_logger("x").exception("failed")
    (line,) = lines(capsys)
    assert "ValueError: [phone]" in line["exception"]
    assert "Traceback" in line["exception"]


def test_a_line_for_the_eye_is_masked_too(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_format="console"))
    try:
        raise ValueError("13812345678")
    except ValueError:
        get_logger("x").exception("改名 failed", name="13812345678")
    shown = capsys.readouterr().err
    assert "改名 failed" in shown
    assert "13812345678" not in shown


def test_the_level_is_the_settings_and_libraries_are_quiet(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(Settings(log_level="info"))
    get_logger("x").debug("no")
    logging.getLogger("aiokafka.consumer").info("no")
    logging.getLogger("faust.app").warning("yes")
    assert [line["event"] for line in lines(capsys)] == ["yes"]

    configure_logging(Settings(log_level="error"))
    get_logger("x").warning("no")
    logging.getLogger("faust").warning("no")
    assert lines(capsys) == []


def test_what_a_library_says_over_and_over_is_written_once_in_a_while(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(Settings())

    def say(at: float, name: str, text: str, *values: object) -> None:
        said = logging.LogRecord(name, logging.ERROR, "", 0, text, values, None)
        said.created = at
        logging.getLogger(name).handle(said)

    for tick in range(1_000):
        say(1_000 + tick / 100, "aiokafka", "cannot connect to %s, attempt %s", "kafka-1", tick)
        say(1_000 + tick / 100, "streams.worker", "committed %s", tick)
    say(1_009.99, "aiokafka", "cannot fetch")
    say(1_010, "aiokafka", "cannot connect to %s, attempt %s", "kafka-1", 1_000)
    say(500, "aiokafka", "cannot fetch")  # the clock was set back

    told = lines(capsys)
    ours = [line for line in told if line["logger"] == "streams.worker"]
    assert len(ours) == 1_000, "nothing of our own is held back"
    theirs = [line for line in told if line["logger"] == "aiokafka"]
    assert [line["event"] for line in theirs] == [
        "cannot connect to kafka-1, attempt 0",
        "cannot fetch",
        "cannot connect to kafka-1, attempt 1000",
        "cannot fetch",
    ]
    assert theirs[2]["held_back"] == 999
    assert "held_back" not in theirs[3]


def test_a_command_without_logs_of_its_own_leaves_standard_output_to_what_it_prints(
    capsys: pytest.CaptureFixture[str],
) -> None:
    structlog.reset_defaults()
    log_to_stderr()
    get_logger("streams.x").warning("connecting again", why="call 13812345678")
    told = capsys.readouterr()
    assert told.out == ""
    assert "connecting again" in told.err
    assert "13812345678" not in told.err


async def test_a_request_that_fails_is_told_by_its_operation_and_not_by_the_account(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(Settings())
    app = FastAPI()
    add_handlers(app)

    @app.get("/v1/accounts/{account_id}")
    def dossier(account_id: str) -> None:
        raise RuntimeError("not foreseen")

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        answer = await client.get("/v1/accounts/somebody-7")
    assert answer.status_code == 500
    (line,) = [line for line in lines(capsys) if line["event"] == "request failed"]
    assert "in dossier" in line["exception"]
    assert "somebody-7" not in str(line)
