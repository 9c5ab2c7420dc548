"""The figures of a comparison by the book, and from where on it is worse, no worse, or cannot be told."""

from __future__ import annotations

from math import floor, log, log1p, sqrt
from statistics import fmean, variance

import pytest
from scipy import stats

from lab.history.comparison import Change, Outcome, RunFigure, Subject, change, judge, runs_needed

BEFORE, AFTER = [600.0, 655.0, 700.0], [540.0, 530.0, 545.0, 560.0]


def group(*values: float, unsure: float = 0.0) -> list[RunFigure]:
    return [RunFigure(value, unsure) for value in values]


def interval_of(moved: Change) -> tuple[float, float]:
    """Of the logarithms, in which the change is judged."""
    assert moved.low is not None
    assert moved.high is not None
    return log(moved.low), log(moved.high)


def test_the_interval_is_welchs() -> None:
    moved = change(group(*BEFORE), group(*AFTER))
    logs = [[log(value) for value in values] for values in (AFTER, BEFORE)]
    by_the_book = stats.ttest_ind(*logs, equal_var=False)
    difference = log(moved.ratio)
    # with the degrees of freedom down to a tenth, which makes it a little wider
    half = difference / by_the_book.statistic * stats.t.ppf(0.95, floor(by_the_book.df * 10) / 10)
    assert interval_of(moved) == pytest.approx((difference - half, difference + half))
    low, high = by_the_book.confidence_interval(0.90)
    assert interval_of(moved)[0] < low < high < interval_of(moved)[1]
    assert (moved.baseline, moved.candidate) == pytest.approx((stats.gmean(BEFORE), stats.gmean(AFTER)))
    assert moved.ratio == pytest.approx(stats.gmean(AFTER) / stats.gmean(BEFORE))
    assert moved.spread == pytest.approx(sqrt(fmean(map(variance, logs))))
    assert moved.runs == (3, 4)


@pytest.mark.parametrize(
    ("baseline", "candidate", "spread", "error", "degrees"),
    [
        # what each run says of itself counts where that is more than the runs show
        (group(*BEFORE, unsure=0.2), group(500, 500, 500, unsure=0.1), None, sqrt(0.05 / 3), 2.9),
        # a single run scatters as the others do, on either side
        (group(500, 520), group(480), None, sqrt(variance([log(500), log(520)]) * 1.5), 1),
        (group(480), group(500, 520), None, sqrt(variance([log(500), log(520)]) * 1.5), 1),
        # a stated spread is as sure as can be, and less than a run's own is not believed
        (group(600), group(500, 510), 0.05, log1p(0.05) * sqrt(1.5), 1e9),
        (group(600, unsure=0.1), group(500, unsure=0.01), 0.05, sqrt(0.01 + log1p(0.05) ** 2), 1e9),
    ],
)
def test_the_noise_is_the_most_that_is_known_of_it(
    baseline: list[RunFigure], candidate: list[RunFigure], spread: float | None, error: float, degrees: float
) -> None:
    moved = change(baseline, candidate, spread)
    half = stats.t.ppf(0.95, degrees) * error
    middle = log(moved.ratio)
    assert interval_of(moved) == pytest.approx((middle - half, middle + half), rel=1e-5)


def test_without_noise_or_without_repeats_there_is_no_interval_to_speak_of() -> None:
    same = change(group(600, 600), group(500, 500, 500))
    assert [same.low, same.high, same.spread] == pytest.approx([5 / 6, 5 / 6, 0.0])
    alone = change(group(600), group(500))
    assert (alone.low, alone.high, alone.spread) == (None, None, None)
    wild = change(group(1e-300, 1e300), group(1, 2))
    assert wild.high == pytest.approx(1.0142e304, rel=1e-3)  # no more than a float holds


CAPACITY, P95 = Subject("capacity", "req/s"), Subject("p95", "ms", less_is_better=True)


@pytest.mark.parametrize(
    ("subject", "ratio", "low", "high", "outcome"),
    [
        # no worse: the whole interval is within a tenth
        (CAPACITY, 0.95, 0.9, 1.0, Outcome.NO_WORSE),
        (CAPACITY, 0.95, 0.89, 1.0, Outcome.UNKNOWN),
        # worse: the whole interval is, and the change itself is more than a tenth
        (CAPACITY, 0.89, 0.8, 0.99, Outcome.WORSE),
        (CAPACITY, 0.89, 0.8, 1.0, Outcome.UNKNOWN),
        (CAPACITY, 0.9, 0.8, 0.99, Outcome.UNKNOWN),
        # the same where less is better
        (P95, 1.05, 1.0, 1.1, Outcome.NO_WORSE),
        (P95, 1.05, 1.0, 1.11, Outcome.UNKNOWN),
        (P95, 1.12, 1.01, 1.2, Outcome.WORSE),
        (P95, 1.12, 1.0, 1.2, Outcome.UNKNOWN),
        (P95, 1.1, 1.01, 1.2, Outcome.UNKNOWN),
    ],
)
def test_worse_is_beyond_what_is_accepted_and_no_worse_within_it(
    subject: Subject, ratio: float, low: float, high: float, outcome: Outcome
) -> None:
    moved = Change(100.0, 100 * ratio, (3, 2), low, high, 0.05)
    assert judge(subject, group(1), group(1), moved, 0.10).outcome is outcome


@pytest.mark.parametrize(
    ("candidate", "low", "high", "runs", "says"),
    [
        (90.0, 0.85, 0.95, (3, 2), "fell by 10 % (90 % interval 5 to 15; 100 req/s, then 90, over 3 and 2 runs)"),
        (110.0, 1.02, 1.2, (1, 1), "rose by 10 % (90 % interval 2 to 20; 100 req/s, then 110, over 1 and 1 run)"),
        (
            95.0,
            0.9,
            1.0,
            (3, 2),
            (
                "has not changed beyond the noise: by -5 % (90 % interval -10 % to +0 %; 100 req/s, then 95, "
                "over 3 and 2 runs)"
            ),
        ),
        (
            105.0,
            1.0,
            1.1,
            (3, 2),
            (
                "has not changed beyond the noise: by +5 % (90 % interval +0 % to +10 %; 100 req/s, then 105, "
                "over 3 and 2 runs)"
            ),
        ),
        (100.0, None, None, (1, 1), "rose by 0 % (100 req/s, then 100, over 1 and 1 run)"),
    ],
)
def test_what_moved_is_told_with_its_interval(
    candidate: float, low: float | None, high: float | None, runs: tuple[int, int], says: str
) -> None:
    moved = Change(100.0, candidate, runs, low, high, None)
    assert judge(CAPACITY, group(1), group(1), moved, 0.20).sentence.startswith(f"capacity {says}")


@pytest.mark.parametrize(
    ("spread", "advice"),
    [
        (None, "repeat each at least twice, better five times."),
        (0.05, "repeated runs differ by 5 %, so 3 runs a side would show it."),
        (0.5, "repeated runs differ by 50 %, too much for any sensible number of runs."),
    ],
)
def test_what_cannot_be_told_comes_with_what_would_tell(spread: float | None, advice: str) -> None:
    figures = "capacity fell by 15 % (90 % interval 10 to 20; 100 req/s, then 85, over 3 and 2 runs)"
    moved = Change(100.0, 85.0, (3, 2), 0.8, 0.9, spread)
    bound = [RunFigure(1, at_least=True)]
    assert judge(CAPACITY, group(1), bound, moved, 0.10).sentence == (
        f"{figures}, but runs that did not reach their capacity are bounds only."
    )
    moved = Change(100.0, 85.0, (3, 2), 0.8, 1.0, spread)
    assert judge(CAPACITY, group(1), group(1), moved, 0.10).sentence == (
        "capacity has not changed beyond the noise: by -15 % (90 % interval -20 % to +0 %; 100 req/s, then 85, over 3 "
        f"and 2 runs), which is not sure to be within the 10 % that are accepted; {advice}"
    )


@pytest.mark.parametrize(("spread", "runs"), [(0.0, 2), (0.05, 3), (0.316, 50), (0.318, None)])
def test_so_many_runs_are_advised_as_would_tell_and_fifty_at_most(spread: float, runs: int | None) -> None:
    assert runs_needed(spread, 0.10) == runs
