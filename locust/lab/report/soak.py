"""The panel of the soak: failures, the figures from them, and drift, as finished text."""

from __future__ import annotations

from typing import Any

from lab.figures import three_digits
from lab.report.charts import DASH
from lab.report.tables import Cell
from lab.results.record import Fields, Record
from lab.wording import availability_text, estimate_text, utc_text

_NAMES = {
    "mtbf_seconds": "MTBF, from one failure to the next",
    "mttf_seconds": "MTTF, from repair to failure",
    "mttr_seconds": "MTTR, from failure to repair",
}


def panel(record: Record) -> dict[str, Any] | None:
    """The rule, and the rows of three tables: figures, failures, drift. None where the run was no soak."""
    part: Fields = (record.verdict or {}).get("soak") or {}
    if not part:
        return None
    return {
        "rule": part["rule"],
        "figures": [_figure(name, part[key], estimate_text) for key, name in _NAMES.items()]
        + [_figure("Available", part["availability"], availability_text)],
        "failures": [_failure(row) for row in part["failures"]],
        "more": part["count"] - len(part["failures"]),
        "drift": [_drift(row) for row in part["drift"]],
    }


def _figure(name: str, estimate: Fields, words: Any) -> list[Cell]:
    low, high = (DASH if end is None else words(end) for end in estimate["interval"])
    value = DASH if estimate["value"] is None else words(estimate["value"])
    interval = f"{low} to {high}" if high != DASH else f"{low} or more" if low != DASH else DASH
    return [(name, ""), (value, "figure"), (interval, "figure")]


def _failure(row: Fields) -> list[Cell]:
    lasted = "goes on" if row["seconds"] is None else estimate_text(row["seconds"])
    return [(utc_text(row["from"]), "figure"), (lasted, "figure"), (row["cause"], "wide")]


def _drift(row: Fields) -> list[Cell]:
    low, high = (three_digits(end) for end in row["per_hour_interval"])
    until = (
        ""
        if row["hours_to_bound"] is None
        else f", {three_digits(row['bound'])} {row['unit']} in {estimate_text(row['hours_to_bound'] * 3600)}"
    )
    return [
        (f"{row['name']}{', ' if row['unit'] else ''}{row['unit']}", ""),
        (three_digits(row["from"]), "figure"),
        (three_digits(row["to"]), "figure"),
        (three_digits(row["per_hour"]), "figure"),
        (f"{low} to {high}", "figure"),
        (f"✗ drifts{until}", "bad") if row["drifts"] else ("✓ level", "good"),
    ]
