"""The units are ones that systemd accepts, and run what there is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from streams import errors
from streams.settings import Settings
from tests.deploy.documents import DEPLOY, env_file, is_command, strange

UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
NEED_A_PERSON = {errors.ConfigurationError.exit_code, errors.TaskCorrupted.exit_code}

each_unit = pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)


def service(unit: Path) -> dict[str, list[str]]:
    """The keys of the section [Service], each with its values in their order."""
    section = unit.read_text("utf-8").split("[Service]\n")[1].split("\n[")[0]
    found: dict[str, list[str]] = {}
    for line in section.splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def examples(unit: Path) -> list[Path]:
    """The examples of the unit's environment files."""
    files = service(unit)["EnvironmentFile"]
    return [DEPLOY / "systemd" / f"{Path(file).name}.example" for file in files]


@each_unit
def test_a_unit_runs_a_command_with_settings_that_there_are(unit: Path, monkeypatch):
    words = service(unit)["ExecStart"][0].split()
    assert words[0] == "/opt/zhengming/bin/zhengming"
    assert is_command(words[1:])
    variables = dict(pair.split("=", 1) for pair in service(unit).get("Environment", []))
    for file in examples(unit):
        variables |= env_file(file)
    assert not strange(variables)
    for name, value in variables.items():
        monkeypatch.setenv(name, value.replace("%i", "6066").replace("%S", "/var/lib"))
    Settings()


@each_unit
def test_a_unit_starts_again_unless_a_person_must_look(unit: Path):
    assert service(unit)["Restart"] == ["on-failure"]
    prevented = {int(code) for code in service(unit)["RestartPreventExitStatus"][0].split()}
    assert prevented == NEED_A_PERSON
    assert "StartLimitIntervalSec=0" in unit.read_text().split("[Service]")[0]


def test_a_worker_is_given_the_time_of_its_longest_transaction():
    from streams.worker import STOP_WITHIN_S

    (worker,) = [unit for unit in UNITS if "worker" in unit.name]
    longest = Settings().transaction_timeout_ms / 1e3 + STOP_WITHIN_S
    assert float(service(worker)["TimeoutStopSec"][0]) > longest


def test_units_on_one_machine_do_not_share_a_port():
    ports = [
        re.sub(r"%i", "6066", pair.partition("=")[2])
        for unit in UNITS
        for pair in service(unit).get("Environment", [])
        if "_PORT=" in pair
    ]
    ports.append(str(Settings().gateway_port))
    assert len(set(ports)) == len(ports) == len(UNITS)


@each_unit
def test_systemd_accepts_a_unit_and_finds_little_exposed(unit: Path, tmp_path: Path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze (the package systemd)")
    program = Path(sys.executable).with_name("zhengming")
    text = unit.read_text("utf-8").replace("/opt/zhengming/bin/zhengming", str(program))
    name = unit.name.replace("@.", "@6066.")
    copy = tmp_path / name
    copy.write_text(text)
    quiet = {**os.environ, "SYSTEMD_LOG_LEVEL": "warning"}
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(copy)],
        capture_output=True,
        text=True,
        env=quiet,
        check=False,
    )
    assert done.returncode == 0 and name not in done.stderr, done.stderr
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=20", str(copy)],
        capture_output=True,
        text=True,
        env=quiet,
        check=False,
    )
    assert done.returncode == 0, done.stdout
