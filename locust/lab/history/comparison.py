"""Has it become worse? A figure of repeated runs against the same of others, with their noise in mind. Pure.

Figures of runs differ by factors, so it is their logarithms that are compared, by B. L. Welch's t (1947). A group's
variance is what its runs show, or what each run's own interval says if that is more: two runs of a search that ended on
the same step are not without noise. A group of one run shows none: it borrows the other group's, or one that is stated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import exp, inf, log, log1p, sqrt
from statistics import fmean, variance

from lab.distributions import t_quantile
from lab.figures import three_digits

SURENESS = 0.90
"""Of the interval of a change. Who asks only whether something fell is right in 95 of 100 such cases."""
MOST_POINTS = 1000
MOST_RUNS = 50
"""More runs on each side than these are not advised."""


class Outcome(StrEnum):
    """What a comparison comes to."""

    NO_WORSE = "NO WORSE"
    WORSE = "WORSE"
    UNKNOWN = "CANNOT TELL"


@dataclass(frozen=True)
class Reading:
    """A figure of one run, more than 0. `unsure` is the standard deviation of its logarithm, as the run tells it.

    `at_least`: the figure is a bound, because the run ended before it had found the figure itself.
    """

    value: float
    unsure: float = 0.0
    at_least: bool = False


@dataclass(frozen=True)
class Change:
    """From the typical figure of one group to that of the other.

    `low` and `high` are the interval of `candidate / baseline`, and `spread` is the standard deviation by which
    repeated runs differ (0.05: by 5 %); None where there are too few runs to tell.
    """

    baseline: float
    candidate: float
    runs: tuple[int, int]
    low: float | None
    high: float | None
    spread: float | None

    @property
    def ratio(self) -> float:
        return self.candidate / self.baseline


def change(baseline: Sequence[Reading], candidate: Sequence[Reading], spread: float | None = None) -> Change:
    """The change between two groups of at least one run each; `spread` is stated where it is known from elsewhere."""
    means = [fmean(log(reading.value) for reading in group) for group in (baseline, candidate)]
    noise = _noise(baseline, candidate, spread)
    difference, low, high, known = means[1] - means[0], None, None, None
    if noise:
        error, degrees, known = noise
        half = t_quantile((1 + SURENESS) / 2, degrees) * error
        low, high = exp(difference - half), exp(min(difference + half, 700))
    return Change(exp(means[0]), exp(means[1]), (len(baseline), len(candidate)), low, high, known)


def _noise(
    baseline: Sequence[Reading], candidate: Sequence[Reading], spread: float | None
) -> tuple[float, float, float] | None:
    """The standard error of the difference, its degrees of freedom, and the spread of one run; None: nobody knows."""
    counts = len(baseline), len(candidate)
    if spread is not None:
        variances = [max(log1p(spread) ** 2, _own_variance(group)) for group in (baseline, candidate)]
        return _error(variances, counts), inf, sqrt(fmean(variances))
    repeated = [group for group in (baseline, candidate) if len(group) > 1]
    if not repeated:
        return None
    if len(repeated) == 1:
        # the single run is taken to scatter as the others do
        shown = _variance(repeated[0])
        return _error([shown, shown], counts), len(repeated[0]) - 1, sqrt(shown)
    variances = [_variance(group) for group in repeated]
    parts = [part / count for part, count in zip(variances, counts, strict=True)]
    if not any(parts):
        return 0.0, sum(counts) - 2, 0.0
    degrees = sum(parts) ** 2 / sum(part**2 / (count - 1) for part, count in zip(parts, counts, strict=True))
    return sqrt(sum(parts)), max(1.0, degrees), sqrt(fmean(variances))


def _variance(group: Sequence[Reading]) -> float:
    return max(variance([log(reading.value) for reading in group]), _own_variance(group))


def _own_variance(group: Sequence[Reading]) -> float:
    return fmean(reading.unsure**2 for reading in group)


def _error(variances: Sequence[float], counts: Sequence[int]) -> float:
    return sqrt(sum(part / count for part, count in zip(variances, counts, strict=True)))


def runs_needed(spread: float, accepted: float) -> int | None:
    """How many runs a side would tell a change of `accepted` (0.1: 10 %) from none; None where far too many."""
    for count in range(2, MOST_RUNS + 1):
        if t_quantile((1 + SURENESS) / 2, 2 * count - 2) * spread * sqrt(2 / count) <= -log1p(-accepted):
            return count
    return None


@dataclass(frozen=True)
class Subject:
    """What is compared: its name, its unit, and whether less of it is better, as with response times."""

    name: str
    unit: str
    less_is_better: bool = False


@dataclass(frozen=True)
class Finding:
    """What a change comes to, in one sentence."""

    outcome: Outcome
    sentence: str


def judge(
    subject: Subject, baseline: Sequence[Reading], candidate: Sequence[Reading], moved: Change, accepted: float
) -> Finding:
    """Whether the subject has become worse by more than is accepted (0.1: by 10 %).

    It is worse where all of the interval is, and the change itself is more than is accepted. It is no worse where none
    of the interval is worse than accepted. Else nobody can tell; nor where what would have to be known is only a bound.
    """
    text = f"{subject.name} {_moved(subject, moved)}"
    if moved.low is None or moved.high is None:
        return Finding(
            Outcome.UNKNOWN, f"{text}: too few repeats to tell a change from noise; {_advice(moved, accepted)}"
        )
    worst, best = (1 / moved.high, 1 / moved.low) if subject.less_is_better else (moved.low, moved.high)
    got = 1 / moved.ratio if subject.less_is_better else moved.ratio
    floor = 1 / (1 + accepted) if subject.less_is_better else 1 - accepted
    if best < 1 and got < floor and not any(reading.at_least for reading in candidate):
        return Finding(Outcome.WORSE, f"{text}.")
    if worst >= floor and not any(reading.at_least for reading in baseline):
        return Finding(Outcome.NO_WORSE, f"{text}.")
    if any(reading.at_least for reading in (*baseline, *candidate)):
        return Finding(Outcome.UNKNOWN, f"{text}, but runs that did not reach their {subject.name} are bounds only.")
    return Finding(
        Outcome.UNKNOWN,
        f"{text}, which is not sure to be within the {three_digits(accepted * 100)} % that are accepted; "
        f"{_advice(moved, accepted)}",
    )


def _moved(subject: Subject, moved: Change) -> str:
    figures = (
        f"{three_digits(moved.baseline)} {subject.unit}, then {three_digits(moved.candidate)}, "
        f"over {moved.runs[0]} and {moved.runs[1]} run{'' if moved.runs[1] == 1 else 's'}"
    )
    if moved.low is None or moved.high is None:
        return f"{_verb(moved.ratio)} ({figures})"
    if moved.low <= 1 <= moved.high:
        return (
            f"has not changed beyond the noise: by {percent(moved.ratio)} "
            f"({round(SURENESS * 100)} % interval {percent(moved.low)} to {percent(moved.high)}; {figures})"
        )
    low, high = (_points(end) for end in sorted((moved.low, moved.high), key=lambda end: abs(end - 1)))
    return f"{_verb(moved.ratio)} ({round(SURENESS * 100)} % interval {low} to {high}; {figures})"


def _verb(ratio: float) -> str:
    word = "fell" if ratio < 1 else "rose"
    return f"{word} by {_points(ratio)} %"


def _points(ratio: float, sign: str = "") -> str:
    """By how many percent, whole ones from ten on. Intervals of two or three runs may go beyond all sense."""
    points = abs(ratio - 1) * 100
    if points >= MOST_POINTS:
        return f"over {sign}{MOST_POINTS}"
    return sign + three_digits(round(points, 0 if points >= 10 else 1))


def percent(ratio: float) -> str:
    """A ratio as the change that it is.

    >>> percent(0.82), percent(1.054), percent(1.0), percent(12.0)
    ('-18 %', '+5.4 %', '+0 %', 'over +1000 %')
    """
    return f"{_points(ratio, '-' if ratio < 1 else '+')} %"


def _advice(moved: Change, accepted: float) -> str:
    if moved.spread is None:
        return "repeat each at least twice, better five times."
    wanted = runs_needed(moved.spread, accepted)
    spread = f"repeated runs differ by {_points(1 + moved.spread)} %"
    if wanted is None:
        return f"{spread}, too much for any sensible number of runs."
    return f"{spread}, so {wanted} runs a side would tell."
