"""Has it become worse? The statistics of comparing runs, held against runs whose truth is known."""

from __future__ import annotations

import random
from math import exp

import pytest

from lab.history.comparison import Outcome, RunFigure, Subject, change, judge, runs_needed

CAPACITY = Subject("capacity", "req/s")
P95 = Subject("p95", "ms", less_is_better=True)
TRIALS = 400


def figures(*values: float, unsure: float = 0.0, at_least: bool = False) -> list[RunFigure]:
    return [RunFigure(value, unsure, at_least) for value in values]


def made(chance: random.Random, level: float, spread: float, count: int) -> list[RunFigure]:
    return figures(*(level * exp(chance.gauss(0, spread)) for _ in range(count)))


def outcome(
    subject: Subject, baseline: list[RunFigure], candidate: list[RunFigure], spread: float | None = None
) -> Outcome:
    return judge(subject, baseline, candidate, change(baseline, candidate, spread), 0.10).outcome


@pytest.mark.parametrize(
    ("subject", "baseline", "candidate", "wanted"),
    [
        (CAPACITY, figures(650, 655, 660), figures(530, 537, 545), Outcome.WORSE),
        (CAPACITY, figures(530, 537, 545), figures(650, 655, 660), Outcome.NO_WORSE),
        (CAPACITY, figures(650, 655, 660), figures(648, 651, 657), Outcome.NO_WORSE),
        (CAPACITY, figures(650, 655, 660), figures(618, 622, 627), Outcome.NO_WORSE),  # fell, by what is accepted
        (CAPACITY, figures(500, 655, 800), figures(430, 537, 690), Outcome.UNKNOWN),  # fell within the noise
        (CAPACITY, figures(655), figures(300), Outcome.UNKNOWN),  # nobody knows the noise
        (CAPACITY, figures(650, 655, 660), figures(300), Outcome.WORSE),  # the baseline's noise serves both
        (CAPACITY, figures(655, 655), figures(580, 580, 580), Outcome.WORSE),
        (
            CAPACITY,
            figures(655, 655, unsure=0.05),
            figures(580, 580, unsure=0.05),
            Outcome.UNKNOWN,
        ),  # same step twice
        (P95, figures(100, 101, 102), figures(130, 131, 133), Outcome.WORSE),
        (P95, figures(130, 131, 133), figures(100, 101, 102), Outcome.NO_WORSE),
        (P95, figures(100, 101, 102), figures(103, 104, 104), Outcome.NO_WORSE),
    ],
)
def test_a_change_is_called_one_only_beyond_the_noise(
    subject: Subject, baseline: list[RunFigure], candidate: list[RunFigure], wanted: Outcome
) -> None:
    assert outcome(subject, baseline, candidate) is wanted


@pytest.mark.parametrize(
    ("baseline", "candidate", "wanted"),
    [
        (figures(650, 655, at_least=True), figures(500, 505), Outcome.WORSE),  # it fell by at least as much
        (figures(650, 655, at_least=True), figures(652, 653), Outcome.UNKNOWN),  # the baseline may be far above
        (figures(650, 655), figures(700, 705, at_least=True), Outcome.NO_WORSE),
        (figures(650, 655), figures(500, 505, at_least=True), Outcome.UNKNOWN),  # it was not tried beyond
    ],
)
def test_a_bound_is_no_figure(baseline: list[RunFigure], candidate: list[RunFigure], wanted: Outcome) -> None:
    assert outcome(CAPACITY, baseline, candidate) is wanted


def test_the_noise_can_be_stated_where_there_are_no_repeats() -> None:
    assert outcome(CAPACITY, figures(655), figures(450), spread=0.05) is Outcome.WORSE
    assert outcome(CAPACITY, figures(655), figures(600), spread=0.05) is Outcome.UNKNOWN
    assert outcome(CAPACITY, figures(655), figures(652), spread=0.01) is Outcome.NO_WORSE


def test_the_sentence_says_by_how_much_and_how_sure() -> None:
    before, after = figures(640, 655, 670), figures(525, 537, 550)
    assert judge(CAPACITY, before, after, change(before, after), 0.10).sentence == (
        "capacity fell by 18 % (90 % interval 15 to 21; 655 req/s, then 537, over 3 and 3 runs)."
    )
    one = figures(655), figures(537)
    assert judge(CAPACITY, *one, change(*one), 0.10).sentence == (
        "capacity fell by 18 % (655 req/s, then 537, over 1 and 1 run): too few repeats to tell a change from noise; "
        "repeat each at least twice, better five times."
    )
    noisy = figures(600, 700), figures(610, 690)
    assert "runs a side would show it" in judge(CAPACITY, *noisy, change(*noisy), 0.10).sentence


def test_so_many_runs_are_advised_as_tell_that_change() -> None:
    assert [runs_needed(spread, 0.10) for spread in (0.01, 0.05, 0.1, 0.5)] == [2, 3, 6, None]


@pytest.mark.parametrize(
    ("counts", "spreads"),
    [
        ((2, 2), (0.05, 0.05)),
        ((2, 2), (0.02, 0.1)),
        ((3, 3), (0.02, 0.1)),
        ((5, 3), (0.05, 0.05)),
        ((5, 3), (0.02, 0.1)),
        ((5, 1), (0.05, 0.05)),  # a single run is taken to scatter as the others do
    ],
)
def test_the_interval_covers_the_true_change_about_as_often_as_it_says(
    counts: tuple[int, int], spreads: tuple[float, float]
) -> None:
    """Nine in ten times; more for two runs, where Welch's degrees of freedom err on the safe side."""
    chance, truth, covered = random.Random(5), 0.85, 0
    for _ in range(TRIALS):
        moved = change(made(chance, 600, spreads[0], counts[0]), made(chance, 600 * truth, spreads[1], counts[1]))
        assert moved.low is not None
        assert moved.high is not None
        covered += moved.low <= truth <= moved.high
    assert 0.86 <= covered / TRIALS <= 0.985


def test_nothing_changed_is_seldom_called_worse() -> None:
    chance, outcomes = random.Random(11), dict.fromkeys(Outcome, 0)
    for _ in range(TRIALS):
        outcomes[outcome(CAPACITY, made(chance, 600, 0.05, 5), made(chance, 600, 0.05, 5))] += 1
    assert outcomes[Outcome.WORSE] <= 0.01 * TRIALS
    assert outcomes[Outcome.NO_WORSE] >= 0.8 * TRIALS


def test_a_real_fall_is_found() -> None:
    chance, found = random.Random(12), 0
    for _ in range(TRIALS):
        found += outcome(CAPACITY, made(chance, 600, 0.05, 5), made(chance, 480, 0.05, 5)) is Outcome.WORSE
    assert found >= 0.95 * TRIALS


@pytest.mark.parametrize(
    ("subject", "before", "after", "sentence"),
    [
        (
            CAPACITY,
            figures(640, 655, 670),
            figures(700, 720, 740),
            "capacity rose by 9.9 % (90 % interval 5.1 to 15; 655 req/s, then 720, over 3 and 3 runs).",
        ),
        (
            P95,
            figures(100, 101, 102),
            figures(100.5, 101.5, 102.5),
            (
                "p95 has not changed beyond the noise: by +0.5 % (90 % interval -1.2 % to +2.3 %; 101 ms, then 101, "
                "over 3 and 3 runs)."
            ),
        ),
    ],
)
def test_a_change_is_told_word_for_word(
    subject: Subject, before: list[RunFigure], after: list[RunFigure], sentence: str
) -> None:
    assert judge(subject, before, after, change(before, after), 0.10).sentence == sentence


def test_what_would_tell_is_advised() -> None:
    noisy = figures(600, 700, 650), figures(560, 680, 640)
    said = judge(CAPACITY, *noisy, change(*noisy), 0.10).sentence
    assert "which is not sure to be within the 10 % that are accepted; repeated runs differ by" in said
    assert said.endswith("repeated runs differ by 8.9 %, so 5 runs a side would show it.")
    wild = figures(100, 1000), figures(90, 1100)
    said = judge(CAPACITY, *wild, change(*wild), 0.10).sentence
    assert said.endswith("too much for any sensible number of runs.")


@pytest.mark.parametrize(
    ("baseline", "candidate", "outcome"),
    [
        # a bound is no figure: a candidate may be better than it says, a baseline too
        (figures(650, 655, 660), figures(530, 537, 545, at_least=True), Outcome.UNKNOWN),
        (figures(650, 655, 660, at_least=True), figures(530, 537, 545), Outcome.WORSE),
        (figures(650, 655, 660, at_least=True), figures(650, 655, 660), Outcome.UNKNOWN),
        (figures(650, 655, 660), figures(650, 655, 660, at_least=True), Outcome.NO_WORSE),
    ],
)
def test_a_bound_tells_in_one_direction_only(
    baseline: list[RunFigure], candidate: list[RunFigure], outcome: Outcome
) -> None:
    found = judge(CAPACITY, baseline, candidate, change(baseline, candidate), 0.10)
    assert found.outcome is outcome
    assert ("did not reach their capacity are bounds only." in found.sentence) is (outcome is Outcome.UNKNOWN)
