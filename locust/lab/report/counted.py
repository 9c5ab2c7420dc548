"""What the steps of a run counted, read from steps.json: any figure of any step can be told from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
