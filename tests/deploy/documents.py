"""What lies in deploy/, read as the tools that use it would."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
import yaml

from streams.cli import app
from streams.settings import CONFIG_VARIABLE, PREFIX, Settings, variable_of

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "compose.yaml"
CONTAINERFILE = DEPLOY / "Containerfile"
KUBERNETES = DEPLOY / "kubernetes"
OUR_IMAGE = "zhengming"

KNOWN = {variable_of(name) for name in Settings.model_fields} | {CONFIG_VARIABLE}


def strange(variables: Any) -> set[str]:
    """Variables that look like settings and are none."""
    return {name for name in variables if name.startswith(PREFIX) and name not in KNOWN}


def is_command(words: list[str]) -> bool:
    """Whether `zhengming` has this command, and it is no mere group of others."""
    command = typer.main.get_command(app)
    for word in words:
        if (command := getattr(command, "commands", {}).get(word)) is None:
            return False
    return not hasattr(command, "commands") or command.invoke_without_command


def env_file(path: Path) -> dict[str, str]:
    """The variables of an environment file."""
    lines = path.read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


@dataclass(frozen=True)
class Service:
    """One service of the compose file."""

    name: str
    spec: dict[str, Any]

    @property
    def ours(self) -> bool:
        """Whether it runs our image."""
        return str(self.spec["image"]).startswith(OUR_IMAGE + ":")

    @property
    def environment(self) -> dict[str, str]:
        """Its variables, those of the examples of its environment files included."""
        found: dict[str, str] = {}
        for file in self.spec.get("env_file", []):
            found |= env_file(DEPLOY / f"{file}.example")
        return found | self.spec.get("environment", {})


def compose() -> dict[str, Service]:
    """The services of the compose file."""
    content = yaml.safe_load(COMPOSE.read_text("utf-8"))
    return {name: Service(name, spec) for name, spec in content["services"].items()}


def containerfile() -> list[tuple[str, str]]:
    """The instructions of the Containerfile, lines joined and comments left out."""
    text = re.sub(r"^\s*#.*\n", "", CONTAINERFILE.read_text("utf-8"), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [
        (word, " ".join(rest.split()))
        for word, _, rest in (line.partition(" ") for line in lines)
        if word
    ]


def stages() -> list[list[tuple[str, str]]]:
    """The instructions of each stage, its FROM first."""
    found: list[list[tuple[str, str]]] = []
    for word, rest in containerfile():
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest))
    return found


def image_environment() -> dict[str, str]:
    """What the image sets for every process of ours."""
    return {
        name: value
        for word, rest in stages()[-1]
        if word == "ENV"
        for name, _, value in (pair.partition("=") for pair in shlex.split(rest))
    }


def manifests(text: str) -> list[dict[str, Any]]:
    """The documents of a stream of manifests."""
    return [document for document in yaml.safe_load_all(text) if document]


def pod_template(document: dict[str, Any]) -> dict[str, Any] | None:
    """The pod that a document makes; None where it makes none."""
    template = document.get("spec", {}).get("template")
    return template if isinstance(template, dict) and "spec" in template else None
