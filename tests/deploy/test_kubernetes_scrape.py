"""Prometheus finds the pods of deploy/kubernetes, each as a target of its own job."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.prometheus import ROOT, RULES, promtool

BASE = ROOT / "deploy" / "kubernetes" / "base"
JOBS = ("worker", "gateway", "views", "executor", "source")


def pod(name: str) -> dict[str, Any]:
    """What the manifests say of the pods of a process."""
    (file,) = (BASE.parent).rglob(f"{name}.yaml") if name == "source" else (BASE / f"{name}.yaml",)
    for document in yaml.safe_load_all(file.read_text("utf-8")):
        if document["kind"] in ("Deployment", "StatefulSet"):
            found: dict[str, Any] = document["spec"]["template"]["metadata"]
            return found
    raise AssertionError(f"no pods in {name}.yaml")


def discovered(name: str) -> dict[str, str]:
    """The labels that Kubernetes' service discovery gives such a pod."""
    found = {"__meta_kubernetes_pod_phase": "Running", "__meta_kubernetes_pod_ip": "10.0.0.7"}
    found |= {"__address__": "10.0.0.7:1", "__meta_kubernetes_pod_name": f"zhengming-{name}-0"}
    for kind in ("labels", "annotations"):
        for key, value in pod(name)[kind].items():
            label = re.sub(r"[^a-zA-Z0-9_]", "_", key)
            found[f"__meta_kubernetes_pod_{kind[:-1]}_{label}"] = value
    return found


@pytest.mark.parametrize("name", JOBS)
def test_a_pod_is_a_target_of_its_job_under_its_own_name(name: str, tmp_path: Path) -> None:
    config = yaml.safe_load((RULES / "kubernetes.yml").read_text("utf-8"))
    (scrape,) = config["scrape_configs"]
    (source,) = scrape.pop("kubernetes_sd_configs")  # which Debian's build does not have
    (selected,) = source["selectors"]
    labels = yaml.safe_load((BASE / "kustomization.yaml").read_text("utf-8"))["labels"]
    assert selected["label"].split("=") in [list(p) for e in labels for p in e["pairs"].items()]
    address = discovered(name)
    scrape["static_configs"] = [{"targets": [address.pop("__address__")], "labels": address}]
    file = tmp_path / "prometheus.yml"
    file.write_text(yaml.safe_dump(config | {"rule_files": []}), encoding="utf-8")
    told = json.loads(
        promtool("check", "service-discovery", "--timeout=1s", str(file), scrape["job_name"])
    )
    (target,) = [found["labels"] for found in told]
    port = "8066" if name == "gateway" else "6066"
    assert target["__address__"] == f"10.0.0.7:{port}"
    assert target["__metrics_path__"] == "/metrics"
    assert (target["job"], target["instance"]) == (f"zhengming-{name}", f"zhengming-{name}-0")
