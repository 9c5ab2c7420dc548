"""What load next? The search for capacity: from the steps that were tried, the step to try next. No clock, no I/O.

The load doubles until a limit breaks, and the gap between the most that kept and the least that broke is halved until
it is within the resolution. Both ends are then tried once more: what was found must hold in a longer step, and the
breach must not have been a hiccup. Last, the first step is repeated: is the service still the same?

The phases are those of Nighthawk's adaptive load (exponential search, binary search, testing stage); that a single bad
trial must not decide is the lesson of MLRsearch (draft-ietf-bmwg-mlrsearch).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, sqrt


class Purpose(StrEnum):
    """Why a step is run."""

    EXPLORE = "explore"  # find a load that breaks a limit
    NARROW = "narrow"  # halve the gap
    CONFIRM = "confirm"  # the capacity, once more and for longer
    CHECK = "check"  # the breach, once more
    REPEAT = "repeat"  # the first step, once more: is the service still the same?


@dataclass(frozen=True)
class Goal:
    """Where to search, and how finely: `resolution` is the gap that is left, as a ratio of the load that keeps."""

    start: int
    most: int
    resolution: float


@dataclass(frozen=True)
class Trial:
    """A step that was run: its load (users, or arrivals a second), why, and whether it kept all limits."""

    load: int
    kept: bool
    purpose: Purpose


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


def bracket(trials: Sequence[Trial]) -> Bracket:
    """What the trials say together. A load that broke limits speaks for every load above it."""
    tried = {trial.load for trial in trials if trial.purpose is not Purpose.REPEAT}
    broken = min((load for load in tried if not _keeps(load, trials)), default=None)
    kept = max((load for load in tried if _keeps(load, trials) and (broken is None or load < broken)), default=None)
    confirmed = any(trial.load == kept and trial.kept for trial in trials if trial.purpose is Purpose.CONFIRM)
    return Bracket(kept, broken, confirmed)


def ask(goal: Goal, trials: Sequence[Trial]) -> Ask | None:
    """The step to run next; None when everything is known that the search can find out."""
    if not trials:
        return Ask(min(goal.start, goal.most), Purpose.EXPLORE)
    known = bracket(trials)
    if known.kept is None:
        return Ask(max(1, (known.broken or 1) // 2), Purpose.EXPLORE) if known.broken != 1 else None
    if known.broken is None and known.kept < goal.most:
        return Ask(min(known.kept * 2, goal.most), Purpose.EXPLORE)
    if known.broken is not None and known.broken - known.kept > max(1, goal.resolution * known.kept):
        return Ask(_between(known.kept, known.broken), Purpose.NARROW)
    if not known.confirmed:
        return Ask(known.kept, Purpose.CONFIRM)
    if known.broken is not None and _times(known.broken, trials) == 1:
        return Ask(known.broken, Purpose.CHECK)
    if all(trial.purpose is not Purpose.REPEAT for trial in trials):
        return Ask(trials[0].load, Purpose.REPEAT)
    return None


def _keeps(load: int, trials: Iterable[Trial]) -> bool:
    """Whether the load keeps the limits: its longest trials decide, by majority; a tie is the last one's."""
    at_load = [trial for trial in trials if trial.load == load and trial.purpose is not Purpose.REPEAT]
    longest = [trial for trial in at_load if trial.purpose is Purpose.CONFIRM] or at_load
    kept = sum(trial.kept for trial in longest)
    if 2 * kept == len(longest):
        return longest[-1].kept
    return 2 * kept > len(longest)


def _times(load: int, trials: Iterable[Trial]) -> int:
    return sum(trial.load == load and trial.purpose is not Purpose.REPEAT for trial in trials)


def _between(low: int, high: int) -> int:
    """The geometric middle, strictly between the two."""
    return min(max(ceil(sqrt(low * high)), low + 1), high - 1)
