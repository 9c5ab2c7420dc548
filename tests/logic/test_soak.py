"""A soak: failures of known times are found with their times, and nothing else is called one."""

from __future__ import annotations

import json
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from lab import limits
from lab.commands.judge import judge_again
from lab.counts.endpoints import Tallies
from lab.counts.timeline import Tally
from lab.figures import utc
from lab.report import render
from lab.soak import course
from lab.soak.watch import MOST_FAILURES, FailureRule, Watch
from lab.soak.words import sentences
from tests.support import sample_run

LIMITS = limits.parse("p95<=450ms fail<=1%")
RULE = FailureRule(LIMITS, seconds=5, errors=0.5)
GOOD: Tallies = {"GET /tests": Tally({20.0: 20}, {}, 400.0, 20.0)}
SLOW: Tallies = {"GET /tests": Tally({900.0: 20}, {}, 18000.0, 900.0)}
FAILING: Tallies = {"GET /tests": Tally({20.0: 4}, {"no answer": 16}, 80.0, 20.0)}
SILENT: Tallies = {}
START = 1795370000


def watched(*stretches: tuple[Tallies, int], rule: FailureRule = RULE) -> Watch:
    """What is seen of stretches of seconds that are all alike."""
    watch, second = Watch(rule), START
    for endpoints, seconds in stretches:
        for _ in range(seconds):
            watch.see(second, endpoints)
            second += 1
    return watch


def told(watch: Watch) -> list[tuple[int, int | None]]:
    """The failures, in seconds since the start."""
    return [(one.began - START, None if one.ended is None else one.ended - START) for one in watch.failures]


@pytest.mark.parametrize(
    ("stretches", "failures"),
    [
        ([(GOOD, 100)], []),
        ([(GOOD, 50), (SLOW, 4), (GOOD, 50)], []),  # too short to be one
        ([(GOOD, 50), (SLOW, 5), (GOOD, 50)], [(50, 55)]),
        ([(GOOD, 50), (SLOW, 30), (GOOD, 50)], [(50, 80)]),
        ([(GOOD, 50), (SLOW, 10), (GOOD, 3), (SLOW, 10), (GOOD, 50)], [(50, 73)]),  # not repaired in between
        ([(GOOD, 50), (SLOW, 10), (GOOD, 5), (SLOW, 10), (GOOD, 50)], [(50, 60), (65, 75)]),
        ([(GOOD, 50), (FAILING, 1), (GOOD, 50)], [(50, 51)]),  # a burst is one at once
        ([(GOOD, 50), (SILENT, 8), (FAILING, 1), (GOOD, 50)], [(50, 59)]),  # hung, then timed out
        ([(GOOD, 50), (SILENT, 20), (GOOD, 50)], [(50, 70)]),
        ([(GOOD, 50), (SLOW, 20)], [(50, None)]),  # it goes on
        ([(SLOW, 20), (GOOD, 20)], [(0, 20)]),
    ],
)
def test_failures_are_found_with_their_times(
    stretches: list[tuple[Tallies, int]], failures: list[tuple[int, int | None]]
) -> None:
    watch = watched(*stretches)
    assert told(watch) == failures
    assert watch.count == len(failures)
    assert watch.up_seconds + watch.down_seconds == sum(seconds for _, seconds in stretches)
    if all(ended is not None for _, ended in failures):
        assert watch.down_seconds == sum((ended or 0) - began for began, ended in failures)


def test_a_few_slow_answers_of_a_small_load_are_no_failure() -> None:
    """Of two answers a second, one in twenty is slower in any service that just keeps p95: never beyond doubt."""
    chance, watch = random.Random(4), Watch(RULE)
    for second in range(20_000):
        slow = sum(chance.random() < 0.04 for _ in range(8))
        watch.see(START + second, {"GET /tests": Tally({20.0: 8 - slow, 900.0: slow} if slow else {20.0: 8})})
    assert watch.count == 0


def test_a_silent_second_of_a_load_that_is_seldom_anyway_is_none() -> None:
    chance, watch = random.Random(4), Watch(RULE)
    for second in range(5000):
        watch.see(START + second, GOOD if chance.random() < 0.1 else SILENT)
    assert watch.count == 0


def test_seconds_that_nobody_saw_count_for_nothing() -> None:
    watch = watched((GOOD, 20), (SLOW, 10))
    for second in range(40, 60):
        watch.see(START + second, GOOD)
    assert told(watch) == [(20, 30)]
    assert watch.up_seconds + watch.down_seconds == 50


def test_a_thousand_failures_are_counted_and_a_hundred_told() -> None:
    watch = watched(*[(GOOD, 6), (FAILING, 2)] * 1000, (GOOD, 6))
    assert (watch.count, watch.repaired, len(watch.failures)) == (1000, 1000, MOST_FAILURES)
    assert watch.down_seconds == 2000
    assert told(watch)[-1] == (99 * 8 + 6, 99 * 8 + 8)


@pytest.mark.parametrize(("mttf", "mttr"), [(300.0, 20.0), (120.0, 40.0)])
def test_what_is_told_of_failures_by_chance_holds_the_truth(mttf: float, mttr: float) -> None:
    """The whole way, from answers to intervals: the truth is inside in 19 of 20 runs, give or take chance."""
    truth = {"mttf_seconds": mttf, "mttr_seconds": mttr, "mtbf_seconds": mttf + mttr}
    truth["availability"] = mttf / (mttf + mttr)
    runs, held = 30, dict.fromkeys(truth, 0)
    for seed in range(runs):
        part: Any = failing_by_chance(random.Random(seed), mttf, mttr, 4000).document()
        for name, value in truth.items():
            low, high = part[name]["interval"]
            held[name] += (low or 0) <= value <= (high or float("inf"))
    assert all(count >= 0.86 * runs for count in held.values()), held


def failing_by_chance(chance: random.Random, mttf: float, mttr: float, seconds: int) -> Watch:
    at, turns = 0.0, [0]
    while at < seconds:
        for mean in (mttf, mttr):
            at += chance.expovariate(1 / mean)
            turns.append(round(at))
    watch = Watch(RULE)
    for number, (began, ended) in enumerate(pairwise(turns)):
        for second in range(began, min(ended, seconds)):
            watch.see(START + second, FAILING if number % 2 else GOOD)
    return watch


def said(watch: Watch) -> list[str]:
    return sentences(watch.document())


def test_no_failure_is_told_as_what_it_proves() -> None:
    assert said(watched((GOOD, 3600))) == [
        "No failure in 60 min, which proves an MTTF of 20 min or more (95 %), no more than that."
    ]


def test_failures_are_told_with_their_intervals() -> None:
    (sentence,) = said(watched((GOOD, 1800), (SLOW, 60), (GOOD, 1740)))
    assert sentence == (
        "1 failure in 60 min: MTBF 60 min (95 % interval 10.8 min to 39.5 h), MTTR 60 s, available 98.33 %."
    )


def test_drift_is_told_with_when_it_ends() -> None:
    watch = watched((GOOD, 10))
    for second in range(7200):
        watch.note("memory of api-1", "MB", START + second, 100 + second / 100, 532.0)
        watch.note("open files of api-1", "", START + second, 20)
        watch.note("response time (p50)", "ms", START + second, 90 - second / 100)  # it shrinks
    drifting = said(watch)[1:]
    assert len(drifting) == 1
    assert drifting[0] == "It drifts: memory of api-1 +36 MB an hour (at this rate 532 MB in 10 h)."


def test_nothing_measured_is_said_to_be_so() -> None:
    assert said(Watch(RULE)) == ["No second was measured, so nothing is known of failures."]


def test_the_document_is_plain_json_data() -> None:
    part = watched((GOOD, 50), (SLOW, 20)).document()
    assert part["failures"] == [
        {"from": "2026-11-22T17:54:10Z", "to": None, "seconds": None, "cause": "p95<=450ms broken"}
    ]
    assert part["rule"].startswith("p95<=450ms fail<=1% broken for 5 s")


def test_a_replica_that_was_gone_is_a_failure_unless_another_has_it() -> None:
    watch = watched((GOOD, 100), (SLOW, 20), (GOOD, 100))
    part = course.conclude(watch, [gone(10, 30), gone(110, 5), gone(200, None), gone(5000, 3)])
    assert [(row["seconds"], row["cause"]) for row in part["failures"]] == [
        (30, "replica api-1 was gone"),
        (20, "p95<=450ms broken"),
        (None, "replica api-1 was gone"),
    ]
    assert (part["count"], watch.repaired, watch.down_seconds, watch.up_seconds) == (3, 2, 70, 150)


def gone(at: int, seconds: int | None) -> Any:
    return {"replica": "api-1", "gone": utc(START + at), "back_after_seconds": seconds}


def test_what_replicas_say_is_looked_for_drift() -> None:
    watch = Watch(RULE)
    for second in range(3600):
        memory = 1e8 + second * 1e4
        replica = {"replica": "api-1", "memory_bytes": memory, "memory_used": memory / 5e8, "open_files": 20}
        course.take(watch, START + second, GOOD, {"p50_ms": 20.0, "p95_ms": 20.0}, [replica, {"replica": "api-2"}])
    drift = {row["name"]: row for row in watch.document()["drift"]}
    assert list(drift) == ["response time (p50)", "response time (p95)", "memory of api-1", "open files of api-1"]
    assert [name for name, row in drift.items() if row["drifts"]] == ["memory of api-1"]
    assert drift["memory of api-1"]["bound"] == pytest.approx(500)
    assert drift["memory of api-1"]["hours_to_bound"] == pytest.approx((500 - 136) / 36, rel=0.02)
    assert drift["response time (p95)"]["bound"] == 450


def test_a_soak_is_shown_in_its_report_and_judged_again_with_what_was_counted(tmp_path: Path) -> None:
    folder = sample_run.soak(tmp_path)
    page = render(folder)
    for words in ("Failures and drift", "MTTR, from failure to repair", "p95&lt;=450ms broken", "500 MB in 28"):
        assert words in page, words
    again = judge_again(folder, limits.parse("p95<=30ms"))
    assert again.verdict == "FAIL"
    assert again.document["soak"] == json.loads((folder / "verdict.json").read_text())["soak"]
