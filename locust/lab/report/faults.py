"""The panel of the faults that LAB_FAULT asked for: what was done, when the limits held again, and what users saw."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from lab.report.charts import DASH, text
from lab.report.tables import Cell
from lab.results.record import Fields, Record, number

COLUMNS = (
    ("Fault", "code"),
    ("Done, UTC", "figure"),
    ("Failed", "figure"),
    ("Writes lost", "figure"),
    ("No answer", "figure"),
    ("Slowest", "figure"),
    ("Limits held again after", "figure"),
    ("What users saw", "wide"),
)


def panel(record: Record) -> dict[str, Any] | None:
    """The contents of the panel; None where nothing was asked for."""
    return {"columns": COLUMNS, "rows": [_row(fault) for fault in record.faults]} if record.faults else None


def marks(record: Record) -> Iterator[tuple[str, str, str]]:
    """Each fault that was done, for a chart: its verb, when it was done, and when the limits held again."""
    for fault in record.faults:
        done, over, until = (str(fault.get(name) or "") for name in ("done", "over", "until"))
        recovery = number(fault.get("recovery_seconds"))
        if not done or not over:
            continue
        end = until if recovery is None else _later(over, recovery)
        yield str(fault.get("verb") or ""), done, max(end, _later(done, 1))


def _later(time: str, seconds: float) -> str:
    return (datetime.fromisoformat(time) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _row(fault: Fields) -> list[Cell]:
    lost, silent = number(fault.get("lost")), number(fault.get("silent_seconds"))
    return [
        (str(fault.get("text") or ""), "code"),
        (str(fault.get("done") or "")[11:19] or "not done", "figure" if fault.get("done") else "figure bad"),
        (_failed(fault), "figure"),
        (DASH if lost is None else f"{lost:,.0f}", "figure bad" if lost else "figure"),
        (text(silent, "s"), "figure"),
        (text(number(fault.get("slowest_ms")), "ms"), "figure"),
        (_recovery(fault), "figure bad" if fault.get("recovered") is False else "figure"),
        (_seen(fault), "prose"),
    ]


def _failed(fault: Fields) -> str:
    failed, requests = number(fault.get("failed")), number(fault.get("requests"))
    return DASH if failed is None or requests is None else f"{failed:,.0f} of {requests:,.0f}"


def _recovery(fault: Fields) -> str:
    if fault.get("recovered") is None:
        return DASH
    return text(number(fault.get("recovery_seconds")), "s") if fault["recovered"] else "not"


def _seen(fault: Fields) -> str:
    """What went wrong, the most frequent failures first."""
    if problem := fault.get("problem"):
        return str(problem)
    failures: Fields = fault.get("failures") or {}
    return ", ".join(f"{count} times {message}" for message, count in list(failures.items())[:3]) or str(
        fault.get("broke") or "nothing"
    )
