"""Runs that were made alike, and when their figures changed, as finished text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lab.figures import three_digits
from lab.history.changes import FEWEST_RUNS, Course
from lab.wording import change_text


def rows(courses: Iterable[Course]) -> list[dict[str, Any]]:
    """What the page of changes and `lab runs --changes` say of each course; `said` where nothing changed."""
    return [_row(course) for course in courses]


def _row(course: Course) -> dict[str, Any]:
    runs, record = course.runs, course.runs[-1].record
    changes = [
        {
            "figure": subject.name,
            "unit": subject.unit,
            "before": three_digits(moved.baseline),
            "after": three_digits(moved.candidate),
            "change": change_text(moved.ratio),
            "interval": f"{change_text(moved.low)} to {change_text(moved.high)}",
            "since": runs[shift.at].name,
        }
        for subject, shifts in course.shifts.items()
        for shift in shifts
        if (moved := shift.moved).low and moved.high
    ]
    too_few = f"too few: a change shows from {2 * FEWEST_RUNS} runs on" if len(runs) < 2 * FEWEST_RUNS else ""
    return {
        "title": f"{record.plan} of {record.target}",
        "count": "1 run" if len(runs) == 1 else f"{len(runs)} runs",
        "first": runs[0].name,
        "last": runs[-1].name,
        "rows": changes,
        "said": too_few or "no change that is surer than chance",
    }
