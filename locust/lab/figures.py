"""What a tally says in figures: the same ones in the verdict, the tables, the report and on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from lab import limits
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
    return None if figure is None or not isfinite(figure) else float(f"{figure:.{digits}g}")


@dataclass(frozen=True)
class Figures:
    """A tally in figures: times in ms and of successes only; None where there is nothing to tell a figure from."""

    seconds: int
    requests: int
    failed: int
    rps: float | None
    avg_ms: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None
    closed_p50_ms: float | None  # of open arrivals: what users who wait for every answer would have told
    closed_p95_ms: float | None
    closed_p99_ms: float | None


def figures(tally: Tally, seconds: int) -> dict[str, Any]:
    """The Figures of a tally of so many seconds, as a dictionary."""
    times = {
        f"{name}_ms": rounded(limits.measure(name, tally, seconds)) for name in ("avg", "p50", "p95", "p99", "max")
    }
    closed = Tally(tally.closed)
    times |= {f"closed_{name}_ms": limits.measure(name, closed, seconds) for name in ("p50", "p95", "p99")}
    rps = round(tally.requests / seconds, 3) if seconds else None
    return asdict(Figures(seconds=seconds, requests=tally.requests, failed=tally.failed, rps=rps, **times))


STEP_COLUMNS = ("step", "purpose", "users", "started", *(name.name for name in fields(Figures)), "kept")
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
"""What the service says of itself: sums over its replicas, and of what is a share of a limit the worst."""
SAMPLE_COLUMNS = ("time", "users", "step", "requests", "failed", "p50_ms", "p95_ms", "p99_ms", *SERVICE_COLUMNS)


def step_row(number: int, step: Step, seconds: int, endpoints: Mapping[str, Tally]) -> dict[str, Any]:
    """A step as a row of steps.csv, with what it has measured in so many seconds."""
    return {
        "step": number,
        "purpose": step.purpose,
        "users": step.users,
        "started": utc(step.started),
        **figures(together(endpoints.values()), seconds),
        "kept": None if step.kept is None else "yes" if step.kept else "no",
    }


def sample_row(second: int, users: int | None, step: int | None, endpoints: Mapping[str, Tally]) -> dict[str, Any]:
    """A second as a row of samples.csv."""
    whole = figures(together(endpoints.values()), 1)
    names = ("requests", "failed", "p50_ms", "p95_ms", "p99_ms")
    return {"time": utc(second), "users": users, "step": step, **{name: whole[name] for name in names}}


def utc(second: float) -> str:
    """The time of a second since the epoch, as 2026-01-02T03:04:05Z.

    >>> utc(0)
    '1970-01-01T00:00:00Z'
    """
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
