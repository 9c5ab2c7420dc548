"""Limits held against what was measured: in a step, or in several together. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite

from lab.counts import histogram
from lab.counts.endpoints import find
from lab.counts.timeline import Extremes, Step, Tally, together
from lab.counts.windows import Window
from lab.limits.limit import AVAILABILITY, EXCEPTIONS, LOST, OUTAGE, RECOVERY, Finding, Limit

UNKNOWN = Extremes()


def windows(limits: Iterable[Limit]) -> list[Window]:
    """The stretches of a step that the limits are on, each once."""
    return list({limit.key: _window(limit, limit.window) for limit in limits if limit.window}.values())


def _window(limit: Limit, seconds: int) -> Window:
    def figure(tally: Tally, seconds: int) -> float | None:
        return measure(limit.measure, tally, seconds)

    return Window(limit.key, seconds, limit.endpoint, figure, limit.is_at_least)


def keeps(findings: Iterable[Finding]) -> bool:
    """Whether none of a step's findings breaks its limit: throughput limits are judged on the search, not on a step.

    A service that says nothing of itself breaks nothing by that; the verdict sees to it that nothing passes so.
    """
    return all(finding.kept or finding.is_unsaid for finding in findings if finding.limit.is_of_a_step)


def can_break_a_step(limits: Iterable[Limit]) -> bool:
    """Whether more load can break one of them: a search needs a limit on times or failures to find."""
    return any(limit.is_of_a_step and limit.measure not in (OUTAGE, EXCEPTIONS) for limit in limits)


def worst(findings: Iterable[Finding]) -> Finding:
    """The finding that is furthest beyond its limit, or nearest to it, of those that a step can break."""
    return max((finding for finding in findings if finding.limit.is_of_a_step), key=_rank)


def _rank(finding: Finding) -> float:
    return -1.0 if finding.is_unsaid else finding.excess


def excess(findings: Iterable[Finding]) -> float | None:
    """How far beyond its limit the worst finding is, measured over accepted; None where nothing was measured."""
    most = worst(findings).excess
    return most if isfinite(most) else None


def tally_of(limit: Limit, endpoints: Mapping[str, Tally]) -> Tally:
    """What the limit is held against: the requests of its endpoint, its mark, or all requests."""
    if limit.endpoint is None:
        return together(endpoints.values())
    return find(limit.endpoint, endpoints) or Tally()


def judge(
    limits: Iterable[Limit], endpoints: Mapping[str, Tally], seconds: float, extremes: Extremes = UNKNOWN
) -> list[Finding]:
    """Each limit held against the tallies of `seconds` seconds. A limit without a figure is not kept."""
    whole = together(endpoints.values())
    findings = []
    for limit in limits:
        tally = whole if limit.endpoint is None else tally_of(limit, endpoints)
        measured = _measured(limit, tally, seconds, extremes)
        findings.append(Finding(limit, measured, measured is not None and limit.keeps(measured)))
    return findings


def _measured(limit: Limit, tally: Tally, seconds: float, extremes: Extremes) -> float | None:
    if limit.source:
        return extremes.used.get(limit.key)
    if limit.window:
        return extremes.windows.get(limit.key)
    if limit.measure == OUTAGE:
        return extremes.silent_seconds
    of_run = {AVAILABILITY: extremes.availability, RECOVERY: extremes.recovery_seconds, LOST: extremes.lost}
    if limit.measure in of_run:
        return of_run[limit.measure]
    return measure(limit.measure, tally, seconds)


def measure(name: str, tally: Tally, seconds: float) -> float | None:
    """The measure of that name: times in ms and of successes only, `fail` as a ratio, `rps` of successes.

    A task that died is a failure as well.
    """
    if name == "fail":
        return tally.failure_share
    if name == EXCEPTIONS:
        return tally.died
    if name == "rps":
        return tally.successes / seconds if seconds else None
    if not tally.times:
        return None
    if name == "avg":
        return tally.sum_ms / tally.successes
    if name == "max":
        return tally.max_ms
    return histogram.percentile(tally.times, float(name[1:]))


def unknown(limits: Iterable[Limit], steps: Iterable[Step]) -> str | None:
    """Which limit the steps were not measured for, in words; None where they were for all."""
    for limit in limits:
        for step in steps:
            if limit.measure == OUTAGE and step.silent_seconds is None:
                return f"{limit.text} cannot be judged: the run did not measure outages"
            if limit.measure == EXCEPTIONS and not step.counts_exceptions:
                return f"{limit.text} cannot be judged: the run did not count exceptions"
            if limit.window and limit.key not in step.windows:
                had = ", ".join(step.windows) or "none"
                return (
                    f"{limit.text} cannot be judged: the run did not measure {limit.key} (windows that it has: {had})"
                )
    return None


def extremes(steps: Sequence[Step], limits: Iterable[Limit], availability: float | None = None) -> Extremes:
    """The worst of several steps together."""
    silences = [step.silent_seconds for step in steps]
    longest = None if None in silences else max((seconds for seconds in silences if seconds), default=0)
    return Extremes(longest, {window.key: _worst_of(window, steps) for window in windows(limits)}, availability)


def _worst_of(window: Window, steps: Iterable[Step]) -> float | None:
    """The worst of the steps that asked at all; None where one of them has no figure, or none asked."""
    asked = [step for step in steps if _asked(window, step.endpoints)]
    figures = [figure for step in asked if (figure := step.windows.get(window.key)) is not None]
    if not figures or len(figures) < len(asked):
        return None
    return min(figures) if window.least_is_worst else max(figures)


def _asked(window: Window, endpoints: Mapping[str, Tally]) -> bool:
    if window.endpoint is None:
        return any(tally.requests for tally in endpoints.values())
    tally = find(window.endpoint, endpoints)
    return tally is not None and bool(tally.requests)
