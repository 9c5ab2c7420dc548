"""Has it become worse? Compares a figure of two groups of repeated runs, considering their noise. Pure.

Figures of runs differ by factors, so their logarithms are compared, by B. L. Welch's t (1947). A group's variance is
what its runs show, or what each run's own interval says if that is more: two searches that ended on the same step
still have noise. A group of one run shows no variance: it borrows the other group's, or a stated one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import exp, floor, inf, log, log1p, sqrt
from statistics import fmean, variance

from lab.distributions import t_quantile
from lab.figures import three_digits
from lab.wording import change_text, percent_text, points_text

CONFIDENCE = 0.90
"""Of the interval of a change. The one-sided question, whether something fell, is then answered at 95 %."""
MOST_RUNS = 50
"""The most runs a side that are ever advised."""


class Outcome(StrEnum):
    """What a comparison comes to."""

    NO_WORSE = "NO WORSE"
    WORSE = "WORSE"
    UNKNOWN = "CANNOT TELL"


@dataclass(frozen=True)
class RunFigure:
    """A figure of one run, more than 0. `unsure` is the standard deviation of its logarithm, from the run's interval.

    `at_least`: the figure is a lower bound, because the run ended before it had found the figure itself.
    """

    value: float
    unsure: float = 0.0
    at_least: bool = False


@dataclass(frozen=True)
class Change:
    """From the typical figure of one group to that of the other.

    `low` and `high` are the interval of `candidate / baseline`, and `spread` is the standard deviation by which
    repeated runs differ (0.05: by 5 %); None where there are too few runs.
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


def change(
    baseline: Sequence[RunFigure],
    candidate: Sequence[RunFigure],
    spread: float | None = None,
    confidence: float = CONFIDENCE,
) -> Change:
    """The change between two groups of at least one run each; `spread` is given where it is known otherwise."""
    means = [fmean(log(figure.value) for figure in group) for group in (baseline, candidate)]
    noise = _noise(baseline, candidate, spread)
    difference, low, high, known = means[1] - means[0], None, None, None
    if noise:
        error, degrees, known = noise
        half = t_quantile((1 + confidence) / 2, degrees) * error
        low, high = exp(difference - half), exp(min(difference + half, 700))
    return Change(exp(means[0]), exp(means[1]), (len(baseline), len(candidate)), low, high, known)


def _noise(
    baseline: Sequence[RunFigure], candidate: Sequence[RunFigure], spread: float | None
) -> tuple[float, float, float] | None:
    """The standard error of the difference, its degrees of freedom, and the spread of one run; None where unknown."""
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
    # down to a tenth: quantiles are known of these, and the interval is the wider one
    return sqrt(sum(parts)), max(1.0, floor(degrees * 10) / 10), sqrt(fmean(variances))


def _variance(group: Sequence[RunFigure]) -> float:
    return max(variance([log(figure.value) for figure in group]), _own_variance(group))


def _own_variance(group: Sequence[RunFigure]) -> float:
    return fmean(figure.unsure**2 for figure in group)


def _error(variances: Sequence[float], counts: Sequence[int]) -> float:
    return sqrt(sum(part / count for part, count in zip(variances, counts, strict=True)))


def runs_needed(spread: float, accepted: float, confidence: float = CONFIDENCE) -> int | None:
    """How many runs a side would show a change of `accepted` (0.1: 10 %); None where far too many."""
    for count in range(2, MOST_RUNS + 1):
        if t_quantile((1 + confidence) / 2, 2 * count - 2) * spread * sqrt(2 / count) <= -log1p(-accepted):
            return count
    return None


@dataclass(frozen=True)
class Subject:
    """What is compared: its name, its unit, and whether less of it is better, as with response times."""

    name: str
    unit: str
    less_is_better: bool = False


@dataclass(frozen=True)
class Conclusion:
    """What a change comes to, in one sentence."""

    outcome: Outcome
    sentence: str


def judge(
    subject: Subject, baseline: Sequence[RunFigure], candidate: Sequence[RunFigure], moved: Change, accepted: float
) -> Conclusion:
    """Whether the subject has become worse by more than is accepted (0.1: by 10 %).

    Worse: the whole interval is worse, and the change itself is more than is accepted. No worse: the whole interval is
    within what is accepted. Otherwise, and where a needed figure is only a bound, the outcome is unknown.
    """
    text = moved_text(subject, moved)
    if moved.low is None or moved.high is None:
        return Conclusion(
            Outcome.UNKNOWN, f"{text}: too few repeats to tell a change from noise; {_advice(moved, accepted)}"
        )
    worst, best, got, floor = moved.low, moved.high, moved.ratio, 1 - accepted
    if subject.less_is_better:
        worst, best, got, floor = 1 / moved.high, 1 / moved.low, 1 / moved.ratio, 1 / (1 + accepted)
    bounds = [any(figure.at_least for figure in group) for group in (baseline, candidate)]
    if best < 1 and got < floor and not bounds[1]:
        return Conclusion(Outcome.WORSE, f"{text}.")
    if worst >= floor and not bounds[0]:
        return Conclusion(Outcome.NO_WORSE, f"{text}.")
    if any(bounds):
        return Conclusion(Outcome.UNKNOWN, f"{text}, but runs that did not reach their {subject.name} are bounds only.")
    return Conclusion(
        Outcome.UNKNOWN,
        f"{text}, which is not sure to be within the {percent_text(accepted)} that are accepted; "
        f"{_advice(moved, accepted)}",
    )


def moved_text(subject: Subject, moved: Change, confidence: float = CONFIDENCE) -> str:
    """How the subject changed, with its interval: "p95 rose by 31 % (90 % interval ...)"."""
    return f"{subject.name} {_moved(subject, moved, confidence)}"


def _moved(subject: Subject, moved: Change, confidence: float) -> str:
    figures = (
        f"{three_digits(moved.baseline)} {subject.unit}, then {three_digits(moved.candidate)}, "
        f"over {moved.runs[0]} and {moved.runs[1]} run{'' if moved.runs[1] == 1 else 's'}"
    )
    if moved.low is None or moved.high is None:
        return f"{_verb(moved.ratio)} ({figures})"
    share = percent_text(confidence)
    if moved.low <= 1 <= moved.high:
        return (
            f"has not changed beyond the noise: by {change_text(moved.ratio)} "
            f"({share} interval {change_text(moved.low)} to {change_text(moved.high)}; {figures})"
        )
    low, high = (points_text(end) for end in sorted((moved.low, moved.high), key=lambda end: abs(end - 1)))
    return f"{_verb(moved.ratio)} ({share} interval {low} to {high}; {figures})"


def _verb(ratio: float) -> str:
    word = "fell" if ratio < 1 else "rose"
    return f"{word} by {points_text(ratio)} %"


def _advice(moved: Change, accepted: float) -> str:
    if moved.spread is None:
        return "repeat each at least twice, better five times."
    wanted = runs_needed(moved.spread, accepted)
    spread = f"repeated runs differ by {points_text(1 + moved.spread)} %"
    if wanted is None:
        return f"{spread}, too much for any sensible number of runs."
    return f"{spread}, so {wanted} runs a side would show it."
