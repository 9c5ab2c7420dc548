"""What a process of the swarm runs: versions and digests, so that a worker with another lab or scenario is refused."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from types import MappingProxyType

from lab.knobs import own_knobs
from lab.scenario import digest, place
from lab.settings import Settings

LAB = Path(__file__).resolve().parents[1]
_WORDS = {"locust": "Locust", "lab": "lab", "scenario": "users"}


def build(settings: Settings, data: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """What must be the same in all processes: Locust, digests of lab, users and data, and the users' knobs."""
    knobs = {
        "LAB_THINK_TIME": settings.think_seconds,
        "LAB_GROUP_NAMES": settings.group_names,
        "LAB_TRACE": settings.trace_share,
        "LAB_TIMEOUT": settings.timeout_seconds,
        "LAB_KEEP_ALIVE": settings.keep_alive,
        "LAB_ARRIVALS": settings.arrivals,
        "LAB_ARRIVAL_SPACING": settings.arrival_spacing,
        **own_knobs(),
    }
    return {
        "locust": metadata.version("locust"),
        "lab": digest.of_files(sorted(LAB.rglob("*.py"))),
        "scenario": digest.identity(place.path())["digest"],
        **{name: str(value) for name, value in knobs.items()},
        **data,
    }


def difference(ours: Mapping[str, str], theirs: Mapping[str, str]) -> str | None:
    """In which way another build is not ours, both named; None where they are the same."""
    differing = [
        f"{_WORDS.get(name, name)} {theirs.get(name, 'none')} instead of {ours.get(name, 'none')}"
        for name in dict.fromkeys((*ours, *theirs))
        if ours.get(name) != theirs.get(name)
    ]
    return ", ".join(differing) or None
