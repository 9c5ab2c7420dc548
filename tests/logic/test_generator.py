"""Is the swarm believed? From plain figures: each fault is named with its evidence, and a healthy swarm has none."""

from __future__ import annotations

from typing import Any

import pytest

from lab.counts.health import Health
from lab.counts.timeline import Step, Tally
from lab.judging.evidence import Interruption, Search
from lab.judging.verdict import Verdict, judge
from lab.plans.search import Goal, Purpose
from tests.support.verdicts import evidence_of, part

SECONDS = 10


def worker(**more: Any) -> Health:
    """A healthy worker of so many seconds, but for what is said."""
    healthy: dict[str, Any] = {"seconds": SECONDS, "expected_seconds": SECONDS, "users": 10, "host": "a81b"}
    healthy |= {"cpu_seconds": 3.0, "waited_seconds": 0.5, "lags": {0.0: 180, 2.0: 19, 80.0: 1}}
    return Health(**{**healthy, "files": 30, "files_limit": 1024, "offset_ms": 0.6, **more})


def step(times_ms: dict[float, int], *workers: Health, users: int = 20, **more: Any) -> Step:
    """A step with so many answers of each time (ms)."""
    tally = Tally()
    for time_ms, count in times_ms.items():
        for _ in range(count):
            tally.succeed(time_ms)
    health = dict(enumerate(workers, 1))
    return Step(
        **{"users": users, "started": 100, "seconds": SECONDS, "endpoints": {"GET /": tally}, **more}, health=health
    )


def verdict_on(*steps: Step, accepted: str = "p95<=450ms", **more: Any) -> Verdict:
    return judge(evidence_of(steps, accepted, **{"workers": 1, "seconds": 60, **more}))


@pytest.mark.parametrize(
    ("faulty", "says"),
    [
        (
            {"cpus": 0.1, "cpu_seconds": 1.0, "periods": 100, "throttled": 96},
            "the swarm ran out of CPU before the service did: worker 2 was throttled in 96 % of its periods. Add",
        ),
        ({"cpu_seconds": 9.7}, "worker 2 used 97 % of its core."),
        ({"cpus": 0.5, "cpu_seconds": 4.9, "periods": 100, "throttled": 9}, "worker 2 used 98 % of its 0.5 CPU."),
        ({"waited_seconds": 6.8}, "worker 2 ran in 30 % of its time, and waited for a core in 68 %."),
        ({"lags": {0.0: 90, 300.0: 10}}, "worker 2 woke 300 ms late at p95 where p95<=450ms is judged."),
        ({"lags": {0.0: 90, 300.0: 10}, "gc_seconds": 2}, "and collected garbage in 20 % of its time."),
        ({"stood_still_seconds": 3.0}, "the swarm stood still: worker 2 did nothing for 3 s of 10 s."),
        ({"seconds": 6.0}, "counts of the swarm are missing: worker 2 gave no account of 4 s of 10 s."),
        ({"files_limit": 64, "files_full_seconds": 9.0}, "worker 2 had all 64 open in 90 % of its time."),
        (
            {"files_limit": 140, "visits_limit": 20, "intended": 200, "started": 150},
            "worker 2 turned away 25 % of the arrivals, because its 140 files are enough for 20 visits in flight.",
        ),
        ({"offset_ms": 42000.0}, "worker 2 has a clock 42 s behind the master's. Keep the clocks in step (NTP)."),
        ({"offset_ms": -900.0}, "worker 2 has a clock 0.9 s ahead of the master's."),
        ({"jump_ms": 3500.0}, "worker 2 had its clock set by 3.5 s."),
    ],
)
@pytest.mark.parametrize("times_ms", [{20.0: 200}, {20.0: 180, 600.0: 20}], ids=["kept", "broken"])
def test_where_the_swarm_was_the_limit_there_is_neither_pass_nor_fail(
    faulty: dict[str, Any], says: str, times_ms: dict[float, int]
) -> None:
    verdict = verdict_on(step(times_ms, worker(), worker(**faulty)))
    assert (verdict.verdict, verdict.exit_code) == ("INVALID", 4)
    assert says in verdict.sentence
    generator = verdict.document["generator"]
    (reason,) = generator["reasons"]
    assert generator["believable"] is False
    assert verdict.sentence == f"INVALID: {reason[0].lower()}{reason[1:]}"


@pytest.mark.parametrize(
    "healthy",
    [
        {},
        {"cpu_seconds": 8.5},
        {"cpu_seconds": 4.0, "waited_seconds": 4.5},
        {"cpus": 0.5, "cpu_seconds": 3.0, "periods": 100, "throttled": 20},
        {"lags": {0.0: 170, 60.0: 20, 400.0: 10}},
        {"seconds": 9.0},
        {"stood_still_seconds": 0.4},  # the end of what was before
        {"files": 900},
        {"files_full_seconds": 0.3},
        {"intended": 1000, "started": 600},  # with files enough it is the service that lets thousands wait
        {"offset_ms": 300.0, "jump_ms": 40.0},
        {"users": 0, "expected_seconds": 0.0, "cpu_seconds": 9.9},  # it had nothing to do with it
    ],
)
@pytest.mark.parametrize(("times_ms", "word"), [({20.0: 200}, "PASS"), ({20.0: 180, 1500.0: 20}, "FAIL")])
def test_a_healthy_swarm_is_believed(healthy: dict[str, Any], times_ms: dict[float, int], word: str) -> None:
    verdict = verdict_on(step(times_ms, worker(**healthy), worker()))
    assert (verdict.verdict, part(verdict, "generator")["reasons"]) == (word, [])
    assert part(verdict, "generator")["believable"] is True
    assert [row["worker"] for row in part(verdict, "generator")["figures"]] == [1, 2]


@pytest.mark.parametrize(
    ("accepted", "times_ms", "believable"),
    [
        ("p95<=450ms", {8.0: 200}, True),
        ("p95<=10ms", {8.0: 200}, False),  # 3 ms late is nothing to 450 ms, and much to 10 ms
        ("p50<=10ms", {8.0: 200}, True),  # half of the time it is not late
        ("avg<=10ms", {8.0: 200}, True),
        ("avg<=1ms", {0.5: 200}, False),
        ("p95<=10ms", {8.0: 184, 11.0: 16}, False),  # as many as were timed too late
        ("p95<=10ms", {8.0: 160, 11.0: 40}, True),
        ("p95<=10ms", {11.0: 100, 50.0: 100}, True),  # no lateness can have broken it
        ("p95<=1us", {8.0: 200}, True),
        ("max<=10ms", {8.0: 200}, True),  # nothing was too late, the stopwatch included
        ("max<=10ms", {8.0: 199, 12.0: 1}, False),
        ("max<=10ms", {8.0: 199, 90.0: 1}, True),
        ("fail<=1%", {8.0: 200}, True),
    ],
)
def test_an_error_of_the_stopwatch_matters_where_the_limit_is(
    accepted: str, times_ms: dict[float, int], believable: bool
) -> None:
    verdict = verdict_on(step(times_ms, worker(lags={0.0: 180, 3.0: 20})), accepted=accepted)
    assert part(verdict, "generator")["believable"] is believable


def test_only_what_was_judged_counts_and_every_step_does() -> None:
    fine, starved = step({20.0: 200}, worker(), users=10), step({20.0: 200}, worker(cpu_seconds=9.9), users=40)
    assert verdict_on(fine, fine).verdict == "PASS"
    mixed = verdict_on(*[fine] * 5, starved)
    assert "at 40 users worker 1 used 99 % of its core" in mixed.sentence
    hiccup = step({20.0: 20}, worker(seconds=1, expected_seconds=1, lags={0.0: 10, 300.0: 10}), seconds=1)
    assert verdict_on(fine, hiccup).verdict == "PASS", "a second alone proves nothing"


def test_the_worst_worker_is_named_and_the_others_are_counted() -> None:
    verdict = verdict_on(step({20.0: 200}, worker(cpu_seconds=9.2), worker(cpu_seconds=9.9), worker(cpu_seconds=9.3)))
    assert "worker 2 used 99 % of its core (and 2 more of the workers)." in verdict.sentence


def test_a_worker_is_accused_of_what_explains_the_rest() -> None:
    verdict = verdict_on(step({20.0: 200}, worker(periods=100, throttled=96, cpu_seconds=9.9, lags={400.0: 200})))
    assert len(part(verdict, "generator")["reasons"]) == 1


def test_who_came_back_from_being_lost_disturbed_the_run() -> None:
    back = {2: Health(stood_still_seconds=4.0)}
    verdict = verdict_on(step({20.0: 200}, worker(), worker()), taken_back=back)
    assert "worker 2 stopped, was given up for lost, and came back" in verdict.sentence
    assert verdict_on(step({20.0: 200}, worker()), taken_back={2: Health(seconds=2)}).verdict == "PASS", (
        "it stayed away"
    )


def test_users_who_do_not_stay_are_named() -> None:
    verdict = verdict_on(step({20.0: 200}, worker()), not_held="7 of 10 were there for 30 s")
    assert verdict.sentence.startswith("INVALID: the swarm did not hold its users: 7 of 10 were there for 30 s.")


def test_a_signal_to_the_whole_lab_leaves_last_reports_out() -> None:
    early = step({20.0: 200}, worker(seconds=6.0))
    assert verdict_on(early, interrupted_by=Interruption.SIGNAL).verdict == "PASS"
    assert verdict_on(early, interrupted_by=Interruption.PERSON).verdict == "INVALID"


def test_a_run_without_a_judged_second_neither_is_nor_is_not_believable() -> None:
    assert part(verdict_on(step({}), accepted="fail<=1%"), "generator")["believable"] is None


def search(at_capacity: Health, at_breach: Health, beyond: Health) -> Verdict:
    """A search that found 20 users, broke at 24 and had been at 40 before."""
    steps = [
        step({20.0: 200}, worker(), users=10, purpose=Purpose.EXPLORE, kept=True),
        step({900.0: 200}, beyond, users=40, purpose=Purpose.EXPLORE, kept=False),
        step({20.0: 200}, at_capacity, users=20, purpose=Purpose.CONFIRM, kept=True),
        step({900.0: 200}, at_breach, users=24, purpose=Purpose.CHECK, kept=False, seconds=2),
    ]
    return verdict_on(*steps, plan="capacity", search=Search(Goal(10, 100, 0.2)))


def test_of_a_search_the_steps_count_that_decide() -> None:
    starved = worker(cpu_seconds=9.9)
    assert search(worker(), worker(), beyond=starved).verdict == "PASS"
    at_breach = search(worker(), starved, worker())
    assert at_breach.sentence == (
        "INVALID: the swarm ran out of CPU before the service did: at 24 users worker 1 used 99 % of its core. "
        "Add workers or CPUs. Up to 20 users the limits were kept."
    )
    at_capacity = search(starved, worker(), worker())
    assert (at_capacity.verdict, "Up to 20 users" in at_capacity.sentence) == ("INVALID", False)
