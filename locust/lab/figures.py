"""The figures of a tally: the same in the verdict, the tables, the report and on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any, TypedDict

from lab import limits
from lab.counts import histogram
from lab.counts.timeline import Step, Tally, together


def three_digits(figure: float) -> str:
    """The figure to three significant digits, never in powers of ten.

    >>> three_digits(0.012345), three_digits(456.7), three_digits(12345.6), three_digits(4.0)
    ('0.0123', '457', '12300', '4')
    """
    rounded = float(f"{figure:.3g}")
    return f"{rounded:.10f}".rstrip("0").rstrip(".")


def rounded(figure: float | None, digits: int = 4) -> float | None:
    """The figure to so many significant digits; None where there is none, or no finite one.

    >>> rounded(0.0123456), rounded(456789.0), rounded(float("inf")), rounded(None)
    (0.01235, 456800.0, None, None)
    """
    return None if figure is None or not isfinite(figure) else significant(figure, digits)


def significant(figure: float, digits: int = 4) -> float:
    """The finite figure to so many significant digits."""
    return float(f"{figure:.{digits}g}")


class Figures(TypedDict):
    """A tally in figures: times in ms and of successes only; None where there is nothing to take a figure from."""

    seconds: int
    requests: int
    failed: int
    rps: float | None
    avg_ms: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None
    closed_p50_ms: float | None  # of open arrivals: as users that wait for every answer would measure
    closed_p95_ms: float | None
    closed_p99_ms: float | None


def figures(tally: Tally, seconds: int) -> Figures:
    """The figures of a tally of so many seconds."""

    def time(name: str) -> float | None:
        return rounded(limits.measure(name, tally, seconds))

    def closed(percent: float) -> float | None:
        return histogram.percentile(tally.closed, percent)

    return Figures(
        seconds=seconds,
        requests=tally.requests,
        failed=tally.failed,
        rps=round(tally.requests / seconds, 3) if seconds else None,
        avg_ms=time("avg"),
        p50_ms=time("p50"),
        p95_ms=time("p95"),
        p99_ms=time("p99"),
        max_ms=time("max"),
        closed_p50_ms=closed(50),
        closed_p95_ms=closed(95),
        closed_p99_ms=closed(99),
    )


class JourneyRow(TypedDict):
    """A journey in figures: how often it was made in so many seconds, how often it failed, and the other times (ms)."""

    seconds: int
    count: int
    failed: int
    per_second: float | None
    avg_ms: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None
    failures: dict[str, int]


class MeasureRow(TypedDict):
    """A figure of the scenario's own, as it was taken so many times."""

    count: int
    avg: float | None
    p5: float | None
    p50: float | None
    p95: float | None
    p99: float | None
    max: float | None


def journey_row(tally: Tally, seconds: int) -> JourneyRow:
    """The figures of a journey of so many seconds."""
    whole = figures(tally, seconds)
    return JourneyRow(
        seconds=seconds,
        count=whole["requests"],
        failed=whole["failed"],
        per_second=whole["rps"],
        avg_ms=whole["avg_ms"],
        p50_ms=whole["p50_ms"],
        p95_ms=whole["p95_ms"],
        p99_ms=whole["p99_ms"],
        max_ms=whole["max_ms"],
        failures=dict(sorted(tally.failures.items(), key=lambda item: -item[1])),
    )


def measure_row(tally: Tally) -> MeasureRow:
    """The figures of a measure."""

    def figure(name: str) -> float | None:
        return rounded(limits.measure(name, tally, 0))

    return MeasureRow(
        count=tally.successes,
        avg=figure("avg"),
        p5=figure("p5"),
        p50=figure("p50"),
        p95=figure("p95"),
        p99=figure("p99"),
        max=figure("max"),
    )


STEP_COLUMNS = ("step", "purpose", "users", "started", *Figures.__annotations__, "kept")
SERVICE_COLUMNS = (
    "replicas",
    "served",
    "in_flight",
    "cpu_cores",
    "cpu_used",
    "throttled",
    "memory_bytes",
    "memory_used",
)
"""What the service reports of itself: sums over its replicas, but the worst of what is a share of a limit."""
SAMPLE_COLUMNS = ("time", "users", "step", "requests", "failed", "p50_ms", "p95_ms", "p99_ms", *SERVICE_COLUMNS)


def step_row(step: Step, seconds: int, endpoints: Mapping[str, Tally]) -> dict[str, Any]:
    """A step as a row of steps.csv, with what it has measured in so many seconds."""
    return {
        "step": step.number,
        "purpose": step.purpose,
        "users": step.users,
        "started": utc(step.started),
        **figures(together(endpoints.values()), seconds),
        "kept": None if step.kept is None else "yes" if step.kept else "no",
    }


def sample_row(second: int, users: int | None, step: int | None, endpoints: Mapping[str, Tally]) -> dict[str, Any]:
    """A second as a row of samples.csv."""
    whole = figures(together(endpoints.values()), 1)
    shown = {name: figure for name, figure in whole.items() if name in SAMPLE_COLUMNS}
    return {"time": utc(second), "users": users, "step": step, **shown}


def utc(second: float) -> str:
    """The time of a second since the epoch, as 2026-01-02T03:04:05Z.

    >>> utc(0)
    '1970-01-01T00:00:00Z'
    """
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
