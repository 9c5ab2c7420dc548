"""Which scenario is it? A digest of its code, which is the same wherever the same files lie, and a name for people."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from itertools import islice
from pathlib import Path

from lab.scenario import place

MOST_FILES = 10_000
"""Files beside a scenario that are looked at."""


@cache
def of_scenario(scenario: Path) -> str:
    """The digest of the scenario and its modules, as they were when they were imported: an edit counts at a start."""
    return of_files(code(scenario))


def of_files(paths: Iterable[Path]) -> str:
    """The digest of these files and their names."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def name(scenario: Path) -> str:
    """The scenario in words: its file, with its folder, because many are called locustfile.py."""
    return scenario.name if scenario.parent == place.HOME else f"{scenario.parent.name}/{scenario.name}"


def code(scenario: Path) -> list[Path]:
    """The scenario and its modules; the lab's own folder has others below it."""
    if scenario.parent == place.HOME:
        return sorted(place.HOME.glob("*.py"))
    found = (path for path in scenario.parent.rglob("*.py") if not _is_hidden(path.relative_to(scenario.parent)))
    # a folder may be called as a module is
    return sorted(path for path in islice(found, MOST_FILES) if path.is_file())


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") or part in ("__pycache__", "site-packages") for part in path.parts)
