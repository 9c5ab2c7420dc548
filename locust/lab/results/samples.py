"""The seconds of a run for showing: all of them, or, where there are more than any chart could show, merged ones.

Days are read in passing: what is kept of them is as much as of hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from math import isfinite
from pathlib import Path
from typing import Any

from lab.results import files

MOST_READ = 7200
"""Seconds that are kept as they are; of more, as many merged ones at most."""


@dataclass(frozen=True)
class Sample:
    """A row of samples.csv: one second, or several that are shown as one, with the worst percentiles among them."""

    time: str
    load: float | None
    step: int | None
    requests: float | None  # a second
    failed: float | None  # a second
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    seconds: int = 1


def samples(rows: Iterable[Mapping[str, Any]]) -> Iterator[Sample]:
    """The rows of samples.csv, one after the other."""
    for row in rows:
        yield Sample(
            time=str(row.get("time") or ""),
            load=number(row.get("users")),
            seconds=1,
            step=None if (step := number(row.get("step"))) is None else int(step),
            **{name: number(row.get(name)) for name in ("requests", "failed", "p50_ms", "p95_ms", "p99_ms")},
        )


def read(path: Path) -> list[Sample]:
    """The samples of a file, merged where they are very many; none where it cannot be read."""
    every = -(-_count(path) // MOST_READ)
    return list(_merged(samples(files.read_rows(path)), max(1, every)))


def read_replicas(path: Path) -> list[dict[str, str]]:
    """The rows of replicas.csv: of all seconds, or of every so many where they are very many."""
    seconds = groupby(files.read_rows(path), key=lambda row: row.get("time"))
    every = max(1, -(-_count(path) // MOST_READ))
    return [row for at, (_, rows) in enumerate(seconds) if at % every == 0 for row in rows]


def thin(whole: Sequence[Sample], most: int) -> tuple[Sequence[Sample], int]:
    """At most so many samples, and how many seconds each stands for: its mean rates and its worst percentiles."""
    every = -(-len(whole) // most) or 1
    thinned = list(_merged(iter(whole), every))
    return thinned, max((sample.seconds for sample in thinned), default=1)


def _merged(whole: Iterator[Sample], every: int) -> Iterator[Sample]:
    while some := list(islice(whole, every)):
        yield _merge(some) if every > 1 else some[0]


def _merge(some: Sequence[Sample]) -> Sample:
    def known(name: str) -> list[float]:
        return [figure for sample in some if (figure := getattr(sample, name)) is not None]

    def mean(name: str) -> float | None:
        return sum(figures) / len(figures) if (figures := known(name)) else None

    first = some[0]
    worst = {name: max(known(name), default=None) for name in ("p50_ms", "p95_ms", "p99_ms")}
    seconds = sum(sample.seconds for sample in some)
    load = max(known("load"), default=None)
    return Sample(first.time, load, first.step, mean("requests"), mean("failed"), **worst, seconds=seconds)


def _count(path: Path) -> int:
    """How many rows the file has below its head."""
    try:
        with files.open_old(path) as file:
            return sum(1 for _ in file) - 1
    except (OSError, ValueError):
        return 0


def number(value: Any) -> float | None:
    """The value as a finite figure; None for all else, such as the empty cell of a CSV file."""
    try:
        figure = float(value)
    except (TypeError, ValueError):
        return None
    return figure if isfinite(figure) else None
