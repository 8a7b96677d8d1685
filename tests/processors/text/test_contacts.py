"""Contacts: what is one, and what only looks like one."""

from __future__ import annotations

import re
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from processors.text import Match, Outcome, find_contacts

_ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|(\\))")


class Case(NamedTuple):
    """A line of ``cases/contacts.tsv``."""

    technique: str
    entry: str
    outcome: str
    marked: str

    @property
    def text(self) -> str:
        return self.marked.replace("⟦", "").replace("⟧", "")

    @property
    def spans(self) -> list[tuple[int, int]]:
        start, end = self.marked.find("⟦"), self.marked.find("⟧")
        return [] if start < 0 else [(start, end - 1)]


def _read() -> list[Case]:
    lines = Path(__file__).with_name("cases").joinpath("contacts.tsv").read_text("utf-8")
    return [
        Case(*(_ESCAPE.sub(_unescape, part) for part in line.split("\t")))
        for line in lines.split("\n")
        if line and not line.startswith("#")
    ]


def _unescape(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else found[2]


CASES = _read()
CONTACTS = [case for case in CASES if case.entry != "none"]


def _found(text: str) -> list[Match]:
    return list(find_contacts([text])[0])


def _outcomes(case: Case) -> set[str]:
    return {"review", "reject"} if case.outcome == "found" else {case.outcome}


@pytest.mark.obligation("CAC-08-6")
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.technique}: {case.text}")
def test_a_contact_is_found_where_it_stands_and_nothing_else_is(case: Case):
    matches = _found(case.text)
    assert [m.entry for m in matches] == [case.entry] * len(case.spans)
    assert [(m.start, m.end) for m in matches] == case.spans
    assert all(m.outcome.value in _outcomes(case) for m in matches)


def test_there_are_cases_of_every_kind_and_none_twice():
    assert [text for text, times in Counter(case.text for case in CASES).items() if times > 1] == []
    assert len(CONTACTS) >= 150
    assert len(CASES) - len(CONTACTS) >= 100
    assert len({case.entry for case in CONTACTS}) == 12


def test_a_contact_is_never_named_by_its_own_text():
    for case in CONTACTS:
        for match in _found(case.text):
            assert match.entry == match.tag
            assert not any(char.isdigit() for char in match.entry)


def test_an_id_takes_the_place_of_the_invitation_around_it():
    assert _found("扫码加我微信abc12345")[-1].entry == "wechat"


def test_every_contact_of_a_text_is_told():
    text = "微信 abc12345，QQ 12345678，电话 13800138000，example.com"
    assert [m.entry for m in _found(text)] == ["wechat", "qq", "phone", "domain"]


def test_spans_are_those_of_the_original():
    text = "来\u200b聊 ｖｘ：ａbc12345 吧"
    (match,) = _found(text)
    assert text[match.start : match.end] == "ｖｘ：ａbc12345"


@pytest.mark.parametrize(
    ("text", "technique"),
    [
        ("example.com", "plain"),
        ("example点com", "spelled"),
        ("someone艾特example.com", "spelled"),
        ("一三八零零一三八零零零", "numeral"),
        ("1.3.8.0.0.1.3.8.0.0.0", "separator"),
        ("l38oo138ooo", "confusable"),
        ("薇信 abc12345", "slang"),
        ("vx：abc一二三四五", "numeral"),
    ],
)
def test_the_technique_says_how_a_contact_is_hidden(text: str, technique: str):
    assert [m.technique for m in _found(text)] == [technique]


@pytest.mark.parametrize("case", CONTACTS, ids=lambda case: case.text)
def test_a_contact_is_found_amid_other_words(case: Case):
    if case.outcome == "accept":
        return
    matches = _found(f"你好呀，{case.text}，再见")
    assert {Outcome.REVIEW, Outcome.REJECT} & {m.outcome for m in matches}


SIZE = 100_000
PIECES = (
    *(
        "1",
        "1-3",
        "138 0013 800 ",
        "1x3",
        "138然后0013然后",
        "一 二",
        "电话1",
        "+1 ",
        "400-",
        "((0",
    ),
    *("a.", ".com", "点com", "adot", "a at ", "a@qq", "a@b.", "[at]", "邮箱a", "http:", ". c o m"),
    *(
        "微信",
        "微 信",
        "微信a1",
        "加我",
        "qq1",
        "q q ",
        "v ",
        "扫码",
        "看头像",
        "one three ",
        "yisan",
        "群",
        "抖音搜 ",
        "抖音号用户名",
        "收件1号1",
        "地址1栋1单元",
        "名字拼音",
        "加群口令",
    ),
)


def test_no_text_takes_long():
    """Each of these 100 KB texts repeats what begins a pattern and never ends it."""
    texts = [(piece * SIZE)[:SIZE] for piece in PIECES]
    slow = {}
    for piece, text in zip(PIECES, texts, strict=True):
        began = time.process_time()
        find_contacts([text])
        spent = time.process_time() - began
        if spent > 5:
            slow[piece] = spent
    assert slow == {}
