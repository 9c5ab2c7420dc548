"""Compares finished runs: `python -m lab.compare results/base-1 results/new-1`, better with repeats of both.

It prints the sentence and a table, and exits with 0 where nothing has become worse, 3 where something has, and 4 where
that is unknown.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import wording
from lab.figures import three_digits
from lab.history import comparison, past_runs
from lab.history.comparison import Change, Conclusion, Outcome, RunFigure, Subject
from lab.history.past_runs import Difference, HistoryError, Past
from lab.judging.verdict import ExitCode
from lab.knobs import percent

ACCEPTED = 0.10
"""By how much something may become worse by default: a search is no finer than that (LAB_RESOLUTION)."""
_EXIT = {Outcome.NO_WORSE: ExitCode.PASS, Outcome.WORSE: ExitCode.FAIL, Outcome.UNKNOWN: ExitCode.INVALID}


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
    matter = [difference.name for difference in differing if difference.matters]
    if matter and not anyway:
        conclusion = Conclusion(Outcome.UNKNOWN, f"the runs are not alike: {', '.join(matter)} differ; see below.")
    else:
        conclusion = _broken(baseline, candidate) or _judge(changes, groups, accepted)
    return Comparison(conclusion, changes, differing)


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


def _text(compared: Comparison) -> str:
    rows = [("", "baseline", "candidate", "change", "90 % interval"), *table(compared)]
    widths = [max(len(row[at]) for row in rows) for at in range(5)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    for difference in compared.differences:
        weight = "" if difference.matters else " (does not matter here)"
        lines.append(f"not the same: {difference.name} {' vs '.join(difference.values)}{weight}")
    return "\n".join([compared.sentence, "", *lines])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lab.compare",
        description="Has it become worse? Compares finished runs, considering the noise of repeated runs.",
        epilog="Exit codes: 0 no worse, 1 a run cannot be read, 2 wrong usage, 3 worse, 4 unknown.",
    )
    parser.add_argument("runs", nargs="*", type=Path, help="two runs: the one before and the one after")
    parser.add_argument("--baseline", nargs="+", type=Path, default=[], help="runs before, repeated")
    parser.add_argument("--candidate", nargs="+", type=Path, default=[], help="runs after, repeated")
    parser.add_argument("--accept", type=percent, default=ACCEPTED, help="worse by that much is accepted (10%%)")
    parser.add_argument("--spread", type=percent, help="by how much repeated runs are known to differ, such as 5%%")
    parser.add_argument("--anyway", action="store_true", help="judge also runs that were not made alike")
    parser.add_argument("--json", action="store_true", help="print all of it as JSON")
    return parser


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.runs and len(options.runs) == 2 and not (options.baseline or options.candidate):
        options.baseline, options.candidate = options.runs[:1], options.runs[1:]
    elif options.runs or not (options.baseline and options.candidate):
        parser.error("it takes two runs, or --baseline RUN... and --candidate RUN...")
    return options


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    try:
        folders = [[past_runs.find(folder) for folder in group] for group in (options.baseline, options.candidate)]
    except OSError as error:
        print(error, file=sys.stderr)  # noqa: T201 - it is a command
        return ExitCode.LAB_FAILED
    baseline, candidate = (_read(group) for group in folders)
    if not baseline or not candidate:
        print(f"{Outcome.UNKNOWN}: no run is left to compare with.")  # noqa: T201 - as above
        return ExitCode.INVALID
    compared = compare(baseline, candidate, options.accept, options.spread, options.anyway)
    print(json.dumps(compared.document(), indent=2) if options.json else _text(compared))  # noqa: T201 - as above
    return compared.exit_code


def _read(folders: Sequence[Path]) -> list[Past]:
    """The runs that can be compared; each of the others is reported as left out."""
    found = []
    for folder in folders:
        try:
            found.append(past_runs.read(folder))
        except HistoryError as error:
            print(f"left out: {error}", file=sys.stderr)  # noqa: T201 - as above
    return found


if __name__ == "__main__":
    sys.exit(main())
