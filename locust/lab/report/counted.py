"""What the steps of a run counted, read from steps.json: any figure of any step can be told from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lab import limits
from lab.figures import figures
from lab.timeline import Tally

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Counted:
    """A step: its load, why it was run, for how long it measured, and what it counted."""

    load: float
    purpose: str
    seconds: float
    endpoints: Mapping[str, Tally]


def steps(document: Row) -> list[Counted]:
    """The steps of steps.json; none where it cannot be read."""
    try:
        return [
            Counted(step["users"], step["purpose"], step["seconds"], _tallies(step["endpoints"]))
            for step in document.get("steps", ())
        ]
    except (LookupError, TypeError, ValueError, AttributeError):
        return []


def at_capacity(verdict: Row, counted: Sequence[Counted]) -> Row | None:
    """The verdict's limits and endpoints, as the longest step at its capacity had them, or else at its breach.

    None where there is no such step.
    """
    load = (verdict.get("capacity") or verdict.get("breach") or {}).get("users")
    at_load = [step for step in counted if step.load == load and step.purpose != "repeat"]
    if not at_load:
        return None
    step = max(at_load, key=lambda step: step.seconds)
    found = []
    for row in verdict.get("limits") or ():
        try:
            (finding,) = limits.judge(limits.parse(str(row.get("text"))), step.endpoints, step.seconds)
        except (limits.LimitError, ValueError):
            continue
        found.append({**row, "measured": finding.measured, "kept": finding.kept})
    endpoints = {name: figures(tally, round(step.seconds)) for name, tally in step.endpoints.items()}
    return {"load": load, "limits": found, "endpoints": endpoints}


def _tallies(endpoints: Mapping[str, Row]) -> dict[str, Tally]:
    return {
        endpoint: Tally(
            {float(time): count for time, count in part["times"].items()},
            dict(part["failures"]),
            part["sum_ms"],
            part["max_ms"],
        )
        for endpoint, part in endpoints.items()
    }
