"""What load next? The search for capacity: from the steps that were tried, the step to try next. No clock, no I/O.

The load doubles until a limit breaks, and grows fourfold while every limit is far. The gap between the most that kept
and the least that broke is then narrowed to half the resolution: the chance of a step can move the answer by as much
again. Each next load is tried where the figures at both ends say that the limit is crossed. Both ends are then tried
once more: the breach must not have been a hiccup, and what was found must hold in a longer step. Last, and whenever a
load no longer holds that once did, the first step is repeated: is the service still the same?

The phases are those of Nighthawk's adaptive load (exponential search, binary search, testing stage); that a single bad
trial must not decide is the lesson of MLRsearch (draft-ietf-bmwg-mlrsearch).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, log, sqrt

FAR = 0.1
"""Up to which share of what is accepted a figure is far from its limit."""
RISEN = 1.5
"""How many times as high as in the first step a figure may be by chance, without a queue."""


class Purpose(StrEnum):
    """Why a step is run."""

    EXPLORE = "explore"  # find a load that breaks a limit
    NARROW = "narrow"  # halve the gap
    CONFIRM = "confirm"  # the capacity, once more and for longer
    CHECK = "check"  # the breach, once more
    REPEAT = "repeat"  # the first step, once more: is the service still the same?


@dataclass(frozen=True)
class Goal:
    """Where to search, and how finely: `resolution` is how far off the answer may be, as a ratio of it."""

    start: int
    most: int
    resolution: float

    def gap(self, kept: int) -> float:
        """How far apart the load that keeps and the one that breaks may be in the end."""
        return max(1.0, self.resolution * kept / 2)

    def is_met_by(self, known: Bracket) -> bool:
        """Whether what is known leaves no load between the two that is worth a step."""
        if known.kept is None or known.broken is None:
            return False
        return known.broken - known.kept <= self.gap(known.kept)


@dataclass(frozen=True)
class Trial:
    """A step that was run: its load (users, or arrivals a second), why, and whether it kept all limits."""

    load: int
    kept: bool
    purpose: Purpose
    excess: float | None = None  # measured over accepted, of the limit that is broken most, or nearest to it
    drifted: bool = False  # of a repetition: the service is not the same any more


@dataclass(frozen=True)
class Ask:
    """The step to run next."""

    load: int
    purpose: Purpose


@dataclass(frozen=True)
class Bracket:
    """What is known: the most load that keeps all limits, and the least beyond it that breaks one. None: none found."""

    kept: int | None
    broken: int | None
    confirmed: bool  # the kept load held in a longer step as well
    doubted: bool = False  # instead, a longer step at it broke a limit


def bracket(trials: Sequence[Trial]) -> Bracket:
    """What the trials say together. A load that broke limits speaks for every load above it."""
    tried = {trial.load for trial in trials if trial.purpose is not Purpose.REPEAT}
    keeping = {load for load in tried if _keeps(load, trials)}
    broken = min(tried - keeping, default=None)
    kept = max((load for load in keeping if broken is None or load < broken), default=None)
    longer = [trial.kept for trial in trials if trial.purpose is Purpose.CONFIRM and trial.load == kept]
    return Bracket(kept, broken, confirmed=any(longer), doubted=bool(longer) and not any(longer))


def ask(goal: Goal, trials: Sequence[Trial]) -> Ask | None:
    """The step to run next; None when everything is known that the search can find out."""
    if not trials:
        return Ask(min(goal.start, goal.most), Purpose.EXPLORE)
    if trials[-1].drifted:
        return None
    if _no_longer_holds(trials):
        return repetition(trials)
    known = bracket(trials)
    if (closer := _closer(goal, known, trials)) is not None:
        return closer
    if known.kept is None:
        return None
    if not known.confirmed:
        return Ask(known.kept, Purpose.CONFIRM)
    return None if trials[-1].purpose is Purpose.REPEAT else repetition(trials)


def _closer(goal: Goal, known: Bracket, trials: Sequence[Trial]) -> Ask | None:
    """The step that comes closer to where a limit breaks; None where that is known as finely as it can be."""
    kept, broken = known.kept, known.broken
    if kept is None:
        return Ask(max(1, (broken or 1) // 2), Purpose.EXPLORE) if broken != 1 else None
    if broken is None:
        return Ask(min(kept * _stride(kept, trials), goal.most), Purpose.EXPLORE) if kept < goal.most else None
    if not goal.is_met_by(known):
        return Ask(_between(kept, broken, goal.gap(kept), trials), Purpose.NARROW)
    return Ask(broken, Purpose.CHECK) if len(_at(broken, trials)) == 1 else None


def _stride(kept: int, trials: Sequence[Trial]) -> int:
    """By how much the load grows: twofold, or fourfold while the limit is far and no queue has begun to form.

    A queue shows in answers that take longer than in the first step; then four times the load could be far too much.
    """
    first, here = trials[0].excess, _excess(kept, trials)
    is_calm = first is not None and here is not None and here <= RISEN * first
    return 4 if is_far(here) and is_calm else 2


def is_far(excess: float | None) -> bool:
    """Whether a step with this excess is far from every limit."""
    return excess is not None and excess <= FAR


def repetition(trials: Sequence[Trial]) -> Ask:
    """The first step, once more."""
    return Ask(trials[0].load, Purpose.REPEAT)


def _no_longer_holds(trials: Sequence[Trial]) -> bool:
    """Whether a load that kept the limits has just broken them for good: is the service still the same?"""
    last = trials[-1]
    if last.kept or last.purpose is Purpose.REPEAT:
        return False
    kept_before = any(trial.kept for trial in trials if trial.load == last.load)
    return kept_before and not _keeps(last.load, trials)


def _keeps(load: int, trials: Iterable[Trial]) -> bool:
    """Whether the load keeps the limits: its longest trials decide, by majority; a tie is the last one's.

    What else happens on a machine makes answers slower, never faster: so one long trial alone breaks no load that kept.
    """
    at_load = _at(load, trials)
    longer = [trial.kept for trial in at_load if trial.purpose is Purpose.CONFIRM]
    shorter = [trial.kept for trial in at_load if trial.purpose is not Purpose.CONFIRM]
    decide = shorter if shorter and longer in ([], [False]) else longer
    kept = sum(decide)
    if 2 * kept == len(decide):
        return decide[-1]
    return 2 * kept > len(decide)


def _at(load: int, trials: Iterable[Trial]) -> list[Trial]:
    """The trials of this load; the repetition of the first step is a question of its own."""
    return [trial for trial in trials if trial.load == load and trial.purpose is not Purpose.REPEAT]


def _between(low: int, high: int, gap: float, trials: Sequence[Trial]) -> int:
    """The load to part the two by, which are more than a gap apart: half a gap beside where the limit is crossed.

    Beside it, so that this load and the next close in on the crossing from both sides. The straight line through the
    logarithms of the figures at both ends tells where it is. The curve may bend, and chance move the figures: so every
    third time, and where an end has no figure, it is the geometric middle.
    """
    below, above = _excess(low, trials), _excess(high, trials)
    narrowed = sum(trial.purpose is Purpose.NARROW for trial in trials)
    if below is None or above is None or not 0 < below < 1 < above or narrowed % 3 == 2:
        return ceil(sqrt(low * high))
    crossing = low + (high - low) * log(below) / (log(below) - log(above))
    beside = crossing - gap / 2 if crossing - low > gap else crossing + gap / 2
    # nearer to an end than half a gap, one of the two outcomes would tell next to nothing
    return min(max(round(min(beside, high - gap / 2)), low + 1), high - 1)


def _excess(load: int, trials: Iterable[Trial]) -> float | None:
    """The excess of the load's latest trial that has one."""
    return next((trial.excess for trial in reversed(_at(load, trials)) if trial.excess is not None), None)
