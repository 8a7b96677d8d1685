"""What a proposed pack would change: whoever puts it in force sees all of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest

from processors.policy import Pack, load_pack
from processors.policy.difference import TERMS
from streams.gateway.packs import Changed, compare
from streams.packs import find_pack

MAIN = "pack.yaml"
Change = Callable[[str], str]


@pytest.fixture(scope="module")
def files() -> Mapping[str, bytes]:
    return {name: data for name, data in find_pack("cac2022").items() if name != "tests.yaml"}


@pytest.fixture(scope="module")
def shipped(files: Mapping[str, bytes]) -> Pack:
    return load_pack(files)


def changed(files: Mapping[str, bytes], name: str, change: Change) -> Pack:
    """The shipped pack with one of its files changed."""
    other = change(files[name].decode())
    assert other != files[name].decode()
    return load_pack({**files, name: other.encode()})


def test_nothing_differs_between_a_pack_and_itself(shipped: Pack) -> None:
    assert compare(shipped, shipped) == []


@pytest.mark.parametrize(
    ("part", "before", "after"),
    [
        ("across", "  persons: 1 ", "  persons: 9 "),
        ("names", "cooldown_days: 3", "cooldown_days: 0"),
        ("sweep", "marked_days: 30", "marked_days: 0"),
        ("images", "unchecked: HOLD", "unchecked: ALLOW"),
        ("brakes", "names:\n", "brakes: {quotas: {CLOSE: 9000}}\n\nnames:\n"),
        ("grounds", "names:\n", "grounds: {ruling: {obligation: X-1, article: y}}\n\nnames:\n"),
        ("language", "names:\n", "language: en\n\nnames:\n"),
        ("detector registered-logo", "{kind: logo, distance: 64}", "{kind: logo, distance: 9}"),
    ],
)
def test_a_term_of_every_group_and_a_detector_is_told(
    files: Mapping[str, bytes], shipped: Pack, part: str, before: str, after: str
) -> None:
    other = changed(files, MAIN, lambda text: text.replace(before, after, 1))
    (change,) = compare(shipped, other)
    assert change.part == part
    assert change.before != change.after


def test_of_a_lexicon_is_told_what_it_has_more_and_what_less(
    files: Mapping[str, bytes], shipped: Pack
) -> None:
    """Also a word that clears others: with it a name passes that was held before."""
    name = "lexicons/strict.tsv"
    other = changed(files, name, lambda text: text.replace("全国\n", "全国烤鱼\t\tallow\n", 1))
    (change,) = compare(shipped, other)
    assert change.part == "detector strict-words"
    assert json.loads(change.before or "")["entries"] == ["全国"]
    assert json.loads(change.after or "")["entries"] == ["全国烤鱼 (allow)"]


def test_of_known_images_the_hash_is_told(files: Mapping[str, bytes], shipped: Pack) -> None:
    line = f"{7:064x}\tflag of nowhere\tflag\n"
    other = changed(files, "images/national-symbols.tsv", lambda text: text + line)
    (change,) = compare(shipped, other)
    assert change.part == "detector national-symbols"
    assert json.loads(change.after or "")["images"] == [f"{7:064x} flag of nowhere (flag)"]


def test_of_a_pack_that_takes_nobodys_place_all_is_new(shipped: Pack) -> None:
    changes: list[Changed] = compare(None, shipped)
    told = {change.part for change in changes if change.before is None}
    assert told >= {f"rule {rule.id}" for rule in shipped.rules}
    assert told >= {f"detector {detector.name}" for detector in shipped.detectors}
    assert told >= {name for name in TERMS if getattr(shipped, name) is not None}
