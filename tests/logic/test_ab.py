"""`lab ab`: how often it says what, of jobs whose truth is known: simulated runs with the noise that real ones have."""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter

import pytest

from lab.ab import answers, job
from lab.ab.answers import Answer, by_chance
from lab.ab.calm import Calm
from lab.ab.job import SideError
from lab.history.past_runs import HistoryError, Past
from tests.support.ab_jobs import Noise, capacity_of, drift, job_of, neighbour, run_of, scatter, simulated


def said(slower: float, noise: Noise, trials: int = 12) -> Counter[Answer]:
    return Counter(simulated(slower, noise, seed) for seed in range(trials))


@pytest.mark.parametrize("noise", [scatter(0.02), scatter(0.10), drift, neighbour])
def test_a_against_a_is_worse_in_at_most_one_of_twenty(noise: Noise) -> None:
    """`make bench-ab` has the same with hundreds of jobs."""
    found = said(1.0, noise, 30)
    assert found[Answer.WORSE] <= 1
    assert found[Answer.BETTER] <= 1


def test_that_nothing_differs_is_shown_and_not_assumed() -> None:
    assert said(1.0, scatter(0.01)) == {Answer.SAME: 12}
    assert said(1.0, scatter(0.10), 5) == {Answer.UNKNOWN: 5}


@pytest.mark.parametrize(("slower", "noise"), [(1.3, scatter(0.05)), (1.3, drift), (1.1, scatter(0.02))])
def test_a_slower_side_is_found(slower: float, noise: Noise) -> None:
    assert said(slower, noise) == {Answer.WORSE: 12}


def test_what_is_within_what_is_accepted_is_the_same_and_a_faster_side_is_better() -> None:
    assert said(1.02, scatter(0.01)) == {Answer.SAME: 12}
    assert said(0.8, scatter(0.01)) == {Answer.BETTER: 12}


def test_the_order_is_balanced_and_a_job_ends_as_soon_as_it_is_sure() -> None:
    ran: list[str] = []

    def run(side: str) -> Past:
        ran.append(side)
        return run_of(f"{len(ran)}", 100 if side == "A" else 150)

    one = job_of(run)
    judged = one.carry_out()
    assert "".join(ran) == "A" + "ABBAABBA"
    assert job.sentence(one, judged).startswith("WORSE: p95 rose by 50 % (99.5 % interval 50 to 50; 100 ms, ")
    assert job.document(one, judged)["pairs"] == [["2", "3"], ["5", "4"], ["6", "7"], ["9", "8"]]


def test_a_pair_with_a_run_that_is_not_believed_is_run_again_and_not_counted() -> None:
    ran: list[str] = []

    def run(side: str) -> Past:
        ran.append(side)
        if len(ran) in (1, 3, 4):
            raise HistoryError("run is INVALID")
        return run_of(f"{len(ran)}", 100 if side == "A" else 150)

    one = job_of(run)
    assert one.carry_out().answer is Answer.WORSE
    assert "".join(ran) == "A" + "AB" + "A" + "ABBAABBA"
    assert one.invalid == ["B: run is INVALID", "A: run is INVALID"]


def test_pairs_that_never_count_end_the_job_without_an_answer() -> None:
    def run(_: str) -> Past:
        raise HistoryError("x is INVALID")

    one = job_of(run)
    judged = one.carry_out()
    assert judged.answer is Answer.UNKNOWN
    why = "no pair of runs counts. 3 pairs in a row did not count: x is INVALID."
    assert job.sentence(one, judged) == f"CANNOT TELL: {why}"


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


def test_a_run_waits_for_a_calm_machine_with_a_patience_that_ends() -> None:
    said: list[str] = []
    shares = iter([0.9, 0.8, 0.1, 0.1, 0.5])
    calm = Calm(60.0, said.append, lambda: next(shares))
    calm()
    calm()
    assert len(said) == 1
    assert said[0].startswith("other work uses 90 % of the machine")
    assert calm.seconds_left == 56
    looks = itertools.count()
    never = Calm(10.0, said.append, lambda: float(next(looks) >= 0))
    never()
    never()
    assert next(looks) == 5, "two seconds each"
