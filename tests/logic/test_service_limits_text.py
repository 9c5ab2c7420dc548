"""Limits on what a service says of itself, as text."""

from __future__ import annotations

import pytest

from lab import limits
from lab.limits import LimitError
from lab.limits.source import Source

ERRORS = 'api.shop_requests_total{code="500"}<=5'


@pytest.mark.parametrize(
    ("text", "source", "bound"),
    [
        ("api.cpu<=80%", Source("api", "cpu", "ratio"), 0.8),
        ("api.cpu<=0.5", Source("api", "cpu", "CPU"), 0.5),
        ("api.memory<=400MiB", Source("api", "memory", "MiB"), 400),
        ("api.memory<=1GiB", Source("api", "memory", "MiB"), 1024),
        ("api.memory<=1048.576KB", Source("api", "memory", "MiB"), 1),
        ("my-shop.memory<90%", Source("my-shop", "memory", "ratio"), 0.9),
        ("api.pool_free>=2", Source("api", "pool_free", ""), 2),
        ("api.wait_seconds_sum<=20ms", Source("api", "wait_seconds_sum", ""), 0.02),
        ("api.heap_bytes<=2MiB", Source("api", "heap_bytes", ""), 2 * 2**20),
        ("api.shop_requests_total>=5/s", Source("api", "shop_requests_total", "/s"), 5),
        (ERRORS, Source("api", "shop_requests_total", "", (("code", "500"),)), 5),
        (
            'api.shop_requests_total{ method="GET" , code="500" }<=5/s',
            Source("api", "shop_requests_total", "/s", (("code", "500"), ("method", "GET"))),
            5,
        ),
    ],
)
def test_a_limit_is_read_and_reads_the_same_again(text: str, source: Source, bound: float) -> None:
    (limit,) = limits.parse(text)
    assert (limit.source, limit.bound, limit.endpoint, limit.unit) == (source, bound, None, source.unit)
    assert limits.parse(limit.text) == (limit,)
    several = limits.parse(f"p95<=450ms {text}, fail<=1%")
    assert [each.text for each in several] == ["p95<=450ms", limit.text, "fail<=1%"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("api.cpu<=80ms", "cpu is given in % or no unit"),
        ("api.cpu>=80%", "cpu takes <=, not >="),
        ("api.memory<=400", "memory is given in % or B or"),
        ('api.memory{a="b"}<=400MiB', "memory has no labels"),
        ("api.cpu<=80% in 10s", "is of a whole step"),
        ("api.errors{code=500}<=1", 'labels are given as {code="500", method="GET"}'),
        ("api.errors<=1us", "errors is given in no unit or /s or %"),
    ],
)
def test_a_wrong_one_is_explained(text: str, says: str) -> None:
    with pytest.raises(LimitError) as error:
        limits.parse(text)
    assert says in str(error.value)
