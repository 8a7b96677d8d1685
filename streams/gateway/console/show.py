"""Small pieces of pages, as HTML. Everything that is not ours is escaped here."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from html import escape
from urllib.parse import quote

from schemas.records import Decision, EscalationKind, Finding
from streams.gateway.console.words import Language, word

__all__ = ["account_link", "badge", "clock", "escape", "highlight", "table", "two_lines", "when"]

TONES: dict[str, str] = {
    Decision.ALLOW: "ok",
    Decision.ALLOW_LABELLED: "info",
    Decision.NEED_MATERIAL: "warn",
    Decision.HOLD: "warn",
    Decision.STRICT_HOLD: "hot",
    Decision.REFUSE: "bad",
}


def highlight(text: str, findings: Sequence[Finding]) -> str:
    """A text with what was found in it marked; overlapping findings are one mark."""
    marked: list[list[Finding]] = [[] for _ in text]
    for finding in findings:
        for at in range(max(0, finding.span_start), min(len(text), finding.span_end)):
            marked[at].append(finding)
    parts: list[str] = []
    start = 0
    while start < len(text):
        end = start + 1
        while end < len(text) and bool(marked[end]) == bool(marked[start]):
            end += 1
        piece = escape(text[start:end])
        if marked[start]:
            rules = dict.fromkeys(
                f"{f.rule_id} · {f.technique}" for ms in marked[start:end] for f in ms
            )
            piece = f'<mark title="{escape(", ".join(rules))}">{piece}</mark>'
        parts.append(piece)
        start = end
    return "".join(parts)


def when(at: int) -> str:
    """A time, in the clock of the server."""
    return time.strftime("%m-%d %H:%M:%S", time.localtime(at / 1_000))


def clock(due: int, now: int, language: Language) -> str:
    """How long until a time, or since."""
    left = (due - now) // 1_000
    amount, tone = abs(left), "bad" if left < 0 else "warn" if left < 4 * 3_600 else "calm"
    units = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
    first = next((n for n, (_, size) in enumerate(units[:3]) if amount >= size), 2)
    (one, size), (two, smaller) = units[first], units[first + 1]
    told = (
        f"{amount // size} {word(one, language)} {amount % size // smaller} {word(two, language)}"
    )
    side = word("over" if left < 0 else "left", language)
    return f'<span class="chip {tone}">{side.format(told)}</span>'


def badge(decision: Decision | EscalationKind, language: Language) -> str:
    """A decision in its colour, or what waits for one: a hold has that of its decision."""
    tone = TONES.get(decision, "calm")
    return f'<span class="chip {tone}">{escape(word(decision, language))}</span>'


def two_lines(first: str, *second: str) -> str:
    """A text and, softer below it, those of the others that say something."""
    said = " · ".join(filter(None, second))
    softer = f"<span class=soft>{escape(said)}</span>" if said else ""
    return "<br>".join(filter(None, (escape(first), softer)))


def account_link(account_id: str) -> str:
    """An account, with the way to its dossier."""
    return f'<a href="/accounts?id={quote(account_id, safe="")}">{escape(account_id)}</a>'


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], nothing: str) -> str:
    """A table of cells that are HTML already; on a narrow screen each row is a card."""
    body = "".join(
        "<tr>"
        + "".join(
            f'<td data-head="{escape(head)}">{cell}</td>'
            for head, cell in zip(heads, row, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    if not body:
        return f'<p class="empty">{escape(nothing)}</p>'
    head = "".join(f"<th scope=col>{escape(head)}</th>" for head in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
