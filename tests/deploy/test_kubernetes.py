"""The manifests are ones that Kubernetes accepts, and say what the processes need."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.publishing import FLUSH_S
from streams.settings import Settings, variable_of
from tests.deploy.documents import (
    KUBERNETES,
    OUR_IMAGE,
    is_command,
    manifests,
    pod_template,
    strange,
)
from tests.deploy.prometheus import RULES

OVERLAYS = ("small", "production", "rocksdb", "live")
READS_A_STREAM = ("live",)
VERSION = "1.31"
CUSTOM = {"ScaledObject": "keda.sh/v1alpha1", "TriggerAuthentication": "keda.sh/v1alpha1"}
KUSTOMIZATIONS = sorted(KUBERNETES.rglob("kustomization.yaml"))
SECRETS = KUBERNETES / "secrets.example.yaml"
Document = dict[str, Any]

each_overlay = pytest.mark.parametrize("overlay", OVERLAYS)


@cache
def render(overlay: str) -> tuple[Document, ...]:
    """All documents of an overlay, as `kubectl apply -k` would send them."""
    return kustomized(KUBERNETES / "overlays" / overlay)


def kustomized(directory: Path) -> tuple[Document, ...]:
    """All documents of a kustomization."""
    if shutil.which("kubectl") is None:
        pytest.skip("needs kubectl to render kustomizations")
    command = ["kubectl", "kustomize", str(directory)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return tuple(manifests(done.stdout))


def of_kind(overlay: str, kind: str) -> dict[str, Document]:
    """The documents of a kind by name."""
    return {d["metadata"]["name"]: d for d in render(overlay) if d["kind"] == kind}


def pods(overlay: str) -> dict[str, Document]:
    """The pods that run, by the name of what makes them."""
    return {
        document["metadata"]["name"]: template
        for document in render(overlay)
        if (template := pod_template(document)) is not None
    }


def ours(overlay: str) -> dict[str, Document]:
    """The containers of our image, by the name of what makes them."""
    containers = {name: pod["spec"]["containers"][0] for name, pod in pods(overlay).items()}
    return {n: c for n, c in containers.items() if f"/{OUR_IMAGE}:" in c["image"]}


def settings_of(overlay: str) -> dict[str, str]:
    """The shared settings of an overlay."""
    (config,) = of_kind(overlay, "ConfigMap").values()
    return dict(config["data"])


def secrets_in(value: Any) -> Iterator[tuple[str, str]]:
    """Every secret that a document names, with the key in it or an empty text."""
    if isinstance(value, dict):
        if "secretName" in value:
            yield value["secretName"], ""
        for word in ("secretRef", "secretKeyRef"):
            if word in value:
                yield value[word]["name"], value[word].get("key", "")
        for reference in value.get("secretTargetRef", []):
            yield reference["name"], reference["key"]
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from secrets_in(inner)


@pytest.mark.parametrize("file", KUSTOMIZATIONS, ids=lambda file: file.parent.name)
def test_a_kustomization_names_what_is_there(file: Path):
    content = yaml.safe_load(file.read_text("utf-8"))
    paths = content.get("resources", []) + content.get("components", [])
    paths += [patch["path"] for patch in content.get("patches", []) if "path" in patch]
    for path in paths:
        assert (file.parent / path).exists(), path
    beside = {found.name for found in file.parent.glob("*.yaml")} - {file.name}
    assert beside <= set(paths), "a manifest that nothing uses"


def accept(document: dict[str, Any]) -> None:
    import kubernetes_validate  # takes more than a second, which every lane would spend

    kubernetes_validate.validate(document, VERSION, strict=True)


@each_overlay
def test_kubernetes_accepts_every_document(overlay: str):
    for document in (*render(overlay), *manifests(SECRETS.read_text("utf-8"))):
        if document["kind"] in CUSTOM:
            assert document["apiVersion"] == CUSTOM[document["kind"]]
        else:
            accept(document)


@each_overlay
def test_every_variable_is_a_setting_and_the_values_go_together(overlay: str, monkeypatch):
    values = settings_of(overlay)
    for container in ours(overlay).values():
        values |= {e["name"]: e["value"] for e in container.get("env", [])}
    needed = {name for name, _ in secrets_in(list(ours(overlay).values()))}
    login = settings_of(overlay).get("ZHENGMING_KAFKA_SECURITY_PROTOCOL", "").startswith("SASL")
    for secret in manifests(SECRETS.read_text("utf-8")):
        name = secret["metadata"]["name"]
        if name in needed and (login or name != "zhengming-kafka"):
            values |= secret["stringData"]
    assert not strange(values)
    for name, value in values.items():
        if not name.endswith(("_KEYS", "_LOCATION")):  # files of the container
            monkeypatch.setenv(name, value if value != "change-me" else "0123456789abcdef")
    Settings()


@each_overlay
def test_every_command_is_one_of_the_command_line(overlay: str):
    containers = ours(overlay)
    expected = {"worker", "views", "gateway", "executor", "topics"}
    expected |= {"source"} if overlay in READS_A_STREAM else set()
    assert {name.removeprefix("zhengming-") for name in containers} == expected
    assert all(is_command(container["args"]) for container in containers.values())


@each_overlay
def test_every_secret_that_is_named_is_in_the_example(overlay: str):
    known = {
        (d["metadata"]["name"], key)
        for d in manifests(SECRETS.read_text("utf-8"))
        for key in ("", *d["stringData"])
    }
    named = set(secrets_in(render(overlay)))
    assert named
    assert named <= known


@each_overlay
def test_a_pod_has_no_privileges_and_writes_only_to_its_volumes(overlay: str):
    for name, template in pods(overlay).items():
        pod, (container,) = template["spec"], template["spec"]["containers"]
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        rights = container["securityContext"]
        assert rights["allowPrivilegeEscalation"] is False
        assert rights["readOnlyRootFilesystem"] is True
        assert rights["capabilities"] == {"drop": ["ALL"]}
        assert {"cpu", "memory"} <= set(container["resources"]["requests"])
        assert "memory" in container["resources"]["limits"]


@each_overlay
def test_variables_of_services_do_not_pass_for_settings(overlay: str):
    """Kubernetes makes ZHENGMING_GATEWAY_PORT=tcp://... of a service's name, unless told not to."""
    assert all(pod["spec"]["enableServiceLinks"] is False for pod in pods(overlay).values())


@each_overlay
def test_a_process_is_probed_by_its_progress_at_the_port_it_serves(overlay: str):
    ports = {"gateway": Settings().gateway_port}
    for name, container in ours(overlay).items():
        if name == "zhengming-topics":
            continue
        (port,) = container["ports"]
        assert port["containerPort"] == ports.get(container["name"], Settings().web_port)
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert container[probe]["httpGet"]["port"] == port["name"]
        assert container["livenessProbe"]["httpGet"]["path"] == "/health"
    worker = ours(overlay)["zhengming-worker"]
    assert worker["readinessProbe"]["httpGet"]["path"] == "/ready"
    # A view that stands by is not ready, and a Deployment would wait for it for ever.
    assert ours(overlay)["zhengming-views"]["readinessProbe"]["httpGet"]["path"] == "/health"


@each_overlay
def test_a_worker_is_given_the_time_of_its_longest_transaction(overlay: str):
    from streams.worker import STOP_WITHIN_S

    longest = Settings().transaction_timeout_ms / 1e3 + STOP_WITHIN_S
    assert pods(overlay)["zhengming-worker"]["spec"]["terminationGracePeriodSeconds"] > longest


@each_overlay
def test_what_serves_is_taken_away_one_at_a_time(overlay: str):
    budgets = of_kind(overlay, "PodDisruptionBudget")
    assert set(budgets) == {f"zhengming-{n}" for n in ("worker", "views", "gateway", "executor")}
    for name, budget in budgets.items():
        assert budget["spec"]["maxUnavailable"] == 1
        labels = pods(overlay)[name]["metadata"]["labels"]
        assert budget["spec"]["selector"]["matchLabels"].items() <= labels.items()


@each_overlay
def test_every_selector_selects_a_pod(overlay: str):
    labels = [pod["metadata"]["labels"].items() for pod in pods(overlay).values()]
    for service in of_kind(overlay, "Service").values():
        assert any(service["spec"]["selector"].items() <= found for found in labels)
    for policy in of_kind(overlay, "NetworkPolicy").values():
        wanted = policy["spec"]["podSelector"].get("matchLabels", {}).items()
        assert any(wanted <= found for found in labels)


@each_overlay
def test_every_pod_of_ours_may_reach_names_and_kafka_and_is_found_by_prometheus(overlay: str):
    policy = of_kind(overlay, "NetworkPolicy")["zhengming"]["spec"]["podSelector"]["matchLabels"]
    (scrape,) = yaml.safe_load((RULES / "kubernetes.yml").read_text("utf-8"))["scrape_configs"]
    (found,) = scrape["kubernetes_sd_configs"][0]["selectors"]
    wanted = policy.items() | {tuple(found["label"].split("="))}
    for name in ours(overlay):
        assert wanted <= pods(overlay)[name]["metadata"]["labels"].items(), name


@pytest.mark.parametrize("overlay", ["production", "rocksdb"])
def test_workers_follow_the_lag_and_are_never_more_than_partitions(overlay: str):
    (scaled,) = of_kind(overlay, "ScaledObject").values()
    spec, settings = scaled["spec"], settings_of(overlay)
    target = of_kind(overlay, spec["scaleTargetRef"]["kind"])[spec["scaleTargetRef"]["name"]]
    assert "replicas" not in target["spec"]
    assert spec["minReplicaCount"] < spec["maxReplicaCount"]
    assert spec["maxReplicaCount"] <= int(settings["ZHENGMING_PARTITIONS"])
    (trigger,) = spec["triggers"]
    about = trigger["metadata"]
    assert about["consumerGroup"] == settings.get("ZHENGMING_APP_ID", Settings().app_id)
    assert about["topic"] == settings.get("ZHENGMING_TOPIC_PREFIX", "") + "account.changes"
    assert about["bootstrapServersFromEnv"] in settings
    assert trigger["authenticationRef"]["name"] in of_kind(overlay, "TriggerAuthentication")


@pytest.mark.parametrize("overlay", READS_A_STREAM)
def test_a_source_keeps_its_position_on_a_disk_and_is_one_process(overlay: str):
    source = of_kind(overlay, "StatefulSet")["zhengming-source"]["spec"]
    assert source["replicas"] == 1
    (claim,) = source["volumeClaimTemplates"]
    mounts = {m["name"]: m["mountPath"] for m in ours(overlay)["zhengming-source"]["volumeMounts"]}
    assert mounts[claim["metadata"]["name"]] == "/var/lib/zhengming"
    assert source["template"]["spec"]["terminationGracePeriodSeconds"] > FLUSH_S


def test_states_on_disk_have_a_disk_for_each_worker():
    (worker,) = of_kind("rocksdb", "StatefulSet").values()
    (claim,) = worker["spec"]["volumeClaimTemplates"]
    mounts = {
        m["name"]: m["mountPath"] for m in ours("rocksdb")["zhengming-worker"]["volumeMounts"]
    }
    assert mounts[claim["metadata"]["name"]] == "/var/lib/zhengming"
    assert settings_of("rocksdb")["ZHENGMING_STORE"] == "rocksdb"


@each_overlay
def test_with_tls_of_its_own_a_gateway_is_probed_and_reached_over_tls(overlay: str, tmp_path: Path):
    here = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    here["resources"] = [os.path.relpath(KUBERNETES / "overlays" / overlay, tmp_path)]
    here["components"] = [os.path.relpath(KUBERNETES / "components" / "gateway-tls", tmp_path)]
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(here), encoding="utf-8")
    found = {
        document["kind"]: document
        for document in kustomized(tmp_path)
        if document["metadata"]["name"] == "zhengming-gateway"
    }
    for document in found.values():
        accept(document)
    pod = found["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        before = ours(overlay)["zhengming-gateway"][probe]["httpGet"]
        assert container[probe]["httpGet"] == before | {"scheme": "HTTPS"}
    values = {e["name"]: e["value"] for e in container["env"]}
    assert not strange(values)
    mounts = {m["mountPath"]: m["name"] for m in container["volumeMounts"]}
    for setting in ("gateway_tls_certificate", "gateway_tls_key"):
        path = Path(values[variable_of(setting)])
        (volume,) = [v for v in pod["volumes"] if v["name"] == mounts[str(path.parent)]]
        assert volume["secret"]["secretName"] == "zhengming-gateway-tls"
        assert path.name in ("tls.crt", "tls.key")  # as in every Secret of that kind
    (port,) = found["Service"]["spec"]["ports"]
    assert (port["port"], port["targetPort"]) == (443, container["ports"][0]["name"])


def test_ci_renders_the_overlays():
    if os.environ.get("CI") == "true":
        assert shutil.which("kubectl"), "without kubectl nothing of the overlays is checked"
