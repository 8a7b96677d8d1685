"""A broken pack says where and why, in words that stay the same."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from processors.policy import PackError, Problem, lint_pack, load_pack
from tests.processors.policy.small_pack import FILES, PACK, changed

GOLDEN = Path(__file__).parent / "golden"
RULE = PACK[PACK.index("  - id: words.any") : PACK.index("  - id: words.bio")]

BROKEN: dict[str, dict[str, bytes]] = {
    "no-files": {},
    "empty": {"pack.yaml": b""},
    "not-yaml": {"pack.yaml": b"id: [1, 2\nrules: }\n"},
    "not-utf8": {"pack.yaml": b"id: tiny\nversion: \xff\n"},
    "control-character": {"pack.yaml": b"id: ti\x00ny\n"},
    "not-a-mapping": {"pack.yaml": b"- id\n- rules\n"},
    "too-deep": {"pack.yaml": b"id: " + b"[" * 5000},
    "alias": changed('version: "1"', 'version: &a "1"\nx: *a'),
    "python-tag": changed("id: tiny", "id: !!python/object/apply:os.system [echo]"),
    "unknown-key": changed("decision: NEED_MATERIAL", "decison: NEED_MATERIAL"),
    "duplicate-key": changed("severity: 1", "severity: 1\n    severity: 2"),
    "unknown-value": changed("decision: NEED_MATERIAL", "decision: NEED_MATERIALS"),
    "unknown-field": changed("[NAME, BIO]", "[NAME, BIOGRAPHY]"),
    "unknown-detector": changed("detector: words", "detector: word"),
    "unknown-kind": changed("kind: lexicon", "kind: lexikon"),
    "unused-detector": changed(
        "  contacts: {kind", "  others: {kind: contacts}\n  contacts: {kind"
    ),
    "missing-message": changed("    message: {zh: 词, en: word}\n", ""),
    "half-a-message": changed("{zh: 词, en: word}", "{zh: 词}"),
    "missing-article": changed("    article: Art. 8\n", ""),
    "bad-obligation": changed("CAC-08-1", "Article 8"),
    "missing-obligation": changed("    obligation: CAC-08-1\n", ""),
    "bad-id": changed("id: words.any", "id: Words Any"),
    "id-of-no-rule": changed("id: words.any", "id: credit"),
    "duplicate-rule": changed("id: words.bio", "id: words.any"),
    "unreachable-rule": changed(
        "    mode: SHADOW\n    detector: words\n    fields: [BIO]\n    decision: REFUSE",
        "    detector: words\n    fields: [BIO]\n    decision: NEED_MATERIAL",
    ),
    "no-text-field": {
        **FILES,
        "pack.yaml": PACK.replace("{kind: lexicon, entries: [words.tsv]}", "{kind: whole}")
        .replace("fields: [NAME, BIO]", "fields: [AVATAR]")
        .encode(),
    },
    "no-image-field": changed("{kind: contacts}", "{kind: image-codes, codes: [url]}"),
    "unknown-code": changed("{kind: contacts}", "{kind: image-codes, codes: [uri]}"),
    "bad-image": {
        **changed("{kind: contacts}", "{kind: known-images, entries: [images.tsv]}"),
        "images.tsv": b"# hash, name, tag\nffff\ta flag\n",
    },
    "threshold-without-score": changed("severity: 1", "severity: 1\n    threshold: 0.8"),
    "bad-images": changed(
        "complaints:", "images: {required: [NAME], unchecked: REFUSE}\ncomplaints:"
    ),
    "positive-points": changed("points: -10", "points: 10"),
    "not-a-number": changed("severity: 1", "severity: high"),
    "out-of-range": changed("severity: 1", "severity: 5"),
    "missing-lexicon": changed("words.tsv", "word.tsv"),
    "empty-lexicon": {**FILES, "words.tsv": b"# nothing\n"},
    "bad-entry": {**FILES, "words.tsv": "好词\tx\tsometimes\n".encode()},
    "columns-by-spaces": {
        **FILES,
        "words.tsv": "好词    好  severity=3\n好词　坏词\n坏词 word\n".encode(),
    },
    "several-terms": {**FILES, "words.tsv": "好词,坏词\n好词；坏词\n".encode()},
    "comment-behind": {**FILES, "words.tsv": "好词 # of games\n".encode()},
    "flags-for-a-tag": {**FILES, "words.tsv": "好词\tallow\n坏词\n".encode()},
    "flag-of-names": {**FILES, "words.tsv": "好词\t\trole\n".encode()},
    "one-character": {**FILES, "words.tsv": "坏\n".encode()},
    "pattern": {**FILES, "words.tsv": "好.*词\n^坏词$\n".encode()},
    "lexicon-not-utf8": {**FILES, "words.tsv": "好词\n".encode("gbk")},
    "places-not-utf8": {
        **changed("entries: [names.tsv]", "entries: [names.tsv], places: places.txt"),
        "places.txt": "# 地名\n杭州\n".encode("gbk"),
    },
    "no-places": {
        **changed("entries: [names.tsv]", "entries: [names.tsv], places: places.txt"),
        "places.txt": b"# none\n",
    },
    "allows-what-it-hits": changed("decision: HOLD", "decision: ALLOW"),
    "level-order": changed("{name: A, minimum: 600}", "{name: A, minimum: 100}"),
    "last-level": changed("{name: C, minimum: 0,", "{name: C, minimum: 10,"),
    "level-name": changed("{name: B,", "{name: A,"),
    "restricted-start": changed("base: 700", "base: 500"),
    "no-levels": changed(
        PACK[PACK.index("  levels:") : PACK.index("complaints:")], "  levels: []\n"
    ),
    "missing-priority": changed("OTHER: 4", "OTHERS: 4"),
    "bad-bars": changed("complaints:", "ladder: {bar_days: [30, 180]}\ncomplaints:"),
    "bad-share": changed("complaints:", "ladder: {reminder_share: 2}\ncomplaints:"),
    "bad-proof": changed("cleared: ALLOW_LABELLED", "cleared: REFUSE"),
    "idle-proof": changed(", cleared: ALLOW_LABELLED, contradicted: REFUSE", ""),
    "words-without-covers": changed("cleared: ALLOW_LABELLED", "words: [x], cleared: ALLOW"),
    "wordless-proof": changed("proof: {kind: OCCUPATION", "proof: {kind: CONTACT"),
    "whole-texts": changed("{kind: protected, entries: [names.tsv]}", "{kind: whole}"),
    "bad-page": changed("complaints:", "duties: {identity: yes, page: [PHONE]}\ncomplaints:"),
    "bad-flag": changed("certain: true", "certain: maybe"),
    "condition-of-an-unknown-name": changed(
        "severity: 1", "severity: 1\n    when: match.severity > 1 && acount.score < 600"
    ),
    "condition-of-wrong-types": changed("severity: 1", "severity: 1\n    when: match.entry > 3"),
    "condition-that-is-no-question": changed("severity: 1", "severity: 1\n    when: account.score"),
    "condition-below-its-key": changed(
        "severity: 1", "severity: 1\n    when: |\n      field == 'NAME'\n      && size(text < 3"
    ),
    "condition-too-long": changed("severity: 1", f"severity: 1\n    when: {'true || ' * 300}true"),
    "bad-mode": changed("mode: SHADOW", "mode: SHADE"),
    "bad-since": changed("severity: 1", "severity: 1\n    since: yesterday"),
    "bad-brakes": changed(
        "complaints:", "brakes: {share: 5, quotas: {CLOSE: many, CLOSED: 3}}\ncomplaints:"
    ),
    "failing-test": {
        **FILES,
        "tests.yaml": "- {name: 好词, expect: REFUSE}\n"
        "- {name: 好词, expect: NEED_MATERIAL, rules: []}\n".encode(),
    },
    "bad-test": {
        **FILES,
        "tests.yaml": b"- {text: x, expect: ALLOW}\n- {name: x, expect: MAYBE}\n",
    },
    "tests-not-a-list": {**FILES, "tests.yaml": b"name: x\n"},
}


def test_the_small_pack_is_sound():
    assert lint_pack(FILES) == []
    assert load_pack(FILES).id == "tiny"


@pytest.mark.parametrize("case", BROKEN)
def test_a_fault_is_named_with_its_line_and_a_hint(case: str):
    """Set UPDATE_GOLDEN=1 to write the files anew, then read what changed."""
    said = "".join(f"{problem}\n" for problem in lint_pack(BROKEN[case]))
    golden = GOLDEN / f"{case}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(said, encoding="utf-8")
    assert said == golden.read_text(encoding="utf-8")
    assert said


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_pack_is_never_used(case: str):
    with pytest.raises(PackError) as raised:
        load_pack(BROKEN[case])
    assert list(raised.value.problems) == lint_pack(BROKEN[case])


def test_no_golden_file_is_left_over():
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(BROKEN)


def test_problems_carry_file_line_code_message_and_hint():
    assert lint_pack(BROKEN["unknown-detector"])[0] == Problem(
        "pack.yaml",
        19,
        "unknown-detector",
        "rule 'words.any' names the detector 'word', which is not there",
        "did you mean 'words'?",
    )


def test_a_retired_rule_may_outlive_its_detector_and_keeps_none_alive():
    retired = PACK.replace("id: names.any\n", "id: names.any\n    mode: RETIRED\n").replace(
        "id: names.bio\n", "id: names.bio\n    mode: RETIRED\n"
    )
    said = lint_pack({**FILES, "pack.yaml": retired.encode()})
    assert [problem.code for problem in said] == ["unused-detector"]
    gone = retired.replace("  names: {kind: protected, entries: [names.tsv]}\n", "")
    assert lint_pack({**FILES, "pack.yaml": gone.encode()}) == []


def test_a_graver_rule_for_some_is_needed_beside_one_for_all():
    graver = (
        RULE.replace("words.any", "words.public")
        .replace("severity: 1", "severity: 4\n    subjects: [PUBLIC_ACCOUNT]")
        .replace("points: -10", "points: -100")
    )
    files = {**FILES, "pack.yaml": PACK.replace(RULE, RULE + graver).encode()}
    assert lint_pack(files) == []
    milder = graver.replace("severity: 4", "severity: 1")
    files["pack.yaml"] = PACK.replace(RULE, RULE + milder).encode()
    assert [problem.code for problem in lint_pack(files)] == ["unreachable-rule"]


def test_names_and_terms_that_only_look_like_a_mistake_are_entries():
    words = "联合国教育、科学及文化组织\n新闻1+1\nApple, Inc.\nmassage place\nC# word\n"
    assert lint_pack({**FILES, "words.tsv": words.encode()}) == []
