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


GATEWAY_TLS = ROOT / "deploy" / "kubernetes" / "components" / "gateway-tls"


def pod(name: str) -> dict[str, Any]:
    """What the manifests say of the pods of a process."""
    (file,) = (BASE.parent).rglob(f"{name}.yaml") if name == "source" else (BASE / f"{name}.yaml",)
    return template(file)


def template(file: Path) -> dict[str, Any]:
    """What a manifest, or a patch, says of pods."""
    for document in yaml.safe_load_all(file.read_text("utf-8")):
        if document["kind"] in ("Deployment", "StatefulSet"):
            found: dict[str, Any] = document["spec"]["template"]["metadata"]
            return found
    raise AssertionError(f"no pods in {file}")


def discovered(name: str, **annotations: str) -> dict[str, str]:
    """The labels that Kubernetes' service discovery gives such a pod."""
    found = {"__meta_kubernetes_pod_phase": "Running", "__meta_kubernetes_pod_ip": "10.0.0.7"}
    found |= {"__address__": "10.0.0.7:1", "__meta_kubernetes_pod_name": f"zhengming-{name}-0"}
    told = pod(name)
    for kind, values in (("label", told["labels"]), ("annotation", told["annotations"])):
        for key, value in (values | annotations if kind == "annotation" else values).items():
            label = re.sub(r"[^a-zA-Z0-9_]", "_", key)
            found[f"__meta_kubernetes_pod_{kind}_{label}"] = value
    return found


def target(address: dict[str, str], directory: Path) -> dict[str, str]:
    """The target that Prometheus makes of a pod."""
    config = yaml.safe_load((RULES / "kubernetes.yml").read_text("utf-8"))
    (scrape,) = config["scrape_configs"]
    del scrape["kubernetes_sd_configs"]  # which Debian's build does not have
    scrape["static_configs"] = [{"targets": [address.pop("__address__")], "labels": address}]
    file = directory / "prometheus.yml"
    file.write_text(yaml.safe_dump(config | {"rule_files": []}), encoding="utf-8")
    told = json.loads(
        promtool("check", "service-discovery", "--timeout=1s", str(file), scrape["job_name"])
    )
    (found,) = [one["labels"] for one in told]
    return dict(found)


@pytest.mark.parametrize("name", JOBS)
def test_a_pod_is_a_target_of_its_job_under_its_own_name(name: str, tmp_path: Path) -> None:
    found = target(discovered(name), tmp_path)
    port = "8066" if name == "gateway" else "6066"
    assert found["__address__"] == f"10.0.0.7:{port}"
    assert found["__metrics_path__"] == "/metrics"
    assert found["__scheme__"] == "http"
    assert (found["job"], found["instance"]) == (f"zhengming-{name}", f"zhengming-{name}-0")


def test_a_gateway_with_tls_of_its_own_is_asked_over_tls(tmp_path: Path) -> None:
    patched = template(GATEWAY_TLS / "gateway.yaml")["annotations"]
    assert target(discovered("gateway", **patched), tmp_path)["__scheme__"] == "https"
