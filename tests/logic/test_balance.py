"""Whether replicas share the load: by as much as chance leaves open, and in words."""

from __future__ import annotations

from typing import Any

import pytest

from lab.counts.timeline import Tally
from lab.service import balance
from lab.service.usage import Usage
from tests.support.verdicts import answers

USED = Usage(seconds=10, sums={"cpu_seconds": 5.0}, peaks={"cpu_limit": 2.0, "memory_bytes": 1e8 + 0.4})


def judged(*requests: int | None) -> dict[str, Any] | None:
    whole = sum(count or 0 for count in requests)
    rows: Any = [
        {"name": f"api-{at}", "requests": count, "share": count / whole if whole and count is not None else None}
        for at, count in enumerate(requests, 1)
    ]
    found = balance.judge(rows)
    return None if found is None else dict(found)


@pytest.mark.parametrize(
    ("requests", "balanced"),
    [
        ((1000, 1000), True),
        ((1040, 960), True),  # differs by 4 % of the mean
        ((104_900, 95_100), True),  # 4.9 %
        ((105_100, 94_900), False),  # 5.1 %, and chance would be 0.2 %
        ((65, 35), True),  # 30 %, which is what three times chance comes to of so few
        ((66, 34), False),
        ((100, 100, 0), False),
        ((1000, 1000, 1000, 1000), True),
    ],
)
def test_shares_may_differ_by_a_little_or_by_chance(requests: tuple[int, ...], balanced: bool) -> None:
    found = judged(*requests)
    assert found
    assert found["balanced"] is balanced


@pytest.mark.parametrize("requests", [(), (100,), (None, None), (100, None), (0, 0)])
def test_without_two_replicas_that_answer_there_is_no_question(requests: tuple[int | None, ...]) -> None:
    assert judged(*requests) is None


@pytest.mark.parametrize(
    ("requests", "because"),
    [
        ((510, 490), "shares are between 49 % and 51 %, where 50 % is even"),
        ((800, 200), "api-1 answered 80 % and api-2 20 %, where 50 % is even"),
        ((0, 500, 500), "api-1 answered nothing, and api-2 50 %, where 33.3 % is even"),
    ],
)
def test_the_words_name_the_most_and_the_least(requests: tuple[int, ...], because: str) -> None:
    found = judged(*requests)
    assert found
    assert found["because"] == because


def test_how_much_shares_differ_and_how_much_chance_makes_of_that() -> None:
    found = judged(600, 400)
    assert found
    assert (found["cv"], found["chance_cv"]) == (0.2, pytest.approx(0.03162, abs=1e-5))


def test_each_replica_has_its_row_whoever_says_something_of_it() -> None:
    answered = {"api-2": answers(20, 30, {"no": 10}), "api-1": answers(10, 60)}
    usages = {"api-3": Usage(), "api-1": USED}
    rows = balance.rows(answered, usages, {"api-1": 2}, 10)
    assert [row["name"] for row in rows] == ["api-1", "api-2", "api-3"]
    assert [row["requests"] for row in rows] == [60, 40, 0]
    assert [row["share"] for row in rows] == [0.6, 0.4, 0.0]
    assert [row["rps"] for row in rows] == [6.0, 4.0, 0.0]
    assert [row["failed"] for row in rows] == [0, 10, 0]
    assert [row["idle_seconds"] for row in rows] == [2, 10, 10]  # who is not named was idle throughout
    assert [row["p95_ms"] for row in rows] == [10.0, 20.0, None]
    assert (rows[0]["cpu_cores"], rows[0]["cpu_used"], rows[0]["memory_bytes"]) == (0.5, 0.25, 100_000_000)
    assert (rows[1]["cpu_cores"], rows[1]["memory_bytes"]) == (None, None)


def test_where_nothing_says_who_answered_only_usage_is_told() -> None:
    (row,) = balance.rows({"api-1": Tally()}, {"api-1": USED}, {}, 10)
    assert [row[name] for name in ("share", "requests", "rps", "failed", "idle_seconds")] == [None] * 5
    assert row["cpu_cores"] == 0.5
    (row,) = balance.rows({"api-1": answers(10, 5)}, {}, {}, 0)
    assert row["rps"] is None
