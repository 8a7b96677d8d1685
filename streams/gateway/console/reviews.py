"""The desk of a reviewer: what waits, the evidence in the original text, rulings by one key."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from fastapi import Request
from msgspec import Struct
from msgspec.structs import replace
from nicegui import run, ui

from processors.policy.analyses import IMAGE_FIELDS
from schemas.records import EscalationKind, Field, MeasureStep, RulingAction
from streams.gateway.accounts import Standing
from streams.gateway.console.frame import every
from streams.gateway.console.sentences import reason
from streams.gateway.console.session import Session, Sessions, page
from streams.gateway.console.show import account_link, badge, clock, escape, highlight
from streams.gateway.console.words import word
from streams.gateway.context import Gateway
from streams.gateway.problems import AWAY, Problem
from streams.gateway.reviews import (
    Case,
    Page,
    Queued,
    Ruled,
    Ruling,
    Shown,
    decide,
    for_ruling,
    open_case,
)
from streams.gateway.reviews import page as read_page
from streams.gateway.roles import Role
from streams.views.keys import QUEUES
from streams.views.store import now_ms

EVERY_S = 3.0
SHOWN = 50
YES = frozenset(
    (RulingAction.APPROVE_CHANGE, RulingAction.UPHOLD_COMPLAINT, RulingAction.UPHOLD_APPEAL)
)
NO = frozenset(
    (RulingAction.REJECT_CHANGE, RulingAction.DISMISS_COMPLAINT, RulingAction.DISMISS_APPEAL)
)
KEYS = {RulingAction.REQUEST_EVIDENCE: "E", **dict.fromkeys(YES, "A"), **dict.fromkeys(NO, "R")}
BREACHES = frozenset((RulingAction.REJECT_CHANGE, RulingAction.UPHOLD_COMPLAINT))
"""Rulings that find the account in breach."""
STEPS = tuple(step for step in MeasureStep if step is not MeasureStep.BAR)
"""What may be chosen for a breach; a bar comes with a closure."""


def add_page(sessions: Sessions) -> None:
    """Add the page."""

    @page(sessions, "/reviews", Role.REVIEWER)
    async def reviews(gateway: Gateway, session: Session, request: Request) -> None:
        queue = request.query_params.get("queue", "review")
        desk = _Desk(gateway, session, queue if queue in QUEUES else "review")
        await desk.draw()


class Terms(Struct, frozen=True):
    """What was chosen of a ruling; None where the rule or the case says it."""

    step: MeasureStep | None = None
    field: Field | None = None
    misuse: bool | None = None

    def ruling(self, action: RulingAction, reason: str) -> Ruling:
        """The ruling with what was chosen, as far as it is of that action."""
        breach = action in BREACHES
        upheld = action is RulingAction.UPHOLD_COMPLAINT
        return Ruling(
            action=action,
            reason=reason,
            step=self.step if breach else None,
            duration_days=None,
            field=self.field if upheld else None,
            misuse=action is RulingAction.DISMISS_COMPLAINT and bool(self.misuse),
        )


_PRESSED = """e => {
  if (e.action !== 'keydown' || e.repeat || e.ctrlKey || e.altKey || e.metaKey) return;
  emit([String(e.key), document.querySelector('.desk [data-case]')?.dataset.case ?? '']);
}"""
"""What a key says: which it is, and which case was shown when it was pressed.

With Ctrl, Alt or Command a key is the browser's or the system's.
"""
_CHOSEN = "e => emit([e.target.name, e.target.value])"
_CHECKED = "e => emit([e.target.name, e.target.checked])"


class _Desk:
    """One reviewer's page."""

    def __init__(self, gateway: Gateway, session: Session, queue: str) -> None:
        self._gateway = gateway
        self._session = session
        self._queue = queue
        self._items: list[Queued] = []
        self._shown: dict[str, tuple[ui.element, ui.html]] = {}
        """The button of each item, and what stands on it."""
        self._chosen: str | None = None
        self._case: Case | None = None
        self._busy = False

    async def draw(self) -> None:
        """Draw everything, then keep the list fresh."""
        word_of = self._session.word
        self._tabs = ui.html("", sanitize=False)
        keys = word_of("keys")
        ui.html(f'<p class="hint">{escape(keys)}</p>', sanitize=False)
        with ui.element("div").classes("desk"):
            self._list = (
                ui.element("section")
                .classes("card list")
                .props(f'aria-label="{word_of("reviews")}"')
            )
            with self._list:
                self._empty = ui.html(
                    f'<p class="empty pad">{word_of("empty")}</p>', sanitize=False
                )
            self._detail = (
                ui.element("section").classes("card").props("aria-live=polite tabindex=-1")
            )
        keyboard = ui.keyboard(ignore=["input", "select", "textarea"])
        keyboard.on("key", self._key, js_handler=_PRESSED)
        await self._refresh()
        if self._items:
            await self._choose(self._items[0].escalation.escalation_id)
        else:
            self._draw_case()
        every(self._session, EVERY_S, self._refresh)

    async def _refresh(self) -> None:
        try:
            page: Page | None = await run.io_bound(read_page, self._gateway, self._queue, 0, SHOWN)
            work = await run.io_bound(self._gateway.views.work, now_ms())
        except AWAY:  # the page stays and tries again
            ui.notify(self._session.word("away"))
            self._tell_empty("away")
            return
        if page is None or work is None:
            return
        language = self._session.language
        tabs = "".join(
            f'<a href="/reviews?queue={name}"{" aria-current=page" if name == self._queue else ""}>'
            f"{word(f'queue.{name}', language)} {work[name].open:,}</a>"
            for name in QUEUES
        )
        self._tabs.set_content(
            f'<nav class="tabs" aria-label="{self._session.word("queues")}">{tabs}</nav>'
        )
        if page.items and not self._items:
            self._detail.set_visibility(True)
        self._items = page.items
        self._tell_empty("empty")
        self._draw_list()
        await self._follow()

    def _tell_empty(self, key: str) -> None:
        """Say why the list is empty where it is."""
        self._empty.set_content(f'<p class="empty pad">{self._session.word(key)}</p>')

    async def _follow(self) -> None:
        """Tell what others do meanwhile with the case that is shown."""
        case = self._case
        if case is None:
            return
        one = case.escalation.escalation_id
        item = next((x for x in self._items if x.escalation.escalation_id == one), None)
        if item is None:
            if await run.io_bound(self._gateway.views.escalation, one) is None:
                self._let_go(case)
        elif item.claimed_by != case.claimed_by:
            self._case = case = replace(case, claimed_by=item.claimed_by)
            self._head.set_content(self._told(case))
            self._claim.set_content(self._face_of_claim(case))

    def _let_go(self, case: Case) -> None:
        """Show a case no more that somebody else has settled."""
        if self._case is case and not self._busy:
            self._case = self._chosen = None
            self._draw_case()
            ui.notify(f"{case.escalation.account_id}: {self._session.word('settled')}")

    def _draw_list(self) -> None:
        """Show the items as they are now; the buttons of those that stay keep the focus."""
        ids = [item.escalation.escalation_id for item in self._items]
        for gone in self._shown.keys() - set(ids):
            self._shown.pop(gone)[0].delete()
        self._empty.set_visibility(not ids)
        for place, (one, item) in enumerate(zip(ids, self._items, strict=True), start=1):
            if one not in self._shown:
                self._shown[one] = self._add_item(item)
            button, face = self._shown[one]
            current = "true" if one == self._chosen else "false"
            if button.props.get("aria-current") != current:
                button.props["aria-current"] = current
            face.set_content(self._face(item))
            if self._list.default_slot.children.index(button) != place:
                button.move(self._list, place)

    def _add_item(self, item: Queued) -> tuple[ui.element, ui.html]:
        line = item.escalation
        with self._list:
            button = ui.element("button").classes("case").props("type=button")
        button.props["data-account"] = line.account_id
        button.on("click", lambda: self._choose(line.escalation_id))
        with button:
            return button, ui.html("", sanitize=False)

    def _face(self, item: Queued) -> str:
        language, line = self._session.language, item.escalation
        who = f" · {item.claimed_by}" if item.claimed_by else ""
        about = ", ".join(line.rule_ids) or reason(line.reason, language)
        return (
            f'<div class="row"><b>{escape(line.account_id)}</b>'
            f"{clock(line.due_at, now_ms(), language)}</div>"
            f'<div class="soft">{badge(line.kind, language)} P{line.priority}'
            f"{escape(who)}</div>"
            f'<div class="soft">{escape(about)}</div>'
        )

    async def _choose(self, escalation_id: str) -> None:
        self._chosen = escalation_id
        case: Case | None = None
        try:
            case = await run.io_bound(
                open_case, self._gateway, escalation_id, self._session.principal
            )
        except Problem:
            ui.notify(self._session.word("settled"))
        except AWAY:  # nothing of the case is better than a part of it
            ui.notify(self._session.word("unanswered"), type="negative")
        if self._chosen != escalation_id:
            return  # another one was chosen meanwhile
        shown, self._case = self._case, case
        self._draw_list()
        if case is None or case != shown:  # what is typed by now stays
            self._draw_case()

    def _draw_case(self) -> None:
        word_of, case = self._session.word, self._case
        self._detail.clear()
        self._detail.set_visibility(case is not None or bool(self._items))
        with self._detail:
            if case is None:
                ui.html(f'<p class="empty">{word_of("choose")}</p>', sanitize=False)
                return
            self._head = ui.html(self._told(case), sanitize=False)
            ui.html(f'<label for="reason" class="soft">{word_of("reason")}</label>', sanitize=False)
            self._reason = ui.element("input").classes("reason").props("id=reason maxlength=2000")
            self._reason.props["placeholder"] = word_of("reason.default")
            self._typed, self._terms = "", Terms()
            self._reason.on("input", self._type, js_handler="e => emit(e.target.value)")
            self._draw_terms(case)
            with ui.element("div").classes("actions"):
                for action in case.actions:
                    tone = "yes" if action in YES else "no" if action in NO else ""
                    self._button(_face_of(word_of(action), KEYS[action]), tone, action)
                self._claim = self._button(self._face_of_claim(case), "", None)

    def _draw_terms(self, case: Case) -> None:
        """What may be chosen of a ruling; what is left as it is, the rule or the case says."""
        with ui.element("div").classes("actions"):
            if not BREACHES.isdisjoint(case.actions):
                self._choice("step", "rule.default", STEPS)
            if RulingAction.UPHOLD_COMPLAINT in case.actions:
                self._choice("field", "case.default", tuple(Field))
            if RulingAction.DISMISS_COMPLAINT in case.actions:
                with ui.element("label").classes("soft"):
                    box = ui.element("input").props("type=checkbox name=misuse")
                    box.on("change", self._choose_term, js_handler=_CHECKED)
                    ui.html(escape(self._session.word("misuse")), sanitize=False, tag="span")

    def _choice(self, name: str, default: str, members: tuple[StrEnum, ...]) -> None:
        word_of = self._session.word
        with ui.element("label").classes("soft"):
            ui.html(f"{escape(word_of(name))} ", sanitize=False, tag="span")
            with ui.element("select").props(f"name={name}") as choice:
                for value, shown in (("", word_of(default)), *((m, word_of(m)) for m in members)):
                    with ui.element("option").props(f'value="{value}"'):
                        ui.html(escape(shown), sanitize=False, tag="span")
        choice.on("change", self._choose_term, js_handler=_CHOSEN)

    def _choose_term(self, event: Any) -> None:
        name, value = event.args
        self._terms = replace(self._terms, **{name: value or None})

    def _face_of_claim(self, case: Case) -> str:
        return _face_of(self._session.word("release" if self._mine(case) else "claim"), "C")

    def _button(self, face: str, tone: str, action: RulingAction | None) -> ui.html:
        button = (
            ui.element("button").classes(tone).props(f"type=button data-action={action or 'claim'}")
        )
        button.on("click", lambda: self._press(action))
        with button:
            return ui.html(face, sanitize=False, tag="span")

    def _type(self, event: Any) -> None:
        self._typed = str(event.args)

    def _told(self, case: Case) -> str:
        """The case as HTML: who, why, the text with its evidence, what is known."""
        word_of, language, line = self._session.word, self._session.language, case.escalation
        known = [reason(line.reason, language), f"{word_of('level')} {case.level}"]
        if case.score is not None:
            known.append(f"{word_of('score')} {case.score}")
        if case.claimed_by:
            known.append(f"{word_of('claimed')} {case.claimed_by}")
        parts = [
            f'<div class="row" data-case="{escape(line.escalation_id)}">'
            f'<h2 class="title">{account_link(line.account_id)}</h2>'
            f"<span>{badge(line.kind, language)} "
            f"{clock(line.due_at, now_ms(), language)}</span></div>",
            f'<p class="soft">{escape(" · ".join(known))}</p>',
        ]
        if line.kind is EscalationKind.STRICT_HOLD:
            parts.append(f'<p><span class="chip hot">{word_of("strict")}</span></p>')
        for shown in case.texts:
            current = shown.standing is Standing.CURRENT
            standing = "" if current else f" · {word_of(shown.standing)}"
            parts.append(
                f"<h3>{word_of(shown.field)}{standing}</h3><blockquote>{marked(shown)}</blockquote>"
            )
        if not case.texts:
            parts.append(f'<p class="empty">{word_of("gone")}</p>')
        if case.statement:
            parts.append(
                f"<h3>{word_of('statement')}</h3><blockquote>{escape(case.statement)}</blockquote>"
            )
        if case.rulings:
            ruled = "".join(
                f"<li>{escape(a.actor)} · {escape(a.summary)}</li>" for a in case.rulings
            )
            parts.append(f"<h3>{word_of('ruled.before')}</h3><ul>{ruled}</ul>")
        if case.measure is not None:
            what = word(case.measure.step, language)
            why = reason(case.measure.reason, language)
            parts.append(
                f"<h3>{word_of('measure')}</h3><p>{escape(what)} · {escape(why)} "
                f'<span class="soft">{escape(case.measure.rule_id)}</span></p>'
            )
        if case.verdict is not None and case.verdict.findings:
            parts.append(f"<h3>{word_of('evidence')}</h3>{self._evidence(case)}")
        return "".join(parts)

    def _evidence(self, case: Case) -> str:
        assert case.verdict is not None
        language = self._session.language
        rules = {rule.id: rule for rule in self._gateway.deciding.pack.rules}
        lines = []
        for finding in case.verdict.findings:
            rule = rules.get(finding.rule_id)
            told = getattr(rule.message, language) if rule else ""
            article = f" · {escape(rule.article)}" if rule else ""
            mode = f" · {word(finding.mode, language)}" if finding.mode == "SHADOW" else ""
            ground = f"{escape(finding.rule_id)} · {escape(finding.obligation_id)}{article}{mode}"
            lines.append(
                f"<li>{escape(told)}<br>{escape(reason(finding.why, language))}"
                f"<br><span class=soft>{ground}</span></li>"
            )
        return f"<ul>{''.join(lines)}</ul>"

    def _mine(self, case: Case) -> bool:
        return case.claimed_by == self._session.principal.name

    def _default(self, case: Case, action: RulingAction) -> str:
        """The reason where none was typed: for a breach that of the rule which hit."""
        if action in BREACHES:
            rules = {rule.id: rule for rule in self._gateway.deciding.pack.rules}
            hit = next((rules[r] for r in case.escalation.rule_ids if r in rules), None)
            if hit is not None:
                return str(getattr(hit.message, self._session.language))
        return self._session.word(f"reason.{action}")

    async def _key(self, event: Any) -> None:
        """Move, or act upon the case that is shown.

        The browser may show another one than is shown here: what comes next is still on its way to
        it. Then the key was not meant for this one.
        """
        key, shown = str(event.args[0]).lower(), event.args[1]
        case = self._case
        if key in ("j", "k"):
            await self._move(1 if key == "j" else -1)
        elif case is None or case.escalation.escalation_id != shown:
            return
        elif key == "c":
            await self._act(None)
        else:
            fitting = [x for x in case.actions if KEYS[x].lower() == key]
            if len(fitting) == 1:  # a passed time limit leaves open what it was about
                await self._act(fitting[0])

    async def _move(self, by: int) -> None:
        ids = [item.escalation.escalation_id for item in self._items]
        if ids:
            at = ids.index(self._chosen) + by if self._chosen in ids else 0
            await self._choose(ids[max(0, min(len(ids) - 1, at))])

    async def _press(self, action: RulingAction | None) -> None:
        """Act by a button, which is gone then: the focus goes to what is shown instead."""
        await self._act(action)
        self._detail.run_method("focus")

    async def _act(self, action: RulingAction | None) -> None:
        case = self._case
        if case is None or self._busy:
            return
        if case.escalation.escalation_id != self._chosen:
            return  # another one was chosen, and is not shown yet: which is meant, nobody knows
        self._busy = True
        try:
            if action is None:
                await self._toggle_claim(case)
            else:
                await self._rule(case, action)
        except Problem as problem:
            ui.notify(problem.detail, type="warning")
        except Exception as error:  # told here, for a page has no other place for it
            ui.notify(f"{self._session.word('away')} ({type(error).__name__})", type="negative")
        finally:
            self._busy = False  # what is shown by now can be acted upon: a key is not lost
        await self._refresh()

    async def _toggle_claim(self, case: Case) -> None:
        """Claim a case or give it back; `_follow` shows it."""
        desk, one, name = (
            self._gateway.desk,
            case.escalation.escalation_id,
            self._session.principal.name,
        )
        if self._mine(case):
            await run.io_bound(desk.release, one, name)
        elif await run.io_bound(desk.claim, one, name) != name:
            raise Problem(409, self._session.word("claimed.other"))

    async def _rule(self, case: Case, action: RulingAction) -> None:
        one, principal = case.escalation.escalation_id, self._session.principal
        why = self._typed.strip() or self._default(case, action)
        try:
            line = await run.io_bound(for_ruling, self._gateway, one, principal)
        except Problem as problem:
            told = "claimed.other" if problem.status == 409 else "settled"
            raise Problem(problem.status, self._session.word(told)) from problem
        if line is None:  # the process is stopping
            return
        body = self._terms.ruling(action, why)
        self._tell(await decide(self._gateway, line, body, principal))
        ids = [item.escalation.escalation_id for item in self._items]
        at = ids.index(one) if one in ids else 0
        rest = [other for other in ids if other != one]
        if self._chosen != one:
            return  # who has gone on by hand stays there
        self._case = self._chosen = None
        if rest:
            await self._choose(rest[min(at, len(rest) - 1)])
        else:
            self._draw_case()

    def _tell(self, ruled: Ruled) -> None:
        """Say what came of a ruling."""
        word_of = self._session.word
        if ruled.effective is None:
            ui.notify(word_of("ruled.later"), type="warning")
        elif ruled.effective:
            ui.notify(f"{word_of('ruled')}: {ruled.outcome}", type="positive")
        else:
            ui.notify(f"{word_of('ruled.nothing')}: {ruled.outcome}", type="warning")


def marked(shown: Shown) -> str:
    """A text as HTML with what was found in it marked.

    What was found in an image has its place in the text read there, not in the image's address.
    """
    return highlight(shown.text, [] if shown.field in IMAGE_FIELDS else shown.findings)


def _face_of(text: str, key: str) -> str:
    return f"{escape(text)}<kbd>{key}</kbd>"
