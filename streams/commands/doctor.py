"""`zhengming doctor`: shows the settings and finds the usual faults, each with its cure."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Annotated, NamedTuple

import redis
import typer
from rich.table import Table

from schemas.errors import RegistryUnavailable
from streams.clients import create_admin, topic_partitions
from streams.commands.common import FOUND, out, print_json
from streams.control_topics import read_in_force
from streams.errors import WorkerError
from streams.packs import load_policy
from streams.regions import open_regions
from streams.settings import (
    Settings,
    load_settings,
    mask_user_info,
    settings_table,
    unknown_variables,
)
from streams.topics import describe_topics, input_topics, real_name

ANSWER_S = 3.0


class Finding(NamedTuple):
    """One check: what was looked at, whether it is well, what was seen, and the cure."""

    what: str
    ok: bool
    seen: str
    cure: str = ""


def doctor(json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Show what is in force and what is wrong with it; exit code 1 when something is."""
    settings = load_settings()
    findings = [
        finding._replace(seen=mask_user_info(finding.seen))
        for check in CHECKS
        for finding in check(settings)
    ]
    rows = settings_table(settings)
    if json:
        print_json(
            {
                "settings": {row.variable: row.value for row in rows},
                "checks": [finding._asdict() for finding in findings],
            }
        )
    else:
        table = Table("setting", "value", title="settings")
        for row in rows:
            table.add_row(row.variable, row.value)
        out.print(table)
        table = Table("", "check", "seen", "cure")
        for finding in findings:
            mark = "[green]ok[/]" if finding.ok else "[red]fault[/]"
            table.add_row(mark, finding.what, finding.seen, finding.cure)
        out.print(table)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(FOUND)


def _variables(_settings: Settings) -> Iterator[Finding]:
    for variable, likely in unknown_variables().items():
        cure = f"did you mean {likely}?" if likely else "unset it; docs/settings.md has them all"
        yield Finding("settings", False, f"{variable} is not a setting", cure)


def _kafka(settings: Settings) -> Iterator[Finding]:
    try:
        there = topic_partitions(create_admin(settings), ANSWER_S)
    except WorkerError as error:
        cure = "start Kafka, or set ZHENGMING_KAFKA and the security settings to the right one"
        yield Finding("Kafka", False, str(error), cure)
        return
    yield Finding("Kafka", True, f"{settings.kafka}, {len(there)} topics")
    states = describe_topics(settings)
    missing = [state.name for state in states if not state.partitions]
    cure = "run `zhengming topics create`" if missing else ""
    yield Finding(
        "topics", not missing, f"missing: {', '.join(missing)}" if missing else "all", cure
    )
    uneven = [
        f"{s.name} has {s.partitions}"
        for s in states
        if s.partitions not in (0, settings.partitions) and not s.topic.partitions
    ]
    yield Finding(
        "partitions",
        not uneven,
        "; ".join(uneven) or f"{settings.partitions} each",
        "inputs, outputs and changelog need equal counts: set ZHENGMING_PARTITIONS to the count "
        "of the existing inputs, and use new topics for the rest"
        if uneven
        else "",
    )
    inputs = {real_name(settings, topic.name) for topic in input_topics()}
    clocks = [
        s.name for s in states if s.name in inputs and any("timestamp" in d for d in s.differences)
    ]
    yield Finding(
        "event time",
        not clocks,
        f"not LogAppendTime: {', '.join(clocks)}" if clocks else "LogAppendTime",
        "producers' clocks drive deadlines: set message.timestamp.type=LogAppendTime"
        if clocks
        else "",
    )


def _pack(settings: Settings) -> Iterator[Finding]:
    try:
        pack = load_policy(settings).pack
    except WorkerError as error:
        yield Finding("pack", False, str(error), "run `zhengming policy lint`")
        return
    yield Finding(
        "pack", True, f"{pack.id} {pack.version}, {len(pack.rules)} rules, {pack.hash[:12]}"
    )


def _published(settings: Settings) -> Iterator[Finding]:
    """What the control topics put in force, once Kafka and the configured pack are well."""
    try:
        in_force = read_in_force(settings, load_policy(settings))
    except WorkerError:
        return  # told by the checks on Kafka and on the configured pack
    by = {pack.pack_hash: f"put in force by {pack.published_by}" for pack in in_force.packs}
    seen, cure = (
        "; ".join(
            f"{pack.id} {pack.version}, {pack.hash[:12]}, {by.get(pack.hash, 'as configured')}"
            for pack in in_force.policy.pack.parts or (in_force.policy.pack,)
        ),
        "",
    )
    if in_force.problems:
        seen = f"{seen}; cannot be used: {'; '.join(in_force.problems)}"
        cure = "put a sound pack in force, or retire the broken one: `zhengming policy`"
    yield Finding("in force", not in_force.problems, seen, cure)


def _regions(settings: Settings) -> Iterator[Finding]:
    if not settings.ip_data:
        return
    try:
        open_regions(settings)
    except WorkerError as error:
        yield Finding("IP data", False, str(error), "name whole xdb files in ZHENGMING_IP_DATA")
        return
    yield Finding("IP data", True, settings.ip_data)


def _registry(settings: Settings) -> Iterator[Finding]:
    if settings.schema_registry_url is None:
        return
    from schemas.registry import Registry

    try:
        Registry(settings.schema_registry_url, str).schema(1)
    except RegistryUnavailable as error:
        cure = "start it, or unset ZHENGMING_SCHEMA_REGISTRY_URL"
        yield Finding("schema registry", False, str(error), cure)
        return
    yield Finding("schema registry", True, settings.schema_registry_url)


def _redis(settings: Settings) -> Iterator[Finding]:
    client = redis.Redis.from_url(settings.redis_url, socket_connect_timeout=2)
    try:
        client.ping()
    except redis.RedisError as error:
        cure = "start Redis, or set ZHENGMING_REDIS; only the views need it, decisions go on"
        yield Finding("Redis", False, type(error).__name__, cure)
        return
    finally:
        client.close()
    yield Finding("Redis", True, "answers")


def _store(settings: Settings) -> Iterator[Finding]:
    if settings.store == "rocksdb":
        try:
            import rocksdict  # noqa: F401  # only whether it is there
        except ImportError:
            yield Finding("store", False, "rocksdict is missing", "pip install zhengming[rocksdb]")
            return
    yield Finding("store", True, settings.store)


def _java(_settings: Settings) -> Iterator[Finding]:
    found = [name for name in ("java", "mvn") if shutil.which(name)]
    yield Finding(
        "sandbox",
        True,
        f"found {', '.join(found)}" if found else "no Java: mock broker in the demo",
    )


CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    _variables,
    _kafka,
    _pack,
    _published,
    _regions,
    _registry,
    _redis,
    _store,
    _java,
)
