"""The runs in results/, and which of them may go: only folders of the lab's own, and no run that is going on."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from pathlib import Path

from lab.history import past_runs
from lab.results import files
from lab.results.record import Fields

QUIET_SECONDS = 120.0
"""A run that is going on writes a row each second: after so long without one it has ended, or was lost."""
WRITTEN = (
    *("verdict.json", "junit.xml", "summary.md", "report.html", "environment.json"),
    *("samples.csv", "replicas.csv", "steps.csv", "steps.json", "service.json", "ledger.json", "exchanges.json"),
    *("locust.html", "locust_*.csv", "lab.log", "workers.log", "output.log", ".*.draft"),
)
"""What the lab writes into the folder of a run. Whatever has anything else has become a person's."""


@dataclass(frozen=True)
class Shelved:
    """A run in results/: its folder, its verdict (empty without one), and its size on the disk."""

    folder: Path
    verdict: Fields
    bytes: int
    quiet_seconds: float
    foreign: str  # a file in it that is not the lab's

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def is_running(self) -> bool:
        """Whether it may still be going on: it is not complete, and something was written a moment ago."""
        return not self.verdict.get("complete") and self.quiet_seconds < QUIET_SECONDS

    @property
    def began(self) -> datetime | None:
        """When it began, by its name; None for a folder that has a name of a person's own."""
        try:
            return datetime.strptime(self.name[:20], "%Y-%m-%dT%H-%M-%SZ").replace(tzinfo=UTC)
        except ValueError:
            return None


@dataclass(frozen=True)
class Kept:
    """A run that stays although it is old enough to go, and why."""

    run: Shelved
    reason: str


def shelf(results: Path) -> list[Shelved]:
    """All runs, the newest first; those with a name of their own come last."""
    own = set(past_runs.names(results))
    try:
        named = [
            path.name
            for path in results.iterdir()
            if path.name not in own and not path.name.startswith(".") and not path.is_symlink()
        ]
    except OSError:
        named = []
    with_verdict = [name for name in sorted(named) if (results / name / "verdict.json").is_file()]
    return [_shelved(results / name) for name in (*sorted(own, reverse=True), *with_verdict)]


def _shelved(folder: Path) -> Shelved:
    size, newest, foreign = 0, 0.0, ""
    for path in folder.iterdir():
        found = path.lstat()
        size, newest = size + found.st_size, max(newest, found.st_mtime)
        is_ours = path.is_file() and not path.is_symlink() and any(fnmatch(path.name, ours) for ours in WRITTEN)
        foreign = foreign if is_ours else path.name
    return Shelved(folder, _verdict(folder), size, time.time() - newest, foreign)


def _verdict(folder: Path) -> Fields:
    try:
        verdict = json.loads(files.read_text(folder / "verdict.json"))
    except (OSError, ValueError):
        return {}
    return verdict if isinstance(verdict, dict) else {}


def to_go(
    runs: Sequence[Shelved], keep: int | None, older: timedelta | None, now: datetime
) -> tuple[list[Shelved], list[Kept]]:
    """The runs that are beyond the newest `keep` and `older` than that, as far as said, and those that stay anyway."""
    going, staying = [], []
    dated = [run for run in runs if run.began]
    for at, run in enumerate(dated):
        assert run.began
        if (keep is not None and at < keep) or (older is not None and now - run.began <= older):
            continue
        if reason := _reason(run):
            staying.append(Kept(run, reason))
        else:
            going.append(run)
    return going, staying


def _reason(run: Shelved) -> str:
    """Why the run stays whatever was asked; empty where nothing speaks against it."""
    latest = run.folder.parent / files.LATEST
    if run.is_running:
        return "it is running"
    if latest.is_symlink() and latest.readlink().name == run.name:
        return "latest points to it"
    return f"{run.foreign} in it is not the lab's" if run.foreign else ""


def remove(run: Shelved) -> None:
    """Removes the folder. Raises OSError."""
    shutil.rmtree(run.folder)
