"""The recorder: one count serves the time line and Locust's tables, and neither differs from counting one by one."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any

import pytest

from lab.counts import histogram
from lab.counts.recorder import Recorder, rows
from lab.counts.timeline import Answers
from lab.engine.locust_tables import fill
from tests.support.lean import locust_stats

if TYPE_CHECKING:
    from locust.stats import StatsEntry

COMPARED = ("num_requests", "min_response_time", "max_response_time", "total_content_length", "response_times")


def shown(entry: StatsEntry) -> dict[str, Any]:
    """What Locust's tables show of a row; when it was last asked is to the second."""
    return {
        **{field: getattr(entry, field) for field in COMPARED},
        "total": pytest.approx(entry.total_response_time),
        "by second": sum(entry.num_reqs_per_sec.values()),
    }


def test_locusts_tables_are_what_they_would_be_had_each_request_been_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locust_stats, "bucket_response_time", histogram.bucket)
    chance = random.Random(1)
    one_by_one, ours = (locust_stats.RequestStats(use_response_times_cache=False) for _ in range(2))
    recorder = Recorder()
    for number in range(3000):
        method, name = chance.choice([("GET", "/tests"), ("POST", "/tests"), ("odd type", "a name")])
        response_time_ms, length = chance.lognormvariate(1, 2), chance.randrange(10_000)
        one_by_one.log_request(method, name, response_time_ms, length)  # type: ignore[arg-type] # fractions of a ms
        endpoint = method, name, chance.choice(["api-1", "api-2", ""]), chance.choice(["Reader", ""])
        recorder.succeed(endpoint, response_time_ms, length)
        if number % 1000 == 0:
            fill(ours, recorder.drain())
    before = time.time()
    fill(ours, recorder.drain())
    assert not recorder.drain()
    assert set(ours.entries) == set(one_by_one.entries)
    for key, entry in one_by_one.entries.items():
        assert shown(ours.entries[key]) == shown(entry)
    assert shown(ours.total) == shown(one_by_one.total)
    assert before - 2 < (ours.total.last_request_timestamp or 0) <= time.time()


def test_a_second_that_is_drained_in_the_middle_goes_on_and_nothing_is_counted_twice() -> None:
    recorder = Recorder()
    found: list[Answers] = []
    for _ in range(5):
        recorder.succeed(("GET", "/", "api-1", ""), 1.0, 10)
        found += rows(recorder.drain())
    assert sum(sum(row.times.values()) for row in found) == 5


def test_failures_are_in_the_time_line_alone() -> None:
    """Locust has them from the worker at once, with their kind: what is added whole are successes."""
    stats, recorder = locust_stats.RequestStats(), Recorder()
    recorder.fail(("GET", "/", None, ""), "no")
    counts = recorder.drain()
    fill(stats, counts)
    (row,) = rows(counts)
    assert (row.endpoint, row.times, row.failures) == ("GET /", {}, {"no": 1})
    assert stats.total.num_requests == 0


def test_a_user_who_waits_makes_one_request_while_the_service_stands_still() -> None:
    """Ten arrivals a second, each answered in 5 ms; then nothing moves for 4 s, and all are answered at once."""
    recorder = Recorder()
    assert [recorder.waits(5.0, second / 10 + 0.005) for second in range(20)] == [True] * 20
    stuck = [recorder.waits((6.0 - due / 10) * 1000, 6.0) for due in range(20, 60)]
    assert stuck == [True, *[False] * 39]
    assert recorder.waits(5.0, 6.105)


def test_of_open_arrivals_one_user_who_waits_for_every_answer_is_told_apart() -> None:
    recorder = Recorder()
    asked = [
        (100.0, 10.0, True),
        (100.0, 10.05, False),  # asked while that user still waited
        (50.03, 10.05, False),
        (49.97, 10.05, True),
        (40.0, 10.08, False),
    ]
    for service_time_ms, now, waits in asked:
        assert recorder.waits(service_time_ms, now) is waits
        recorder.succeed(("GET", "/tests", "", ""), 900.0, 10)
        if waits:
            recorder.succeed_closed(("GET", "/tests", "", ""), service_time_ms)
            recorder.succeed_closed(("GET", "/tests", "", ""), 7.0)
    (row,) = rows(recorder.drain())
    assert (row.replica, row.requests, dict(row.closed)) == ("", 5, {100.0: 1, 50.0: 1, 7.0: 2})
