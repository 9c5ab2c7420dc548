"""What of the response times is the way to the target: said where it is much beside what a limit allows. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lab import wording
from lab.counts.timeline import health_of
from lab.figures import three_digits
from lab.judging.reading import Reading

MUCH = 0.1
"""Of the tightest bound on a response time."""


def remarks(reading: Reading) -> list[str]:
    """Which workers are far from the target, in a sentence; none where the way is little beside the bounds."""
    bounds = [finding.limit.bound for finding in reading.findings if finding.limit.unit == "ms"]
    health = health_of(reading.deciding)
    trips = {worker: health[worker].round_trip_ms for worker in sorted(health)}
    known = {worker: trip for worker, trip in trips.items() if trip is not None}
    much = MUCH * min(bounds, default=float("inf"))
    far = {worker: trip for worker, trip in known.items() if trip > much}
    near = [trip for trip in known.values() if trip <= much]
    return [_sentence(far, near)] if far else []


def _sentence(far: Mapping[int, float], near: Sequence[float]) -> str:
    most = f"{three_digits(max(far.values()))} ms"
    if not near:
        return f"The target is {most} away from the swarm, there and back: so much of each response time is the way."
    who, verb = ("Worker", "is") if len(far) == 1 else ("Workers", "are up to")
    names = wording.some([str(worker) for worker in far])
    others = f"{three_digits(max(near))} ms"
    way = f"{verb} {most} away from the target, there and back, and the others {others}"
    return f"{who} {names} {way}: for the users there, so much of each response time is the way."
