"""An export without a broker: what whoever may write into its directory cannot do unseen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.records import (
    AccountChange,
    AuditRecord,
    AuthorityReport,
    ChangeKind,
    Disposal,
    Notice,
)
from streams import sealed
from streams.decoded import Record
from streams.inspection import CHAIN, Manifest, Part
from streams.topics import topic_of
from tests.processors.accounts.world import ACCOUNT, World
from tests.streams.command_line import Command

PERSONS = ("--order", "2026-17", "--ordered-by", "bureau", "--approved-by", "ana")


@pytest.fixture(scope="module")
def outputs() -> list[Any]:
    world = World()
    world.apply(bio="contact")
    return world.log


@pytest.fixture
def topics(monkeypatch: pytest.MonkeyPatch) -> Callable[[Iterable[Any]], None]:
    """Let the topics hold these records."""

    def hold(records: Iterable[Any]) -> None:
        def read(_settings: Any, topics: Any, *_: Any) -> Iterator[Record]:
            for number, record in enumerate(records):
                if (topic := topic_of(type(record))) in topics:
                    yield Record(topic, 0, number, record)

        monkeypatch.setattr("streams.inspection.read_decoded", read)

    return hold


def export(command: Command, target: Path, *more: str, account: str = ACCOUNT) -> dict[str, Any]:
    scope = ("--account", account, "--out", str(target), "--json")
    done = command("export", "inspection", *PERSONS, *scope, *more)
    assert done.code == 0, done.err
    made: dict[str, Any] = json.loads(done.out)
    return made


def forge(target: Path, change: Callable[[str, list[bytes]], list[bytes] | None]) -> None:
    """Change the files, or take some out, and make the manifest and its seal anew."""
    manifest = msgspec.json.decode((target / sealed.MANIFEST).read_bytes(), type=Manifest)
    parts = []
    for part in manifest.files:
        path = target / part.name
        lines = change(part.name, path.read_bytes().splitlines(keepends=True))
        if lines is None:
            path.unlink()
            continue
        path.write_bytes(b"".join(lines))
        parts.append(Part(part.name, sealed.hash_of(path), len(lines)))
    sealed.seal(target, msgspec.structs.replace(manifest, files=tuple(parts)))


def without(*kinds: type[Any]) -> Callable[[str, list[bytes]], list[bytes]]:
    names = {f"{topic_of(kind).name}.jsonl" for kind in kinds}
    if AuditRecord in kinds:
        names.add(CHAIN)
    return lambda name, lines: [] if name in names else lines


@pytest.mark.obligation("CAC-21-1")
@pytest.mark.parametrize(
    ("change", "told"),
    [
        (without(Disposal), "disposal {0.disposal_id} is called for and missing"),
        (without(Notice), "notice {0.notice_id} is called for and missing"),
        (without(AuthorityReport), "report {0.report_id} is called for and missing"),
        (without(AuditRecord), "audit chain {0.account_id} is called for and missing"),
        (without(AuditRecord), "audit record {0.audit_id} is called for and missing"),
        (lambda name, lines: None if name == CHAIN else lines, f"{CHAIN} is not among the files"),
        (lambda _, lines: [b"{}\n" for _ in lines], f"{CHAIN}:1: cannot be read"),
    ],
)
def test_what_is_taken_out_of_an_export_is_missed_though_it_is_sealed_anew(
    command: Command,
    topics: Any,
    outputs: list[Any],
    tmp_path: Path,
    change: Callable[[str, list[bytes]], list[bytes] | None],
    told: str,
) -> None:
    topics(outputs)
    target = tmp_path / "export"
    sha256 = export(command, target)["manifest_sha256"]
    assert command("export", "verify", str(target), "--sha256", sha256).code == 0
    forge(target, change)
    left = command("export", "verify", str(target))
    (disposal,) = [output for output in outputs if type(output) is Disposal]
    assert left.code == 1
    assert told.format(disposal) in left.out


@pytest.mark.obligation("CAC-21-1")
def test_whoever_kept_the_hash_of_the_manifest_sees_that_it_was_made_anew(
    command: Command, topics: Any, outputs: list[Any], tmp_path: Path
) -> None:
    topics(outputs)
    target = tmp_path / "export"
    done = command("export", "inspection", *PERSONS, "--account", ACCOUNT, "--out", str(target))
    sha256 = sealed.hash_of(target / sealed.MANIFEST)
    assert f"SHA-256 of manifest.json: {sha256}" in done.out
    forge(target, lambda _, lines: [])  # an account of which there never was anything
    assert command("export", "verify", str(target)).code == 0
    left = command("export", "verify", str(target), "--sha256", sha256)
    assert left.code == 1
    assert "does not have the hash given" in left.out
    cut = command("export", "verify", str(target), "--sha256", sha256[:16])
    assert cut.code == 2


def test_what_retention_has_deleted_before_an_export_is_in_its_manifest_and_no_fault(
    command: Command, topics: Any, outputs: list[Any], tmp_path: Path
) -> None:
    topics(output for output in outputs if type(output) is not Notice)
    (disposal,) = [output for output in outputs if type(output) is Disposal]
    manifest = export(command, tmp_path / "export")
    assert manifest["absent"] == [["notice", disposal.notice_id]]
    left = command("export", "verify", str(tmp_path / "export"))
    assert left.code == 0, left.out
    assert "records that others call for and the topics hold no more" in left.out


def test_an_account_that_was_never_audited_needs_no_chain(
    command: Command, topics: Any, tmp_path: Path
) -> None:
    topics(World(registered=False).propose(name="plain"))
    export(command, tmp_path / "export")
    left = command("export", "verify", str(tmp_path / "export"))
    assert left.code == 0, left.out
    assert "hold no more" not in left.out


def test_an_account_of_which_nothing_is_found_is_told_and_stands_in_the_manifest(
    command: Command, topics: Any, outputs: list[Any], tmp_path: Path
) -> None:
    topics(outputs)
    target = str(tmp_path / "export")
    scope = ("--account", "acct-*", "--account", "nosuch", "--out", target)
    left = command("export", "inspection", *PERSONS, *scope, "--json")
    assert left.code == 2
    assert "there is nothing of an account 'nosuch': look how it is spelt" in left.err
    manifest = json.loads(left.out)
    assert manifest["nothing_of"] == ["nosuch"]
    assert sum(part["lines"] for part in manifest["files"]) > 0
    checked = command("export", "verify", target)
    assert checked.code == 0
    assert "there is nothing of an account 'nosuch'" in checked.out


@pytest.mark.parametrize("option", ["--order", "--ordered-by", "--approved-by"])
@pytest.mark.parametrize("said", ["", " \u200b"])
def test_the_order_and_who_ordered_and_approved_it_must_be_said(
    command: Command, tmp_path: Path, option: str, said: str
) -> None:
    target = tmp_path / "export"
    asked = ("--account", "a", "--out", str(target), option, said)
    left = command("export", "inspection", *PERSONS, *asked)
    assert left.code == 2
    assert "is empty; fill it in" in left.err
    assert not target.exists()


def test_an_export_can_be_read_by_nobody_else_of_the_machine(
    command: Command, topics: Any, outputs: list[Any], tmp_path: Path
) -> None:
    topics(outputs)
    (tmp_path / "export").mkdir(mode=0o755)
    export(command, tmp_path / "export")
    assert (tmp_path / "export").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "export").iterdir()} == {0o600}


@pytest.mark.obligation("CAC-21-1")
def test_a_period_of_shanghai_has_its_days_and_what_has_no_time_is_in_it(
    command: Command, topics: Any, tmp_path: Path
) -> None:
    """Midnight of Shanghai on 1 March 2026 is 1,772,294,400,000 ms."""
    midnight = 1_772_294_400_000
    times = {"before": midnight - 1, "first": midnight, "unknown": 0}
    topics(
        AccountChange(event_id=event, account_id=ACCOUNT, occurred_at=at, kind=ChangeKind.EDIT)
        for event, at in times.items()
    )
    target = tmp_path / "export"
    period = ("--begin", "2026-03-01T00:00+08:00", "--end", "2026-04-01T00:00+08:00")
    export(command, target, "--topic", "account.changes", *period)
    lines = (target / "account.changes.jsonl").read_bytes().splitlines()
    assert [json.loads(line)["record"]["event_id"] for line in lines] == ["first", "unknown"]
    assert command("export", "verify", str(target)).code == 0
