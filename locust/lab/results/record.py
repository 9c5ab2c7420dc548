"""A run as plain data: what a folder under results/ holds, and what the master says of a run that goes on.

Both have the same shape, so whatever shows a run (lab/report, lab/pages) shows either. A part that is missing or damaged
is empty: a report must come out of half a folder too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab import limits
from lab.arrivals.schedule import CLOSED, OPEN
from lab.exchanges import exchange
from lab.results import steps_file
from lab.counts.endpoints import find
from lab.counts import timeline
from lab.results import files, samples
from lab.results.samples import Sample, number
from lab.counts.timeline import Tally, together

Fields = Mapping[str, Any]
"""Named values, as a file holds them: a JSON object or a row of a table."""
__all__ = ["Fields", "Record", "RecordedStep", "Sample", "TimeLimit", "from_folder", "from_snapshot", "number"]


@dataclass(frozen=True)
class RecordedStep:
    """A row of steps.csv. `limit_ms` is what was measured for the record's time limit."""

    number: int
    purpose: str
    load: float
    started: str | None
    seconds: float | None
    requests: int
    failed: int
    rps: float | None
    avg_ms: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None
    kept: bool | None
    limit_ms: float | None = None


@dataclass(frozen=True)
class TimeLimit:
    """The first limit on a response time, which the charts hold the curve against."""

    text: str
    measure: str
    endpoint: str | None
    bound_ms: float


@dataclass(frozen=True)
class Record:
    """All there is to show of a run."""

    plan: str = ""
    target: str = ""
    started: str = ""
    arrivals: str = CLOSED
    time_limit: TimeLimit | None = None
    steps: Sequence[RecordedStep] = ()
    samples: Sequence[Sample] = ()
    replicas: Sequence[Fields] = ()  # rows of replicas.csv
    progress: Fields | None = None
    verdict: Fields | None = None
    environment: Fields = field(default_factory=dict)
    generator: Fields | None = None
    faults: Sequence[Fields] = ()  # rows of verdict.json
    exchanges: Sequence[Fields] = ()  # of exchanges.json

    def found(self, part: str) -> Fields:
        """The verdict's capacity or breach; nothing where there is none, or where an INVALID run cannot have one."""
        verdict = self.verdict or {}
        return {} if verdict.get("verdict") == "INVALID" else verdict.get(part) or {}

    @property
    def load_unit(self) -> str:
        """What the load is counted in."""
        return "arrivals/s" if self.arrivals == OPEN else "users"


def from_snapshot(snapshot: Fields) -> Record:
    """The record of a run that goes on, or has ended, from the master's snapshot of it."""
    verdict = snapshot.get("verdict") or None
    limit = _time_limit(snapshot.get("limits") or ())
    return Record(
        **_head(snapshot, verdict or {}),
        time_limit=limit,
        steps=_steps(snapshot.get("steps") or (), limit, ()),
        samples=list(samples.samples(snapshot.get("samples") or ())),
        replicas=list(snapshot.get("replicas") or ()),
        progress=snapshot.get("progress") or None,
        verdict=verdict,
        generator=snapshot.get("generator") or (verdict or {}).get("generator"),
        faults=(verdict or snapshot).get("faults") or (),
        exchanges=_exchanges(snapshot),
    )


def from_folder(folder: Path) -> Record:
    """The record of a run from its folder, as far as its files can be read."""
    verdict = _json(folder / "verdict.json")
    limit = _time_limit(verdict.get("limits") or ())
    counts = _counted(_json(folder / steps_file.FILE))
    return Record(
        **_head(verdict, verdict),
        time_limit=limit,
        steps=_steps(files.read_rows(folder / "steps.csv"), limit, counts),
        samples=samples.read(folder / "samples.csv"),
        replicas=samples.read_replicas(folder / "replicas.csv"),
        verdict=verdict or None,
        generator=verdict.get("generator") or None,
        faults=verdict.get("faults") or (),
        exchanges=_exchanges(_json(folder / exchange.FILE)),
        environment=_json(folder / "environment.json"),
    )


def _head(run: Fields, verdict: Fields) -> dict[str, Any]:
    """What a run is; how users arrive may stand in its verdict alone."""
    head = {name: str(run.get(name) or "") for name in ("plan", "target", "started")}
    return {**head, "arrivals": str(run.get("arrivals") or verdict.get("arrivals") or CLOSED)}


def _time_limit(rows: Iterable[Fields]) -> TimeLimit | None:
    for row in rows:
        bound, text = number(row.get("bound")), str(row.get("text") or "")
        if row.get("unit") == "ms" and bound is not None:
            return TimeLimit(text, _measure(row, text), row.get("endpoint"), bound)
    return None


def _measure(row: Fields, text: str) -> str:
    if "measure" in row:
        return str(row["measure"])
    try:  # folders of earlier versions have the limit's text alone
        return limits.parse(text)[0].measure
    except limits.LimitError:
        return ""


def _key(text: str) -> str:
    """Under which name the limit's figure is kept; empty where the text is no limit."""
    try:
        return limits.parse(text)[0].key
    except limits.LimitError:
        return ""


def _counted(document: Fields) -> list[timeline.Step]:
    try:
        return steps_file.steps(document)
    except (LookupError, TypeError, ValueError, AttributeError):
        return []


def _steps(rows: Iterable[Fields], limit: TimeLimit | None, counts: Sequence[timeline.Step]) -> list[RecordedStep]:
    return [_step(row, at, limit, counts[at] if at < len(counts) else None) for at, row in enumerate(rows)]


def _step(row: Fields, at: int, limit: TimeLimit | None, counts: timeline.Step | None) -> RecordedStep:
    known = {
        name: number(row.get(name)) for name in ("seconds", "rps", "avg_ms", "p50_ms", "p95_ms", "p99_ms", "max_ms")
    }
    return RecordedStep(
        number=int(number(row.get("step")) or at + 1),
        purpose=str(row.get("purpose") or ""),
        load=number(row.get("users")) or 0.0,
        started=str(row.get("started") or "") or None,
        requests=int(number(row.get("requests")) or 0),
        failed=int(number(row.get("failed")) or 0),
        kept={"yes": True, "no": False}.get(str(row.get("kept"))),
        limit_ms=_limit_ms(limit, counts, known),
        **known,
    )


def _limit_ms(limit: TimeLimit | None, counts: timeline.Step | None, row: Fields) -> float | None:
    """What a step measured for the limit: from its counts, or else from its row where that has such a figure."""
    if limit is None:
        return number(row.get("p95_ms"))
    if counts and (key := _key(limit.text)) in counts.windows:
        return counts.windows[key]
    if counts and counts.endpoints:
        whole, name = together(counts.endpoints.values()), limit.endpoint
        tally = whole if name is None else find(name, counts.endpoints) or Tally()
        return limits.measure(limit.measure, tally, counts.seconds) if limit.measure else None
    return number(row.get(f"{limit.measure}_ms")) if limit.endpoint is None else None


def _exchanges(document: Fields) -> list[Fields]:
    rows = document.get("exchanges")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _json(path: Path) -> Fields:
    try:
        document = json.loads(files.read_text(path))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
