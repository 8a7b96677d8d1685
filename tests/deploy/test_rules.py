"""Alerts, recording rules and dashboards: sound by promtool, tested, explained, up to date."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from deploy.grafana import generate
from streams.cli import app
from streams.metrics_page import processes
from tests.deploy.boards import choices, dashboards, expressions
from tests.deploy.prometheus import ROOT, RULES, alert_rules, promtool, recorded, selectors

RUNBOOKS = ROOT / "docs" / "runbooks"
SECTIONS = ["What it means", "Look first", "Cure", "Verify", "Escalate"]
TESTS = sorted((RULES / "tests").glob("*.yml"))
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
INLINE = re.compile(r"`(zhengming [^`]+)`")
COMPOSE = re.compile(r"docker compose -f deploy/compose\.yaml \w+([^`|\n]*)")
SERVICES = set(yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))["services"])
ALERTS = alert_rules()


def known() -> set[str]:
    """Every metric that an expression may name."""
    ours = {name for metrics in processes().values() for m in metrics for name in m.series}
    return ours | set(recorded()) | {"up", "ALERTS"}


def test_promtool_finds_no_fault_in_the_configuration() -> None:
    promtool("check", "config", "prometheus.yml")


def test_promtool_finds_no_fault_in_the_rules() -> None:
    promtool("check", "rules", "alerts.yml", "recording.yml")


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.stem)
def test_alerts_fire_when_they_should_and_not_when_they_should_not(file: Path) -> None:
    promtool("test", "rules", f"tests/{file.name}")


def test_every_alert_is_tested_both_ways() -> None:
    tested: dict[bool, set[str]] = {True: set(), False: set()}
    for file in TESTS:
        for case in yaml.safe_load(file.read_text("utf-8"))["tests"]:
            for rule in case["alert_rule_test"]:
                tested[bool(rule["exp_alerts"])].add(rule["alertname"])
    assert tested == {True: set(ALERTS), False: set(ALERTS)}


EVENTS = {name: rule["expr"] for name, rule in ALERTS.items() if "increase(" in rule["expr"]}


@pytest.mark.parametrize("name", EVENTS)
def test_what_a_process_counted_before_its_first_scrape_is_told_and_old_counts_are_not(
    name: str, tmp_path: Path
) -> None:
    """A worker that starts reads in its first second all that came while nobody worked."""
    (metric, selector), *_ = selectors(EVENTS[name])
    asked = selector.removeprefix(metric).strip("{}")
    one = 'job="some",instance="one"'
    cases = [
        {
            "interval": "1m",
            "input_series": [
                {"series": f"{metric}{{{asked}{',' * bool(asked)}{one}}}", "values": "_ 5x20"},
                {"series": f"process_start_time_seconds{{{one}}}", "values": f"_ {started}x20"},
            ],
            "promql_expr_test": [
                {
                    "expr": f'count(ALERTS{{alertname="{name}",alertstate="firing"}})',
                    "eval_time": "5m",
                    "exp_samples": [{"labels": "{}", "value": 1}] if told else [],
                }
            ],
        }
        for started, told in ((-30, True), (-7200, False))
    ]
    file = tmp_path / "test.yml"
    rules = [str(RULES / rule) for rule in ("recording.yml", "alerts.yml")]
    file.write_text(yaml.safe_dump({"rule_files": rules, "tests": cases}), encoding="utf-8")
    promtool("test", "rules", str(file))


def test_no_expression_names_a_metric_that_the_product_does_not_have() -> None:
    asked = expressions() | recorded() | {name: rule["expr"] for name, rule in ALERTS.items()}
    asked |= {f"variable {label}": metric for metric, label in choices()}
    unknown = {
        where: name
        for where, expr in asked.items()
        for name, _ in selectors(expr)
        if name not in known()
    }
    assert unknown == {}


def test_the_dashboards_are_what_the_code_says() -> None:
    assert generate.main(["--check"]) == 0


def test_no_dashboard_has_two_panels_of_one_title_or_over_each_other() -> None:
    for board in dashboards():
        panels = [panel for panel in board["panels"] if panel["type"] != "row"]
        titles = [panel["title"] for panel in panels]
        assert len(titles) == len(set(titles)), board["title"]
        cells = [cell for panel in panels for cell in _cells(panel["gridPos"])]
        assert len(cells) == len(set(cells)), board["title"]


def _cells(at: dict[str, int]) -> list[tuple[int, int]]:
    return [(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])]


def test_each_alert_names_its_page_and_each_page_its_alert() -> None:
    pages = {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"}
    assert pages == set(ALERTS)
    listed = (RUNBOOKS / "README.md").read_text("utf-8")
    for name, rule in ALERTS.items():
        assert rule["annotations"]["runbook_url"] == f"docs/runbooks/{name}.md"
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert f"[{name}]({name}.md) | {rule['labels']['severity']} |" in listed


@pytest.mark.parametrize("name", ALERTS)
def test_a_page_has_its_sections_and_names_commands_and_metrics_that_exist(name: str) -> None:
    text = (RUNBOOKS / f"{name}.md").read_text("utf-8")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == SECTIONS
    assert f"`{ALERTS[name]['labels']['severity']}`" in text.split("## ")[0]
    assert {metric for metric, _ in selectors(text) if metric.startswith("zhengming_")} <= known()
    for page, _, section in re.findall(r"\]\(([^)#]+)(#([^)]+))?\)", text):
        linked = (RUNBOOKS / page).read_text("utf-8")
        heads = re.findall(r"^#+ (.*)$", linked, re.MULTILINE)
        assert not section or section in {head.lower().replace(" ", "-") for head in heads}
    commands = [line for block in BLOCK.findall(text) for line in block.splitlines()]
    assert commands
    named = {word for said in COMPOSE.findall(text) for word in said.split() if word.isalpha()}
    assert named <= SERVICES
    ours = [line.partition("|")[0] for line in commands if line.startswith("zhengming ")]
    for command in [*ours, *INLINE.findall(text)]:
        check_command(command)


def check_command(line: str) -> None:
    """Fail where a command line names a command or an option that does not exist."""
    words: list[str] = shlex.split(line.partition(";")[0])[1:]
    command: Any = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", ()):
        command = command.commands[words.pop(0)]
    runs = not hasattr(command, "commands") or command.invoke_without_command
    assert runs, f"there is no command {line!r}"
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options, line
