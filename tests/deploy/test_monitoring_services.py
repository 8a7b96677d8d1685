"""Prometheus and Grafana of the compose file: they find what they scrape, ask and load."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.deploy.prometheus import ROOT, RULES

COMPOSE = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))["services"]
PROVISIONING = ROOT / "deploy" / "grafana" / "provisioning"
WHERE_IT_IS_WANTED = {"images"}
"""Processes that the compose file does not start: Prometheus finds them once somebody does."""


def mounted(service: str, source: str) -> str:
    """Where a service has a folder of deploy/."""
    (place,) = [v.split(":")[1] for v in COMPOSE[service]["volumes"] if v.split(":")[0] == source]
    return str(place)


def test_what_prometheus_scrapes_are_services_and_each_of_ours_is_scraped() -> None:
    config = yaml.safe_load((RULES / "prometheus.yml").read_text("utf-8"))
    named = {
        name: (scrape["job_name"], found["port"])
        for scrape in config["scrape_configs"]
        for found in scrape["dns_sd_configs"]
        for name in found["names"]
    }
    assert {job for job, _ in named.values()} == {f"zhengming-{name}" for name in named}
    ours = {
        name
        for name, service in COMPOSE.items()
        if service["image"].startswith("zhengming:") and service["command"][0] != "topics"
    }
    assert ours == set(named) - WHERE_IT_IS_WANTED
    assert {port for _, port in named.values()} == {6066, 8066}
    assert named["gateway"][1] == 8066


@pytest.mark.parametrize("source", ["./grafana/dashboards", "./grafana/provisioning"])
def test_what_grafana_loads_lies_in_the_repository(source: str) -> None:
    assert any((ROOT / "deploy" / source).iterdir())
    assert mounted("grafana", source).startswith(("/etc/grafana/", "/var/lib/grafana/"))


def test_grafana_asks_the_prometheus_of_the_compose_file_and_loads_the_dashboards() -> None:
    (source,) = provisioned("datasources/prometheus.yml")["datasources"]
    (provider,) = provisioned("dashboards/zhengming.yml")["providers"]
    host = source["url"].removeprefix("http://").partition(":")[0]
    assert COMPOSE[host]["image"].startswith("prom/prometheus:")
    assert provider["options"]["path"] == mounted("grafana", "./grafana/dashboards")
    assert mounted("prometheus", "./prometheus") == "/etc/prometheus"


def provisioned(name: str) -> dict[str, Any]:
    """A file that Grafana reads when it starts."""
    found: dict[str, Any] = yaml.safe_load((PROVISIONING / name).read_text("utf-8"))
    return found
