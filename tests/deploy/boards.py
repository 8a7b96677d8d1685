"""What the dashboards ask, as Prometheus gets it."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.deploy.prometheus import ROOT

FOLDER = ROOT / "deploy" / "grafana" / "dashboards"
LABEL_VALUES = re.compile(r"^label_values\((\w+), (\w+)\)$")


def dashboards() -> list[dict[str, Any]]:
    """All dashboards, as they are in the repository."""
    return [json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))]


def expressions() -> dict[str, str]:
    """Every expression of every panel, by where it stands; variables stand for everything."""
    found = {}
    for board in dashboards():
        names = [variable["name"] for variable in board["templating"]["list"]]
        for panel in board["panels"]:
            for target in panel.get("targets", ()):
                expr = target["expr"].replace("$__rate_interval", "30s").replace("$__range", "2m")
                for name in names:
                    expr = expr.replace(f"${name}", ".*")
                assert "$" not in expr, expr
                found[f"{board['title']}: {panel['title']} {target['refId']}"] = expr
    return found


def choices() -> list[tuple[str, str]]:
    """Metric and label of every variable of every dashboard."""
    found = []
    for board in dashboards():
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                match = LABEL_VALUES.match(variable["definition"])
                assert match, variable
                found.append((match[1], match[2]))
    return found
