"""Faults that never were, and the seconds around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lab import limits
from lab.counts.endpoints import Tallies
from lab.faults import Deed, Faults, parse
from tests.support.verdicts import answers

BEGAN = 1000
LIMITS = limits.parse("p95<=450ms fail<=1%")
GOOD, SLOW, FAILING, EMPTY, TORN = "good", "slow", "failing", "empty", "torn"
KINDS: Mapping[str, Tallies] = {
    GOOD: {"GET /tests": answers(10, 40)},
    SLOW: {"GET /tests": answers(900, 40)},
    FAILING: {"GET /tests": answers(10, 0, {"no answer: ConnectionRefused": 20})},
    EMPTY: {},
    TORN: {"GET /tests": answers(10, 20, {"no answer: ConnectionReset": 20})},
}


def seconds(kinds: Sequence[str], before: int = 10) -> dict[int, Tallies]:
    """Good seconds before second 1000, and these from it on."""
    return dict(enumerate((KINDS[kind] for kind in [GOOD] * before + list(kinds)), BEGAN - before))


def deed(text: str, at: float = BEGAN + 0.4, took: float = 0.1, **more: Any) -> Deed:
    """The fault as it was done."""
    fault = parse(text)[0]
    return Deed(fault, at, at + took, at + took + fault.seconds, ("lab-api-1",), **more)


def two_faults(started: int) -> Faults:
    """A kill with three seconds away 20 s after this second, and a delay that breaks limits 20 s later."""
    well, torn = {"GET /tests": answers(30, 60)}, {"GET /tests": answers(30, 0, {"no answer: ConnectionRefused": 60})}
    bad = {20: torn, 21: torn, 22: torn, **{at: {"GET /tests": answers(900, 60)} for at in range(39, 46)}}
    kill, delay = parse("kill api at 16s, delay 1s for 5s at 36s")
    deeds = [
        Deed(kill, started + 20.1, started + 20.4, started + 20.9, ("3ccdabd3df68",)),
        Deed(delay, started + 40.0, started + 40.1, started + 45.1, ("the way to api:5000",)),
    ]
    return Faults(deeds, {started + at: bad.get(at, well) for at in range(10, 64)})
