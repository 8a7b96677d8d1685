"""What the five dashboards show."""

from __future__ import annotations

from typing import Any

from deploy.grafana.panels import (
    LOW,
    RANGE,
    RATE,
    Panel,
    Query,
    Row,
    Variable,
    bars,
    dashboard,
    graph,
    number,
    table,
)


def quantile(share: float, metric: str, by: str = "", where: str = "") -> str:
    """A quantile of a histogram, for each value of the labels ``by``."""
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({metric}_bucket{where}{RATE})))"


def quantiles(title: str, metric: str, by: str = "", where: str = "", unit: str = "s") -> Panel:
    """Median and 99th percentile of a histogram."""
    legend = "".join(f" {{{{{label.strip()}}}}}" for label in by.split(",") if label)
    return graph(
        title,
        Query(quantile(0.5, metric, by, where), "p50" + legend),
        Query(quantile(0.99, metric, by, where), "p99" + legend),
        unit=unit,
    )


def rate(metric: str, by: str = "", where: str = "") -> str:
    """The rate of a counter per second, for each value of the labels ``by``."""
    return f"sum{f' by ({by})' if by else ''} (rate({metric}{where}{RATE}))"


def process(job: str) -> Row:
    """What the processes of a job take."""
    where = f'{{job=~"{job}"}}'
    return Row(
        "Processes",
        (
            graph(
                "Processor time",
                Query(rate("process_cpu_seconds_total", "job, instance", where), "{{instance}}"),
                unit="percentunit",
            ),
            graph(
                "Memory",
                Query(f"process_resident_memory_bytes{where}", "{{instance}}"),
                unit="bytes",
            ),
            graph("Open files", Query(f"process_open_fds{where}", "{{instance}}")),
            graph(
                "Starts in the last hour",
                Query(f"changes(process_start_time_seconds{where}[1h])", "{{instance}}"),
            ),
        ),
    )


def overview() -> Any:
    """Traffic, verdicts, rules, disposals, latency."""
    pack = '{pack=~"$pack"}'
    return dashboard(
        "zhengming-overview",
        "Zhengming 正名 / Overview",
        (Variable("pack", "zhengming_verdicts_total", "pack"),),
        (
            Row(
                "Now",
                (
                    number("Inputs decided", Query("zhengming:records:rate5m"), "cps"),
                    number("Lag", Query("zhengming:lag_records:sum"), "short", 10_000),
                    number(
                        "p99 to the decision", Query("zhengming:decision_seconds:p99_5m"), "s", 5
                    ),
                    number("Refused", Query("zhengming:refused:ratio10m"), "percentunit"),
                    number("Waits for people", Query("sum(max by (queue) (zhengming_views_work))")),
                    number("Workers", Query('count(up{job="zhengming-worker"} == 1)')),
                    number(
                        "Alerts firing",
                        Query(
                            'count(ALERTS{alertname=~"Zhengming.*",alertstate="firing"})'
                            " or vector(0)"
                        ),
                        bad_from=1,
                    ),
                ),
                LOW,
            ),
            Row(
                "Traffic",
                (
                    graph(
                        "Inputs",
                        Query(rate("zhengming_records_total"), "decided"),
                        Query(rate("zhengming_duplicates_total"), "duplicates"),
                        Query(rate("zhengming_dead_letters_total"), "set aside"),
                        unit="cps",
                    ),
                    graph(
                        "Verdicts",
                        Query(rate("zhengming_verdicts_total", "decision", pack), "{{decision}}"),
                        unit="cps",
                        stack=True,
                    ),
                    bars(
                        "Verdicts in the time shown",
                        Query(
                            f"sort_desc(sum by (decision) "
                            f"(increase(zhengming_verdicts_total{pack}{RANGE})))",
                            "{{decision}}",
                        ),
                    ),
                ),
            ),
            Row(
                "Rules, in the time shown",
                (
                    bars(
                        "Rules that hit most",
                        Query(
                            f"topk(15, sum by (rule, mode) "
                            f"(increase(zhengming_findings_total{pack}{RANGE})))",
                            "{{rule}} {{mode}}",
                        ),
                    ),
                    bars(
                        "Verdicts that would be others with rules in shadow",
                        Query(
                            f"topk(10, sum by (decision, shadow_decision) "
                            f"(increase(zhengming_shadow_differences_total{RANGE})))",
                            "{{decision}} → {{shadow_decision}}",
                        ),
                    ),
                    bars(
                        "Conditions without an answer",
                        Query(
                            f"topk(10, sum by (rule) "
                            f"(increase(zhengming_rule_errors_total{pack}{RANGE})))",
                            "{{rule}}",
                        ),
                    ),
                ),
            ),
            Row(
                "Disposals and credit",
                (
                    graph(
                        "Measures begun",
                        Query(
                            "60 * " + rate("zhengming_disposals_total", "step", '{action="BEGIN"}'),
                            "{{step}}",
                        ),
                        unit="cpm",
                        stack=True,
                    ),
                    graph(
                        "Measures extended and lifted",
                        Query(
                            "60 * "
                            + rate("zhengming_disposals_total", "action", '{action!="BEGIN"}'),
                            "{{action}}",
                        ),
                        unit="cpm",
                    ),
                    graph(
                        "Accounts by credit level",
                        Query("max by (level) (zhengming_views_accounts)", "{{level}}"),
                        stack=True,
                    ),
                ),
            ),
            Row(
                "Latency, and what decides",
                (
                    quantiles("From Kafka to the decision", "zhengming_decision_seconds"),
                    quantiles(
                        "POST /v1/changes",
                        "zhengming_gateway_request_seconds",
                        where='{path="/v1/changes"}',
                    ),
                    table(
                        "Packs in force",
                        Query("max by (pack, version, hash) (zhengming_policy_in_force)"),
                    ),
                    table(
                        "Versions",
                        Query("count by (job, version, python) (zhengming_build_info)"),
                        ("Time",),
                    ),
                ),
            ),
        ),
    )


def workers() -> Any:
    """Partitions, lag, the commit protocol, deadlines."""
    ours = '{instance=~"$instance"}'
    return dashboard(
        "zhengming-workers",
        "Zhengming 正名 / Workers",
        (Variable("instance", "zhengming_partitions", "instance"),),
        (
            Row(
                "Partitions",
                (
                    graph(
                        "Partitions served",
                        Query("sum(zhengming_partitions_ready)", "served"),
                        Query("max(zhengming_partitions_configured)", "of"),
                    ),
                    graph("By worker", Query(f"zhengming_partitions{ours}", "{{instance}}")),
                    graph(
                        "Changelog offsets left to restore",
                        Query(
                            f"sum by (instance) (zhengming_restore_remaining_offsets{ours})",
                            "{{instance}}",
                        ),
                    ),
                    graph(
                        "Records restored",
                        Query(
                            rate("zhengming_restored_records_total", "instance", ours),
                            "{{instance}}",
                        ),
                        unit="cps",
                    ),
                ),
            ),
            Row(
                "Lag",
                (
                    graph(
                        "Lag by topic",
                        Query("sum by (topic) (zhengming_lag_records)", "{{topic}}"),
                    ),
                    graph(
                        "Lag by partition",
                        Query("sum by (partition) (zhengming_lag_records)", "{{partition}}"),
                    ),
                    graph(
                        "Fetched, not yet in a transaction",
                        Query(f"zhengming_queued_records{ours}", "{{instance}}"),
                    ),
                    graph(
                        "Work waits without a commit",
                        Query(f"zhengming_waiting_seconds{ours}", "{{instance}}"),
                        unit="s",
                    ),
                ),
            ),
            Row(
                "Transactions",
                (
                    graph(
                        "Mean time of each step of the commit protocol",
                        Query(
                            f"{rate('zhengming_transaction_step_seconds_sum', 'step', ours)} / "
                            f"{rate('zhengming_transaction_step_seconds_count', 'step', ours)}",
                            "{{step}}",
                        ),
                        unit="s",
                        stack=True,
                    ),
                    graph(
                        "p99 of each step",
                        Query(
                            quantile(0.99, "zhengming_transaction_step_seconds", "step", ours),
                            "{{step}}",
                        ),
                        unit="s",
                    ),
                    quantiles(
                        "Records in a transaction",
                        "zhengming_transaction_records",
                        where=ours,
                        unit="short",
                    ),
                    graph(
                        "Transactions",
                        Query(
                            rate("zhengming_transaction_records_count", "instance", ours),
                            "{{instance}}",
                        ),
                        unit="cps",
                    ),
                ),
            ),
            Row(
                "Faults",
                (
                    graph(
                        "Transactions tried again",
                        Query(
                            rate("zhengming_transaction_failures_total", "error", ours), "{{error}}"
                        ),
                        unit="cps",
                    ),
                    graph(
                        "Accounts without an answer across accounts, in the last hour",
                        Query("sum(increase(zhengming_unanswered_total[1h]))", "without an answer"),
                    ),
                    graph(
                        "Batches lost and read again, in the last hour",
                        Query(
                            f"sum by (instance) (increase(zhengming_seeks_back_total{ours}[1h]))",
                            "{{instance}}",
                        ),
                    ),
                    graph(
                        "Set aside, in the last hour",
                        Query(
                            "sum by (reason) (increase(zhengming_dead_letters_total[1h]))",
                            "{{reason}}",
                        ),
                    ),
                    graph(
                        "Deleted before they were read, in the last hour",
                        Query(
                            "sum by (topic) (increase(zhengming_expired_records_total[1h]))",
                            "{{topic}}",
                        ),
                    ),
                ),
            ),
            Row(
                "Deadlines and control",
                (
                    graph("Deadlines known", Query(f"zhengming_deadlines{ours}", "{{instance}}")),
                    graph(
                        "Deadlines overdue",
                        Query(f"zhengming_deadline_overdue_seconds{ours}", "{{instance}}"),
                        unit="s",
                    ),
                    graph(
                        "Deadlines fired; claims and findings between partitions",
                        Query(rate("zhengming_deadlines_fired_total", where=ours), "deadlines"),
                        Query(rate("zhengming_passed_on_records_total", where=ours), "passed on"),
                        unit="cps",
                    ),
                    graph(
                        "Sweeps: accounts verified anew, and found otherwise",
                        Query(rate("zhengming_swept_total", where=ours), "verified"),
                        Query(rate("zhengming_sweep_found_total", where=ours), "found otherwise"),
                        unit="cps",
                    ),
                    graph(
                        "Directives in force, and what cannot be used",
                        Query("max(zhengming_directives_in_force)", "directives"),
                        Query("max(zhengming_control_problems)", "cannot be used"),
                    ),
                ),
            ),
            process("zhengming-worker"),
        ),
    )


def people() -> Any:
    """Complaints, and the work of reviewers."""
    return dashboard(
        "zhengming-people",
        "Zhengming 正名 / Complaints and people",
        (),
        (
            Row(
                "Queues",
                (
                    graph(
                        "Waits for a person",
                        Query("max by (queue) (zhengming_views_work)", "{{queue}}"),
                        stack=True,
                    ),
                    graph(
                        "Past its due time",
                        Query("max by (queue) (zhengming_views_work_overdue)", "{{queue}}"),
                    ),
                    number(
                        "Complaints past their time limit",
                        Query('max(zhengming_views_work_overdue{queue="complaint"})'),
                        bad_from=1,
                    ),
                ),
            ),
            Row(
                "Complaints",
                (
                    graph(
                        "Complaints, by the state they come to",
                        Query("60 * " + rate("zhengming_complaints_total", "state"), "{{state}}"),
                        unit="cpm",
                    ),
                    bars(
                        "In the time shown",
                        Query(
                            f"sort_desc(sum by (state) "
                            f"(increase(zhengming_complaints_total{RANGE})))",
                            "{{state}}",
                        ),
                    ),
                ),
            ),
            Row(
                "Escalations",
                (
                    graph(
                        "Opened",
                        Query(
                            "60 * "
                            + rate("zhengming_escalations_total", "kind", '{status="OPENED"}'),
                            "{{kind}}",
                        ),
                        unit="cpm",
                    ),
                    graph(
                        "Closed",
                        Query(
                            "60 * "
                            + rate("zhengming_escalations_total", "kind", '{status="CLOSED"}'),
                            "{{kind}}",
                        ),
                        unit="cpm",
                    ),
                    graph(
                        "Time limits passed, rules braked, in the last hour",
                        Query(
                            "sum by (kind) (increase(zhengming_escalations_total"
                            '{kind=~"SLA_BREACH|BRAKE",status="OPENED"}[1h]))',
                            "{{kind}}",
                        ),
                    ),
                ),
            ),
            Row(
                "Capacity of review (where the pack limits it)",
                (
                    graph(
                        "Counts against the capacity, by partition",
                        Query("max by (partition) (zhengming_review_backlog)", "{{partition}}"),
                        stack=True,
                    ),
                    graph(
                        "The guard is on, by partition",
                        Query(
                            "max by (partition) (zhengming_review_over_capacity)", "{{partition}}"
                        ),
                    ),
                ),
            ),
        ),
    )


def gateway() -> Any:
    """Requests, their answers, and how long they take."""
    api = '{path=~"$path",path!~"/health|/ready|/metrics"}'
    changes = '{path=~"/v1/changes|/v1/registrations",method="POST",status'
    return dashboard(
        "zhengming-gateway",
        "Zhengming 正名 / Gateway",
        (Variable("path", "zhengming_gateway_requests_total", "path"),),
        (
            Row(
                "Now",
                (
                    number(
                        "Failed", Query("zhengming:gateway_errors:ratio5m"), "percentunit", 0.01
                    ),
                    number(
                        "Changes without a verdict in time",
                        Query(
                            rate("zhengming_gateway_requests_total", where=f'{changes}="202"}}')
                            + " / "
                            + rate("zhengming_gateway_requests_total", where=f'{changes}=~"2.."}}')
                        ),
                        "percentunit",
                        0.05,
                    ),
                    number("Ready", Query('sum(zhengming_ready{job="zhengming-gateway"})')),
                ),
                LOW,
            ),
            Row(
                "Requests",
                (
                    graph(
                        "By operation",
                        Query(
                            rate("zhengming_gateway_requests_total", "method, path", api),
                            "{{method}} {{path}}",
                        ),
                        unit="reqps",
                    ),
                    graph(
                        "By status",
                        Query(
                            rate("zhengming_gateway_requests_total", "status", api), "{{status}}"
                        ),
                        unit="reqps",
                        stack=True,
                    ),
                ),
            ),
            Row(
                "Latency, to the head of the answer",
                (
                    quantiles("All", "zhengming_gateway_request_seconds", where=api),
                    graph(
                        "p99 by operation",
                        Query("zhengming:gateway_seconds:p99_5m", "{{path}}"),
                        unit="s",
                    ),
                ),
            ),
            process("zhengming-gateway"),
        ),
    )


def around() -> Any:
    """Views, executor, images, sources."""
    return dashboard(
        "zhengming-around",
        "Zhengming 正名 / Views, executor, images, sources",
        (),
        (
            Row(
                "Views",
                (
                    graph("Feeds the views", Query("zhengming_views_feeding", "{{instance}}")),
                    graph(
                        "Behind", Query("max(zhengming_views_behind_seconds)", "behind"), unit="s"
                    ),
                    graph(
                        "Records",
                        Query("max(zhengming_views_unread_records)", "unread"),
                        Query(rate("zhengming_views_records_total"), "applied a second"),
                    ),
                    quantiles("Time to apply a batch", "zhengming_views_batch_seconds"),
                ),
            ),
            Row(
                "Executor",
                (
                    graph(
                        "Attempts",
                        Query(rate("zhengming_executor_attempts_total", "status"), "{{status}}"),
                        unit="cps",
                        stack=True,
                    ),
                    graph("Not delivered", Query("sum(zhengming_executor_waiting)", "waiting")),
                    graph(
                        "The oldest has waited",
                        Query("max(zhengming_executor_oldest_seconds)", "oldest"),
                        unit="s",
                    ),
                    quantiles("The platform answers after", "zhengming_executor_attempt_seconds"),
                ),
            ),
            Row(
                "Images",
                (
                    graph(
                        "Requests answered",
                        Query(rate("zhengming_images_requests_total", "outcome"), "{{outcome}}"),
                        unit="cps",
                        stack=True,
                    ),
                    graph(
                        "Requests not yet read",
                        Query("sum(zhengming_images_unread_requests)", "unread"),
                    ),
                    quantiles("Fetching and looking", "zhengming_images_seconds"),
                ),
            ),
            Row(
                "Sources",
                (
                    graph(
                        "Read and published",
                        Query(rate("zhengming_source_messages_total"), "messages"),
                        Query(rate("zhengming_source_changes_total"), "changes"),
                        unit="cps",
                    ),
                    graph(
                        "Skipped",
                        Query(rate("zhengming_source_skipped_total", "reason"), "{{reason}}"),
                        unit="cps",
                        stack=True,
                    ),
                    graph(
                        "Rejected",
                        Query(
                            "60 * " + rate("zhengming_source_rejected_total", "reason"),
                            "{{reason}}",
                        ),
                        unit="cpm",
                        stack=True,
                    ),
                ),
            ),
            Row(
                "Sources, and what they read",
                (
                    graph("Connected", Query("zhengming_source_connected", "{{instance}}")),
                    graph(
                        "Reads what is so old",
                        Query("zhengming_source_behind_seconds", "{{instance}}"),
                        unit="s",
                    ),
                    graph(
                        "Since the last message",
                        Query(
                            "time() - zhengming_source_last_event_timestamp_seconds",
                            "{{instance}}",
                        ),
                        unit="s",
                    ),
                    graph(
                        "Unread, and connections made again in the last hour",
                        Query("zhengming_source_unread_messages", "unread {{instance}}"),
                        Query(
                            "increase(zhengming_source_reconnections_total[1h])",
                            "connections {{instance}}",
                        ),
                    ),
                ),
            ),
            process("zhengming-(views|executor|images|source)"),
        ),
    )


DASHBOARDS = (overview, workers, people, gateway, around)
