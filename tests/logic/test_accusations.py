"""From where on a worker is accused, and in which words: each threshold from both sides."""

from __future__ import annotations

from typing import Any

import pytest

from lab import limits
from lab.counts.health import Health
from lab.judging import accusations
from lab.judging.accusations import Window, lateness_ms
from tests.support.verdicts import answers


def worker(**more: Any) -> Health:
    """A healthy worker of 100 seconds, but for what is said."""
    healthy: dict[str, Any] = {"seconds": 100, "expected_seconds": 100, "users": 10, "cpu_seconds": 30}
    return Health(**{**healthy, "lags": {0.0: 1900, 2.0: 100}, "files": 30, "files_limit": 1024, **more})


def window(
    *workers: Health, where: str = "", text: str = "p95<=450ms", milliseconds: float = 20, **more: Any
) -> Window:
    endpoints = {"GET /": answers(milliseconds, 1000)}
    findings = limits.judge(limits.parse(text), endpoints, 100)
    return Window(where, findings, endpoints, dict(enumerate(workers, 1)), **more)


@pytest.mark.parametrize(
    ("tolerated", "accused", "did"),
    [
        (
            {"answered": 1_500_010},
            {"answered": 1_500_011},
            "worker 1 reported 1,500,011 answers; the 30 s of CPU it used can have had 1,500,010.",
        ),
        (
            {"answered": 20_002, "seconds": 1, "expected_seconds": 1, "users": 2, "cpu_seconds": 0.5},
            {"answered": 20_003, "seconds": 1, "expected_seconds": 1, "users": 2, "cpu_seconds": 0.5},
            "worker 1 reported 20,003 answers; its 2 users can have had 20,002.",
        ),
        ({"offset_ms": 500.0}, {"offset_ms": 501.0}, "worker 1 has a clock 0.501 s behind the master's."),
        ({"offset_ms": -500.0}, {"offset_ms": -2000.0}, "worker 1 has a clock 2 s ahead of the master's."),
        ({"jump_ms": 100.0}, {"jump_ms": 101.0}, "worker 1 had its clock set by 0.101 s."),
        ({"seconds": 98.5}, {"seconds": 98.4}, "worker 1 gave no account of 1.6 s of 100 s."),
        ({"stood_still_seconds": 1.0}, {"stood_still_seconds": 1.1}, "worker 1 did nothing for 1.1 s of 100 s."),
        (
            {"stood_still_seconds": 9.0, "seconds": 900},
            {"stood_still_seconds": 9.1, "seconds": 900},
            "worker 1 did nothing for 9.1 s of 900 s.",
        ),
        (
            {"files_full_seconds": 5.0},
            {"files_full_seconds": 6.0},
            "worker 1 had all 1024 open in 6 % of its time.",
        ),
        (
            {"intended": 1000, "started": 991, "visits_limit": 50},
            {"intended": 1000, "started": 980, "visits_limit": 50},
            ("worker 1 turned away 2 % of the arrivals, because its 1024 files are enough for 50 visits in flight."),
        ),
        # with files enough it is the service that lets arrivals wait
        (
            {"intended": 1000, "started": 500},
            {"intended": 100, "started": 0, "visits_limit": 7},
            "worker 1 turned away 100 % of the arrivals, because its 1024 files are enough for 7 visits in flight.",
        ),
        (
            {"periods": 1000, "throttled": 250},
            {"periods": 1000, "throttled": 260},
            "worker 1 was throttled in 26 % of its periods.",
        ),
        ({"cpu_seconds": 90}, {"cpu_seconds": 91}, "worker 1 used 91 % of its core."),
        # clocks that differ a little make no more than all of it
        ({}, {"cpu_seconds": 103}, "worker 1 used 100 % of its core."),
        (
            {"cpu_seconds": 45, "cpus": 0.5},
            {"cpu_seconds": 46, "cpus": 0.5},
            "worker 1 used 92 % of its 0.5 CPU.",
        ),
        (
            {"cpu_seconds": 60, "waited_seconds": 30},
            {"cpu_seconds": 60, "waited_seconds": 31},
            "worker 1 ran in 60 % of its time, and waited for a core in 31 %.",
        ),
        # a quarter of 450 ms at p95
        (
            {"lags": {0.0: 900, 112.0: 100}},
            {"lags": {0.0: 900, 113.0: 100}},
            "worker 1 woke 113 ms late at p95 where p95<=450ms is judged.",
        ),
        (
            {"lags": {0.0: 951, 900.0: 49}},  # a single pause is no error of a percentile
            {"lags": {0.0: 949, 900.0: 51}, "gc_seconds": 10.0},  # and a tenth of its time is no remark
            "worker 1 woke 900 ms late at p95 where p95<=450ms is judged.",
        ),
        (
            {},
            {"lags": {200.0: 10}, "gc_seconds": 12.0},
            ("worker 1 woke 200 ms late at p95 where p95<=450ms is judged and collected garbage in 12 % of its time."),
        ),
    ],
)
def test_what_is_tolerated_and_what_is_not(tolerated: dict[str, Any], accused: dict[str, Any], did: str) -> None:
    assert accusations.of([window(worker(**tolerated))]) == []
    (found,) = accusations.of([window(worker(**accused))])
    what, _, rest = found.partition(": ")
    assert rest.startswith(f"{did} ")
    assert what[0].isupper()
    assert found.endswith((".", ")."))


@pytest.mark.parametrize(
    ("faulty", "what", "remedy"),
    [
        ({"offset_ms": 900.0}, "Counts of the swarm are in the wrong seconds", "Keep the clocks in step (NTP)."),
        ({"jump_ms": 900.0}, "Counts of the swarm are in the wrong seconds", "Keep the clocks in step (NTP)."),
        (
            {"files_full_seconds": 50.0},
            "The swarm ran out of file descriptors",
            "Raise its limit of open files (ulimit -n), or add workers.",
        ),
        ({"cpu_seconds": 99}, "The swarm ran out of CPU before the service did", "Add workers or CPUs."),
        (
            {"stood_still_seconds": 9.0},
            "The swarm stood still",
            "Look for what stopped it: a pause of its machine, memory that is swapped out, a call that blocks.",
        ),
        (
            {"seconds": 50},
            "Counts of the swarm are missing",
            "See in its log what ended the worker or cut it off.",
        ),
        (
            {"lags": {400.0: 10}},
            "The swarm's stopwatch was late",
            (
                "Look in the users' tasks for calls that do not give way (drivers in C, heavy computing); else add "
                "workers."
            ),
        ),
    ],
)
def test_each_fault_has_its_name_and_its_remedy(faulty: dict[str, Any], what: str, remedy: str) -> None:
    (found,) = accusations.of([window(worker(**faulty))])
    assert found.startswith(f"{what}: worker 1 ")
    assert found.endswith(remedy)


def test_the_worst_worker_is_named_and_the_others_are_counted() -> None:
    workers = [worker(cpu_seconds=95), worker(), worker(cpu_seconds=99), worker(cpu_seconds=97)]
    (found,) = accusations.of([window(*workers, where="at 40 users ")])
    assert "at 40 users worker 3 used 99 % of its core (and 2 more of the workers). Add" in found


def test_a_worker_is_accused_of_the_first_cause_only() -> None:
    busy = worker(cpu_seconds=99, stood_still_seconds=9.0, lags={400.0: 10})
    assert len(accusations.of([window(busy)])) == 1
    assert len(accusations.of([window(busy, worker(stood_still_seconds=9.0))])) == 2


def test_being_throttled_explains_more_than_being_busy() -> None:
    both = [worker(cpu_seconds=99), worker(periods=100, throttled=30)]
    (found,) = accusations.of([window(*both)])
    assert "worker 2 was throttled in 30 % of its periods (and 1 more of the workers)" in found


def test_a_worker_that_came_back_is_named_and_accused_of_nothing_else() -> None:
    found = accusations.of([window(worker(cpu_seconds=99))], {1: Health(stood_still_seconds=4.0), 2: Health()})
    assert found == [accusations.came_back(1)]
    assert found[0].startswith("The swarm stood still: worker 1 stopped, was given up for lost, and came back with ")


def test_after_a_signal_to_all_no_account_is_due() -> None:
    assert accusations.of([window(worker(seconds=50), accounts_due=False)]) == []


@pytest.mark.parametrize(
    ("text", "late_ms"),
    [("avg<=450ms", 19.0), ("max<=450ms", 110.0), ("p50<=450ms", 0.0), ("p95<=450ms", 90.0), ("fail<=1%", 0.0)],
)
def test_lateness_is_told_as_the_limit_tells_response_times(text: str, late_ms: float) -> None:
    (limit,) = limits.parse(text)
    assert lateness_ms(limit, Health(lags={0.0: 80, 90.0: 15, 110.0: 5})) == late_ms
    assert lateness_ms(limit, Health()) == 0.0


@pytest.mark.parametrize(
    ("text", "milliseconds", "late_ms", "accused"),
    [
        ("p95<=450ms", 900.0, 149.0, False),  # three times 149 ms less, it is still broken
        ("p95<=450ms", 900.0, 151.0, True),
        ("avg<=450ms", 900.0, 149.0, False),
        ("avg<=450ms", 900.0, 151.0, True),
        ("max<=450ms", 900.0, 151.0, True),
        ("max<=450ms", 20.0, 151.0, False),  # the slowest was in time although the swarm was late
        ("fail<=1%", 20.0, 151.0, False),
    ],
)
def test_a_late_stopwatch_matters_where_it_can_have_decided(
    text: str, milliseconds: float, late_ms: float, accused: bool
) -> None:
    late = worker(lags={late_ms: 100})
    assert bool(accusations.of([window(late, text=text, milliseconds=milliseconds)])) is accused
