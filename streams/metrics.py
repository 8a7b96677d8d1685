"""Prometheus metrics of a worker. Labels never carry an account or a person.

What can be counted is there from the first scrape on, at 0: an expression about it is never empty
because nothing of its kind has happened yet.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from itertools import product

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from schemas.errors import DeadLetterReason
from schemas.records import (
    ComplaintState,
    Decision,
    DisposalAction,
    EscalationKind,
    EscalationStatus,
    MeasureStep,
    RuleMode,
)

disable_created_metrics()  # type: ignore[no-untyped-call]  # untyped upstream; a series for each

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
AGES = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
RECORDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)

STEPS = {
    1: "select",
    2: "process",
    3: "send",
    4: "await_deliveries",
    5: "commit",
    6: "merge",
}
"""Names of the numbered steps of the commit protocol."""

ERRORS = ("KafkaError", "TimeoutError", "DependencyUnavailable")
"""Why a transaction fails most often; any other error is counted under its own name."""

DEADLINE = "deadline"
"""Stands for the topic in the dead letter of a deadline."""

Tally = tuple[str, ...]
"""A metric of the domain and its label values, counted once its transaction is committed."""


def create_registry() -> CollectorRegistry:
    """A registry that holds what every process tells of itself: version, memory, files, start."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    build = Gauge(
        "zhengming_build_info", "1; what runs here.", ["version", "python"], registry=registry
    )
    build.labels(version("zhengming"), platform.python_version()).set(1)
    return registry


def show_ready(registry: CollectorRegistry, ready: Callable[[], bool]) -> None:
    """Show what ``/ready`` says; it is asked at every scrape."""
    gauge = Gauge("zhengming_ready", "1 while /ready says so.", registry=registry)
    gauge.set_function(lambda: float(ready()))


class WorkerMetrics:
    """All metrics of one worker process, in one registry."""

    def __init__(self) -> None:
        self.registry = registry = create_registry()
        self.partitions = Gauge(
            "zhengming_partitions", "Partitions this worker has open.", registry=registry
        )
        self.partitions_ready = Gauge(
            "zhengming_partitions_ready",
            "Those of them that are restored, and that Kafka answers about: they are served.",
            registry=registry,
        )
        self.partitions_configured = Gauge(
            "zhengming_partitions_configured",
            "Partitions of the application, over all workers.",
            registry=registry,
        )
        self.waiting = Gauge(
            "zhengming_waiting_seconds",
            "How long work has waited without a commit; 0 when none waits.",
            registry=registry,
        )
        self.overdue = Gauge(
            "zhengming_deadline_overdue_seconds",
            "How long the earliest deadline of any account is past due; 0 when none is.",
            registry=registry,
        )
        self.lag = Gauge(
            "zhengming_lag_records",
            "Records between the fetch position and the last stable offset.",
            ["topic", "partition"],
            registry=registry,
        )
        self.queued = Gauge(
            "zhengming_queued_records",
            "Records fetched but not yet in a transaction.",
            registry=registry,
        )
        self.batch = Histogram(
            "zhengming_transaction_records",
            "Records taken into one transaction.",
            buckets=RECORDS,
            registry=registry,
        )
        self.decision = Histogram(
            "zhengming_decision_seconds",
            "Age of the oldest input of a transaction at its commit: what a decision took at most.",
            buckets=AGES,
            registry=registry,
        )
        self.records = Counter(
            "zhengming_records", "Input records whose transaction is committed.", registry=registry
        )
        self.passed_on = Counter(
            "zhengming_passed_on_records",
            "Records that a task has sent to another, whose transaction there is committed.",
            registry=registry,
        )
        phase = Histogram(
            "zhengming_transaction_step_seconds",
            "Time spent in each step of the commit protocol.",
            ["step"],
            buckets=SECONDS,
            registry=registry,
        )
        self._steps = {number: phase.labels(name) for number, name in STEPS.items()}
        self.transaction_failures = Counter(
            "zhengming_transaction_failures",
            "Transactions that failed and were tried again, by error.",
            ["error"],
            registry=registry,
        )
        for error in ERRORS:
            self.transaction_failures.labels(error)
        self.seeks_back = Counter(
            "zhengming_seeks_back", "Gaps that were read again.", registry=registry
        )
        self.expired = Counter(
            "zhengming_expired_records",
            "Records that retention deleted before they were read.",
            ["topic"],
            registry=registry,
        )
        self.restored = Counter(
            "zhengming_restored_records", "Changelog records restored.", registry=registry
        )
        self.restore_remaining = Gauge(
            "zhengming_restore_remaining_offsets",
            "Changelog offsets still to restore.",
            ["partition"],
            registry=registry,
        )
        self.deadlines = Gauge(
            "zhengming_deadlines", "Entries in the deadline index.", registry=registry
        )
        self.policy = Gauge(
            "zhengming_policy_in_force",
            "1 for the policy pack that decides.",
            ["pack", "version", "hash"],
            registry=registry,
        )
        self.control_problems = Gauge(
            "zhengming_control_problems",
            "Packs and directives that were published and cannot be used.",
            registry=registry,
        )
        self.backlog = Gauge(
            "zhengming_review_backlog",
            "What waits for a person, where the pack limits that.",
            ["partition"],
            registry=registry,
        )
        self.over_capacity = Gauge(
            "zhengming_review_over_capacity",
            "1 where more waits than reviewers can settle in time.",
            ["partition"],
            registry=registry,
        )
        self.sweep_done = Gauge(
            "zhengming_sweep_accounts_done",
            "Accounts that the sweep under way, or the last one, has come to.",
            ["partition"],
            registry=registry,
        )
        self.sweep_total = Gauge(
            "zhengming_sweep_accounts",
            "Accounts that there were when it began, about.",
            ["partition"],
            registry=registry,
        )
        self.directives = Gauge(
            "zhengming_directives_in_force", "Directives in force now.", registry=registry
        )
        self._domain = {
            "verdicts": Counter(
                "zhengming_verdicts",
                "Verdicts by decision and pack.",
                ["decision", "pack"],
                registry=registry,
            ),
            "findings": Counter(
                "zhengming_findings",
                "Findings in verdicts by rule, mode and pack.",
                ["rule", "mode", "pack"],
                registry=registry,
            ),
            "rule_errors": Counter(
                "zhengming_rule_errors",
                "Conditions of rules that had no answer, by rule and pack.",
                ["rule", "pack"],
                registry=registry,
            ),
            "shadow": Counter(
                "zhengming_shadow_differences",
                "Verdicts that would be others with all rules in force, by both decisions.",
                ["decision", "shadow_decision"],
                registry=registry,
            ),
            "disposals": Counter(
                "zhengming_disposals",
                "Disposals by action and step of the ladder.",
                ["action", "step"],
                registry=registry,
            ),
            "escalations": Counter(
                "zhengming_escalations",
                "Escalations by kind and status.",
                ["kind", "status"],
                registry=registry,
            ),
            "complaints": Counter(
                "zhengming_complaints",
                "Complaints by the state they came to.",
                ["state"],
                registry=registry,
            ),
            "dead_letters": Counter(
                "zhengming_dead_letters",
                "Records set aside, by topic and reason.",
                ["topic", "reason"],
                registry=registry,
            ),
            "duplicates": Counter(
                "zhengming_duplicates", "Inputs whose event id was known.", registry=registry
            ),
            "deadlines_fired": Counter(
                "zhengming_deadlines_fired", "Accounts whose deadlines fired.", registry=registry
            ),
            "swept": Counter(
                "zhengming_swept", "Accounts that sweeps have come to.", registry=registry
            ),
            "sweep_found": Counter(
                "zhengming_sweep_found",
                "Accounts of which a sweep has found something otherwise.",
                registry=registry,
            ),
            "unanswered": Counter(
                "zhengming_unanswered",
                "Accounts that the check across accounts did not answer in time.",
                registry=registry,
            ),
        }

        known: dict[str, Iterable[tuple[str, ...]]] = {
            "shadow": ((one, other) for one, other in product(Decision, Decision) if one != other),
            "disposals": product(DisposalAction, MeasureStep),
            "escalations": product(EscalationKind, EscalationStatus),
            "complaints": ((state,) for state in ComplaintState),
        }
        for name, labels in known.items():
            for values in labels:
                self._domain[name].labels(*values)
        self.expect_topics((DEADLINE,))

    def expect_topics(self, topics: Iterable[str]) -> None:
        """Show what is counted by topic for these, by their real names, before anything happens."""
        for topic in topics:
            if topic != DEADLINE:
                self.expired.labels(topic)
            for reason in DeadLetterReason:
                self._domain["dead_letters"].labels(topic, reason.value)

    def expect_rules(self, pack: str, rules: Iterable[tuple[str, RuleMode, str]]) -> None:
        """Show what a pack and its rules (id, mode, own pack) count before anything happens."""
        for decision in Decision:
            self._domain["verdicts"].labels(decision, pack)
        for rule, mode, own_pack in rules:
            self._domain["findings"].labels(rule, mode, own_pack)
            self._domain["rule_errors"].labels(rule, own_pack)

    def transaction(
        self, records: int, passed_on: int, spent: Mapping[int, float], oldest: int = 0
    ) -> None:
        """Account for a committed transaction: its records and the seconds of each step.

        ``passed_on`` of the records are no inputs: a task has sent them to another. ``oldest`` is
        the time (ms) of the first input, 0 for none.
        """
        if oldest:
            self.decision.observe(max(0.0, time.time() - oldest / 1e3))
        self.records.inc(records - passed_on)
        self.passed_on.inc(passed_on)
        self.batch.observe(records)
        for step, seconds in spent.items():
            self._steps[step].observe(seconds)

    def domain(self, tallies: Mapping[Tally, int]) -> None:
        """Add what a committed transaction counted of the domain."""
        for (metric, *labels), count in tallies.items():
            counter = self._domain[metric]
            (counter.labels(*labels) if labels else counter).inc(count)

    def restoring(self, partition: int, position: int, end: int) -> None:
        """Show the progress of a restore, in changelog offsets."""
        self.restore_remaining.labels(str(partition)).set(max(0, end - position))


if __name__ == "__main__":
    import sys

    from streams.metrics_page import markdown

    if sys.argv[1:] != ["--markdown"]:
        sys.exit("usage: python -m streams.metrics --markdown")
    sys.stdout.write(markdown())
