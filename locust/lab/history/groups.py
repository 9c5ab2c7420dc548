"""Two groups of finished runs compared: those of a baseline, and those of a candidate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lab import wording
from lab.figures import three_digits
from lab.history import comparison, past_runs
from lab.history.comparison import Change, Conclusion, Outcome, RunFigure, Subject
from lab.history.past_runs import Difference, Past
from lab.judging.verdict import ExitCode

ACCEPTED = 0.10
"""By how much something may become worse by default: a search is no finer than that (LAB_RESOLUTION)."""
_EXIT = {Outcome.NO_WORSE: ExitCode.PASS, Outcome.WORSE: ExitCode.FAIL, Outcome.UNKNOWN: ExitCode.INVALID}

MOST_NAMED, MOST_VALUES = 3, 3
"""Differences that the sentence names, and values of each; all are listed below it."""

Groups = tuple[Sequence[RunFigure], Sequence[RunFigure]]
"""The figures of the baseline and those of the candidate."""


@dataclass(frozen=True)
class Comparison:
    """Two groups of runs compared: the conclusion, all changes, and what was not the same."""

    conclusion: Conclusion
    changes: dict[Subject, Change]
    differences: Sequence[Difference]

    @property
    def sentence(self) -> str:
        return f"{self.conclusion.outcome}: {self.conclusion.sentence}"

    @property
    def exit_code(self) -> ExitCode:
        return _EXIT[self.conclusion.outcome]

    def document(self) -> dict[str, Any]:
        """The comparison as JSON holds it."""
        return {
            "outcome": str(self.conclusion.outcome),
            "exit_code": int(self.exit_code),
            "sentence": self.sentence,
            "changes": [
                {"name": subject.name, "unit": subject.unit, "baseline": moved.baseline, "candidate": moved.candidate}
                | {"ratio": moved.ratio, "interval": moved.low and [moved.low, moved.high], "spread": moved.spread}
                for subject, moved in self.changes.items()
            ],
            "differences": [
                {"name": difference.name, "values": list(difference.values), "matters": difference.matters}
                for difference in self.differences
            ],
        }


def compare(
    baseline: Sequence[Past],
    candidate: Sequence[Past],
    accepted: float = ACCEPTED,
    spread: float | None = None,
    anyway: bool = False,
) -> Comparison:
    """The candidate's runs against those of the baseline; `anyway` judges also runs that were not made alike."""
    differing = past_runs.differences([*baseline, *candidate])
    groups = _figures(baseline, candidate)
    changes = {subject: comparison.change(before, after, spread) for subject, (before, after) in groups.items()}
    matter = [difference for difference in differing if difference.matters]
    if matter and not anyway:
        conclusion = Conclusion(Outcome.UNKNOWN, _unlike(matter))
    else:
        conclusion = _broken(baseline, candidate) or _judge(changes, groups, accepted)
    return Comparison(conclusion, changes, differing)


def _unlike(differing: Sequence[Difference]) -> str:
    """That the runs are of different things, in a sentence that names the first few."""
    named = wording.some([f"{each.name} ({' vs '.join(each.values[:MOST_VALUES])})" for each in differing], MOST_NAMED)
    verb = "differs" if len(differing) == 1 else "differ"
    return f"the runs are not alike: {named} {verb}. --anyway judges them all the same."


def _figures(baseline: Sequence[Past], candidate: Sequence[Past]) -> dict[Subject, Groups]:
    """The figures of the runs that found a load within the limits; empty without such a run on each side."""
    kept = [[run for run in group if not run.is_broken_from_the_start] for group in (baseline, candidate)]
    if not all(kept):
        return {}
    count = len(kept[0])
    return {subject: (own[:count], own[count:]) for subject, own in past_runs.together([*kept[0], *kept[1]]).items()}


def _broken(baseline: Sequence[Past], candidate: Sequence[Past]) -> Conclusion | None:
    """The conclusion that needs no figure: all runs of a group keep the limits, or none of them does."""
    before, after = (sum(run.is_broken_from_the_start for run in group) for group in (baseline, candidate))
    if after and not before:
        return Conclusion(
            Outcome.WORSE, f"{after} of {len(candidate)} runs found no load at all that keeps the limits."
        )
    if before:
        return Conclusion(Outcome.UNKNOWN, f"{before} of {len(baseline)} runs of the baseline found no load at all.")
    before, after = (sum(run.verdict["verdict"] == "FAIL" for run in group) for group in (baseline, candidate))
    if not before and after == len(candidate) and min(len(baseline), len(candidate)) > 1:
        return Conclusion(Outcome.WORSE, f"all {after} runs broke their limits, which all of the baseline kept.")
    return None


def _judge(changes: dict[Subject, Change], groups: Mapping[Subject, Groups], accepted: float) -> Conclusion:
    if not changes:
        return Conclusion(Outcome.UNKNOWN, "the runs have no figure in common.")
    subject, moved = next(iter(changes.items()))
    before, after = groups[subject]
    return comparison.judge(subject, before, after, moved, accepted)


def table(compared: Comparison) -> list[tuple[str, str, str, str, str]]:
    """A row for each figure: name, baseline, candidate, change, its interval."""
    return [
        (
            subject.name,
            f"{three_digits(moved.baseline)} {subject.unit}",
            f"{three_digits(moved.candidate)} {subject.unit}",
            wording.change_text(moved.ratio),
            "too few repeats"
            if moved.low is None or moved.high is None
            else f"{wording.change_text(moved.low)} to {wording.change_text(moved.high)}",
        )
        for subject, moved in compared.changes.items()
    ]
