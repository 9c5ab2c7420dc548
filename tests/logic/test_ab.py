"""`lab ab`: how often it says what, of jobs whose truth is known: simulated runs with the noise that real ones have."""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from lab.ab import answers, job
from lab.ab.answers import Answer, by_chance
from lab.ab.job import Budget, Job, SideError
from lab.history.past_runs import HistoryError, Past
from lab.results.record import Record

Noise = Callable[[random.Random, int], float]


def run_of(name: str, p95: float, cpu_ms: float = 2.0, word: str = "PASS", memory: float = 1e8) -> Past:
    """A run of plan steady with these figures."""
    limit = {"text": "p95<=450ms", "unit": "ms", "measured": p95, "kept": word == "PASS"}
    replica = {"cpu_cores": cpu_ms / 10, "rps": 100.0, "memory_bytes": memory}
    verdict: dict[str, Any] = {"verdict": word, "limits": [limit], "replicas": [replica], "complete": True}
    return Past(name, Record(plan="steady", verdict={**verdict, "measured": {"p99_ms": p95 * 2}}))


def capacity_of(name: str, rps: float | None, reached: bool = True) -> Past:
    """A search that found this capacity, or none."""
    found = {"users": 100, "rps": rps, "rps_interval": [rps * 0.99, rps * 1.01], "reached": reached} if rps else None
    return Past(name, Record(plan="capacity", verdict={"verdict": "PASS" if rps else "FAIL", "capacity": found}))


def job_of(run: Callable[[str], Past], pairs: int = 10, seconds: float = math.inf, ticks: float = 0.0) -> Job:
    """A job whose clock moves by so much with each look at it."""
    now = itertools.count()
    return Job(run, Budget(0.05, pairs, seconds), lambda _: None, clock=lambda: next(now) * ticks)


def simulated(slower: float, noise: Noise, seed: int) -> Answer:
    """The answer of a job whose B is so many times as slow and as costly, where a run is off by such factors."""
    chance, numbers = random.Random(seed), itertools.count()

    def run(side: str) -> Past:
        number = next(numbers)
        time, cost, memory = (noise(chance, number) for _ in range(3))
        factor = slower if side == "B" else 1.0
        return run_of(f"{side}{number}", 50 * factor * time, 2 * factor * cost, memory=1e8 * memory)

    return job_of(run).carry_out().answer


def scatter(spread: float) -> Noise:
    return lambda chance, _: math.exp(chance.gauss(0, spread))


def drift(chance: random.Random, number: int) -> float:
    """A machine that gets slower with every run."""
    return (1 + 0.01 * number) * math.exp(chance.gauss(0, 0.02))


def neighbour(chance: random.Random, _: int) -> float:
    """A machine with a neighbour that at times burns a core."""
    return (1.5 if chance.random() < 0.15 else 1.0) * math.exp(chance.gauss(0, 0.03))


def said(slower: float, noise: Noise, trials: int = 20) -> Counter[Answer]:
    return Counter(simulated(slower, noise, seed) for seed in range(trials))


@pytest.mark.parametrize("noise", [scatter(0.02), scatter(0.10), drift, neighbour])
def test_a_against_a_is_worse_in_at_most_one_of_twenty(noise: Noise) -> None:
    """`make bench-ab` has the same with hundreds of jobs."""
    found = said(1.0, noise, 40)
    assert found[Answer.WORSE] <= 2
    assert found[Answer.BETTER] <= 2


def test_that_nothing_differs_is_shown_and_not_assumed() -> None:
    assert said(1.0, scatter(0.01)) == {Answer.SAME: 20}
    assert said(1.0, scatter(0.10), 10) == {Answer.UNKNOWN: 10}


@pytest.mark.parametrize(("slower", "noise"), [(1.3, scatter(0.05)), (1.3, drift), (1.1, scatter(0.02))])
def test_a_slower_side_is_found(slower: float, noise: Noise) -> None:
    assert said(slower, noise) == {Answer.WORSE: 20}


def test_what_is_within_what_is_accepted_is_the_same_and_a_faster_side_is_better() -> None:
    assert said(1.02, scatter(0.01)) == {Answer.SAME: 20}
    assert said(0.8, scatter(0.01)) == {Answer.BETTER: 20}


def test_the_order_is_balanced_and_a_job_ends_as_soon_as_it_is_sure() -> None:
    ran: list[str] = []

    def run(side: str) -> Past:
        ran.append(side)
        return run_of(f"{len(ran)}", 100 if side == "A" else 150)

    one = job_of(run)
    judged = one.carry_out()
    assert "".join(ran) == "ABBAABBA"
    assert job.sentence(one, judged).startswith("WORSE: p95 rose by 50 % (99.5 % interval 50 to 50; 100 ms, ")
    assert job.document(one, judged)["pairs"] == [["1", "2"], ["4", "3"], ["5", "6"], ["8", "7"]]


def test_a_pair_with_a_run_that_is_not_believed_is_run_again_and_not_counted() -> None:
    ran: list[str] = []

    def run(side: str) -> Past:
        ran.append(side)
        if len(ran) in (2, 3):
            raise HistoryError("run is INVALID")
        return run_of(f"{len(ran)}", 100 if side == "A" else 150)

    one = job_of(run)
    assert one.carry_out().answer is Answer.WORSE
    assert "".join(ran) == "AB" + "A" + "ABBAABBA"
    assert one.invalid == ["B: run is INVALID", "A: run is INVALID"]


def test_pairs_that_never_count_end_the_job_without_an_answer() -> None:
    def run(_: str) -> Past:
        raise HistoryError("x is INVALID")

    one = job_of(run)
    judged = one.carry_out()
    assert judged.answer is Answer.UNKNOWN
    assert (
        job.sentence(one, judged)
        == "CANNOT TELL: no pair of runs counts. 3 pairs in a row did not count: x is INVALID."
    )


def test_when_the_time_is_up_it_says_how_many_pairs_it_would_take() -> None:
    chance = random.Random(1)
    one = job_of(lambda side: run_of(side, 100 * math.exp(chance.gauss(0, 0.03))), seconds=100, ticks=10)
    judged = one.carry_out()
    assert len(one.pairs) == 5
    said = job.sentence(one, judged)
    assert said.startswith("CANNOT TELL: p95 has not changed beyond the noise")
    assert "it would take about " in said
    assert "The time was up after " in said


def test_a_side_that_cannot_be_run_ends_the_job() -> None:
    def run(_: str) -> Past:
        raise SideError("no image")

    with pytest.raises(SideError):
        job_of(run).carry_out()


def test_capacity_is_better_where_there_is_more_and_a_bound_is_no_figure() -> None:
    chance = random.Random(2)

    def job_with(b: float, reached: bool = True) -> Answer:
        def run(side: str) -> Past:
            return capacity_of(side, (b if side == "B" else 100) * math.exp(chance.gauss(0, 0.01)), reached)

        return job_of(run).carry_out().answer

    assert [job_with(130), job_with(70), job_with(100)] == [Answer.BETTER, Answer.WORSE, Answer.SAME]
    assert job_with(70, reached=False) is Answer.UNKNOWN


def test_runs_that_break_their_limits_are_worse_by_their_number() -> None:
    one = job_of(lambda side: run_of(side, 100, word="FAIL" if side == "B" else "PASS"))
    one.pairs = [(run_of("a", 100), run_of("b", 100, word="FAIL"))] * 10
    assert (one.judge().answer, one.judge().reason) == (
        Answer.WORSE,
        "10 of 10 runs of B broke a limit, and 0 of A",
    )
    assert job_of(lambda side: capacity_of(side, None if side == "B" else 100)).carry_out().answer is Answer.WORSE
    assert by_chance(1, 0, 10) == 0.5


def test_a_that_differs_from_itself_decides_nothing() -> None:
    """Every other run is half as fast, on both sides: whatever they come to is no figure of theirs."""
    times = itertools.cycle([100, 150, 210, 200])
    one = job_of(lambda side: run_of(side, next(times)))
    one.pairs = [(run_of("a", 100 + 100 * (at % 2)), run_of("b", 150 + 100 * (at % 2))) for at in range(10)]
    assert one.judge().answer is Answer.UNKNOWN
    assert "p95 of A differs from itself" in one.judge().reason


def test_looks_share_the_risk() -> None:
    assert [pairs for pairs in range(11) if answers.is_due(pairs)] == [4, 6, 8, 10]
    assert answers.looks(10) >= 4
