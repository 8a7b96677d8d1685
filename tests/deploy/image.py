"""The image without a container engine: the lines of its build stage, run as plain processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.deploy.documents import ROOT, stages

PREFIX = "opt/zhengming"
PATHS = ("/wheels", "/opt/zhengming")
"""Paths of the build stage that its lines name."""
NO_NETWORK = ("Temporary failure in name resolution", "Failed to establish a new connection")


class Unreachable(Exception):
    """The package registry cannot be reached."""


def build(where: Path) -> Path:
    """Build below a directory what the image has at /opt/zhengming; returns its place there."""
    builder, work = where / "builder", where
    subprocess.run([sys.executable, "-m", "venv", str(builder)], check=True)
    environment = {**os.environ, "PATH": f"{builder}/bin:{os.environ['PATH']}"}
    environment.pop("PYTHONPATH", None)
    for word, rest in stages()[1][1:]:
        if word == "WORKDIR":
            work = where / rest.lstrip("/")
            work.mkdir(parents=True)
        elif word == "COPY":
            *sources, target = rest.split()
            _copy(sources, work / target)
        elif word == "RUN":
            _run(rest, where, work, environment)
        else:
            raise AssertionError(f"what does {word} of the build stage mean here?")
    return where / PREFIX


def _copy(sources: list[str], target: Path) -> None:
    for source in map(ROOT.joinpath, sources):
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)


def _run(line: str, where: Path, work: Path, environment: dict[str, str]) -> None:
    for path in PATHS:
        line = line.replace(path, f"{where}{path}")
    done = subprocess.run(
        ["sh", "-euc", line], cwd=work, env=environment, capture_output=True, text=True, check=False
    )
    told = done.stdout + done.stderr
    if done.returncode and any(words in told for words in NO_NETWORK):
        raise Unreachable(told[-500:])
    assert done.returncode == 0, f"RUN {line}\n{told[-3_000:]}"
