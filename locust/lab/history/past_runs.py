"""Past runs: which ones results/ holds, and the figures of each for comparisons."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path

from lab import settings
from lab.arrivals.schedule import OPEN
from lab.history import costs
from lab.history.comparison import RunFigure, Subject
from lab.plans.search import Purpose
from lab.plans.stages import CAPACITY
from lab.results import files
from lab.results import record as records
from lab.results.record import Fields, Record, RecordedStep, number

_RUN = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ-(?!scaling|ab(?:-|$))[a-z]+(-\d+)?")
_NO_MATTER = {
    *("LAB_PLAN", "LAB_LIMITS", "LAB_ARRIVALS"),  # the verdict holds them
    *("LAB_PEAK_USERS", "LAB_PEAK_RPS", "LAB_RUN_TIME"),  # the actual loads and times are compared
    "LAB_SCENARIO",  # where it lies; what it is, is compared
    *("LAB_RESULTS", "LAB_ALLOWED_HOSTS", "LAB_NEIGHBOURS", "LAB_HEADERS"),
    *("LAB_TARGET_WAIT", "LAB_WORKERS_WAIT", "LAB_WORKERS_SETTLE"),
    *("LAB_STOP", "LAB_NOTIFY", "LAB_VERDICT_FILE", "LAB_RESULTS_STORE", "LAB_VERBOSE"),
}
"""Knobs that may differ between runs that are compared. Of Locust's own, none matters beyond the loads."""


class HistoryError(ValueError):
    """A folder without a run that can be compared; the message says why."""


def names(results: Path) -> list[str]:
    """The folders of the runs in results/, the newest first."""
    try:
        found = (path for path in results.iterdir() if _RUN.fullmatch(path.name) and not path.is_symlink())
        return sorted((path.name for path in found), reverse=True)
    except OSError:
        return []


class Verdicts:
    """The verdict.json of every run, read again only when it has changed."""

    def __init__(self, results: Path) -> None:
        self._results = results
        self._kept: dict[str, tuple[int, Fields]] = {}

    def newest(self, most: int) -> list[tuple[str, Fields]]:
        """At most so many of the newest runs, by name; an empty verdict where there is none."""
        self._kept = {name: self._read(name) for name in names(self._results)[:most]}
        return [(name, verdict) for name, (_, verdict) in self._kept.items()]

    def _read(self, name: str) -> tuple[int, Fields]:
        path = self._results / name / "verdict.json"
        try:
            changed = path.stat().st_mtime_ns
            if name in self._kept and self._kept[name][0] == changed:
                return self._kept[name]
            verdict = json.loads(files.read_text(path))
        except (OSError, ValueError):
            return 0, {}
        return changed, verdict if isinstance(verdict, dict) else {}


@dataclass(frozen=True)
class Past:
    """A run that ended, for comparing: its folder's name and its record."""

    name: str
    record: Record

    @property
    def verdict(self) -> Fields:
        return self.record.verdict or {}

    @property
    def is_broken_from_the_start(self) -> bool:
        """Whether it searched for a capacity, and no load kept the limits."""
        return self.record.plan == CAPACITY and not self.verdict.get("capacity")

    def figures(self) -> dict[Subject, RunFigure]:
        """What it measured; a comparison is judged by the first figure."""
        if self.record.plan == CAPACITY:
            return {**capacity, **costs.of(self.verdict)} if (capacity := _of_capacity(self.verdict)) else {}
        return {**_of_held_load(self.verdict), **costs.of(self.verdict)}


def ended_since(results: Path, before: Collection[str]) -> Path | None:
    """The folder of the newest run that is not among these names and has a verdict; None where there is none."""
    ended = (results / name for name in names(results) if name not in before)
    return next((folder for folder in ended if (folder / "verdict.json").is_file()), None)


def read(folder: Path) -> Past:
    """The run in the folder. Raises HistoryError where it has none with figures to be believed."""
    record = records.from_folder(folder)
    verdict = record.verdict
    if verdict is None:
        raise HistoryError(f"{folder} has no verdict.json that can be read")
    if verdict.get("verdict") == "INVALID":
        raise HistoryError(f"{folder.name} is INVALID")
    if not verdict.get("complete"):
        raise HistoryError(f"{folder.name} was cut short")
    return Past(folder.resolve().name, record)


def together(runs: Sequence[Past]) -> dict[Subject, list[RunFigure]]:
    """The figures that all runs have, each in the order of the runs; the first one decides.

    At its capacity each run has another load, so response times of searches are compared at the highest load that all
    of them held.
    """
    if not runs:
        return {}
    tables = [run.figures() for run in runs]
    loads = [_held(run.record.steps) for run in runs]
    if common := set.intersection(*(set(held) for held in loads)):
        unit = runs[0].record.load_unit
        for table, held in zip(tables, loads, strict=True):
            table.update(_times(held[max(common)], f" at {max(common):g} {unit}"))
    shared = [subject for subject in tables[0] if all(subject in table for table in tables)]
    return {subject: [table[subject] for table in tables] for subject in shared}


def _held(steps: Iterable[RecordedStep]) -> dict[float, RecordedStep]:
    """For each load of a search that kept the limits, the longest step."""
    found: dict[float, RecordedStep] = {}
    for step in steps:
        if (
            step.kept
            and step.purpose != Purpose.REPEAT
            and (step.seconds or 0) >= (found.get(step.load, step).seconds or 0)
        ):
            found[step.load] = step
    return found


def _times(row: RecordedStep, where: str) -> dict[Subject, RunFigure]:
    figures = {"p50": row.p50_ms, "p95": row.p95_ms, "p99": row.p99_ms}
    return {
        Subject(f"{name}{where}", "ms", less_is_better=True): RunFigure(figure)
        for name, figure in figures.items()
        if figure
    }


def _of_capacity(verdict: Fields) -> dict[Subject, RunFigure]:
    part = verdict.get("capacity") or {}
    rps, users = number(part.get("rps")), number(part.get("users"))
    if not rps or not users:
        return {}
    low, high = part["rps_interval"]
    unsure = log(high / low) / (2 * 1.96) if low > 0 else 1.0
    at_least = not part.get("reached")
    load = "arrivals/s" if verdict.get("arrivals") == OPEN else "users"
    return {
        Subject("capacity", "req/s"): RunFigure(rps, unsure, at_least),
        Subject("load at the capacity", load): RunFigure(users, unsure, at_least),
    }


def _of_held_load(verdict: Fields) -> dict[Subject, RunFigure]:
    found: dict[Subject, RunFigure] = {}
    for limit in verdict.get("limits") or ():
        if limit.get("unit") == "ms" and limit.get("measured"):
            name = re.sub(r"\s*<=?\s*\S+", "", limit["text"])  # without the bound: "p95", or "p95 in 10s"
            found[Subject(name, "ms", less_is_better=True)] = RunFigure(limit["measured"])
    measured: Fields = verdict.get("measured") or {}
    for name in ("p50", "p95", "p99"):
        if figure := number(measured.get(f"{name}_ms")):
            found.setdefault(Subject(name, "ms", less_is_better=True), RunFigure(figure))
    if figure := number(measured.get("rps")):
        found[Subject("throughput", "req/s")] = RunFigure(figure)
    return found


@dataclass(frozen=True)
class Difference:
    """Something that was not the same in all runs: its name, its values, and whether it matters.

    What matters makes figures incomparable; the rest, such as a version, may be the very subject of the comparison.
    """

    name: str
    values: Sequence[str]
    matters: bool


def differences(runs: Sequence[Past]) -> list[Difference]:
    """All known differences between these runs."""
    found = []
    for matters, facts_of in ((True, conditions), (False, _remarks)):
        tables = [facts_of(run) for run in runs]
        for name in dict.fromkeys(name for table in tables for name in table):
            values = [table.get(name, "unknown") for table in tables]
            if len(set(values)) > 1:
                found.append(Difference(name, list(dict.fromkeys(values)), matters))
    return found


def conditions(run: Past) -> dict[str, str]:
    """What must be the same for figures to be comparable."""
    record = run.record
    machine: Fields = record.environment.get("machine") or {}
    return {
        "plan": record.plan,
        "scenario": _scenario(record),
        "target": record.target,
        "limits": " ".join(sorted(str(limit.get("text")) for limit in run.verdict.get("limits") or ())),
        "arrivals": record.arrivals,
        **({} if record.plan == CAPACITY else {"load": " ".join(f"{step.load:g}" for step in record.steps)}),
        **_knobs(record),
        "CPUs": str(machine.get("cpus")),
        "CPU": str(machine.get("cpu_model")),
        "workers": str((run.verdict.get("generator") or {}).get("workers")),
    }


def _scenario(record: Record) -> str:
    scenario: Fields = record.environment.get("scenario") or {}
    if not scenario.get("name"):
        return "unknown"
    data = f" with data {scenario['data']}" if scenario.get("data") else ""
    return f"{Path(str(scenario['name'])).name} {scenario.get('digest')}{data}"


def _knobs(record: Record) -> dict[str, str]:
    """The knobs that make runs comparable or not. Those that users.py declares are known from the record alone."""
    recorded: Fields = record.environment.get("knobs") or {}
    defaults = {name: text for name, text in recorded.items() if name.startswith("LAB_")} | settings.knobs()
    return {name: str(recorded.get(name) or text) for name, text in defaults.items() if name not in _NO_MATTER}


def _remarks(run: Past) -> dict[str, str]:
    environment = run.record.environment
    return {
        "Python": str(environment.get("python")),
        **{str(name): str(version) for name, version in (environment.get("packages") or {}).items()},
    }
