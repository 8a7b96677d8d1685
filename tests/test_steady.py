"""The verdict on a long run: what grows is told from what only moves."""

import pytest

from tests.steady import MIB, Sample, Usage, judge, trend

HOUR = [(float(at), 0) for at in range(0, 3_600, 15)]


def samples(rss=lambda at: 200 * MIB, descriptors=lambda at: 40, lag=lambda at: 20, threads=12):
    return [
        Sample(
            at,
            {"worker": Usage(int(rss(at)), threads, int(descriptors(at)))},
            {0: int(lag(at)), 1: 20},
            rate=400.0,
        )
        for at, _ in HOUR
    ]


def test_what_only_moves_is_flat():
    assert (
        judge(samples(rss=lambda at: 200 * MIB + (at % 60) * 50_000, lag=lambda at: at % 90)) == []
    )


def test_a_leak_of_ten_bytes_an_event_is_found():
    leak = 10 * 400
    (found,) = judge(samples(rss=lambda at: 200 * MIB + leak * at))
    assert found == "worker: memory grew by 10.2 MiB at a level of 209 MiB"


def test_what_fills_up_in_the_warm_up_and_then_stays_is_flat():
    assert judge(samples(rss=lambda at: min(at, 850) * MIB / 10)) == []


def test_a_spike_is_no_growth():
    assert judge(samples(rss=lambda at: (800 if at == 3_000 else 200) * MIB)) == []


def test_a_descriptor_lost_every_few_minutes_is_found():
    (found,) = judge(samples(descriptors=lambda at: 40 + at // 600))
    assert found == "worker: descriptors went from 41 to 45"


def test_a_few_descriptors_that_stay_open_at_the_end_are_found():
    (found,) = judge(samples(descriptors=lambda at: 40 + 3 * (at > 3_500)))
    assert "descriptors" in found


def test_lag_that_grows_in_one_partition_is_found():
    (found,) = judge(samples(lag=lambda at: at))
    assert found.startswith("partition 0: the lag grew by 26")


def test_lag_that_is_there_at_the_end_is_found():
    (found,) = judge(samples(lag=lambda at: 5_000 * (at > 3_580)))
    assert found.endswith("is 5000 at the end")


def test_a_process_of_somebody_else_is_not_judged():
    assert judge(samples(rss=lambda at: at * MIB), frozenset({"worker"})) == []


def test_too_few_samples_are_refused():
    with pytest.raises(ValueError, match="run longer or sample more often"):
        trend([(float(at), 1.0) for at in range(9)])


def test_the_picture_of_a_series_rises_with_it():
    picture = trend([(float(at), float(at)) for at in range(240)]).picture
    assert len(picture) == 24
    assert picture[0] == "▁"
    assert picture[-1] == "█"
    assert list(picture) == sorted(picture)
