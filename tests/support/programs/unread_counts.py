"""Drains a worker's vitals after each of the readings that are given of how long it waited: prints what was drained."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from lab.generator import vitals

readings: Iterator[float] = iter(json.loads(sys.argv[1]))
now = 100.0


def monotonic() -> float:
    """A second later with each call."""
    global now  # noqa: PLW0603 - a clock
    now += 1.0
    return now


def waited(schedstat: Path = Path()) -> float:
    """The next reading."""
    return next(readings)


vitals.waited_seconds = waited
watched = vitals.Vitals(users=lambda: 1, monotonic=monotonic)
print(json.dumps([watched.drain() for _ in range(3)]))
