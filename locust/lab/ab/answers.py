"""BETTER, WORSE, SAME or CANNOT TELL: what pairs of runs of A and B say together. Pure.

Each figure is compared by history/comparison.py. SAME is shown, not assumed: the whole interval lies within what is
accepted, which is the two one-sided tests of D. J. Schuirmann (1987). Runs are repeated until the answer is sure, so it
is looked several times, and at several figures: the interval is so much wider that all of them together say WORSE of
two equal sides in at most one job of twenty (C. E. Bonferroni).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import comb, exp, log, log1p

from lab.history import comparison
from lab.history.comparison import Change, RunFigure, Subject

FALSE_ALARMS = 0.05
"""In how many jobs on two equal sides the answer is WORSE, at most; as many say BETTER."""
FIRST_LOOK = 4
"""Pairs before the first look: the scatter of fewer is hardly known."""

Figures = Mapping[Subject, RunFigure]
Pair = tuple[Figures, Figures]
"""What a run of A and one of B measured."""


@dataclass(frozen=True)
class Measured:
    """What was run: the pairs with figures, how many runs a side there are in all, and how many broke a limit."""

    pairs: Sequence[Pair]
    runs: int
    failed: tuple[int, int] = (0, 0)


class Answer(StrEnum):
    """What B is beside A."""

    BETTER = "BETTER"
    WORSE = "WORSE"
    SAME = "SAME"
    UNKNOWN = "CANNOT TELL"


@dataclass(frozen=True)
class Finding:
    """A figure of both sides: how it changed, what that comes to, and how A's own runs differ from each other."""

    subject: Subject
    answer: Answer
    change: Change
    control: Change  # every other run of A against the rest of them
    decides: bool


@dataclass(frozen=True)
class Judged:
    """What all figures together come to; `confidence` is that of their intervals."""

    answer: Answer
    reason: str
    findings: Sequence[Finding]
    confidence: float


def order(pair: int) -> str:
    """In which order the pair (from 0 on) is run: AB BA AB BA, so that a machine that drifts favours neither.

    >>> [order(pair) for pair in range(4)]
    ['AB', 'BA', 'AB', 'BA']
    """
    return "BA" if pair % 2 else "AB"


def looks(most_pairs: int) -> int:
    """How often a job of so many pairs is looked at, at most: after each second pair from the fourth on.

    >>> looks(10), looks(4), looks(2)
    (5, 2, 1)
    """
    return max(1, most_pairs // 2)


def is_due(pairs: int) -> bool:
    """Whether it is time to look: only where both orders were run equally often."""
    return pairs >= FIRST_LOOK and pairs % 2 == 0


def judge(measured: Measured, deciding: Iterable[Subject], accepted: float, most_looks: int) -> Judged:
    """The answer of these runs, which is looked for so often at most. Only the `deciding` figures decide."""
    shared = _shared(measured.pairs)
    weighed = [subject for subject in deciding if subject in shared]
    risk = FALSE_ALARMS / most_looks / (len(weighed) + 1)
    confidence = 1 - 2 * risk
    if not measured.runs:
        return Judged(Answer.UNKNOWN, "no pair of runs counts", (), confidence)
    findings = [_finding(subject, measured.pairs, subject in weighed, accepted, confidence) for subject in shared]
    answer, reason = _together([finding for finding in findings if finding.decides], accepted, confidence)
    by_failures, broke = _by_failures(measured, risk)
    if by_failures is Answer.WORSE or (by_failures and answer is not Answer.WORSE):
        answer, reason = by_failures, broke
    return Judged(answer, reason, findings, confidence)


def _shared(pairs: Sequence[Pair]) -> list[Subject]:
    """The figures that all runs have."""
    runs = [run for pair in pairs for run in pair]
    return [subject for subject in (runs[0] if runs else ()) if all(subject in run for run in runs)]


def _by_failures(measured: Measured, risk: float) -> tuple[Answer | None, str]:
    """What the numbers of runs that broke a limit come to by themselves, and the words for it."""
    (a, b), runs = measured.failed, measured.runs
    words = f"{b} of {runs} runs of B broke a limit, and {a} of A"
    if by_chance(b, a, runs) <= risk:
        return Answer.WORSE, words
    return (Answer.BETTER if by_chance(a, b, runs) <= risk else None), words


def by_chance(more: int, fewer: int, runs: int) -> float:
    """How probable so many failed runs on one of two equal sides are, beside so few on the other (R. A. Fisher, 1935).

    >>> round(by_chance(6, 0, 6), 4), by_chance(0, 0, 6)
    (0.0011, 1.0)
    """
    failed = more + fewer
    return sum(comb(runs, at) * comb(runs, failed - at) for at in range(more, min(runs, failed) + 1)) / comb(
        2 * runs, failed
    )


def answer_of(subject: Subject, moved: Change, accepted: float, *, is_bound: bool = False) -> Answer:
    """What the change comes to: WORSE and BETTER surely, and by more than is accepted. Unknown of a bound."""
    if moved.low is None or moved.high is None or is_bound:
        return Answer.UNKNOWN
    least, most = 1 - accepted, 1 / (1 - accepted)
    if least <= moved.low and moved.high <= most:
        return Answer.SAME
    rose, fell = moved.low > 1 and moved.ratio > most, moved.high < 1 and moved.ratio < least
    if not (rose or fell):
        return Answer.UNKNOWN
    return Answer.WORSE if rose == subject.less_is_better else Answer.BETTER


def _finding(subject: Subject, pairs: Sequence[Pair], decides: bool, accepted: float, confidence: float) -> Finding:
    before, after = [pair[0][subject] for pair in pairs], [pair[1][subject] for pair in pairs]
    moved = comparison.change(before, after, confidence=confidence)
    control = comparison.change(before[::2], before[1::2] or before, confidence=confidence)
    is_bound = any(figure.at_least for figure in (*before, *after))
    return Finding(subject, answer_of(subject, moved, accepted, is_bound=is_bound), moved, control, decides)


def _together(findings: Sequence[Finding], accepted: float, confidence: float) -> tuple[Answer, str]:
    if not findings:
        return Answer.UNKNOWN, "the runs have no figure in common"
    for finding in findings:
        if answer_of(finding.subject, finding.control, accepted) in (Answer.WORSE, Answer.BETTER):
            return Answer.UNKNOWN, f"{finding.subject.name} of A differs from itself: the machine is not steady enough"
    for answer in (Answer.WORSE, Answer.UNKNOWN, Answer.BETTER):
        if found := [finding for finding in findings if finding.answer is answer]:
            return answer, "; ".join(_said(finding, accepted, confidence) for finding in found)
    return Answer.SAME, "; ".join(_said(finding, accepted, confidence) for finding in findings)


def _said(finding: Finding, accepted: float, confidence: float) -> str:
    text = comparison.moved_text(finding.subject, finding.change, confidence)
    return f"{text}; {more(finding.change, accepted, confidence)}" if finding.answer is Answer.UNKNOWN else text


def more(moved: Change, accepted: float, confidence: float) -> str:
    """How many pairs it would take to tell."""
    if moved.spread is None:
        return "that takes repeats"
    wanted, seen = -log1p(-accepted), abs(log(moved.ratio))
    # to show that it is the same, or that it is not
    gap = wanted - seen if seen < wanted else seen
    needed = comparison.runs_needed(moved.spread, 1 - exp(-gap), confidence)
    if needed is None:
        return f"it would take more than {comparison.MOST_RUNS} pairs"
    return f"it would take about {max(needed, min(moved.runs) + 1)} pairs"
