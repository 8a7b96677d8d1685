"""Every obligation has what fulfils it and a test, or stands among what is not done yet."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from processors.accounts.grounds import BUILT_IN
from processors.policy import load_pack, shipped_pack
from tests.obligations import (
    ROOT,
    Duty,
    Row,
    check_marks,
    duties,
    faults,
    markdown,
    marked_tests,
    resolve,
    rows,
)


@pytest.mark.parametrize(
    "ident", [duty.id for duty in (*duties().obligations, *duties().invariants)]
)
def test_a_duty_is_covered_or_listed_as_not_done(ident: str):
    obligations, invariants = rows()
    (row,) = (row for row in (*obligations, *invariants) if row.duty.id == ident)
    assert list(faults(row)) == []


def test_the_page_is_as_generated():
    page = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    assert page == markdown(), "make docs writes it anew"


def test_ids_are_there_once_and_what_is_not_done_is_one_of_them():
    ids = [duty.id for duty in (*duties().obligations, *duties().invariants)]
    assert len(ids) == len(set(ids))
    assert duties().not_yet.keys() <= set(ids)
    assert all(reason.strip() for reason in duties().not_yet.values())


def test_every_obligation_says_what_it_asks_in_both_languages_and_of_the_operator():
    for duty in duties().obligations:
        assert duty.zh and duty.en and duty.article and duty.operator, duty.id


def test_every_part_is_there():
    for duty in duties().obligations:
        for part in duty.parts:
            assert resolve(part) is not None


def test_a_part_that_is_not_there_is_noticed():
    for name in ("processors.nowhere.Part", "nowhere", "processors.engine.nothing"):
        with pytest.raises((ImportError, AttributeError)):
            resolve(name)


def test_every_id_in_the_pack_the_code_and_the_tests_is_a_known_one():
    known = duties().ids("obligation")
    assert {rule.obligation for rule in load_pack(shipped_pack()).rules} <= known
    assert {ground.obligation for ground in BUILT_IN.values()} <= known
    assert set(marked_tests()) <= known | duties().ids("invariant")


def a_row(**parts: object) -> Row:
    duty = Duty(id="CAC-1", zh="一", en="One.", parts=("processors.engine.run",))
    row = Row(duty=duty, rules=(), tests=(("test_a.py", "test_b"),), needs_rule=True, reason="")
    return replace(row, **parts)


def test_a_row_without_a_test_or_without_a_part_is_a_fault():
    assert list(faults(a_row())) == []
    assert "no test" in next(faults(a_row(tests=())))
    bare = Duty(id="CAC-1", zh="一", en="One.")
    assert "neither a rule nor a part" in next(faults(a_row(duty=bare)))
    assert list(faults(a_row(duty=bare, rules=("a.rule",)))) == []


def test_a_row_that_is_listed_as_not_done_must_not_be_covered():
    assert list(faults(a_row(tests=(), reason="Later."))) == []
    assert "take it off not_yet" in next(faults(a_row(reason="Later.")))


def test_what_is_not_covered_is_never_called_done():
    assert a_row().state == "done"
    assert a_row(reason="Later.").state == "not done yet"
    assert a_row(tests=()).state == "not done yet"
    partly = Duty(id="CAC-1", zh="一", en="One.", parts=("a.b",), missing="images")
    assert (a_row(duty=partly).state, a_row(duty=partly).lacks) == ("in part", "images")


def test_marks_are_found_on_functions_and_on_whole_files(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("tests.obligations.ROOT", tmp_path)
    (tmp_path / "test_one.py").write_text(
        "import pytest\n"
        'pytestmark = [pytest.mark.obligation("A")]\n'
        '@pytest.mark.obligation("B")\n'
        "async def test_first(): ...\n"
        '@pytest.mark.invariant("C")\n'
        '@pytest.mark.parametrize("x", ["D"])\n'
        "def test_second(x): ...\n"
        '@pytest.mark.obligation("E")\n'
        "def helper(): ...\n"
    )
    first, second = ("test_one.py", "test_first"), ("test_one.py", "test_second")
    assert marked_tests(tmp_path) == {"A": [first, second], "B": [first], "C": [second]}


@pytest.mark.parametrize("args", [("CAC-99",), ("INV-01",), ("CAC-06", "CAC-12"), ()])
def test_an_unknown_id_on_a_test_stops_the_run(args: tuple[str, ...]):
    check_marks("test_a", "obligation", [("CAC-06",)])
    with pytest.raises(pytest.UsageError, match="test_a"):
        check_marks("test_a", "obligation", [args])


def test_the_page_is_no_legal_advice_and_prints_no_deadline_of_the_order():
    page = " ".join(markdown().split())
    assert "not legal advice" in page
    assert "sets no numeric deadline" in page
