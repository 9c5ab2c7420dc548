"""What a process of the swarm runs: versions and digests, so that a worker with another lab or scenario is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from importlib import metadata
from itertools import islice
from pathlib import Path

from lab.knobs import own_knobs
from lab.scenario import place
from lab.settings import Settings

LAB = Path(__file__).resolve().parents[1]
_WORDS = {"locust": "Locust", "lab": "lab", "scenario": "users"}
MOST_FILES = 10_000
"""Files beside a scenario that are looked at."""


def build(settings: Settings) -> dict[str, str]:
    """What must be the same in all processes: Locust's version, digests of lab and users, and the knobs of users."""
    knobs = {
        "LAB_THINK_TIME": settings.think_seconds,
        "LAB_GROUP_NAMES": settings.group_names,
        "LAB_TIMEOUT": settings.timeout_seconds,
        "LAB_KEEP_ALIVE": settings.keep_alive,
        "LAB_ARRIVALS": settings.arrivals,
        "LAB_ARRIVAL_SPACING": settings.arrival_spacing,
        **own_knobs(),
    }
    return {
        "locust": metadata.version("locust"),
        "lab": _digest(sorted(LAB.rglob("*.py"))),
        "scenario": _digest(_beside(place.path())),
        **{name: str(value) for name, value in knobs.items()},
    }


def difference(ours: Mapping[str, str], theirs: Mapping[str, str]) -> str | None:
    """In which way another build is not ours, both named; None where they are the same."""
    differing = [
        f"{_WORDS.get(name, name)} {theirs.get(name, 'none')} instead of {ours.get(name, 'none')}"
        for name in dict.fromkeys((*ours, *theirs))
        if ours.get(name) != theirs.get(name)
    ]
    return ", ".join(differing) or None


def _beside(scenario: Path) -> Iterable[Path]:
    """The scenario and its modules; the lab's own folder has others below it."""
    if scenario.parent == place.HOME:
        return sorted(place.HOME.glob("*.py"))
    found = (path for path in scenario.parent.rglob("*.py") if not _is_hidden(path.relative_to(scenario.parent)))
    return sorted(islice(found, MOST_FILES))


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") or part in ("__pycache__", "site-packages") for part in path.parts)


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
