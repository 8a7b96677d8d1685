"""The capacity table: read from the page of results, and its arithmetic."""

import math

import pytest

from benchmarks.capacity import (
    GIB,
    MOST_A_SECOND,
    RESULTS,
    Measured,
    Need,
    Sizes,
    Terms,
    read_results,
    table,
    write,
)

MEASURED = Measured("2026-01-01", 50, 3_000, 10, 20_000, 250_000, 500, 350)
SIZES = Sizes({"account.changes": 200, "account.verdicts": 300})
NEED = Need(400_000_000, MEASURED, SIZES, Terms(peak=3, busy=0.5, copies=3))


def test_the_figures_are_those_of_the_page_of_results():
    text = RESULTS.read_text("utf-8")
    measured = read_results(text)
    assert measured.date in text
    assert f"| {measured.cpu:g} |" in text
    assert f"{measured.restore:,.0f}" in text
    assert 100 < measured.state < 10_000
    assert 100 < measured.account < 2 * measured.state, "packed, it takes less than its state"
    assert measured.transaction > measured.cpu


def test_a_page_without_a_figure_is_refused_by_its_name():
    with pytest.raises(ValueError, match="no section 'Throughput'"):
        read_results("# Benchmark results\n\n| Date | today |\n")


def test_four_hundred_million_events_a_day():
    assert round(NEED.mean) == 4_630
    assert round(NEED.peak) == 13_889
    assert NEED.for_events == pytest.approx(13_889 * 50e-6, rel=1e-3)
    assert NEED.partitions == 12, "1.4 workers for the events alone"
    assert NEED.transactions == 12 * MOST_A_SECOND
    assert NEED.cores == pytest.approx(0.694 + 12 * MOST_A_SECOND * 3_000e-6, rel=1e-3)
    assert NEED.workers == math.ceil(NEED.cores / 0.5)
    assert NEED.memory == 400_000_000 * 500
    assert NEED.inputs == 400_000_000 * 200 * 30 * 3
    assert NEED.outputs == 400_000_000 * 300 * 180 * 3
    assert NEED.restore_s == 400_000_000 / NEED.workers / 250_000


def test_few_events_cost_a_transaction_each():
    few = Need(1_000_000, MEASURED, SIZES, Terms(peak=3))
    assert few.transactions == few.peak == pytest.approx(34.7, rel=1e-2)


def test_the_slower_of_cpu_and_rate_decides_how_many_workers():
    slow = Need(400_000_000, Measured("", 50, 0, 10, 5_000, 1, 1, 1), SIZES, Terms(3, 0.5))
    assert slow.workers == 6, "13,889 a second, 2,500 each"


def test_the_table_goes_between_the_marks_of_the_page_and_nothing_else_changes(tmp_path):
    page = tmp_path / "capacity.md"
    marks = "<!-- table: python -m benchmarks.capacity --write -->", "<!-- end -->"
    page.write_text(f"# Capacity\n\n{marks[0]}\nold\n{marks[1]}\n\nafter\n", "utf-8")
    write(table(MEASURED, SIZES, Terms()), page)
    text = page.read_text("utf-8")
    assert "old" not in text
    assert "| 400,000,000 | 4,630 | 13,889 |" in text
    assert f"{400_000_000 * 500 / GIB:,.1f} GiB" in text
    assert text.startswith("# Capacity\n") and text.endswith("\n\nafter\n")
    write(table(MEASURED, SIZES, Terms()), page)
    assert page.read_text("utf-8") == text, "again changes nothing"
