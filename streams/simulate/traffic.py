"""What happens to simulated accounts, and in what order.

Most accounts are honest people. Institutions and professionals bring their papers, some of them
late or never. A few accounts spam, impersonate or like grand words; what they do leads to
complaints, answers, evidence, rulings, corrections and appeals soon after, as on a real platform.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from schemas.records import (
    AccountChange,
    ChangeKind,
    ComplaintCategory,
    Field,
    Phase,
    RulingAction,
    SubjectKind,
    VerificationKind,
)
from streams.simulate import inputs, words
from streams.simulate.inputs import Simulated
from streams.simulate.people import (
    FAILED_SHARE,
    LATE_SHARE,
    PERSONAS,
    REGIONS_OF_PAGES,
    SUBJECTS,
    Account,
    Persona,
)
from streams.simulate.texts import Texts, make_texts

_EDITED = ("bio",) * 34 + ("avatar",) * 26 + ("signature",) * 16 + ("name",) * 15 + ("cover",) * 9
_LANGUAGES = ("zh",) * 90 + ("en",) * 7 + ("other",) * 3
_OTHER_LANGUAGES = ("ja", "ko", "ru", "es", "fr", "de")

EDIT_SHARE = 0.985
"""Share of edits among what happens without a cause; the rest is `Simulation._happen`."""

APPLIED_SHARE = 0.3
"""Share of edits that are live already when they are published."""

OFFENCE_SHARE = 0.5
"""Share of an offender's edits that offend."""

IMPATIENT_SHARE = 0.02
"""Share of further names that people try although they had a new one lately."""

CLOSED_SHARE = 0.25
"""Share of live impersonations after which the account is closed."""

ANSWERED_SHARE = 0.15
"""Share of complaints that the account answers."""

EVIDENCE_SHARE = 0.15
"""Share of complaints for which a reviewer asks for evidence."""

GRUDGE_SHARE, GRUDGES = 0.2, 3
"""Share of complaints of honest accounts that come from so many people with a grudge."""

ERASED_SHARE = 0.5
"""Share of leaving account holders who ask to be forgotten."""

Make = Callable[[str, int], Simulated]
"""Makes an input, given its event id and time."""


@dataclass
class Simulation:
    """A stream of inputs, the same for the same arguments.

    ``start`` (ms) is the time of the first event, ``step_ms`` the time between two. ``offenders``
    scales the shipped share of spammers, impersonators and grand words; ``duplicates`` is the share
    of events that the producer sends twice. ``prefix`` keeps the ids of several runs apart.
    """

    seed: int = 1
    accounts: int = 2_000
    start: int = 0
    step_ms: float = 1.0
    offenders: float = 1.0
    duplicates: float = 0.005
    prefix: str = ""
    _random: random.Random = field(init=False, repr=False)
    _texts: Texts = field(init=False, repr=False)
    _made: list[Account] = field(init=False, repr=False, default_factory=list)
    _active: list[Account] = field(init=False, repr=False, default_factory=list)
    _next_up: deque[Make] = field(init=False, repr=False, default_factory=deque)
    _planned: list[tuple[int, int, Make]] = field(init=False, repr=False, default_factory=list)
    _number: int = field(init=False, repr=False, default=0)
    _plans: int = field(init=False, repr=False, default=0)

    def __post_init__(self) -> None:
        if self.accounts < 1:
            raise ValueError("a simulation needs at least one account")
        self._random = random.Random(self.seed)  # noqa: S311  # repeatable, not secret
        self._texts = make_texts(self._random)

    def events(self, count: int) -> Iterator[Simulated]:
        """Yield the next ``count`` inputs; a repeated one counts as one more."""
        left = count
        while left > 0:
            event = self._next()
            left -= 1
            yield event
            if self._random.random() < self.duplicates and left > 0:
                left -= 1
                yield event

    def personas(self) -> dict[str, str]:
        """The persona of every account made so far, by account id."""
        return {account.id: account.persona.name for account in self._made}

    # -- what happens next --------------------------------------------------------------------

    def _next(self) -> Simulated:
        self._number = number = self._number + 1
        event_id = f"{self.prefix}e{self.seed}-{number}"
        now = self.start + int((number - 1) * self.step_ms)
        if self._next_up:
            return self._next_up.popleft()(event_id, now)
        if self._planned and self._planned[0][0] <= number:
            return heapq.heappop(self._planned)[2](event_id, now)
        rnd, made, active = self._random, len(self._made), self._active
        if not active or (made < self.accounts and rnd.random() < 0.5 * (1 - made / self.accounts)):
            return self._register(event_id, now)
        account = active[int(rnd.random() * len(active))]
        roll = rnd.random()
        if roll < EDIT_SHARE:
            return self._edit(account, event_id, now)
        return self._happen(account, roll, event_id, now)

    def _happen(self, account: Account, roll: float, event_id: str, now: int) -> Simulated:
        """What is rarer than an edit."""
        if roll < 0.990:
            category = self._random.choice(tuple(ComplaintCategory))
            return self._complain(account, category, event_id, now)
        if roll < 0.996:
            return inputs.verified(account.id, VerificationKind.IDENTITY, "", event_id, now)
        if roll < 0.999:
            identity = partial(inputs.verified, account.id, VerificationKind.IDENTITY, "")
            self._plan(1, 5, partial(identity, token=f"tok-{event_id}"))
            return inputs.owner_change(account.id, event_id, now)
        self._active.remove(account)
        if self._random.random() < ERASED_SHARE:
            erase = RulingAction.ERASE_ACCOUNT
            self._plan(5, 200, partial(self._rule, account, erase, f"er-{event_id}", 9))
        return inputs.cancellation(account.id, event_id, now)

    def _plan(self, soonest: int, latest: int, make: Make) -> None:
        """Let something happen so many events from now."""
        self._plans += 1
        due = self._number + self._random.randint(soonest, latest)
        heapq.heappush(self._planned, (due, self._plans, make))

    # -- people -------------------------------------------------------------------------------

    def _register(self, event_id: str, now: int) -> Simulated:
        """Make an account: its papers come first, as a rule, then its registration."""
        rnd = self._random
        persona, language = self._draw_persona(), rnd.choice(_LANGUAGES)
        if language == "other":
            language = rnd.choice(_OTHER_LANGUAGES)
        number = len(self._made) + 1
        account = self._make(number, persona, language)
        papers = self._identify(account)
        bio = self._bio(account)
        if persona.name in SUBJECTS:
            bio, found = self._found(account, number)
            papers += found
        elif persona.name == "professional":
            self._practise(account)
        self._next_up += [*papers, partial(self._open, account, bio)]
        return self._next_up.popleft()(event_id, now)

    def _make(self, number: int, persona: Persona, language: str) -> Account:
        account_id = f"{self.prefix}a{self.seed}-{number}"
        look = f"phash:{self._random.getrandbits(64):016x}"
        account = Account(
            account_id, persona, language, f"tok-{account_id}", f"dev-{account_id}", look
        )
        self._made.append(account)
        return account

    def _open(self, account: Account, bio: str, event_id: str, now: int) -> Simulated:
        if not account.refused:
            self._active.append(account)
        change = AccountChange(
            event_id=event_id,
            account_id=account.id,
            occurred_at=now,
            kind=ChangeKind.REGISTRATION,
            subject=SUBJECTS.get(account.persona.name, SubjectKind.INDIVIDUAL),
            name=account.name or self._name(account),
            avatar=self._image(),
            bio=bio,
            owner_token=account.token,
            device_token=account.device,
            avatar_hash=account.look,
            agreement_version="2026-01",
            language=account.language,
            ip_region=self._random.choice(REGIONS_OF_PAGES)
            if account.persona.name == "public"
            else self._random.choice(words.REGIONS),
        )
        return Simulated("account.changes", change)

    def _identify(self, account: Account) -> list[Make]:
        """The identity is verified; a little too late for some, and not at all for some others."""
        roll = self._random.random()
        if account.persona.offends and roll < FAILED_SHARE:
            account.refused = True
            return [partial(inputs.not_verified, account.id)]
        identity = partial(
            inputs.verified, account.id, VerificationKind.IDENTITY, "", token=account.token
        )
        if roll < LATE_SHARE:
            self._plan(3, 30, identity)
            return []
        return [identity]

    def _draw_persona(self) -> Persona:
        roll = self._random.random()
        for persona in PERSONAS[1:]:
            share = persona.share * (self.offenders if persona.offends else 1.0)
            if roll < share:
                return persona
            roll -= share
        return PERSONAS[0]

    def _found(self, account: Account, number: int) -> tuple[str, list[Make]]:
        """Name an institution or a public account; returns its bio and its papers."""
        rnd = self._random
        city, brand = rnd.choice(words.CITIES), rnd.choice(words.BRANDS)
        if account.persona.name == "institution":
            trade = rnd.choice(words.TRADES)
            account.name = f"{city}{brand}{trade}"
            legal = account.name if trade.endswith("公司") else f"{account.name}有限公司"
            papers = partial(inputs.registered, account.id, legal, trade, number)
            if rnd.random() < 0.3:  # grand words that the papers cover
                name = f"{account.name}官方账号"
                self._plan(80, 400, partial(self._change, account, {"name": name}, False))
            bio = rnd.choice(words.INSTITUTION_BIOS).format(name=account.name, city=city)
            if rnd.random() < 0.9:
                return bio, [papers]
            self._plan(2, 60, papers)
            return bio, []
        what, scope = rnd.choice(words.FIELDS_OF_PUBLIC_ACCOUNTS)
        account.name = f"{brand}{what}{number}"
        if rnd.random() < 0.8:
            licence = partial(inputs.verified, account.id, VerificationKind.LICENCE, scope + what)
            self._plan(2, 120, licence)
        operator = f"{city}{brand}文化传播有限公司"
        return f"{account.name}，每周三更新，只讲听得懂的话。", [
            partial(inputs.registered, account.id, operator, scope, number),
            partial(inputs.verified, account.id, VerificationKind.CONTACT, ""),
        ]

    def _practise(self, account: Account) -> None:
        """A professional shows the occupation: with papers, with papers that come late, or none."""
        rnd = self._random
        account.paper = rnd.choice(words.OCCUPATIONS)
        badge = {"badge": f"{rnd.choice(words.CITIES)}{account.paper}"}
        proof = partial(inputs.verified, account.id, VerificationKind.OCCUPATION, account.paper)
        roll = rnd.random()
        if roll < 0.5:
            self._plan(2, 100, proof)
        elif roll < 0.75:
            self._plan(350, 700, proof)
        self._plan(150, 300, partial(self._change, account, badge, False))

    def _edit(self, account: Account, event_id: str, now: int) -> Simulated:
        rnd = self._random
        live = rnd.random() < APPLIED_SHARE
        if account.persona.offends and rnd.random() < OFFENCE_SHARE:
            return self._offend(account, live, event_id, now)
        edited = _EDITED[int(rnd.random() * 100)]
        if edited == "bio":
            value = self._bio(account)
        elif edited == "signature":
            value = self._pick(self._texts.signatures)
        elif edited == "name" and self._may_rename(account):
            account.renamed, value = True, self._name(account)
        else:
            edited = edited if edited == "cover" else "avatar"
            value = self._image()
        return self._change(account, {edited: value}, live, event_id, now)

    def _may_rename(self, account: Account) -> bool:
        """Honest people take a new name once in the days that a simulation lasts, most of them."""
        if account.persona.name in SUBJECTS or account.persona.offends:
            return False
        return not account.renamed or self._random.random() < IMPATIENT_SHARE

    # -- offences and what follows them -------------------------------------------------------

    def _offend(self, account: Account, live: bool, event_id: str, now: int) -> Simulated:
        rnd, texts = self._random, self._texts
        account.offended += 1
        if account.persona.name == "spammer":
            where = rnd.choice(("bio", "bio", "signature", "name"))
            value = self._pick(texts.spam)
            if live:
                self._follow_up_live(account, where, event_id)
            return self._change(account, {where: value}, live, event_id, now)
        if account.persona.name == "impersonator":
            value = self._pick(texts.impersonations)
            self._plan_rulings(account, event_id, 1)
            if live:
                self._plan_wave(account, ComplaintCategory.IMPERSONATION)
                if not account.closed and rnd.random() < CLOSED_SHARE:
                    self._plan(20, 300, partial(self._close, account))
        elif rnd.random() < 0.5:
            value = self._pick(texts.strict)
            self._plan_rulings(account, event_id, 2)
        else:
            value = self._pick(texts.claims)
        return self._change(account, {"name": value}, live, event_id, now)

    def _follow_up_live(self, account: Account, where: str, event_id: str) -> None:
        rnd = self._random
        if rnd.random() < 0.35:
            self._plan_wave(account, ComplaintCategory.CONTACTS)
        roll = rnd.random()
        if roll < 0.4:
            clean = self._name(account) if where == "name" else ""
            self._plan(50, 800, partial(self._change, account, {where: clean}, True))
        elif roll < 0.55:
            self._plan(20, 500, partial(self._appeal, account, where, event_id))

    def _plan_wave(self, account: Account, category: ComplaintCategory) -> None:
        """Several people complain of the same, one of them twice."""
        for _ in range(self._random.randint(2, 7)):
            self._plan(10, 300, partial(self._complain, account, category))

    def _plan_rulings(self, account: Account, event_id: str, reviewers: int) -> None:
        rnd = self._random
        action = RulingAction.APPROVE_CHANGE if rnd.random() < 0.25 else RulingAction.REJECT_CHANGE
        for reviewer in rnd.sample(range(1, 9), reviewers):
            self._plan(60, 600, partial(self._rule, account, action, event_id, reviewer))

    def _close(self, account: Account, event_id: str, now: int) -> Simulated:
        """A person closes an impersonator, who comes back some time later."""
        account.closed = True
        if account in self._active:
            self._active.remove(account)
        if len(self._made) < self.accounts:
            self._plan(20, 400, partial(self._come_back, account))
        return inputs.closure(
            account.id, "reviewer-1", self._random.choice(words.REASONS), event_id, now
        )

    def _come_back(self, closed: Account, event_id: str, now: int) -> Simulated:
        """As themselves, with somebody else's papers on the same device, or with all new."""
        rnd = self._random
        account = self._make(len(self._made) + 1, closed.persona, closed.language)
        roll = rnd.random()
        if roll < 0.4:
            account.token = closed.token
        elif roll < 0.8:
            account.device, account.look = closed.device, closed.look
        bio = self._bio(account)
        self._next_up += [*self._identify(account), partial(self._open, account, bio)]
        return self._next_up.popleft()(event_id, now)

    def _complain(
        self, account: Account, category: ComplaintCategory, event_id: str, now: int
    ) -> Simulated:
        rnd = self._random
        complaint_id = f"c-{event_id}"
        field = rnd.choice((Field.NAME, Field.BIO, Field.SIGNATURE, None))
        # A few complain of everybody, and rarely with reason.
        grudge = not account.persona.offends and rnd.random() < GRUDGE_SHARE
        who = f"who-{rnd.randrange(GRUDGES) if grudge else rnd.randrange(GRUDGES, 500)}"
        complain = partial(inputs.complaint, account.id, complaint_id, category, field, who)
        self._follow_complaint(account, complaint_id, complain, grudge=grudge)
        return complain(rnd.choice(words.STATEMENTS), event_id, now)

    def _follow_complaint(
        self, account: Account, complaint_id: str, complain: Callable[..., Simulated], grudge: bool
    ) -> None:
        """Some are answered, some need evidence, all are ruled on: half soon, the others late."""
        rnd = self._random
        if rnd.random() < ANSWERED_SHARE:
            says = rnd.choice(words.APPEALS)
            answer = partial(inputs.answer, account.id, f"an-{complaint_id}", complaint_id, says)
            self._plan(20, 90, answer)
        if rnd.random() < EVIDENCE_SHARE:
            ask = RulingAction.REQUEST_EVIDENCE
            self._plan(10, 50, partial(self._rule, account, ask, complaint_id, rnd.randint(1, 8)))
            evidence = (f"sha256:{rnd.getrandbits(64):016x}",)
            bring = partial(complain, rnd.choice(words.STATEMENTS), evidence=evidence)
            if rnd.random() < 0.8:
                self._plan(55, 95, bring)
        upheld = account.persona.offends and rnd.random() < 0.8
        action = RulingAction.UPHOLD_COMPLAINT if upheld else RulingAction.DISMISS_COMPLAINT
        ruling = partial(self._rule, account, action, complaint_id, rnd.randint(1, 8))
        when = (100, 900) if rnd.random() < 0.5 else (10_000, 40_000)
        self._plan(*when, partial(ruling, misuse=grudge))

    def _rule(
        self,
        account: Account,
        action: RulingAction,
        subject_id: str,
        reviewer: int,
        event_id: str,
        now: int,
        *,
        misuse: bool = False,
    ) -> Simulated:
        reason, who = self._random.choice(words.REASONS), f"reviewer-{reviewer}"
        rule = partial(inputs.ruling, account.id, action, subject_id, who, reason)
        return rule(event_id, now, misuse=misuse)

    def _appeal(
        self, account: Account, where: str, offence: str, event_id: str, now: int
    ) -> Simulated:
        rnd = self._random
        action = RulingAction.UPHOLD_APPEAL if rnd.random() < 0.2 else RulingAction.DISMISS_APPEAL
        appeal_id = f"ap-{event_id}"
        self._plan(50, 600, partial(self._rule, account, action, appeal_id, rnd.randint(1, 8)))
        measure_id = inputs.first_measure(account.id, offence, Field(where.upper()))
        statement = rnd.choice(words.APPEALS)
        return inputs.appeal(account.id, appeal_id, measure_id, statement, event_id, now)

    def _change(
        self, account: Account, values: dict[str, Any], live: bool, event_id: str, now: int
    ) -> Simulated:
        change = AccountChange(
            event_id=event_id,
            account_id=account.id,
            occurred_at=now,
            kind=ChangeKind.EDIT,
            phase=Phase.APPLIED if live else Phase.PROPOSED,
            **values,
        )
        return Simulated("account.changes", change)

    # -- what they write ----------------------------------------------------------------------

    def _pick(self, pool: list[str]) -> str:
        return pool[int(self._random.random() * len(pool))]

    def _name(self, account: Account) -> str:
        texts = self._texts
        if account.language == "zh":
            return self._pick(texts.names)
        return self._pick(texts.latin_names if account.language == "en" else texts.foreign_names)

    def _bio(self, account: Account) -> str:
        texts = self._texts
        if account.language == "zh":
            return self._pick(texts.bios)
        return self._pick(texts.latin_bios if account.language == "en" else texts.foreign_bios)

    def _image(self) -> str:
        return f"sha256:{self._random.getrandbits(128):032x}"
