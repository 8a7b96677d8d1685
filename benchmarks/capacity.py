"""What an installation needs for so many events a day, from the measured figures and arithmetic.

``python -m benchmarks.capacity`` reads RESULTS.md, measures the bytes of simulated traffic (no
broker) and prints the table; ``--write`` puts it into docs/capacity.md. Every line of arithmetic is
a property of `Need`.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.traffic import START, events
from processors import engine
from schemas.codec import Codec
from streams.offline import Offline
from streams.packs import load_policy
from streams.settings import Settings, load_settings
from streams.topics import DAY_MS, Topic, input_topics, output_topics, topic_named, topic_of

RESULTS = Path(__file__).with_name("RESULTS.md")
PAGE = Path(__file__).parents[1] / "docs" / "capacity.md"
BEGIN, END = "<!-- table: python -m benchmarks.capacity --write -->", "<!-- end -->"

DAY_S = 86_400
EVENTS_A_DAY = (1_000_000, 10_000_000, 40_000_000, 100_000_000, 400_000_000)
GIB = 2**30

RECORD_OVERHEAD = 30
"""Bytes that a record takes in a log segment beside key and value, its share of the batch too."""
DIRTY = 1.25
"""A compacted topic holds at most a fifth that is outdated (min.cleanable.dirty.ratio 0.2)."""
PARTITIONS = 4
"""Partitions of the benchmark's topics."""
MOST_A_SECOND = 1_000 / Settings.model_fields["commit_interval_ms"].default
"""Transactions that a partition begins in a second, at most."""
SAMPLE = 5_000
"""Simulated inputs whose bytes are counted; ten of an account, as in the benchmark."""


@dataclass(frozen=True)
class Measured:
    """Figures of one run of the benchmarks. Times in µs of CPU, sizes in bytes."""

    date: str
    cpu: float
    """A worker's, for an event with all checks, in large transactions."""
    transaction: float
    """A worker's, for a transaction whatever it holds."""
    broker_cpu: float
    rate: float
    """Events a second that one worker process got through."""
    restore: float
    """Accounts a second."""
    account: float
    """Memory of an idle account."""
    state: float


@dataclass(frozen=True)
class Sizes:
    """Bytes that an event brings to each topic, on average; with key and overhead."""

    topics: Mapping[str, float]


@dataclass(frozen=True)
class Terms:
    """What is assumed: not measured, and to be replaced by your own."""

    peak: float = 3.0
    """The busiest second over the mean of a day."""
    busy: float = 0.6
    """Share of a core that is used at the peak: the rest is for restores and for a lost worker."""
    accounts_per_event: float = 1.0
    """Accounts known, for each event of a day."""
    copies: int = 3


@dataclass(frozen=True)
class Need:
    """The need of so many events a day."""

    a_day: int
    measured: Measured
    sizes: Sizes
    terms: Terms

    @property
    def mean(self) -> float:
        """Events a second."""
        return self.a_day / DAY_S

    @property
    def peak(self) -> float:
        """Events in the busiest second."""
        return self.mean * self.terms.peak

    @property
    def for_events(self) -> float:
        """Cores that the events themselves keep busy at the peak."""
        return self.peak * self.measured.cpu / 1e6

    @property
    def partitions(self) -> int:
        """Room for four times the workers that the events alone need, in dozens."""
        return 12 * math.ceil(max(1, 4 * self.for_events / self.terms.busy / 12))

    @property
    def transactions(self) -> float:
        """Transactions in the busiest second: one an event, until each partition is at its most."""
        return min(self.peak, self.partitions * MOST_A_SECOND)

    @property
    def cores(self) -> float:
        """Cores of all workers that are busy at the peak."""
        return self.for_events + self.transactions * self.measured.transaction / 1e6

    @property
    def workers(self) -> int:
        """Worker processes, each about a core; two at least, so that one may fail."""
        by_cpu = self.cores / self.terms.busy
        by_rate = self.peak / (self.measured.rate * self.terms.busy)
        return max(2, math.ceil(max(by_cpu, by_rate)))

    @property
    def broker_cores(self) -> float:
        """Cores of all brokers: the leader's work as measured, the followers' taken as the same."""
        return self.peak * self.measured.broker_cpu * self.terms.copies / 1e6 / self.terms.busy

    @property
    def accounts(self) -> float:
        """Accounts whose state is held."""
        return self.a_day * self.terms.accounts_per_event

    @property
    def memory(self) -> float:
        """Bytes of all workers for states in the memory store."""
        return self.accounts * self.measured.account

    @property
    def changelog(self) -> float:
        """Bytes of the changelog on all brokers."""
        each = self.measured.state + RECORD_OVERHEAD + 20
        return self.accounts * each * DIRTY * self.terms.copies

    @property
    def inputs(self) -> float:
        """Bytes of inputs on all brokers, over their retention."""
        return self._kept(input_topics())

    @property
    def outputs(self) -> float:
        """Bytes of outputs on all brokers, over their retention."""
        return self._kept(output_topics())

    @property
    def restore_s(self) -> float:
        """Seconds until one worker has restored its share."""
        return self.accounts / self.workers / self.measured.restore

    def _kept(self, topics: Sequence[Topic]) -> float:
        total = 0.0
        for topic in topics:
            days = int(topic.config["retention.ms"]) / DAY_MS
            total += self.sizes.topics.get(topic.name, 0.0) * days
        return self.a_day * total * self.terms.copies


def read_results(text: str) -> Measured:
    """The figures in a page of results. Raises ``ValueError`` where one is missing."""
    throughput = _row(text, "Throughput", "zhengming")
    live = _row(text, "Latency", "zhengming")
    restore = _row(text, "Restore", "")
    memory = _row(text, "Memory", "")
    date = re.search(r"^\| Date \| (\S+)", text, re.MULTILINE)
    if date is None:
        raise ValueError("the page has no date")
    return Measured(
        date=date[1],
        cpu=_number(throughput["µs CPU/event"]),
        transaction=_of_transaction(live, _number(throughput["µs CPU/event"])),
        broker_cpu=_number(throughput["broker µs/event"]),
        rate=_number(throughput["events/s"]),
        restore=_number(restore["accounts/s"]),
        account=_number(memory["bytes an account"]),
        state=_number(memory["state itself"]),
    )


def _of_transaction(live: Mapping[str, str], cpu: float) -> float:
    """What a transaction costs, from events that come slowly: the rest of what each has cost."""
    rate = _number(live["inputs/s"])
    more = (_number(live["µs CPU/event"]) - cpu) * rate
    return max(0.0, more / min(rate, PARTITIONS * MOST_A_SECOND))


def _row(text: str, section: str, name: str) -> dict[str, str]:
    """The first row of a section's table that begins so, by column."""
    found = re.search(rf"^## {section}.*?\n\n(\|.*?)\n\n", text + "\n\n", re.MULTILINE | re.DOTALL)
    if found is None:
        raise ValueError(f"the page has no section {section!r}")
    head, _, *rows = (_cells(line) for line in found[1].splitlines())
    for row in rows:
        if row[0].startswith(name):
            return dict(zip(head, row, strict=True))
    raise ValueError(f"section {section!r} has no row {name!r}")


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _number(cell: str) -> float:
    return float(cell.replace(",", ""))


def measure_sizes(count: int = SAMPLE) -> Sizes:
    """Run simulated inputs through the domain and count what would go to Kafka."""
    codec = Codec()
    offline = Offline(load_policy(load_settings()), engine.Limits())
    totals: Counter[str] = Counter()
    for number, event in enumerate(events(count, count // 10)):
        totals[event.topic] += len(event.key) + len(event.value) + RECORD_OVERHEAD
        record = codec.decode(topic_named(event.topic).record, event.value)
        given = engine.Input(event.topic, 0, number, START + number, record)
        for output in offline.apply([given]).outputs:
            size = len(output.account_id.encode()) + len(codec.encode(output)) + RECORD_OVERHEAD
            totals[topic_of(type(output)).name] += size
    return Sizes({name: total / count for name, total in totals.items()})


def table(measured: Measured, sizes: Sizes, terms: Terms) -> str:
    """The table as Markdown, with what it is made of above it."""
    of_inputs = sum(sizes.topics.get(t.name, 0.0) for t in input_topics())
    of_outputs = sum(sizes.topics.get(t.name, 0.0) for t in output_topics())
    lines = [
        f"Measured on {measured.date}: {measured.cpu:g} µs of a worker's CPU for an event and "
        f"{measured.transaction:,.0f} µs for a transaction, {measured.broker_cpu:g} µs of the "
        f"broker's for an event, {measured.rate:,.0f} events/s "
        f"through one worker process, {measured.restore:,.0f} accounts/s restored, "
        f"{measured.account:,.0f} bytes of memory and {measured.state:,.0f} bytes of state for an "
        f"idle account. Counted over {SAMPLE:,} simulated inputs: {of_inputs:,.0f} bytes in and "
        f"{of_outputs:,.0f} bytes out for an event.",
        "",
        f"Assumed: the busiest second has {terms.peak:g} times the mean; cores are "
        f"{terms.busy:.0%} busy then; {terms.accounts_per_event:g} accounts are known for each "
        f"event of a day; {terms.copies} copies of everything.",
        "",
        "| events a day | mean/s | peak/s | worker cores busy | workers | partitions "
        "| broker cores | accounts | memory for states | changelog | inputs, 30 days "
        "| outputs, their retention | restore of a worker |",
        "|---:|" + "---:|" * 12,
    ]
    for a_day in EVENTS_A_DAY:
        need = Need(a_day, measured, sizes, terms)
        cells = (
            f"{a_day:,}",
            f"{need.mean:,.0f}",
            f"{need.peak:,.0f}",
            f"{need.cores:.2f}",
            f"{need.workers}",
            f"{need.partitions}",
            f"{need.broker_cores:.2f}",
            f"{need.accounts:,.0f}",
            *(_size(n) for n in (need.memory, need.changelog, need.inputs, need.outputs)),
            f"{need.restore_s:,.0f} s",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _size(count: float) -> str:
    gib = count / GIB
    return f"{gib / 1024:,.1f} TiB" if gib >= 1024 else f"{gib:,.1f} GiB"


def write(text: str, page: Path = PAGE) -> None:
    """Put a table between the marks of the page."""
    before, _, rest = page.read_text("utf-8").partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"{page} does not have the marks of the table")
    page.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", "utf-8")


def main() -> int:
    """Print the table, or write it into the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    defaults = Terms()
    parser.add_argument("--write", action="store_true", help="into docs/capacity.md")
    parser.add_argument("--peak", type=float, default=defaults.peak, help="busiest second / mean")
    parser.add_argument("--busy", type=float, default=defaults.busy, help="use of a core then")
    parser.add_argument(
        "--accounts",
        type=float,
        default=defaults.accounts_per_event,
        help="accounts per daily event",
    )
    parser.add_argument("--copies", type=int, default=defaults.copies, help="replication factor")
    given = parser.parse_args()
    terms = Terms(given.peak, given.busy, given.accounts, given.copies)
    text = table(read_results(RESULTS.read_text("utf-8")), measure_sizes(), terms)
    if given.write:
        write(text)
    else:
        print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
