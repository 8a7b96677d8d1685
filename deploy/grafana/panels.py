"""Builds the JSON of Grafana dashboards: panels in rows, 24 units wide."""

from __future__ import annotations

from typing import Any, NamedTuple

SCHEMA = 39
"""Version of the dashboard model, that of Grafana 10.4; later ones read it."""
WIDTH, HEIGHT, LOW = 24, 8, 4
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
RATE = "[$__rate_interval]"
RANGE = "[$__range]"

Panel = dict[str, Any]


class Query(NamedTuple):
    """A PromQL expression and what to call its series; ``{{label}}`` stands for a label."""

    expr: str
    legend: str = ""


class Variable(NamedTuple):
    """A choice above the dashboard: the values of a label of a metric, all of them at first."""

    name: str
    metric: str
    label: str


class Row(NamedTuple):
    """Panels side by side under a title."""

    title: str
    panels: tuple[Panel, ...]
    height: int = HEIGHT


def graph(title: str, *queries: Query, unit: str = "short", stack: bool = False) -> Panel:
    """Lines over time; ``stack`` piles them up."""
    custom = {
        "fillOpacity": 30 if stack else 8,
        "lineWidth": 1,
        "showPoints": "never",
        "stacking": {"mode": "normal" if stack else "none", "group": "A"},
    }
    options = {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return _panel("timeseries", title, queries, unit, options, custom=custom)


def number(title: str, query: Query, unit: str = "short", bad_from: float | None = None) -> Panel:
    """One number, red from ``bad_from`` on."""
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if bad_from is not None:
        steps.append({"color": "red", "value": bad_from})
    options = {
        "colorMode": "value",
        "graphMode": "area",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    }
    thresholds = {"mode": "absolute", "steps": steps}
    return _panel("stat", title, (query,), unit, options, thresholds=thresholds)


def bars(title: str, query: Query, unit: str = "short") -> Panel:
    """The series of one moment as bars, the longest first."""
    options = {
        "displayMode": "basic",
        "orientation": "horizontal",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    }
    return _panel("bargauge", title, (query,), unit, options, instant=True)


def table(title: str, query: Query, hide: tuple[str, ...] = ("Time", "Value")) -> Panel:
    """The labels of the series of one moment."""
    panel = _panel("table", title, (query,), "short", {"showHeader": True}, instant=True)
    panel["targets"][0]["format"] = "table"
    panel["transformations"] = [
        {"id": "organize", "options": {"excludeByName": dict.fromkeys(hide, True)}}
    ]
    return panel


def _panel(
    kind: str,
    title: str,
    queries: tuple[Query, ...],
    unit: str,
    options: dict[str, Any],
    *,
    instant: bool = False,
    **defaults: Any,
) -> Panel:
    targets = [
        {
            "refId": chr(ord("A") + number),
            "datasource": SOURCE,
            "expr": query.expr,
            "legendFormat": query.legend or "__auto",
            "instant": instant,
            "range": not instant,
        }
        for number, query in enumerate(queries)
    ]
    return {
        "type": kind,
        "title": title,
        "datasource": SOURCE,
        "targets": targets,
        "fieldConfig": {"defaults": {"unit": unit, "min": 0, **defaults}, "overrides": []},
        "options": options,
    }


def dashboard(uid: str, title: str, variables: tuple[Variable, ...], rows: tuple[Row, ...]) -> Any:
    """A whole dashboard. ``uid`` is its address and its file's name."""
    panels: list[Panel] = []
    y = 0
    for row in rows:
        at = {"h": 1, "w": WIDTH, "x": 0, "y": y}
        head = {"type": "row", "title": row.title, "collapsed": False, "panels": []}
        panels.append({**head, "gridPos": at})
        width = WIDTH // len(row.panels)
        for number, panel in enumerate(row.panels):
            at = {"h": row.height, "w": width, "x": number * width, "y": y + 1}
            panels.append({**panel, "gridPos": at})
        y += 1 + row.height
    for number, panel in enumerate(panels, 1):
        panel["id"] = number
    return {
        "uid": uid,
        "title": title,
        "tags": ["zhengming"],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "links": [{"type": "dashboards", "tags": ["zhengming"], "title": "", "asDropdown": False}],
        "templating": {"list": [_source(), *map(_variable, variables)]},
        "panels": panels,
    }


def _source() -> dict[str, Any]:
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "current": {"text": "Prometheus", "value": "prometheus"},
    }


def _variable(variable: Variable) -> dict[str, Any]:
    query = f"label_values({variable.metric}, {variable.label})"
    return {
        "name": variable.name,
        "label": variable.name.capitalize(),
        "type": "query",
        "datasource": SOURCE,
        "definition": query,
        "query": {"query": query, "refId": variable.name},
        "refresh": 2,  # whenever the time range changes
        "includeAll": True,
        "allValue": ".*",
        "multi": True,
        "current": {"text": ["All"], "value": ["$__all"]},
    }
