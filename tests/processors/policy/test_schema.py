"""The JSON Schema of packs says what the reader of packs says."""

from __future__ import annotations

import pytest
import yaml

from processors.policy import pack_schema, shipped_pack
from tests.processors.policy.small_pack import FILES, changed

SCHEMA = pack_schema()


def faults(files: dict[str, bytes]) -> list[str]:
    from jsonschema import Draft202012Validator  # takes more than a second to read

    validator = Draft202012Validator(SCHEMA)
    return [e.message for e in validator.iter_errors(yaml.safe_load(files["pack.yaml"]))]


def test_the_schema_is_one():
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("files", [FILES, shipped_pack()])
def test_a_sound_pack_fits(files: dict[str, bytes]):
    assert faults(files) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("decision: NEED_MATERIAL", "decison: NEED_MATERIAL"),
        ("decision: NEED_MATERIAL", "decision: NEED_MATERIALS"),
        ("severity: 1", "severity: 5"),
        ("    article: Art. 8\n", ""),
        ("kind: lexicon", "kind: lexikon"),
        ("{kind: contacts}", "{kind: contacts, entries: [words.tsv]}"),
        ("complaints:", "ladder: {correct_days: 31}\ncomplaints:"),
        ("OTHER: 4", "OTHERS: 4"),
    ],
)
def test_what_the_reader_refuses_does_not_fit(old: str, new: str):
    assert faults(changed(old, new))
