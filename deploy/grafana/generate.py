"""Writes deploy/grafana/dashboards/*.json: ``python -m deploy.grafana.generate [--check]``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from deploy.grafana.boards import DASHBOARDS

FOLDER = Path(__file__).with_name("dashboards")


def files() -> dict[Path, str]:
    """Every file and what is to stand in it."""
    made = (build() for build in DASHBOARDS)
    return {
        FOLDER / f"{board['uid']}.json": json.dumps(board, indent=1, ensure_ascii=False) + "\n"
        for board in made
    }


def main(arguments: list[str]) -> int:
    """Write the files, or with ``--check`` tell which differ; returns the exit code."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: python -m deploy.grafana.generate [--check]\n")
        return 2
    wanted, there = files(), set(FOLDER.glob("*.json"))
    if arguments:
        old = [p for p, text in wanted.items() if p not in there or p.read_text("utf-8") != text]
        for path in sorted({*old, *(there - wanted.keys())}):
            sys.stderr.write(f"{path.name} is not what the code says; run `make docs`\n")
        return int(bool(old or there - wanted.keys()))
    FOLDER.mkdir(exist_ok=True)
    for path in there - wanted.keys():
        path.unlink()
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
