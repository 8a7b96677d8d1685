"""`make audit`: known vulnerabilities of what is locked, licences, and the bill of materials.

Writes ``dist/sbom.json`` (CycloneDX 1.6) and ``dist/licences.json``. Exit codes: 0 nothing is known
against any package; 1 something is; 4 the advisory database could not be asked about all of them,
so that nothing is known.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements.lock"
OK, FOUND, UNREACHABLE = 0, 1, 4
WITHIN_S = 600.0


class Advice(NamedTuple):
    """What the database said. ``unknown`` are packages that it was not, or could not be, asked."""

    vulnerable: list[str]
    unknown: list[str]
    looked_at: int

    @property
    def exit_code(self) -> int:
        """What is known against packages counts, also where others could not be asked about."""
        if self.vulnerable:
            return FOUND
        return UNREACHABLE if self.unknown or not self.looked_at else OK


def advice_of(answer: str) -> Advice:
    """Read the JSON of pip-audit; what is none tells that it could not ask."""
    try:
        packages = json.loads(answer)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Advice([], [], 0)
    vulnerable = [
        f"{one['name']} {one['version']}: {fault['id']}"
        + (f", mended in {', '.join(fault['fix_versions'])}" if fault["fix_versions"] else "")
        for one in packages
        for fault in one.get("vulns", ())
    ]
    unknown = [str(one["name"]) for one in packages if "skip_reason" in one]
    return Advice(vulnerable, unknown, len(packages) - len(unknown))


def ask(lock: Path = LOCK) -> Advice:
    """Ask the advisory database of PyPI about every package of a lock."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes"]
    command += ["--requirement", str(lock), "--format", "json", "--progress-spinner", "off"]
    done = subprocess.run(  # noqa: S603 - our own command, no shell
        command, capture_output=True, text=True, timeout=WITHIN_S, check=False
    )
    advice = advice_of(done.stdout)
    if not advice.looked_at:
        sys.stderr.write("\n".join(done.stderr.splitlines()[-3:]) + "\n")
    return advice


def write_sbom(target: Path, *, validate: bool = True) -> dict[str, Any]:
    """Write the bill of materials of this environment, and return it.

    To check all of it against its schema takes a quarter of a minute; what does not hold against it
    raises.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible"]
    command += ["--pyproject", str(ROOT / "pyproject.toml"), "--spec-version", "1.6"]
    command += ["--validate" if validate else "--no-validate"]
    command += ["--output-format", "JSON", "--output-file", str(target), sys.executable]
    subprocess.run(  # noqa: S603 - our own command, no shell
        command, check=True, timeout=WITHIN_S, stderr=subprocess.DEVNULL
    )
    made: dict[str, Any] = json.loads(target.read_text("utf-8"))
    return made


def licences_of(sbom: dict[str, Any]) -> dict[str, str]:
    """The licence of each package, as it states it; empty where it states none."""
    return {one["name"]: _licence(one.get("licenses", ())) for one in sbom["components"]}


def _licence(stated: Iterable[Any]) -> str:
    names = [
        one.get("expression") or one["license"].get("id") or one["license"].get("name", "")
        for one in stated
    ]
    return " AND ".join(dict.fromkeys(str(name).splitlines()[0] for name in names if name))


def main() -> int:
    """Do all of it and tell."""
    dist = ROOT / "dist"
    sbom = write_sbom(dist / "sbom.json")
    licences = licences_of(sbom)
    (dist / "licences.json").write_text(json.dumps(licences, indent=1, sort_keys=True) + "\n")
    said = sys.stdout.write
    said(f"dist/sbom.json: {len(licences)} packages; dist/licences.json: their licences\n")
    advice = ask()
    for line in advice.vulnerable:
        said(f"vulnerable: {line}\n")
    if advice.unknown or not advice.looked_at:
        said(f"NOT KNOWN: {len(advice.unknown) or 'all'} packages could not be asked about\n")
    said(f"{advice.looked_at} packages looked at, {len(advice.vulnerable)} known faults\n")
    return advice.exit_code


if __name__ == "__main__":
    sys.exit(main())
