"""Advice: what a sound pack says that its owner may not mean. It keeps no pack from use."""

from __future__ import annotations

import pytest

from processors.policy import advise, dropped, lint_pack, load_pack, shipped_pack
from tests.processors.policy.small_pack import PACK, changed

AT = 1_800_000_000_000
DECISION = "    decision: NEED_MATERIAL\n"


def held(more: str) -> dict[str, bytes]:
    """The small pack whose first rule holds, and says more."""
    return changed(DECISION, f"    decision: HOLD\n    {more}\n")


def advice(files: dict[str, bytes]) -> list[tuple[str, int, str]]:
    assert lint_pack(files) == [], "it can be used"
    return [(one.file, one.line, one.code) for one in advise(files, AT)]


@pytest.mark.parametrize("name", ["cac2022", "dsa2022"])
def test_nothing_is_advised_of_the_shipped_packs(name: str) -> None:
    assert advise(shipped_pack(name), AT) == []


@pytest.mark.parametrize(
    ("files", "code"),
    [
        (changed(DECISION, DECISION), "no-proof"),
        (held("since: 2199-03-01"), "since-to-come"),
        (
            {
                name: data.replace(
                    b"credit:\n", b"ladder: {functions: {RESTRICT: [post]}}\ncredit:\n", 1
                )
                for name, data in held("").items()
            },
            "unnamed-function",
        ),
        (held('mark: {zh: 证, en: "{tag}"}'), "unshown-mark"),
        (held("when: subject == 'individual'"), "never-true"),
        (held("when: field in ['NAME', 'BIOGRAPHY']"), "never-true"),
        (held("when: match.outcome == 'accept'"), "never-true"),
        (held("when: \"!('INSTITUTE' in proofs)\""), "never-true"),
        (held("when: size(proofs['INSTITUTION']) == 0"), "no-answer"),
        (held("when: text.matches('[')"), "no-answer"),
        (
            {k: v.replace(b"en: word}", b'en: "{tag}"}') for k, v in held("").items()},
            "unfilled",
        ),
    ],
)
def test_what_may_not_be_meant_is_advised(files: dict[str, bytes], code: str) -> None:
    assert {found for _, _, found in advice(files)} == {code}


@pytest.mark.parametrize(
    "more",
    [
        "since: 2026-03-01",
        "when: subject == 'INDIVIDUAL' && field in ['NAME', 'BIO'] && text != 'individual'",
        "when: \"!('INSTITUTION' in proofs) || size(proofs['INSTITUTION']) == 0\"",
        "when: account.language == 'en' && match.tag == 'subject'",
    ],
)
def test_nothing_is_advised_of_what_is_usual(more: str) -> None:
    assert advice(held(more)) == []


def test_a_file_that_nothing_names_is_told_but_not_words_for_people() -> None:
    more = {"lexicons/forgotten.tsv": b"word\n", "README.md": b"# Ours\n", "tests.yaml": b"[]\n"}
    assert advice(held("points_days: 9") | more) == [("lexicons/forgotten.tsv", 1, "unnamed-file")]


def test_of_a_retired_rule_nothing_is_advised() -> None:
    assert advice(changed(DECISION, f"{DECISION}    mode: RETIRED\n    since: 2199-03-01\n")) == []


def test_rules_that_lived_and_are_left_out_are_dropped_retired_ones_are_not() -> None:
    before = load_pack(changed("id: tiny", "id: tiny"))
    first = PACK[PACK.index("  - id: words.any") : PACK.index("  - id: words.bio")]
    after = load_pack(changed(first, ""))
    assert dropped(before, after) == ["words.any"]
    retired = load_pack(changed(DECISION, f"{DECISION}    mode: RETIRED\n"))
    assert dropped(before, retired) == []
