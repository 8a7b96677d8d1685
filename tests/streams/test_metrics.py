"""Metrics: what can be counted is there before anything happens, and the page tells of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from prometheus_client import generate_latest

from processors.policy.model import Mode
from schemas.records import RuleMode
from streams.gateway.measuring import GatewayMetrics, Measured
from streams.metrics import WorkerMetrics
from streams.metrics_page import markdown, processes
from streams.packs import load_policy
from streams.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "observability.md"


def test_the_page_of_metrics_is_what_the_code_says() -> None:
    assert PAGE.read_text("utf-8") == markdown(), "run `make docs`"


def test_names_and_labels_of_metrics_follow_prometheus_and_carry_no_account() -> None:
    for process, metrics in processes().items():
        for metric in metrics:
            where = f"{process}: {metric.name}"
            assert metric.name.startswith(("zhengming_", "process_")), where
            assert metric.text.endswith("."), where
            assert (metric.kind == "counter") == metric.name.endswith("_total"), where
            assert not {"account", "account_id", "event_id"} & set(metric.labels), where


def test_a_worker_that_has_done_nothing_shows_each_rule_and_each_topic_at_zero() -> None:
    pack = load_policy(Settings()).pack
    rules = [rule for rule in pack.rules if rule.mode is Mode.ENFORCE]
    metrics = WorkerMetrics()
    metrics.expect_topics(["account.changes"])
    metrics.expect_rules(pack.id, ((rule.id, RuleMode.ENFORCE, rule.pack) for rule in rules))
    shown = generate_latest(metrics.registry).decode()
    for series in (
        f'zhengming_findings_total{{mode="ENFORCE",pack="cac2022",rule="{rules[0].id}"}} 0.0',
        f'zhengming_rule_errors_total{{pack="cac2022",rule="{rules[-1].id}"}} 0.0',
        'zhengming_verdicts_total{decision="STRICT_HOLD",pack="cac2022"} 0.0',
        'zhengming_dead_letters_total{reason="UNDECODABLE",topic="account.changes"} 0.0',
        'zhengming_dead_letters_total{reason="PROCESSING_FAILED",topic="deadline"} 0.0',
        'zhengming_expired_records_total{topic="account.changes"} 0.0',
        'zhengming_escalations_total{kind="BRAKE",status="OPENED"} 0.0',
    ):
        assert series in shown
    assert "_created" not in shown


async def test_an_answer_that_nobody_foresaw_counts_as_one() -> None:
    metrics = GatewayMetrics()

    async def falls_over(*_: Any) -> None:
        raise ZeroDivisionError

    scope = {"type": "http", "method": "POST"}
    with pytest.raises(ZeroDivisionError):
        await Measured(falls_over, metrics)(scope, None, None)
    shown = generate_latest(metrics.registry).decode()
    assert 'zhengming_gateway_requests_total{method="POST",path="other",status="500"} 1.0' in shown
