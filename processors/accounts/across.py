"""An account among the others: what it asks of the registry of keys, and what it claims (Art. 10).

A registration, a change of owner and a proposed change of name that would otherwise be allowed ask
first: who has the name, has a closed account left its bar on the identity, the telephone, the
device. The answers come back as inputs, and then the change gets its verdict. What an account has,
or bars once it is closed, is compared with what it has claimed after each turn that may have
changed it; only differences are told.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from processors.accounts import owning
from processors.accounts.ids import derive_id
from processors.accounts.state import (
    ANSWERED,
    KEY_NUMBER,
    Account,
    Claimed,
    Known,
    Measure,
    Pending,
    Status,
)
from processors.accounts.turn import Turn
from processors.keys import KINDS, is_same, name_key, token_key, tokens_of
from processors.policy.model import Judgement
from schemas.records import (
    AccountChange,
    ChangeKind,
    Field,
    KeyAsk,
    KeyClaim,
    KeyFinding,
    KeyKind,
    MeasureStep,
    NothingKnown,
    Phase,
    SubjectKind,
    VerificationKind,
)

POLICY_BYTES = 8
"""Bytes of a policy's hash by which a claim says what decided."""

KEPT_DEVICES = 3
"""Devices that an account is known by: the last ones."""

# Looked up once, as in `changes`.
_OPEN = Status.OPEN
_REGISTRATION, _OWNER_CHANGE = ChangeKind.REGISTRATION, ChangeKind.OWNER_CHANGE
_PROPOSED, _APPLIED = Phase.PROPOSED, Phase.APPLIED
_NAME = Field.NAME
_NAME_KEY, _IDENTITY_KEY, _CODE_KEY = KeyKind.NAME, KeyKind.IDENTITY, KeyKind.CREDIT_CODE
_CONTACT_KEY, _DEVICE_KEY, _AVATAR_KEY = KeyKind.CONTACT, KeyKind.DEVICE, KeyKind.AVATAR
_IDENTITY, _CONTACT = VerificationKind.IDENTITY, VerificationKind.CONTACT
_LOOK, _COUNT, _TAKE, _BAR = KeyAsk.LOOK, KeyAsk.COUNT, KeyAsk.TAKE, KeyAsk.BAR

_NAME_NUMBER = KEY_NUMBER[_NAME_KEY]
_OF_ORGANISATIONS = (SubjectKind.INSTITUTION, SubjectKind.PUBLIC_ACCOUNT)
_WHOLE = (_REGISTRATION, _OWNER_CHANGE)
_LOOKS_OF_NAMES = (_NAME, Field.BADGE)

Key = tuple[KeyKind, bytes]


@lru_cache(maxsize=64)
def policy_mark(policy: str) -> bytes:
    """By what a claim says which policy decided: the first bytes of its hash."""
    return bytes.fromhex(policy[: 2 * POLICY_BYTES])


def answer_id(account_id: str, event_id: str, at: int, *, of_live_name: bool = False) -> str:
    """Id of the turn in which what was asked at ``at`` is considered: of a change, a live name."""
    return derive_id("live name" if of_live_name else "answer", account_id, event_id, at)


def unanswered_id(account_id: str, event_id: str, at: int) -> str:
    """Id of the turn in which the answers to what was asked at ``at`` are not waited for longer."""
    return derive_id("unanswered", account_id, event_id, at)


# -- what is asked ----------------------------------------------------------------------------


def note_looks(turn: Turn, change: AccountChange) -> None:
    """Take note of the device, and of the look of the avatar, that a change comes with."""
    account = turn.account
    if turn.pack.across is None:
        return
    if change.device_token:
        for token in reversed(tokens_of(change.device_token)):
            key = token_key(_DEVICE_KEY, token)
            if not account.devices or account.devices[-1] != key:
                others = [device for device in account.devices if device != key]
                account.devices = [*others, key][-KEPT_DEVICES:]
    if change.avatar is not None or change.avatar_hash:
        avatar = change.avatar_hash
        account.avatar = token_key(_AVATAR_KEY, avatar) if avatar else b""


def must_ask(turn: Turn, pending: Pending) -> bool:
    """Whether something that would be allowed has to ask first: once, or until it is answered."""
    return (
        pending.asks != ANSWERED
        and pending.phase is _PROPOSED
        and pending.kind is not None
        and concerns(turn, pending.kind, bool(pending.values.get(_NAME)))
    )


def concerns(turn: Turn, kind: ChangeKind, named: bool) -> bool:
    """Whether a change is one that other accounts may have to do with."""
    return turn.pack.across is not None and (named or kind in _WHOLE)


def ask(
    turn: Turn, pending: Pending, judgement: Judgement, reviewers: tuple[str, ...] = ()
) -> bool:
    """Ask what is known of the keys of a change; it waits until all answers are there.

    False where it has no key that could be asked for: then it waits for nothing.
    """
    plain = not (judgement.findings or reviewers)
    pending.decision = judgement.decision
    pending.judged = turn.examiner.policy.hash if plain else ""
    pending.unchecked = list(judgement.unchecked)
    pending.reviewers = list(reviewers)
    pending.aside = [*pending.aside, *pending.rules] if reviewers else []
    before = len(turn.claims)
    subject = _subject(turn.account, pending)
    for kind, key in _asked_of(turn.account, pending, subject):
        how = _how(turn, pending, kind, (kind, key) in subject)
        _claim(turn, pending.event_id, kind, key, how, answer=True)
    pending.asks = len(turn.claims) - before or ANSWERED
    pending.asked, pending.heard = turn.at, []
    return pending.asks != ANSWERED


def look_up_name(turn: Turn, name: str) -> None:
    """Ask for a name that is live already. An answer comes only where it is somebody else's."""
    if turn.pack.across is None or not name:
        return
    key, strength = name_key(name), owning.strength(turn, turn.account, name)
    if not _has(turn.account, Claimed(_NAME_NUMBER, key, strength)):
        how = (_TAKE, strength) if strength else (_LOOK, 0)
        _claim(turn, turn.event_id, _NAME_KEY, key, how)


def _asked_of(account: Account, pending: Pending, subject: tuple[Key, ...]) -> Iterator[Key]:
    """The keys of a change, each once."""
    if pending.kind in _WHOLE:
        yield from dict.fromkeys((*subject, *_identities(account, pending)))
    if pending.kind is _REGISTRATION:
        yield from dict.fromkeys(_possessions(account))
    if name := pending.values.get(_NAME):
        yield _NAME_KEY, name_key(name)


def _how(turn: Turn, pending: Pending, kind: KeyKind, of_subject: bool) -> tuple[KeyAsk, int]:
    """How a key is asked for, and with what strength."""
    account, terms = turn.account, turn.pack.across
    if kind is _NAME_KEY:
        strength = owning.strength(turn, account, pending.values[_NAME], pending)
        return (_TAKE, strength) if strength else (_LOOK, 0)
    if of_subject:
        return _TAKE, 0
    counted = terms is not None and terms.registrations_a_day.get(kind)
    return (_COUNT if counted else _LOOK), 0


def _claim(
    turn: Turn,
    event_id: str,
    kind: KeyKind,
    key: bytes,
    how: tuple[KeyAsk, int],
    *,
    until: int = 0,
    answer: bool = False,
) -> None:
    asked, strength = how
    turn.claims.append(
        KeyClaim(  # by position, as in `changes`
            turn.account_id,
            turn.seq,
            event_id,
            policy_mark(turn.examiner.policy.hash),
            turn.at,
            kind,
            key,
            asked,
            strength,
            until,
            answer,
        )
    )
    if asked is _TAKE or asked is _BAR:
        account, barring = turn.account, asked is _BAR
        new = Claimed(KEY_NUMBER[kind], key, strength, until if barring else -1)
        # One that was closed takes a key that it bars: the bar stays until it is lifted.
        account.claimed = [
            c for c in account.claimed if not (_same(c, new) and (c.until >= 0) is barring)
        ]
        account.claimed.append(new)


# -- what is answered -------------------------------------------------------------------------


def asking(account: Account, answer: KeyFinding | NothingKnown) -> Pending | None:
    """What an answer is awaited by.

    What was not answered in time may have been asked again: then only what was asked last counts.
    """
    for pending in account.pending:
        if (
            pending.asks > 0
            and pending.event_id == answer.event_id
            and pending.asked in (0, answer.at)
            and not (pending.phase is _APPLIED and _is_of_a_name(answer))
        ):
            return pending
    return None


def take_in(pending: Pending, finding: KeyFinding) -> None:
    """Note an answer that is awaited."""
    pending.asks -= 1
    known = Known(
        kind=KEY_NUMBER[finding.kind],
        holders=finding.holders,
        strength=finding.strength,
        barred=finding.barred,
        ban_until=finding.ban_until,
        closed_for=finding.closed_for,
        recent=finding.recent,
    )
    pending.heard = sorted([*pending.heard, known], key=_order)


def _is_of_a_name(answer: KeyFinding | NothingKnown) -> bool:
    return isinstance(answer, KeyFinding) and answer.kind is _NAME_KEY


def bears_on(account: Account, finding: KeyFinding) -> bool:
    """Whether an answer that nothing waits for is about the present name of the account."""
    name = account.value(_NAME)
    return account.status is _OPEN and bool(name) and name_key(name or "") == finding.key


def counted_by(account: Account, pending: Pending) -> KeyKind | None:
    """The kind of key by which the accounts of the subject are counted."""
    subject = _subject(account, pending)
    return subject[0][0] if subject else None


def registering(account: Account) -> bool:
    """Whether a proposed registration waits for an answer."""
    return any(
        pending.asking and pending.kind is _REGISTRATION and pending.phase is _PROPOSED
        for pending in account.pending
    )


def _order(known: Known) -> tuple[int, int, int, int]:
    """Answers come in any order; what is made of them must not depend on it."""
    return known.kind, known.ban_until, known.holders, known.recent


# -- what is claimed --------------------------------------------------------------------------


def reconcile(turn: Turn) -> None:
    """Tell the registry what the account has now and had not, and the other way round."""
    account = turn.account
    if turn.pack.across is None and not account.claimed:
        return
    wanted = list(_bars(turn) if account.status is Status.CLOSED else _takes(turn))
    if wanted == account.claimed:
        return
    for had in account.claimed:
        if had not in wanted:
            kind = KINDS[had.kind]
            if had.until >= 0:
                if not any(new.until >= 0 and _same(new, had) for new in wanted):
                    _claim(turn, turn.event_id, kind, had.key, (KeyAsk.LIFT, 0))
            elif not any(new.until < 0 and _same(new, had) for new in wanted):
                _claim(turn, turn.event_id, kind, had.key, (KeyAsk.RELEASE, 0))
    for new in wanted:
        if not _has(account, new):
            barred = new.until >= 0
            how = (_BAR if barred else _TAKE, new.strength)
            _claim(turn, turn.event_id, KINDS[new.kind], new.key, how, until=max(0, new.until))
    account.claimed = wanted


def _takes(turn: Turn) -> Iterator[Claimed]:
    """What an account has that is not closed: its subject, and a name that is its own by right."""
    account, seen = turn.account, set[tuple[int, bytes]]()
    for pending in (None, *(p for p in account.pending if p.asks)):
        if pending is None and account.status is not _OPEN:
            continue
        if pending is None or pending.kind in _WHOLE:
            for of_subject, key in _subject(account, pending):
                if (one := (KEY_NUMBER[of_subject], key)) not in seen:
                    seen.add(one)
                    yield Claimed(*one)
        name = pending.values.get(_NAME) if pending else account.value(_NAME)
        strength = owning.strength(turn, account, name, pending) if name else 0
        if name and strength and (one := (_NAME_NUMBER, name_key(name))) not in seen:
            seen.add(one)
            yield Claimed(*one, strength)


def _bars(turn: Turn) -> Iterator[Claimed]:
    """What a closed account keeps others off: all that it had and was known by."""
    account = turn.account
    live = account.live_measures()
    bar = next((m for m in live if m.step is MeasureStep.BAR), None)
    closure = next((m for m in live if m.step is MeasureStep.CLOSE), None)
    barred = {(c.kind, c.key): c for c in account.claimed if c.until >= 0}
    keys = dict.fromkeys((KEY_NUMBER[kind], key) for kind, key in _all_keys(account))
    others = {(KEY_NUMBER[kind], key) for kind, key in _keys_of_others(account)}
    for number, key in dict.fromkeys((*barred, *keys)):
        if (number, key) in others:
            continue  # found out only after the closure: the bar on it is lifted
        before = barred.get((number, key))
        strength = before.strength if before else int(number == _NAME_NUMBER and _for_name(closure))
        yield Claimed(number, key, strength, _until(turn.at, bar, before))


def _until(at: int, bar: Measure | None, before: Claimed | None) -> int:
    """When a bar ends: with its measure, or, where that was lifted before its time, now."""
    if bar is not None:
        return bar.ends
    if before is not None and 0 < before.until <= at:
        return before.until
    return at


def _for_name(closure: Measure | None) -> bool:
    return closure is not None and closure.field in _LOOKS_OF_NAMES


def _all_keys(account: Account) -> Iterator[Key]:
    yield from _identities(account, None)
    yield from _possessions(account)
    if name := account.value(_NAME):
        yield _NAME_KEY, name_key(name)


def _subject(account: Account, pending: Pending | None) -> tuple[Key, ...]:
    """The key by which the accounts of a subject are counted: credit code, or identity.

    Several where an identity has tokens under several keys; none where nothing is known.
    """
    kind = (pending.subject if pending else None) or account.subject
    if kind in _OF_ORGANISATIONS and not (pending and pending.kind is _OWNER_CHANGE):
        for fact in account.facts:
            if fact.code:
                return ((_CODE_KEY, fact.code),)
    owner = (pending.owner if pending else None) or account.owner
    if owner and not _is_anothers(account, owner):
        return _keys(_IDENTITY_KEY, owner)
    for fact in account.facts:
        if fact.kind is _IDENTITY and fact.token and not _is_anothers(account, fact.token):
            return _keys(_IDENTITY_KEY, fact.token)
    return tuple(islice(_identities(account, pending), 1))


def _identities(account: Account, pending: Pending | None) -> Iterator[Key]:
    """Keys of who has the account, or would have it by a change; the owner's token first."""
    owner = (pending.owner if pending else None) or account.owner
    if not _is_anothers(account, owner):
        yield from _keys(_IDENTITY_KEY, owner)
    if pending and pending.kind is _OWNER_CHANGE:
        return
    for fact in account.facts:
        if fact.kind is _IDENTITY and fact.token != owner and not _is_anothers(account, fact.token):
            yield from _keys(_IDENTITY_KEY, fact.token)
        if fact.code:
            yield _CODE_KEY, fact.code


def _is_anothers(account: Account, token: str | None) -> bool:
    """Whether an identity was shown not to be the account holder's: somebody else's, or stolen.

    Whose it is must not suffer for the account (Art. 9): it is not counted among theirs, and its
    closure leaves no bar on it. One that was proved here before and then failed stays the
    holder's, lest a failed repetition shake a bar off; not so once its proof was revoked.
    """
    return any(
        fact.failed and not fact.proved and (not fact.token or is_same(fact.token, token))
        for fact in account.facts
        if fact.kind is _IDENTITY
    )


def _keys_of_others(account: Account) -> set[Key]:
    """Keys of the identities that were shown not to be the account holder's."""
    tokens = (account.owner, *(fact.token for fact in account.facts if fact.kind is _IDENTITY))
    return {
        key
        for token in tokens
        if _is_anothers(account, token)
        for key in _keys(_IDENTITY_KEY, token)
    }


@lru_cache(maxsize=1 << 12)
def _keys(kind: KeyKind, tokens: str | None) -> tuple[Key, ...]:
    """The keys of an identifier, that of its newest token first."""
    return tuple([(kind, token_key(kind, token)) for token in tokens_of(tokens)])


def _possessions(account: Account) -> Iterator[Key]:
    for fact in account.facts:
        if fact.kind is _CONTACT:
            yield from _keys(_CONTACT_KEY, fact.token)
    for device in account.devices:
        yield _DEVICE_KEY, device
    if account.avatar:
        yield _AVATAR_KEY, account.avatar


def _has(account: Account, wanted: Claimed) -> bool:
    return wanted in account.claimed


def _same(one: Claimed, other: Claimed) -> bool:
    return one.kind == other.kind and one.key == other.key
