"""The items, one method each: what is measured, how it is told, and what it is held to."""

from __future__ import annotations

from functools import cached_property, partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks import backtest, gateway, latency, memory, restore, text, throughput
from benchmarks.console import ABSENT
from benchmarks.contenders import (
    KAFKA_STREAMS,
    PLAIN_FAUST,
    QUIX,
    WORKER,
    Contender,
    Shape,
    pass_through,
)
from benchmarks.ground import Failed, Ground, console
from benchmarks.plan import CHANGES, CHECKS, EVENTS_PER_ACCOUNT, INPUTS, RATES, Plan
from benchmarks.profile_worker import Bench as Domain
from benchmarks.profile_worker import backlog as records_of
from benchmarks.report import Report
from benchmarks.states import write_states
from benchmarks.throughput import Load, Run, Verify, verify_counts, verify_domain
from benchmarks.traffic import Event, events
from processors.policy import Policy
from streams.settings import load_settings
from streams.worker import domain_processing

SAMPLE = 30_000
"""Events from which the sizes of states and outputs are taken for the pass-through."""
FLAT = 1.2


class Bench:
    """A run of the benchmarks; each item adds to the report. Items raise `Failed`."""

    def __init__(self, ground: Ground | None, plan: Plan, policy: Policy, report: Report) -> None:
        self._ground = ground
        self.plan = plan
        self.policy = policy
        self.report = report
        self._streaming_us = 0.0  # of a worker, where it was measured in this run

    @property
    def ground(self) -> Ground:
        """The broker, for the items that need one. Raises `Failed` without."""
        if self._ground is None:
            raise Failed("this item needs Kafka")
        return self._ground

    # -- 1 ------------------------------------------------------------------------------------

    def throughput(self) -> None:
        """A backlog through our worker and its peers, in turns."""
        shape = self._shape()
        domain, load = verify_domain(self.policy), self._load(self.plan.warm, self.plan.measured)
        turns: list[tuple[Contender, Load, Verify]] = [
            (WORKER, load, domain),
            (KAFKA_STREAMS, load, verify_counts),
            (QUIX, load, partial(verify_counts, by_type=True)),
            (pass_through(shape), load, verify_counts),
        ]
        runs: dict[str, list[Run]] = {}
        for _ in range(self.plan.rounds):
            for contender, given, verify in turns:
                found = throughput.run(self.ground, contender, given, verify)
                runs.setdefault(contender.name, []).append(found)
        runs[PLAIN_FAUST.name] = [
            throughput.run(
                self.ground,
                PLAIN_FAUST,
                self._load(*self.plan.faust),
                verify_domain(self.policy, exactly=False),
            )
        ]
        self._tell_throughput([*(turn[0] for turn in turns), PLAIN_FAUST], runs)
        self._hold_throughput({name: _middle(each) for name, each in runs.items()})

    def _tell_throughput(self, contenders: list[Contender], runs: dict[str, list[Run]]) -> None:
        section = self.report.section(
            "Throughput: a backlog through Kafka, one process",
            "",
            "does",
            "guarantee",
            "µs CPU/event",
            "of runs",
            "broker µs/event",
            "events/s",
            "checked",
        )
        for contender in contenders:
            each = runs[contender.name]
            run = _middle(each)
            section.add(
                contender.title,
                contender.does,
                contender.guarantee,
                f"{run.cpu_us:.1f}",
                ", ".join(f"{one.cpu_us:.1f}" for one in each),
                f"{run.broker_us:.1f}",
                f"{run.rate:,.0f}",
                run.check,
            )
        plan = self.plan
        section.notes += [
            f"{plan.measured:,} inputs after {plan.warm:,} to get warm with (plain Faust: "
            f"{plan.faust[1]:,} after {plan.faust[0]:,}), {EVENTS_PER_ACCOUNT} an account, on "
            "4 partitions. CPU is that of the whole process, user and system, by the median of "
            "the runs, which took turns. The broker's CPU is beside. What plain Faust loses counts "
            "as done, in its favour."
        ]

    def _hold_throughput(self, runs: dict[str, Run]) -> None:
        ours, target = runs["worker"], self.report.target
        self._streaming_us = ours.cpu_us
        limit, quix = runs["pass-through"], runs["quix"]
        kafka_streams, faust = runs["kafka-streams"], runs["plain-faust"]
        cpu = "CPU an event, all checks on"
        target(cpu, "≤ 50 µs", f"{ours.cpu_us:.1f} µs", ours.cpu_us <= 50)
        ratio = ours.cpu_us / kafka_streams.cpu_us
        target(f"{cpu} / Kafka Streams' no-op", "≤ 1", f"{ratio:.2f}", ratio <= 1)
        ratio = ours.cpu_us / quix.cpu_us
        target(f"{cpu} / Quix Streams' no-op", "≤ 0.5", f"{ratio:.2f}", ratio <= 0.5)
        ratio = ours.rate / faust.rate
        target(
            "events/s / plain Faust with the same checks",
            "≥ 20",
            f"{ratio:.1f} (by CPU an event {faust.cpu_us / ours.cpu_us:.1f})",
            ratio >= 20,
        )
        ratio = limit.cpu_us / ours.cpu_us
        target("CPU of pass-through / CPU of all", "≥ 0.3", f"{ratio:.2f}", ratio >= 0.3)

    def _shape(self) -> Shape:
        """What the domain writes on average over this traffic."""
        settings = load_settings()
        domain = Domain(domain_processing(settings, self.policy))
        domain.whole(records_of(SAMPLE, SAMPLE // EVENTS_PER_ACCOUNT), 1_000)
        sent = sum(domain.messages.values())
        return Shape(
            sum(map(len, domain.state.values())) // len(domain.state),
            domain.bytes // sent,
            max(1, round(SAMPLE / max(1, sent - SAMPLE))),
        )

    def _load(self, warm: int, measured: int) -> Load:
        made = list(events(warm + measured, (warm + measured) // EVENTS_PER_ACCOUNT))
        return Load(made[:warm], made[warm:])

    # -- 2 ------------------------------------------------------------------------------------

    def latency(self) -> None:
        """From produce to visible, at steady rates, in turns with Kafka Streams."""
        plan = self.plan
        found: dict[tuple[str, int], list[latency.Latency]] = {}
        total = int(sum(RATES) * plan.latency_s) + latency.WARM_EVENTS
        for number in range(1 + plan.latency_rounds):
            for contender in (WORKER, KAFKA_STREAMS):
                stream = iter(self._stream(total))
                for one in latency.measure(
                    self.ground, contender, stream, RATES, plan.latency_s, plan.latency_drop_s
                ):
                    if number:  # the first round warms the broker, which a fresh JVM needs
                        found.setdefault((contender.name, one.rate), []).append(one)
        section = self.report.section(
            "Latency: from produce to visible at read_committed",
            "",
            "inputs/s",
            "p50 ms",
            "p99 ms",
            "p50 / p99 of the runs",
            "µs CPU/event",
            "broker µs/event",
            "timed",
        )
        for contender in (WORKER, KAFKA_STREAMS):
            for rate in RATES:
                each = found[contender.name, rate]
                section.add(
                    f"{contender.title}, {contender.does}",
                    f"{rate:,}",
                    f"{median(one.p50 for one in each):.0f}",
                    f"{median(one.p99 for one in each):.0f}",
                    ", ".join(f"{one.p50:.0f} / {one.p99:.0f}" for one in each),
                    f"{median(one.cpu_us for one in each):.0f}",
                    f"{median(one.broker_us for one in each):.0f}",
                    f"{sum(one.events for one in each):,}",
                )
        section.notes += [
            f"{plan.latency_rounds} rounds in turns after one that warms the broker; "
            f"{plan.latency_s:g} s at each rate, the first {plan.latency_drop_s:g} s not counted; "
            "Kafka Streams at its default commit interval under exactly once (100 ms). Every "
            "input was answered, every change once. Publisher, reader, broker and the measured "
            "process share the cores."
        ]
        for rate in RATES:
            for name in ("p50", "p99"):
                ours, theirs = (
                    median(getattr(one, name) for one in found[c.name, rate])
                    for c in (WORKER, KAFKA_STREAMS)
                )
                ratio = ours / theirs
                what = f"{name} at {rate:,}/s / Kafka Streams' no-op"
                self.report.target(what, "≤ 0.6", f"{ratio:.2f}", ratio <= 0.6)

    def _stream(self, total: int) -> list[Event]:
        return list(events(total, total // EVENTS_PER_ACCOUNT))

    # -- 3 ------------------------------------------------------------------------------------

    def text(self) -> None:
        """Folding and matching alone, with lexicons of three sizes."""
        found = text.measure(self.plan.texts, self.plan.text_rounds)
        section = self.report.section(
            "Text: folding and matching alone",
            "",
            "build, s",
            *(f"texts/s, batches of {size}" for size in text.BATCHES),
        )
        for size, figures in found.ours.items():
            section.add(
                f"all views and contacts, {size:,} entries",
                f"{figures.build_s:.2f}",
                *(f"{figures.rates[batch]:,.0f}" for batch in text.BATCHES),
            )
        for name, rate in found.plain.items():
            section.add(f"{name}, {text.SIZES[1]:,} entries", "", "", "", f"{rate:,.0f}")
        section.notes += [
            f"{found.texts:,} texts of the simulator, {found.length:.0f} characters on average; "
            f"in {found.planted:,} of them an entry is planted, plain, wide, with signs or with "
            "invisible characters between. Every one of them was found, and texts alone had the "
            "matches they have in a batch. CPU time of one thread, the best round."
        ]
        small, middle, large = (found.ours[size] for size in text.SIZES)
        rate, growth = middle.rates[512], small.rates[512] / large.rates[512]
        for what, goal, told, reached in (
            ("texts/s, 10,000 entries, all on", "≥ 80,000", f"{rate:,.0f}", rate >= 80_000),
            ("cost with 100,000 entries / with 1,000", "≤ 1.5", f"{growth:.2f}", growth <= 1.5),
            (
                "lexicon build of 100,000 entries",
                "< 5 s",
                f"{large.build_s:.1f} s",
                large.build_s < 5,
            ),
        ):
            self.report.target(what, goal, told, reached)

    # -- 4 and 5 ------------------------------------------------------------------------------

    @cached_property
    def _states(self) -> tuple[Path, int]:
        console.print(f"  {self.plan.accounts:,} registrations through the engine", style="dim")
        file = self.ground.directory / "states"
        return file, write_states(file, self.plan.accounts, self.policy)

    def restore(self) -> None:
        """A worker restores accounts from the changelog."""
        plan, (file, _) = self.plan, self._states
        runs = restore.measure(self.ground, file, plan.accounts, plan.restores)
        rate = median(run.rate for run in runs)
        section = self.report.section(
            "Restore: a worker is assigned 4 partitions",
            "",
            "seconds",
            "accounts/s",
            "of runs",
            "resident set",
        )
        section.add(
            f"{plan.accounts:,} accounts, all restored",
            f"{median(run.seconds for run in runs):.2f}",
            f"{rate:,.0f}",
            ", ".join(f"{run.rate:,.0f}" for run in runs),
            f"{median(run.rss for run in runs) / 2**20:,.0f} MiB",
        )
        self.report.target(
            f"restore of {plan.accounts:,} accounts",
            "≥ 200,000/s",
            f"{rate:,.0f}/s",
            rate >= 200_000,
        )

    def memory(self) -> None:
        """The same states in a fresh process."""
        plan, (file, total) = self.plan, self._states
        found = memory.measure(file, plan.accounts, total)
        section = self.report.section(
            "Memory: idle accounts in the memory store", "", "bytes an account", "state itself"
        )
        section.add(
            f"{found.accounts:,} accounts, each equal to what was written",
            f"{found.bytes_each:.0f}",
            f"{found.state_bytes:.0f}",
        )
        section.notes += [
            "Growth of the resident set of a fresh process: keys, states, table and the index of "
            "deadlines. Every account is a simulated registration that nothing waits for; what the "
            "registry of keys keeps of it is not counted."
        ]
        self.report.target(
            f"memory of an idle account, {found.accounts:,} of them",
            "≤ 400 bytes",
            f"{found.bytes_each:.0f} bytes",
            found.bytes_each <= 400,
        )

    # -- 6 ------------------------------------------------------------------------------------

    def scaling(self) -> None:
        """CPU an event with more workers, and with more partitions."""
        load, verify = self._load(*self.plan.scaling), verify_domain(self.policy)
        section = self.report.section(
            "Scaling: the same backlog, all checks on",
            "",
            "µs CPU/event, all workers",
            "broker µs/event",
            "events/s",
            "checked",
        )
        base: Run | None = None
        flat: dict[str, list[float]] = {"workers": [], "partitions": []}
        for kind, workers, partitions in self._grounds():
            if (workers, partitions) != (1, 4) or base is None:
                run = throughput.run(
                    self.ground, WORKER, load, verify, partitions=partitions, workers=workers
                )
                told = f"{workers} worker{'s' * (workers > 1)}, {partitions} partitions"
                section.add(
                    told, f"{run.cpu_us:.1f}", f"{run.broker_us:.1f}", f"{run.rate:,.0f}", run.check
                )
            else:
                run = base
            if (workers, partitions) == (1, 4):
                base = run
            flat[kind].append(run.cpu_us)
        for kind, counts in (("workers", self.plan.workers), ("partitions", self.plan.partitions)):
            if len(counts) == 1:
                continue
            ratio = max(flat[kind]) / min(flat[kind])
            what = f"CPU an event with {', '.join(map(str, counts))} {kind}, most / least"
            self.report.target(what, f"≤ {FLAT}", f"{ratio:.2f}", ratio <= FLAT)

    def _grounds(self) -> list[tuple[str, int, int]]:
        return [
            *(("workers", workers, 4) for workers in self.plan.workers),
            *(("partitions", 1, partitions) for partitions in self.plan.partitions),
        ]

    # -- 7 ------------------------------------------------------------------------------------

    def backtest(self) -> None:
        """A history under a candidate pack beside the one in force, without a broker."""
        with TemporaryDirectory() as directory:
            count = self.plan.measured
            accounts = count // EVENTS_PER_ACCOUNT
            runs = backtest.measure(Path(directory), count, accounts, (1, 2))
        section = self.report.section(
            "Backtest: `zhengming policy backtest`, the shipped pack against itself",
            "processes",
            "µs CPU/event, all processes",
            "events/s",
        )
        for run in runs:
            section.add(str(run.processes), f"{run.cpu_us:.1f}", f"{run.rate:,.0f}")
        section.notes += [
            f"{count:,} inputs as JSON lines, {EVENTS_PER_ACCOUNT} an account; both packs are "
            "asked at every judgement, texts are scanned once for both. Starting up is taken off."
        ]
        ratio = runs[-1].cpu_us / runs[0].cpu_us
        what = f"CPU an event of a backtest with {runs[-1].processes} processes / with 1"
        self.report.target(what, f"≤ {FLAT}", f"{ratio:.2f}", ratio <= FLAT)
        if self._streaming_us:
            ratio = self._streaming_us / runs[0].cpu_us
            what = "events/s and core of a backtest / of a worker, by CPU an event"
            self.report.target(what, "≥ 2", f"{ratio:.2f}", ratio >= 2)

    # -- 8 ------------------------------------------------------------------------------------

    def gateway(self) -> None:
        """Checks, changes and the views, at steady rates."""
        seconds, target = self.plan.gateway_s, self.report.target
        with gateway.Stack(self.ground, "gateway") as stack:
            with stack.own_core():
                checks = gateway.answers(stack, gateway.check, CHECKS, seconds)
            changes = gateway.answers(stack, gateway.change, CHANGES, seconds)
            paints = gateway.paints(stack, self.plan.paints)
            stream = iter(self._stream(int(INPUTS * (seconds + 1))))
            lagged = gateway.lag(stack, stream, INPUTS, seconds)
        section = self.report.section(
            "Gateway and views", "", "a second", "p50 ms", "p99 ms", "failed", "µs CPU/request"
        )
        for name, goal, one in (
            ("POST /v1/checks", 10, checks),
            ("POST /v1/changes", 150, changes),
        ):
            section.add(
                name,
                f"{one.rate:,}",
                f"{one.p50:.1f}",
                f"{one.p99:.1f}",
                str(one.failed),
                f"{one.cpu_us:,.0f}",
            )
            what = f"p99 of {name} at {one.rate}/s"
            reached = one.p99 <= goal and not one.failed
            target(what, f"≤ {goal} ms", f"{one.p99:.1f} ms", reached)
        section.notes += [
            f"{seconds:g} s at each rate after {gateway.WARM_S:g} s, timed from when a request was "
            "due. At the checks the gateway has one core, and nothing else of the run is on it; "
            "then everything shares the machine.",
            f"Views at {lagged.rate:,.0f} inputs a second: median {lagged.median:,.0f} ms behind, "
            f"at most {lagged.worst:,.0f} ms, looked at {lagged.samples} times.",
        ]
        worst = lagged.worst
        target("views behind at half load", "< 1 s", f"{worst / 1e3:.2f} s at most", worst < 1_000)
        self._paints(paints)

    def _paints(self, paints: dict[str, list[float]]) -> None:
        section = self.report.section("First paint of the console", "page", "median ms", "worst ms")
        if not paints:
            section.notes.append(f"Not measured: {ABSENT}.")
            return
        for page, times in paints.items():
            section.add(page, f"{times[len(times) // 2]:,.0f}", f"{times[-1]:,.0f}")
        section.notes.append(
            f"First contentful paint in headless Chromium, {self.plan.paints} times each with an "
            "empty cache, after the load; the gateway on one core."
        )
        worst = max(times[-1] for times in paints.values())
        what = "first paint of every page of the console"
        self.report.target(what, "< 1.5 s", f"{worst / 1e3:.2f} s at most", worst < 1_500)


def _middle(runs: list[Run]) -> Run:
    """The run with the median CPU an event."""
    if not runs:
        raise Failed("nothing was measured")
    return sorted(runs, key=lambda run: run.cpu_us)[(len(runs) - 1) // 2]
