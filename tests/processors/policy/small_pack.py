"""A small pack to break, and to judge by."""

from __future__ import annotations

PACK = """\
id: tiny
version: "1"
title: {zh: 小, en: tiny}
credit:
  base: 700
  levels:
    - {name: A, minimum: 600}
    - {name: B, minimum: 300, measure: RESTRICT}
    - {name: C, minimum: 0, measure: SUSPEND}
complaints:
  priorities:
    {IMPERSONATION: 1, CONTACTS: 2, FALSE_CLAIM: 2, FAKE_NEWS: 2, ILLEGAL: 1, VULGAR: 3, OTHER: 4}
detectors:
  words: {kind: lexicon, entries: [words.tsv]}
  titles: {kind: claims, entries: [titles.tsv]}
  names: {kind: protected, entries: [names.tsv]}
  contacts: {kind: contacts}
rules:
  - id: words.any
    obligation: CAC-08-1
    article: Art. 8
    detector: words
    fields: [NAME, BIO]
    decision: NEED_MATERIAL
    severity: 1
    points: -10
    message: {zh: 词, en: word}
    remedy: {zh: 删, en: remove}
  - id: words.bio
    obligation: CAC-08-1
    article: Art. 8
    mode: SHADOW
    detector: words
    fields: [BIO]
    decision: REFUSE
    severity: 1
    message: {zh: 词, en: word}
    remedy: {zh: 删, en: remove}
  - id: titles.any
    obligation: CAC-07-1
    article: Art. 7
    detector: titles
    fields: [NAME, BIO]
    subjects: [INDIVIDUAL]
    decision: NEED_MATERIAL
    proof: {kind: OCCUPATION, cleared: ALLOW_LABELLED, contradicted: REFUSE}
    severity: 2
    message: {zh: 职业, en: title}
    remedy: {zh: 证, en: prove}
  - id: names.any
    obligation: CAC-08-2
    article: Art. 8
    detector: names
    fields: [NAME]
    decision: HOLD
    proof: {kind: INSTITUTION, cleared: ALLOW_LABELLED}
    severity: 3
    message: {zh: 名, en: name}
    remedy: {zh: 换, en: change}
  - id: names.bio
    obligation: CAC-08-2
    article: Art. 8
    detector: names
    fields: [BIO]
    certain: true
    decision: REFUSE
    severity: 3
    message: {zh: 名, en: name}
    remedy: {zh: 换, en: change}
  - id: contacts.any
    obligation: CAC-08-6
    article: Art. 8
    detector: contacts
    fields: [NAME, BIO]
    decision: REFUSE
    severity: 2
    message: {zh: 联系, en: contact}
    remedy: {zh: 删, en: remove}
"""
FILES = {
    "pack.yaml": PACK.encode(),
    "words.tsv": "好词\n坏词\n".encode(),
    "titles.tsv": "医生\t医师\n医师\n律师\n".encode(),
    "names.tsv": "云山集团\n公安局\t\tsuffix\n".encode(),
}


def changed(old: str, new: str) -> dict[str, bytes]:
    """The files of the small pack with a piece of ``pack.yaml`` replaced."""
    assert PACK.count(old) >= 1, old
    return {**FILES, "pack.yaml": PACK.replace(old, new, 1).encode()}
