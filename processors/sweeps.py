"""Sweeps: verifying existing accounts anew, by time, under a new pack, or by order (Art. 15).

A partition goes through its accounts in the order of their keys, some in each transaction. How far
it has come is a state of the partition, written together with those of the accounts, so that each
account is verified once a sweep, through crashes too. Which sweep is on follows from orders, the
pack and event time alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import msgspec
from msgspec import Struct

from processors.accounts.pauses import names
from processors.accounts.state import Account
from processors.accounts.turn import DAY
from processors.policy.model import SweepTerms
from schemas.records import Field, SubjectKind

KEY = b"\0sweep"
"""Where the progress stands among the states; keys of accounts never begin with a zero byte."""


class Sweep(Struct, frozen=True):
    """A sweep that may begin at event time ``since`` and go on to ``until`` (ms; 0 for ever).

    An empty part of its scope covers all; ``subjects``, ``regions`` and ``accounts`` are as in a
    pause. ``marked`` covers public accounts and those that show a badge.
    """

    id: str
    since: int
    subjects: tuple[SubjectKind, ...] = ()
    regions: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    marked: bool = False
    until: int = 0

    def covers_id(self, account_id: str) -> bool:
        """Whether an account of this id may be in the scope."""
        return not self.accounts or names(self.accounts, account_id)

    def covers(self, account: Account) -> bool:
        """Whether an account is in the scope, if its id is."""
        subject = account.subject or SubjectKind.INDIVIDUAL
        marked = subject is SubjectKind.PUBLIC_ACCOUNT or account.value(Field.BADGE)
        return (
            (not self.subjects or subject in self.subjects)
            and (not self.regions or account.place in self.regions)
            and bool(marked or not self.marked)
        )


class Progress(Struct, array_like=True):
    """How far the sweeps of a partition have come.

    ``sweep`` is the one under way, or the last. ``cursor`` is the last key it has come to, ``done``
    counts accounts that it has come to, ``found`` those of which something changed, of ``total``
    there were when it ``began`` (event time, ms). ``ended`` is 0 while it is under way.
    ``finished`` are others that are over and still ordered; ``since`` is when the partition first
    minded the clock: what was due before is not made up for.
    """

    sweep: str = ""
    cursor: bytes = b""
    done: int = 0
    found: int = 0
    total: int = 0
    began: int = 0
    ended: int = 0
    finished: list[str] = []
    since: int = 0


class Step(Struct, frozen=True):
    """What a partition is to do next: go on with ``sweep`` from ``progress``; None: only note it.

    ``fresh`` says that the sweep begins with this step, ``stopped`` that the last one ends with it.
    """

    progress: Progress
    sweep: Sweep | None
    fresh: bool = False
    stopped: bool = False


def read(state: bytes | None) -> Progress:
    """The progress in a state that stands under `KEY`."""
    return Progress() if state is None else _decode(state)


def next_step(
    progress: Progress, orders: Sequence[Sweep], terms: SweepTerms, at: int
) -> Step | None:
    """What is to be done at an event time (ms); None where there is nothing."""
    timed = bool(terms.days or terms.marked_days)
    if timed and not progress.since:
        progress = msgspec.structs.replace(progress, since=at)
        noted = True
    else:
        noted = False
    due = [s for s in orders if s.since <= at and (not s.until or at < s.until)]
    due += [sweep for sweep in _by_time(terms, at) if sweep.since > progress.since]
    due.sort(key=lambda sweep: (sweep.since, sweep.id))
    known = {sweep.id for sweep in due}
    under_way = bool(progress.sweep and not progress.ended)
    if under_way and progress.sweep in known:
        return Step(progress, next(sweep for sweep in due if sweep.id == progress.sweep))
    over = [*progress.finished, *([progress.sweep] if progress.ended else [])]
    chosen = next((sweep for sweep in due if sweep.id not in over), None)
    if chosen is not None:
        kept = [name for name in over if name in known]
        new = Progress(sweep=chosen.id, began=at, finished=kept, since=progress.since)
        return Step(new, chosen, fresh=True)
    if under_way:  # it was stopped, or another of its kind is due
        return Step(msgspec.structs.replace(progress, ended=at), None, stopped=True)
    return Step(progress, None) if noted else None


def gather(partitions: Collection[Progress]) -> Progress:
    """How far a partition is to which accounts of all these were moved.

    As far as the one that is least far: an account may be verified once more, and none is left out.
    """
    newest = max(partitions, key=lambda progress: (progress.began, progress.sweep))
    same = [progress for progress in partitions if progress.sweep == newest.sweep]
    begun = len(same) == len(partitions)
    ended = begun and all(progress.ended for progress in same)
    over = [
        {*progress.finished, *([progress.sweep] if progress.ended else [])}
        for progress in partitions
    ]
    behind = [progress.cursor for progress in same if not progress.ended]
    count = len(partitions)
    return Progress(
        sweep=newest.sweep,
        cursor=min(behind, default=newest.cursor) if begun else b"",
        done=sum(progress.done for progress in same) // count,
        found=sum(progress.found for progress in same) // count,
        total=sum(progress.total for progress in same) // count,
        began=newest.began,
        ended=max(progress.ended for progress in same) if ended else 0,
        finished=sorted(set.intersection(*over) - {newest.sweep}),
        since=min((progress.since for progress in partitions if progress.since), default=0),
    )


def advance(step: Step, keys: Sequence[bytes], found: int, *, last: bool, at: int) -> Progress:
    """The progress after these keys; ``last`` where there are no more."""
    progress = step.progress
    done = progress.done + len(keys)
    return msgspec.structs.replace(
        progress,
        cursor=keys[-1] if keys else progress.cursor,
        done=done,
        found=progress.found + found,
        total=done if last else progress.total,
        ended=at if last else 0,
    )


def _by_time(terms: SweepTerms, at: int) -> Iterator[Sweep]:
    """The sweeps of the pack whose time has come last. Their times are multiples of their days."""
    for days, marked in ((terms.days, False), (terms.marked_days, True)):
        if days:
            since = at // (days * DAY) * days * DAY
            what = "marked-" if marked else ""
            yield Sweep(id=f"{what}{days}d-{since // DAY}", since=since, marked=marked)


write = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Progress).decode
