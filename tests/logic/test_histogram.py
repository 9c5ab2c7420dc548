"""Response times: three significant digits at every scale, and percentiles that are times really seen."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.counts import histogram

# what is nearest at the edges of each scale, and half way between two times
EDGES = [
    (0.0014, 0.0014),
    (0.0999, 0.0999),
    (0.1234, 0.123),
    (0.1236, 0.124),
    (0.9994, 0.999),
    (1.004, 1.0),
    (1.006, 1.01),
    (9.994, 9.99),
    (10.04, 10.0),
    (10.06, 10.1),
    (10.64, 10.6),
    (99.94, 99.9),
    (100.4, 100.0),
    (100.6, 101.0),
    (456.3, 456.0),
    (999.4, 999.0),
    (1004.0, 1000.0),
    (1006.0, 1010.0),
]


@given(st.floats(min_value=0.001, max_value=1e7))
def test_a_time_is_kept_within_half_a_percent(response_time_ms: float) -> None:
    assert histogram.bucket(response_time_ms) == pytest.approx(response_time_ms, rel=0.00501)


@pytest.mark.parametrize(
    ("given_ms", "kept_ms"),
    [(456.6, 457), (0.12345, 0.123), (999.6, 1000), (98765, 98800), (0, 0.001), (-1, 0.001), (12.34, 12.3), *EDGES],
)
def test_a_time_is_kept_to_three_digits(given_ms: float, kept_ms: float) -> None:
    assert histogram.bucket(given_ms) == kept_ms


@pytest.mark.parametrize(
    ("counts", "percent", "time_ms"),
    [
        ({}, 95, None),
        ({5.0: 1}, 50, 5.0),
        ({5.0: 1}, 100, 5.0),
        ({1.0: 95, 9.0: 5}, 95, 1.0),  # the 95th of 100 is still a 1
        ({1.0: 95, 9.0: 5}, 95.1, 9.0),
        ({1.0: 19, 9.0: 1}, 95, 1.0),
        ({1.0: 1, 2.0: 1, 3.0: 1, 4.0: 1}, 50, 2.0),
        ({9.0: 1, 1.0: 1}, 0, 1.0),
    ],
)
def test_a_percentile_is_the_nearest_rank(counts: dict[float, int], percent: float, time_ms: float | None) -> None:
    assert histogram.percentile(counts, percent) == time_ms


@pytest.mark.parametrize("percent", [50, 90, 95, 99, 99.9])
def test_percentiles_of_added_histograms_are_those_of_all_times(percent: float) -> None:
    chance = random.Random(2)
    times = sorted(chance.lognormvariate(3, 1.5) for _ in range(20_000))
    whole: histogram.Histogram = {}
    for part in range(7):
        counts: histogram.Histogram = {}
        for time in times[part::7]:
            key = histogram.bucket(time)
            counts[key] = counts.get(key, 0) + 1
        histogram.add(whole, counts)
    truth = times[math.ceil(len(times) * percent / 100) - 1]
    assert histogram.percentile(whole, percent) == pytest.approx(truth, rel=0.006)
