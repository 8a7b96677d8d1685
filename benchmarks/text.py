"""Folding and matching alone: texts a second of CPU, beside plain ways to search."""

from __future__ import annotations

import gc
import random
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import daachorse

from benchmarks.ground import Failed
from benchmarks.traffic import events
from processors.text import Contacts, Entry, Lexicon, Scanner, tables
from processors.text.fold import fold
from schemas.codec import decode
from schemas.records import AccountChange

SIZES = (1_000, 10_000, 100_000)
BATCHES = (1, 64, 512)
_LENGTH = 35
_PLANTED = 0.02
_REGEX_TEXTS = 100
_WAYS: tuple[Callable[[str], str], ...] = (
    str,
    "*".join,
    "\u200b".join,
    lambda term: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in term),
)


@dataclass(frozen=True)
class Figures:
    """Texts a second of CPU of one way to search; ``rates`` by size of batch for ours."""

    entries: int
    build_s: float
    rates: dict[int, float]


@dataclass(frozen=True)
class Found:
    """What was measured over the same texts."""

    texts: int
    length: float
    ours: dict[int, Figures]
    plain: dict[str, float]
    planted: int


def measure(count: int, rounds: int) -> Found:
    """Search ``count`` texts in every way. Raises `Failed` when a planted entry is not found."""
    chance = random.Random(7)
    entries = _entries(chance, max(SIZES))
    texts, planted = _texts(chance, count, entries[: min(SIZES)])
    ours = {size: _ours(entries[:size], texts, planted, rounds) for size in SIZES}
    middle = [entry.term for entry in entries[: SIZES[1]]]
    return Found(
        len(texts),
        sum(map(len, texts)) / len(texts),
        ours,
        _plain(middle, texts, rounds),
        len(planted),
    )


def _entries(chance: random.Random, count: int) -> list[Entry]:
    """Words of two to six characters of everyday writing, one in five of Latin letters."""
    han = [char for char, sounds in tables.sounds().items() if _is_common(char) and sounds]
    found: dict[str, None] = {}
    while len(found) < count:
        if chance.random() < 0.2:
            term = "".join(chance.choices("abcdefghiklmnoprstuw", k=chance.randint(5, 9)))
        else:
            term = "".join(
                chance.choices(han, k=chance.choices((2, 3, 4, 5, 6), (5, 5, 7, 2, 1))[0])
            )
        found[term] = None
    return [Entry(term, "words") for term in found]


def _is_common(char: str) -> bool:
    try:
        return len(char.encode("gb2312")) == 2
    except UnicodeEncodeError:
        return False


def _texts(
    chance: random.Random, count: int, entries: Sequence[Entry]
) -> tuple[list[str], dict[int, str]]:
    """Names and introductions of the simulator, cut to a mean length; some hold an entry."""
    pieces = []
    for event in events(count, count // 5):
        if event.topic == "account.changes":
            change = decode(AccountChange, event.value)
            pieces += [text for text in (change.name, change.bio, change.signature) if text]
    chance.shuffle(pieces)
    texts, planted = [], dict[int, str]()
    for index in range(count):
        text = ""
        wanted = chance.randint(4, 2 * _LENGTH - 4)
        while len(text) < wanted:
            text += chance.choice(pieces) + " "
        text = text[:wanted]
        if chance.random() < _PLANTED:
            entry = chance.choice(entries).term
            planted[index] = entry
            text = f"{text} {chance.choice(_WAYS)(entry)} {chance.randint(0, 9)}"
        texts.append(text)
    return texts, planted


def _cpu(run: Callable[[], object], rounds: int) -> float:
    """Seconds of CPU, the least of the rounds."""
    least = float("inf")
    for _ in range(rounds):
        began = time.process_time()
        run()
        least = min(least, time.process_time() - began)
    return least


def _ours(
    entries: Sequence[Entry], texts: Sequence[str], planted: dict[int, str], rounds: int
) -> Figures:
    began = time.process_time()
    scanner = Scanner([Lexicon(entries), Contacts()])
    build_s = time.process_time() - began
    gc.collect()
    gc.freeze()  # as a worker does once it is built
    found = _batched(scanner, texts, 512)
    for index, entry in planted.items():
        if entry not in {match.entry for _, match in found[index]}:
            raise Failed(f"an entry that was planted in text {index} is not found")
    some = texts[:500]
    if _batched(scanner, some, 1) != found[:500]:
        raise Failed("texts alone and in a batch have other matches")
    rates = {}
    for size in BATCHES:
        part = texts[: len(texts) // 4] if size == 1 else texts
        spent = _cpu(lambda size=size, part=part: _batched(scanner, part, size), rounds)
        rates[size] = len(part) / spent
    gc.unfreeze()
    return Figures(len(entries), build_s, rates)


def _batched(scanner: Scanner, texts: Sequence[str], size: int) -> list[object]:
    found: list[object] = []
    for start in range(0, len(texts), size):
        found += scanner.find(texts[start : start + size])
    return found


def _plain(terms: Sequence[str], texts: Sequence[str], rounds: int) -> dict[str, float]:
    """Ways without gates, and all but one without folding."""
    automaton = daachorse.CharwiseDoubleArrayAhoCorasick(list(terms))
    pattern = re.compile("|".join(map(re.escape, terms)))
    few = texts[:_REGEX_TEXTS]
    ways: dict[str, tuple[Callable[[], object], int]] = {
        "Aho-Corasick on raw text, joined": (
            lambda: automaton.find_overlapping("\uffff".join(texts)),
            len(texts),
        ),
        "Aho-Corasick on raw text, one at a time": (
            lambda: [automaton.find_overlapping(text) for text in texts],
            len(texts),
        ),
        "folding (`str.translate`) and Aho-Corasick, one at a time": (
            lambda: [automaton.find_overlapping(fold(text)) for text in texts],
            len(texts),
        ),
        "one regular expression": (lambda: [pattern.search(text) for text in few], len(few)),
    }
    return {name: count / _cpu(run, rounds) for name, (run, count) in ways.items()}
