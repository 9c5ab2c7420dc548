"""What a service says of itself, as the limits on it ask: of a step, or the worst of several. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from lab.limits import Limit, Source
from lab.limits.source import A_SECOND, CORES, CPU, MEMORY, MIB, PLAIN, RATIO
from lab.service.metrics import PROXY, REPLICA, SERIES
from lab.service.usage import Usage

UNNAMED = "service"
"""What a service is called that no Compose name tells (lab/service/scraper.py): it goes by any."""
LEAST_COVERED = 0.5
"""Of a step's seconds that must have been read, for a figure to be one of the step."""

Used = Mapping[str, float | None]
"""The figure of each limit, by its key; None where the service did not say it."""


class Read(NamedTuple):
    """What was read of the service in a step of so many seconds."""

    usages: Mapping[str, Usage]
    seconds: int


def figures(limits: Iterable[Limit], read: Read, answered: frozenset[str] = frozenset()) -> dict[str, float | None]:
    """The figure of each limit in a step: of several replicas the worst, and of what is counted the sum.

    None where one of them did not say it: `answered` are the names of those that users had answers from.
    """
    return {limit.key: _figure(limit.source, read, answered, limit) for limit in limits if limit.source}


def of_the_run(
    limits: Iterable[Limit], steps: Sequence[Read], answered: frozenset[str] = frozenset()
) -> dict[str, float | None]:
    """The same of several steps: the worst, and of what is counted the sum; None where one of them has no figure."""
    return {
        limit.key: _together(
            limit, limit.source, steps, [_figure(limit.source, read, answered, limit) for read in steps]
        )
        for limit in limits
        if limit.source
    }


def so_far(limits: Iterable[Limit], steps: Sequence[Used]) -> Used:
    """The worst of the steps of a run that goes on, as far as they said something.

    Of several steps a figure as it stands may be one that adds up, so that it is known at the end alone.
    """
    said: dict[str, float | None] = {}
    for limit in limits:
        known = [figure for used in steps if (figure := used.get(limit.key)) is not None]
        if limit.source and known and (len(steps) == 1 or limit.source.unit != PLAIN):
            said[limit.key] = min(known) if limit.is_at_least else max(known)
    return said


def _together(limit: Limit, asked: Source, steps: Sequence[Read], figures: Sequence[float | None]) -> float | None:
    known = [figure for figure in figures if figure is not None]
    if not known or len(known) < len(figures):
        return None
    counted = any(_counts(asked, read.usages) for read in steps)
    return sum(known) if counted and asked.unit == PLAIN else min(known) if limit.is_at_least else max(known)


def _counts(asked: Source, usages: Mapping[str, Usage]) -> bool:
    """Whether it only grows, so that what came about in several places adds up."""
    return asked.is_series and any(f"{SERIES}{asked.series}" in used.sums for used in usages.values())


def _figure(asked: Source, read: Read, answered: frozenset[str], limit: Limit) -> float | None:
    found = _of(asked.service, read.usages)
    if not found or (answered & found.keys() and not answered <= read.usages.keys()):
        return None
    if max(used.seconds for used in found.values()) < LEAST_COVERED * read.seconds:
        return None
    figures = [_said(asked, used, limit) for used in found.values()]
    known = [figure for figure in figures if figure is not None]
    if len(known) < len(figures):
        return None
    if _counts(asked, found):
        return sum(known)
    return min(known) if limit.is_at_least else max(known)


def _of(service: str, usages: Mapping[str, Usage]) -> dict[str, Usage]:
    """The replicas of the service; where there is but one service and nobody knows its name, its own."""
    known = {name: used for name, used in usages.items() if used.kind in (REPLICA, PROXY)}
    named = {name: used for name, used in known.items() if used.service == service}
    replicas = {name: used for name, used in known.items() if used.kind == REPLICA}
    return named or (replicas if {used.service for used in replicas.values()} == {UNNAMED} else {})


_KNOWN: Mapping[tuple[str, str], Callable[[Usage], float | None]] = {
    (CPU, RATIO): lambda used: used.per_second("busy") if used.kind == PROXY else used.cpu_used,
    (CPU, CORES): lambda used: used.cpu_cores,
    (MEMORY, RATIO): lambda used: used.memory_used,
    (MEMORY, MIB): lambda used: None if used.memory_bytes is None else used.memory_bytes / 2**20,
}


def _said(asked: Source, used: Usage, limit: Limit) -> float | None:
    if not asked.is_series:
        return _KNOWN[asked.name, asked.unit](used)
    key = f"{SERIES}{asked.series}"
    if asked.unit == A_SECOND:
        return used.per_second(key)
    assert asked.unit == PLAIN
    if key in used.sums:
        return used.sums[key]
    return (used.lows if limit.is_at_least else used.peaks).get(key)
