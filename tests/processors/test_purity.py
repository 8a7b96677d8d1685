"""The domain reaches for nothing outside: no I/O, no clock, no chance, no framework."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("processors", "schemas", "streams")
READERS = (
    ROOT / "processors" / "packs" / "__init__.py",
    ROOT / "processors" / "text" / "tables.py",
)
"""The modules that may read: the packs that ship with the project, and its baked tables."""

FORBIDDEN = {
    "aiokafka",
    "asyncio",
    "confluent_kafka",
    "faust",
    "http",
    "io",
    "logging",
    "mode",
    "multiprocessing",
    "os",
    "pathlib",
    "random",
    "redis",
    "requests",
    "secrets",
    "signal",
    "socket",
    "sqlite3",
    "structlog",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "urllib",
    "uuid",
}
FORBIDDEN_CALLS = {"open", "input", "print", "exec", "eval", "__import__", "breakpoint"}
FORBIDDEN_NAMES = {"now", "utcnow", "today", "environ", "getenv", "urandom"}


def _roots() -> list[Path]:
    return [*sorted((ROOT / "processors").rglob("*.py")), ROOT / "schemas" / "records.py"]


def _file_of(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def _files_of(module: str) -> Iterator[Path]:
    """A module and the packages around it, which are imported with it."""
    parts = module.split(".")
    for length in range(1, len(parts) + 1):
        if file := _file_of(".".join(parts[:length])):
            yield file


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            yield module
            yield from (
                f"{module}.{alias.name}"
                for alias in node.names
                if _file_of(f"{module}.{alias.name}")
            )


def _reached() -> dict[Path, str]:
    """Every module of ours that the domain imports, however far, and what imports it."""
    reached: dict[Path, str] = {}
    waiting = [(path, "itself") for path in _roots()]
    while waiting:
        path, by = waiting.pop()
        if path in reached:
            continue
        reached[path] = by
        for module in _imports(path):
            if module.split(".")[0] in OURS:
                waiting += ((file, str(path.relative_to(ROOT))) for file in _files_of(module))
    return reached


@pytest.fixture(scope="module")
def reached() -> dict[Path, str]:
    found = _reached()
    assert len(found) > len(_roots())
    return found


def test_the_domain_imports_nothing_that_acts(reached: dict[Path, str]):
    for path, by in reached.items():
        for module in _imports(path):
            top = module.split(".")[0]
            assert top not in FORBIDDEN, f"{path} (imported by {by}) imports {module}"
            assert top != "streams", f"{path} imports the shell"
            if module.startswith("importlib"):
                assert path in READERS, f"{path} reads package data"


def test_the_domain_calls_nothing_that_acts(reached: dict[Path, str]):
    for path in reached:
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in FORBIDDEN_CALLS, f"{path}:{node.lineno}"
            if isinstance(node, ast.Attribute):
                assert node.attr not in FORBIDDEN_NAMES, f"{path}:{node.lineno}"
                if node.attr in ("read_bytes", "read_text"):
                    assert path in READERS, f"{path}:{node.lineno}"


def test_schemas_know_nothing_of_the_domain():
    for path in (ROOT / "schemas").rglob("*.py"):
        for module in _imports(path):
            assert module.split(".")[0] not in ("processors", "streams"), path
