"""One job: A and B in turn until the answer is sure, the pairs are done, or the time is up."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from lab import wording
from lab.ab import answers
from lab.ab.answers import Answer, Finding, Judged, Measured, Pair
from lab.figures import three_digits
from lab.history import past_runs
from lab.history.comparison import Change
from lab.history.costs import CPU, MEMORY
from lab.history.past_runs import HistoryError, Past
from lab.judging.verdict import ExitCode

MOST_INVALID = 3
"""Pairs in a row that may be INVALID before the job gives up: what is wrong will not go away by itself."""
EXIT = {
    Answer.SAME: ExitCode.PASS,
    Answer.BETTER: ExitCode.PASS,
    Answer.WORSE: ExitCode.FAIL,
    Answer.UNKNOWN: ExitCode.INVALID,
}


class SideError(Exception):
    """A side that could not be run: the lab itself failed, or it is not there. The message says why."""


@dataclass(frozen=True)
class Budget:
    """By how much B may be worse, how many pairs of runs there are at most, and for how long new ones begin."""

    accepted: float
    most_pairs: int
    seconds: float


@dataclass
class Job:
    """What was run so far. `run` runs a side, "A" or "B", and returns its run; it raises HistoryError for one that does
    not count, and SideError for none at all."""

    run: Callable[[str], Past]
    budget: Budget
    say: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    pairs: list[tuple[Past, Past]] = field(default_factory=list)
    invalid: list[str] = field(default_factory=list)
    given_up: str = ""

    def carry_out(self) -> Judged:
        """Runs the pairs, and returns what they say together. Raises SideError."""
        began, longest, in_a_row = self.clock(), 0.0, 0
        self._warm_up()
        while len(self.pairs) < self.budget.most_pairs and not self.given_up:
            since = self.clock()
            if self.pairs and since - began + longest > self.budget.seconds:
                self.given_up = f"the time was up after {wording.duration_text(since - began)} (--budget)"
                break
            problem = self._pair()
            longest, in_a_row = max(longest, self.clock() - since), in_a_row + 1 if problem else 0
            if in_a_row == MOST_INVALID:
                self.given_up = f"{in_a_row} pairs in a row did not count: {problem}"
            if not problem and answers.is_due(len(self.pairs)):
                judged = self.judge()
                if judged.answer is not Answer.UNKNOWN:
                    return judged
        return self.judge()

    def _warm_up(self) -> None:
        """A run that nobody looks at: the first one finds caches cold, and that would always be A's."""
        self.say("the first run warms the machine up, and is not counted")
        with suppress(HistoryError):
            self.run("A")

    def _pair(self) -> str:
        """Runs a pair; why it does not count, where it does not."""
        found: dict[str, Past] = {}
        for side in answers.order(len(self.pairs)):
            try:
                found[side] = self.run(side)
            except HistoryError as error:
                self.invalid.append(f"{side}: {error}")
                self.say(f"this pair does not count, and is run again: {side}: {error}")
                return str(error)
        self.pairs.append((found["A"], found["B"]))
        return ""

    def judge(self) -> Judged:
        """What the pairs so far say."""
        kept = [pair for pair in self.pairs if not any(run.is_broken_from_the_start for run in pair)]
        together = past_runs.together([run for pair in kept for run in pair])
        figures: list[Pair] = []
        for number in range(len(kept)):
            a, b = ({subject: rows[2 * number + side] for subject, rows in together.items()} for side in (0, 1))
            figures.append((a, b))
        failed = [sum(pair[side].verdict.get("verdict") == "FAIL" for pair in self.pairs) for side in (0, 1)]
        deciding = [*list(together)[: self._limits()], CPU, MEMORY]
        most_looks = answers.looks(self.budget.most_pairs)
        measured = Measured(figures, len(self.pairs), (failed[0], failed[1]))
        return answers.judge(measured, deciding, self.budget.accepted, most_looks)

    def _limits(self) -> int:
        """How many of the figures, which come first, are those of limits on time; of a search it is the capacity."""
        if not self.pairs:
            return 0
        verdict = self.pairs[0][0].verdict
        if verdict.get("capacity"):
            return 1
        timed = [limit for limit in verdict.get("limits") or () if limit.get("unit") == "ms" and limit.get("measured")]
        return max(1, len(timed))


def sentence(job: Job, judged: Judged) -> str:
    """The answer and why, in one sentence or two."""
    gave_up = job.given_up if judged.answer is Answer.UNKNOWN else ""
    ending = f" {gave_up[0].upper()}{gave_up[1:]}." if gave_up else ""
    return f"{judged.answer}: {judged.reason}.{ending}"


def document(job: Job, judged: Judged) -> dict[str, Any]:
    """All of it as JSON holds it."""
    return {
        "answer": str(judged.answer),
        "exit_code": int(EXIT[judged.answer]),
        "sentence": sentence(job, judged),
        "accepted": job.budget.accepted,
        "confidence": judged.confidence,
        "figures": [_row(finding) for finding in judged.findings],
        "pairs": [[run.name for run in pair] for pair in job.pairs],
        "not_counted": job.invalid,
    }


def _row(finding: Finding) -> dict[str, Any]:
    moved, control = finding.change, finding.control
    return {
        "name": finding.subject.name,
        "unit": finding.subject.unit,
        "answer": str(finding.answer),
        "decides": finding.decides,
        "a": moved.baseline,
        "b": moved.candidate,
        "ratio": moved.ratio,
        "interval": _interval(moved),
        "spread": moved.spread,
        "a_against_a": {"ratio": control.ratio, "interval": _interval(control)},
    }


def _interval(moved: Change) -> list[float] | None:
    return None if moved.low is None or moved.high is None else [moved.low, moved.high]


def head(judged: Judged) -> Sequence[str]:
    """The head of the table."""
    return ("", "A", "B", "change", f"{wording.percent_text(judged.confidence)} interval", "answer", "A against A")


def table(judged: Judged) -> list[Sequence[str]]:
    """A row for each figure."""
    return [
        (
            finding.subject.name,
            f"{three_digits(finding.change.baseline)} {finding.subject.unit}",
            f"{three_digits(finding.change.candidate)} {finding.subject.unit}",
            wording.change_text(finding.change.ratio),
            _words(finding.change),
            str(finding.answer) if finding.decides else f"({finding.answer})",
            wording.change_text(finding.control.ratio),
        )
        for finding in judged.findings
    ]


def _words(moved: Change) -> str:
    if moved.low is None or moved.high is None:
        return "too few pairs"
    return f"{wording.change_text(moved.low)} to {wording.change_text(moved.high)}"
