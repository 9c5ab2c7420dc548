"""The tables of a run, as finished text: steps, limits, endpoints, failures, environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lab.arrivals.schedule import OPEN
from lab.figures import rounded
from lab.report.charts import DASH, text
from lab.results.record import Fields, Record, RecordedStep, number
from lab.wording import utc_text

Cell = tuple[str, str]
"""A text and its CSS class: "" plain, "figure" right-aligned, "good", "bad", "code" or "prose"."""


def steps(record: Record) -> list[list[Cell]]:
    """The table of steps."""
    return [
        [
            (str(step.number), "figure"),
            (step.purpose or DASH, ""),
            (text(step.load), "figure"),
            (utc_text(step.started or DASH).partition(" ")[2].removesuffix(" UTC") or DASH, "figure"),
            *((text(figure), "figure") for figure in (step.seconds,)),
            (f"{step.requests:,}", "figure"),
            (f"{step.failed:,}", "figure"),
            *((text(figure), "figure") for figure in (step.rps, step.p50_ms, step.p95_ms, step.p99_ms, step.max_ms)),
            _kept(step.kept),
        ]
        for step in record.steps
    ]


def _kept(kept: bool | None) -> Cell:
    return (DASH, "") if kept is None else ("✓ kept", "good") if kept else ("✗ broken", "bad")


def step_columns(record: Record) -> list[Cell]:
    """The column heads of the table of steps."""
    words = ("Step", "Purpose", record.load_unit.capitalize(), "From, UTC", "Seconds", "Requests", "Failed", "req/s")
    times = ("p50, ms", "p95, ms", "p99, ms", "max, ms")
    return [(word, "" if word == "Purpose" else "figure") for word in (*words, *times)] + [("Limits", "")]


def where(record: Record) -> str:
    """The load at which limits and endpoints of a search are shown; empty for other plans."""
    verdict = record.verdict or {}
    load = (verdict.get("capacity") or verdict.get("breach") or {}).get("users")
    return "" if load is None else f"at {text(number(load), record.load_unit)}"


def limits(record: Record) -> list[dict[str, Any]]:
    """Each limit with what was measured for it, and how much of it was used."""
    found = []
    for row in (record.verdict or {}).get("limits") or ():
        measured, bound, unit = number(row.get("measured")), number(row.get("bound")), str(row.get("unit") or "")
        share = None if measured is None or not bound else measured / bound
        shown = text(measured * 100, "%") if unit == "ratio" and measured is not None else text(measured, unit)
        used = {"share": DASH if share is None else f"{text(share * 100)} %", "bar": round(min(share or 0, 1) * 100, 1)}
        found.append({"text": str(row.get("text") or ""), "measured": shown, "kept": _kept(row.get("kept")), **used})
    return found


_ENDPOINT_FIGURES = {
    "rps": "req/s",
    "avg_ms": "avg, ms",
    "p50_ms": "p50, ms",
    "p95_ms": "p95, ms",
    "p99_ms": "p99, ms",
    "max_ms": "max, ms",
}


def endpoint_columns(record: Record) -> list[Cell]:
    """The column heads of the table of endpoints."""
    words = ("Requests", "Failed", *_endpoint_figures(record).values())
    return [("Endpoint", ""), *((word, "figure") for word in words)]


def _endpoint_figures(record: Record) -> dict[str, str]:
    closed = {"closed_p95_ms": "closed-loop p95, ms"} if record.arrivals == OPEN else {}
    return {**_ENDPOINT_FIGURES, **closed}


def endpoints(record: Record) -> list[list[Cell]]:
    """The answers of each endpoint."""
    rows: Mapping[str, Fields] = (record.verdict or {}).get("endpoints") or {}
    names = _endpoint_figures(record)
    return [
        [
            (endpoint, "code"),
            *((f"{int(number(row.get(name)) or 0):,}", "figure") for name in ("requests", "failed")),
            *((text(number(row.get(name))), "figure") for name in names),
        ]
        for endpoint, row in rows.items()
    ]


def failures(record: Record) -> list[list[Cell]]:
    """The failures by message, the most frequent first, with their share of all failures; exceptions are failures."""
    verdict = record.verdict or {}
    exceptions = {f"exception in {place}": count for place, count in (verdict.get("exceptions") or {}).items()}
    counts = {
        str(message): number(count) or 0 for message, count in {**(verdict.get("failures") or {}), **exceptions}.items()
    }
    whole = sum(counts.values()) or 1
    return [
        [(f"{int(count):,}", "figure"), (f"{text(count / whole * 100)} %", "figure"), (message, "code")]
        for message, count in sorted(counts.items(), key=lambda item: -item[1])
    ]


def environment(record: Record) -> list[tuple[str, str]]:
    """The environment of the run: (name, value)."""
    document = record.environment
    machine: Fields = document.get("machine") or {}
    scenario: Fields = document.get("scenario") or {}
    rows = [
        ("Scenario", " ".join(map(str, scenario.values())) or None),
        ("System", machine.get("system")),
        ("CPUs", machine.get("cpus")),
        ("CPU", machine.get("cpu_model")),
        ("Python", document.get("python")),
        *((document.get("packages") or {}).items()),
    ]
    workers: Sequence[Fields] = document.get("workers") or ()
    rows += [(f"Worker {at}", f"{worker.get('id')}, {worker.get('state')}") for at, worker in enumerate(workers, 1)]
    return [(str(name), str(value)) for name, value in rows if value is not None]


def step_table(record: Record) -> list[dict[str, Any]]:
    """The steps for Locust's own table: rounded figures, sorted by `name`."""
    return [_table_row(step) for step in record.steps]


def _table_row(step: RecordedStep) -> dict[str, Any]:
    figures = ("seconds", "rps", "p50_ms", "p95_ms", "p99_ms", "max_ms")
    shown = {name: rounded(getattr(step, name), digits=3) for name in figures}
    return {
        "name": step.number,
        "purpose": step.purpose,
        "users": step.load,
        "requests": step.requests,
        "failed": step.failed,
        **shown,
        "kept": {True: "yes", False: "no"}.get(step.kept, "") if step.kept is not None else "",
    }
