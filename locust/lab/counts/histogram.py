"""How response times are counted, so that any percentile can be told from the counts.

Times are kept to three significant digits, as an HdrHistogram of that precision does: a percentile read from the counts
is within 0.5 % of the true one at every scale, and histograms of many workers and seconds add up without loss.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import floor, inf, log10

Histogram = dict[float, int]
"""How many times each response time (ms, three significant digits) was seen."""


def bucket(response_time_ms: float) -> float:
    """The response time, in ms, to three significant digits; 0.001 ms is the least.

    >>> bucket(456.6), bucket(0.12345), bucket(98765)
    (457.0, 0.123, 98800.0)
    """
    # the usual times first, without a logarithm: every answer passes here
    if 1 <= response_time_ms < 10:
        return int(response_time_ms * 100 + 0.5) / 100
    if 10 <= response_time_ms < 100:
        return int(response_time_ms * 10 + 0.5) / 10
    if 100 <= response_time_ms < 1000:
        return float(int(response_time_ms + 0.5))
    if 0.1 <= response_time_ms < 1:
        return int(response_time_ms * 1000 + 0.5) / 1000
    if response_time_ms < 0.001:
        return 0.001
    return float(round(response_time_ms, 2 - floor(log10(response_time_ms))))


def three_digits(figure: float) -> float:
    """Any figure from 0 on to three significant digits, however small it is.

    >>> three_digits(0.00012345), three_digits(98765), three_digits(0)
    (0.000123, 98800.0, 0.0)
    """
    return float(f"{figure:.3g}")


def document(times: Mapping[float, int]) -> dict[str, int]:
    """The counts as JSON holds them."""
    return {f"{time:g}": count for time, count in sorted(times.items())}


def from_document(row: Mapping[str, int]) -> Histogram:
    """The counterpart of `document`."""
    return {float(time): count for time, count in row.items()}


def add(to: Histogram, more: Mapping[float, int]) -> None:
    """Counts `more` into `to`."""
    for value, count in more.items():
        to[value] = to.get(value, 0) + count


def percentile(histogram: Mapping[float, int], percent: float) -> float | None:
    """The least time (ms) that at least `percent` (0 to 100) of the answers did not exceed; None without answers.

    This is the nearest-rank percentile: a time that was really seen, never one between two.
    """
    total = sum(histogram.values())
    if not total:
        return None
    rank, seen = total * percent / 100, 0
    for value in sorted(histogram):
        seen += histogram[value]
        # a rank such as 95 % of 20 must not be missed for its last binary digit
        if seen >= rank - 1e-9 * total:
            return value
    return inf
