"""Reads a pack from its files.

``pack.yaml`` names the detectors, the rules and the terms; lexicons lie in files beside it, and the
pack's own tests in ``tests.yaml``.
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple

from yaml.nodes import MappingNode

from processors.policy.analyses import CodeClass
from processors.policy.conditions import check
from processors.policy.model import (
    MACHINE_KINDS,
    Covers,
    Detector,
    DetectorKind,
    KnownImage,
    Mode,
    NoticeLanguage,
    Pack,
    Rule,
)
from processors.policy.problems import Problem, nearest
from processors.policy.terms import (
    read_across,
    read_brakes,
    read_complaints,
    read_credit,
    read_duties,
    read_grounds,
    read_images,
    read_ladder,
    read_message,
    read_names,
    read_report,
    read_review,
    read_statement,
    read_statements,
    read_sweep,
)
from processors.policy.tree import SAVE_AS_UTF8, Notes, Table, parse
from processors.text import BadLine, Entry, View, read_entries
from processors.text.entry import FLAGS_OF_NAMES, NOT_UTF8
from processors.text.gazetteer import SIGNALS
from schemas.records import (
    ComplaintCategory,
    Decision,
    Field,
    MeasureStep,
    SubjectKind,
    VerificationKind,
)

MAIN = "pack.yaml"
_ID = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*")
_PDQ = re.compile(r"[0-9a-f]{64}")
_WITHOUT_ENTRIES = (DetectorKind.CONTACTS, DetectorKind.WHOLE, DetectorKind.TAKEN)
_OBLIGATION = re.compile(r"[A-Z]+-\d+[a-z]?(?:-\d+[a-z]?)?")


class Draft(NamedTuple):
    """A pack as read, with the line of every rule and detector; usable when without problems."""

    pack: Pack
    rule_lines: tuple[int, ...]
    detector_lines: tuple[int, ...]


def content_hash(files: Mapping[str, bytes]) -> str:
    """SHA-256, in hex, over the names and bytes of all files, sorted by name.

    Line ends count as one newline however they are written, so that a checkout on another system
    has the same hash.
    """
    digest = sha256()
    for name in sorted(files):
        data = files[name].replace(b"\r\n", b"\n")
        digest.update(f"{len(name.encode())}:{name}:{len(data)}:".encode())
        digest.update(data)
    return digest.hexdigest()


def read_pack(files: Mapping[str, bytes]) -> tuple[Draft | None, list[Problem]]:
    """The pack of these files and what is wrong with it; None where nothing can be read."""
    notes = Notes(MAIN)
    if MAIN not in files:
        notes.add(1, "missing-file", f"there is no {MAIN}")
        return None, notes.problems
    node = parse(files[MAIN], notes)
    if node is None:
        return None, notes.problems
    table = Table(node, notes, "a pack")
    problems = notes.problems
    if not isinstance(node, MappingNode):
        return None, problems
    return read_tables(table, files, problems), problems


def read_tables(table: Table, files: Mapping[str, bytes], problems: list[Problem]) -> Draft:
    """The pack of its main table; what is wrong with it is noted there and in ``problems``."""
    detectors, detector_lines = _read_detectors(table, files, problems)
    pack_id = _read_id(table)
    rules, rule_lines = _read_rules(table, pack_id)
    pack = Pack(
        id=pack_id,
        version=table.text("version"),
        hash=content_hash(files),
        title=read_message(table, "title"),
        detectors=detectors,
        rules=rules,
        credit=read_credit(table),
        ladder=read_ladder(table),
        review=read_review(table),
        complaints=read_complaints(table),
        report=read_report(table),
        duties=read_duties(table),
        brakes=read_brakes(table),
        images=read_images(table),
        across=read_across(table),
        names=read_names(table),
        sweep=read_sweep(table),
        statements=read_statements(table),
        grounds=read_grounds(table),
        language=table.choice("language", NoticeLanguage, NoticeLanguage.ZH),
    )
    grounds = pack.grounds
    lacks = [name for name in grounds.__struct_fields__ if getattr(grounds, name) is None]
    if pack.statements and lacks:
        table.note(
            "missing-ground",
            f"statements of reasons need the 'grounds' of what no rule causes: {', '.join(lacks)}",
            "each with obligation and article, and the clause of your terms where there is one",
            key="statements",
        )
    table.close()
    return Draft(pack, rule_lines, detector_lines)


def _read_id(table: Table) -> str:
    name = table.text("id")
    if name and not _ID.fullmatch(name):
        hint = "small letters and digits, with points or hyphens between"
        table.note("bad-id", f"{name!r} cannot be the id of {table.what}", hint, key="id")
    return name


def _read_detectors(
    pack: Table, files: Mapping[str, bytes], problems: list[Problem]
) -> tuple[tuple[Detector, ...], tuple[int, ...]]:
    table = pack.table("detectors", "detectors")
    if table is None:
        return (), ()
    found, lines = [], []
    for name in table.names():
        inner = table.table(name, f"detector {name!r}")
        assert inner is not None  # the key is one of its own
        found.append(_read_detector(name, inner, files, problems))
        lines.append(inner.line)
    return tuple(found), tuple(lines)


def _read_detector(
    name: str, table: Table, files: Mapping[str, bytes], problems: list[Problem]
) -> Detector:
    kind = table.option("kind", DetectorKind)
    if kind is None:
        # What else it may hold depends on the kind: say only that.
        if not table.has("kind"):
            table.note("missing-key", f"{table.what} needs 'kind'")
        return Detector(name, DetectorKind.CONTACTS)
    entries: tuple[Entry, ...] = ()
    places: tuple[str, ...] = ()
    only_places = False
    signals: tuple[Entry, ...] = ()
    if kind in MACHINE_KINDS:
        return _read_machine_detector(name, kind, table, files, problems)
    if kind not in _WITHOUT_ENTRIES:
        entries = _read_lexicons(table, "entries", files, problems, kind)
    if kind in (DetectorKind.PROTECTED, DetectorKind.GAZETTEER) and table.has("places"):
        places = _read_places(table, files, problems)
    if kind is DetectorKind.PROTECTED:
        only_places = table.flag("only_places")
    if kind is DetectorKind.GAZETTEER:
        signals = _read_signals(table, files, problems)
    views = tuple(View)
    if kind is DetectorKind.LEXICON and table.has("views"):
        views = table.choices("views", View)
    table.close()
    return Detector(name, kind, entries, places, views, signals, only_places=only_places)


def _read_machine_detector(
    name: str,
    kind: DetectorKind,
    table: Table,
    files: Mapping[str, bytes],
    problems: list[Problem],
) -> Detector:
    """A detector that looks at what machines found."""
    names: tuple[str, ...] = ()
    images: tuple[KnownImage, ...] = ()
    distance = 0
    if kind is DetectorKind.IMAGE_CODES:
        names = tuple(code.value for code in table.choices("codes", CodeClass))
    elif kind is DetectorKind.LABELS:
        names = table.texts("labels", required=True)
    else:
        if kind is DetectorKind.KNOWN_IMAGES:
            images = _read_images(table, files, problems)
        distance = table.number("distance", 0, 64, 31)
    table.close()
    return Detector(name, kind, names=names, images=images, distance=distance)


def _read_images(
    table: Table, files: Mapping[str, bytes], problems: list[Problem]
) -> tuple[KnownImage, ...]:
    """Known images of the files named: hash in hex, name, tag, with tabs between."""
    images: list[KnownImage] = []
    for name in table.texts("entries", required=True):
        text = _text(table, "entries", name, files, problems)
        if text is None:
            continue
        before = len(images)
        for number, line in enumerate(text.split("\n"), 1):
            if not line.strip() or line.startswith("#"):
                continue
            written, shown, tag, *more = [part.strip() for part in line.split("\t")] + ["", ""]
            if not _PDQ.fullmatch(written) or not shown or any(more):
                why = "the line is not a hash of 64 hex digits, a name and a tag, with tabs between"
                problems.append(Problem(name, number, "bad-entry", why))
            else:
                images.append(KnownImage(int(written, 16), shown, tag or shown))
        if len(images) == before:
            problems.append(Problem(name, 1, "empty-lexicon", "there is no entry in it"))
    return tuple(images)


def _text(
    table: Table, key: str, name: str, files: Mapping[str, bytes], problems: list[Problem]
) -> str | None:
    data = _file(table, key, name, files)
    try:
        return None if data is None else data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1 if data else 1
        problems.append(Problem(name, line, "bad-entry", "the line is not UTF-8", SAVE_AS_UTF8))
        return None


def _file(table: Table, key: str, name: str, files: Mapping[str, bytes]) -> bytes | None:
    if name in files:
        return files[name]
    hint = nearest(name, (known for known in files if known != MAIN))
    table.note("missing-file", f"{table.what} names {name!r}, which is not there", hint, key=key)
    return None


def _read_lexicons(
    table: Table,
    key: str,
    files: Mapping[str, bytes],
    problems: list[Problem],
    kind: DetectorKind,
) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    for name in table.texts(key, required=True):
        data = _file(table, key, name, files)
        if data is None:
            continue
        lines = list(read_entries(data))
        for line in lines:
            if isinstance(line, BadLine):
                why = f"the line {line.why}"
                hint = SAVE_AS_UTF8 if line.why == NOT_UTF8 else ""
                problems.append(Problem(name, line.line, "bad-entry", why, hint))
                continue
            number, entry = line
            entries.append(entry)
            vain = [flag for flag in FLAGS_OF_NAMES if getattr(entry, flag)]
            if vain and kind is not DetectorKind.PROTECTED:
                why = f"the flag {vain[0]!r} says nothing to {table.what} of kind {kind.value!r}"
                hint = "only protected names have it"
                problems.append(Problem(name, number, "bad-entry", why, hint))
        if not lines:
            problems.append(Problem(name, 1, "empty-lexicon", "there is no entry in it"))
    return tuple(entries)


def _read_signals(
    table: Table, files: Mapping[str, bytes], problems: list[Problem]
) -> tuple[Entry, ...]:
    signals = _read_lexicons(table, "signals", files, problems, DetectorKind.GAZETTEER)
    for entry in signals:
        if entry.tag not in SIGNALS:
            message = f"the signal {entry.term!r} of {table.what} has the tag {entry.tag!r}"
            table.note("unknown-value", message, f"one of {', '.join(SIGNALS)}", key="signals")
    return signals


def _read_places(
    table: Table, files: Mapping[str, bytes], problems: list[Problem]
) -> tuple[str, ...]:
    name = table.text("places")
    text = _text(table, "places", name, files, problems)
    if text is None:
        return ()
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    places = tuple(place for line in lines for place in line.split())
    if not places:
        problems.append(Problem(name, 1, "empty-lexicon", "there is no place in it"))
    return places


def _read_rules(pack: Table, pack_id: str) -> tuple[tuple[Rule, ...], tuple[int, ...]]:
    rules, lines = [], []
    for table in pack.tables("rules", "a rule"):
        rules.append(_read_rule(table, pack_id))
        lines.append(table.line)
    return tuple(rules), tuple(lines)


def _read_rule(table: Table, pack_id: str) -> Rule:
    name = _read_id(table)
    table.what = f"rule {name!r}"
    obligation = table.text("obligation")
    if obligation and not _OBLIGATION.fullmatch(obligation):
        message = f"{obligation!r} is no obligation id"
        table.note("bad-obligation", message, "such as CAC-08-6", key="obligation")
    days = table.number("points_days", 1, 3660) if table.has("points_days") else None
    proof = _read_proof(table)
    rule = Rule(
        id=name,
        obligation=obligation,
        article=table.text("article"),
        clause=table.text("clause", ""),
        mode=table.choice("mode", Mode, Mode.ENFORCE),
        detector=table.text("detector"),
        fields=table.choices("fields", Field, required=True),
        subjects=table.choices("subjects", SubjectKind),
        certain=table.flag("certain"),
        decision=table.choice("decision", Decision),
        proof=proof.kind,
        proof_covers=proof.covers,
        proof_words=proof.words,
        cleared=proof.cleared,
        contradicted=proof.contradicted,
        severity=table.number("severity", 1, 4),
        points=_read_points(table),
        points_days=days,
        measure=table.option("measure", MeasureStep),
        categories=table.choices("categories", ComplaintCategory),
        message=read_message(table, "message"),
        remedy=read_message(table, "remedy"),
        mark=read_message(table, "mark") if table.has("mark") else None,
        when=_read_condition(table),
        since=table.time("since"),
        statement=read_statement(table, "statement") if table.has("statement") else None,
        pack=pack_id,
        threshold=round(1000 * table.share("threshold", 0.0)),
    )
    table.close()
    return rule


def _read_condition(table: Table) -> str:
    source = table.text("when", "")
    for fault in check(source) if source else ():
        message = f"the condition of {table.what} {fault.message}"
        table.note("bad-condition", message, fault.hint, key="when", below=fault.line)
    return source


def _read_points(table: Table) -> int:
    points = table.number("points", -1000, 1000, 0)
    if points > 0:
        table.note("positive-points", f"{table.what} would raise the credit", key="points")
    return points


_WORDLESS = (VerificationKind.IDENTITY, VerificationKind.CONTACT)


class _Proof(NamedTuple):
    kind: VerificationKind | None = None
    covers: Covers = Covers.FOUND
    words: tuple[str, ...] = ()
    cleared: Decision | None = None
    contradicted: Decision | None = None


def _read_proof(rule: Table) -> _Proof:
    table = rule.table("proof", f"proof of {rule.what}", required=False)
    if table is None:
        return _Proof()
    covers = table.choice("covers", Covers, Covers.FOUND)
    words = table.texts("words", required=covers is Covers.WORDS)
    if words and covers is not Covers.WORDS:
        table.note(
            "unknown-key", f"{table.what} has words but does not cover by words", key="words"
        )
    proof = _Proof(
        kind=table.choice("kind", VerificationKind),
        covers=covers,
        words=words,
        cleared=table.option("cleared", Decision),
        contradicted=table.option("contradicted", Decision),
    )
    if proof.kind in _WORDLESS and proof.covers is not Covers.ANY:
        message = f"a proof of {proof.kind} says nothing in words"
        table.note("unknown-value", message, "let it cover 'any'", key="covers")
    if proof.cleared not in (None, Decision.ALLOW, Decision.ALLOW_LABELLED):
        table.note("unknown-value", "a proof clears to ALLOW or ALLOW_LABELLED", key="cleared")
    if proof.cleared is None and proof.contradicted is None:
        table.note("missing-key", f"{table.what} needs 'cleared' or 'contradicted'")
    table.close()
    return proof
