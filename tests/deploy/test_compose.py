"""The compose file says what compose understands, and names only what is there."""

from __future__ import annotations

import subprocess
import sys
import tomllib

import pytest
import yaml

from streams.settings import Settings
from tests.deploy.documents import (
    COMPOSE,
    DEPLOY,
    Service,
    compose,
    env_file,
    is_command,
    strange,
)

SERVICES = compose()
OURS = [service for service in SERVICES.values() if service.ours]
KAFKA = [service for name, service in SERVICES.items() if name.startswith("kafka-")]


def named(services):
    return pytest.mark.parametrize("service", services, ids=lambda service: service.name)


def seconds(text: str) -> float:
    assert text.endswith("s")
    return float(text[:-1])


def test_the_file_keeps_to_the_schema_of_compose():
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*command, str(COMPOSE)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@named(OURS)
def test_every_variable_is_a_setting_and_its_value_is_accepted(service: Service, monkeypatch):
    environment = service.environment
    assert not strange(environment)
    environment.pop("ZHENGMING_GATEWAY_KEYS", None)  # a file of the container
    for name, value in environment.items():
        monkeypatch.setenv(name, value if value != "change-me" else "0123456789abcdef")
    Settings()


@named(OURS)
def test_every_command_is_one_of_the_command_line(service: Service):
    assert is_command(service.spec["command"])


@named(SERVICES.values())
def test_what_is_mounted_or_read_lies_in_the_repository(service: Service):
    for volume in service.spec.get("volumes", []):
        source = volume.split(":")[0]
        if source.startswith("."):
            assert (DEPLOY / source).is_dir(), source
        else:
            assert source in yaml.safe_load(COMPOSE.read_text())["volumes"]
    for file in service.spec.get("env_file", []):
        assert (DEPLOY / f"{file}.example").is_file()
    for secret in service.spec.get("secrets", []):
        file = yaml.safe_load(COMPOSE.read_text())["secrets"][secret]["file"]
        assert (DEPLOY / f"{file}.example").is_file()


@named(SERVICES.values())
def test_a_service_is_pinned_bounded_restarted_watched_and_without_privileges(service: Service):
    spec = service.spec
    image, tag = spec["image"].rsplit(":", 1)
    assert (image and tag[0].isdigit()) or tag.startswith("v")
    assert spec["cap_drop"] == ["ALL"]
    assert spec["security_opt"] == ["no-new-privileges:true"]
    assert set(spec["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    assert spec["restart"] in ("unless-stopped", "on-failure")
    for ports in spec.get("ports", []):
        assert ports.startswith("127.0.0.1:"), "nothing is opened to the network unasked"
    if not service.ours:  # ours have the check of their image
        assert spec["healthcheck"]["test"]


@named(OURS)
def test_ours_write_only_where_they_are_let(service: Service):
    assert service.spec["read_only"] is True
    mounts = [*service.spec["tmpfs"], *reversed_volumes(service)]
    assert [mount.split(":")[0] for mount in mounts] == ["/tmp", "/var/lib/zhengming"]


def reversed_volumes(service: Service) -> list[str]:
    """Volumes as tmpfs are written: the place first."""
    return [":".join(reversed(v.split(":"))) for v in service.spec.get("volumes", [])]


def test_a_worker_is_given_the_time_of_its_longest_transaction():
    from streams.worker import STOP_WITHIN_S

    longest = Settings().transaction_timeout_ms / 1e3 + STOP_WITHIN_S
    assert seconds(SERVICES["worker"].spec["stop_grace_period"]) > longest


def test_topics_are_created_before_anything_of_ours_starts():
    for service in OURS:
        if service.name != "topics":
            needed = service.spec["depends_on"]["topics"]
            assert needed == {"condition": "service_completed_successfully"}, service.name
    assert {f"kafka-{n}" for n in (1, 2, 3)} == set(SERVICES["topics"].spec["depends_on"])


def test_three_brokers_survive_the_loss_of_one():
    assert len(KAFKA) == 3
    for service in KAFKA:
        environment = service.environment
        for name, value in environment.items():
            if name.endswith("REPLICATION_FACTOR"):
                assert value == "3", name
            if name.endswith(("MIN_ISR", "MIN_INSYNC_REPLICAS")):
                assert value == "2", name
        assert environment["KAFKA_UNCLEAN_LEADER_ELECTION_ENABLE"] == "false"
    assert SERVICES["worker"].environment["ZHENGMING_REPLICATION_FACTOR"] == "3"


def test_no_secret_stands_in_the_file():
    for service in SERVICES.values():
        for name in service.spec.get("environment", {}):
            assert not any(word in name for word in ("PASSWORD", "SECRET", "VALUE_KEY")), name


def test_secrets_are_drawn_once_and_fit_together(tmp_path):
    for file in (DEPLOY / "secrets").iterdir():
        if file.suffix in (".example", ".sh"):
            (tmp_path / file.name).write_bytes(file.read_bytes())
    subprocess.run(["sh", str(tmp_path / "draw.sh")], check=True, capture_output=True)
    made = {file.name: file.read_text() for file in tmp_path.glob("*.env")}
    assert "change-me" not in "".join(made.values())
    password = env_file(tmp_path / "redis.env")["REDIS_PASSWORD"]
    assert len(password) == 48
    assert f":{password}@" in env_file(tmp_path / "views.env")["ZHENGMING_REDIS"]
    assert tomllib.loads((tmp_path / "gateway-keys.toml").read_text()) == {}
    (tmp_path / "views.env").unlink()
    subprocess.run(["sh", str(tmp_path / "draw.sh")], check=True, capture_output=True)
    assert {file.name: file.read_text() for file in tmp_path.glob("*.env")} == made


def test_prometheus_scrapes_every_process_that_stays():
    content = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text("utf-8"))
    scraped = {
        (name, found["port"])
        for job in content["scrape_configs"]
        for found in job.get("dns_sd_configs", [])
        for name in found["names"]
    }
    ports = {"gateway": Settings().gateway_port}
    staying = {(s.name, ports.get(s.name, Settings().web_port)) for s in OURS if s.name != "topics"}
    assert staying <= scraped
