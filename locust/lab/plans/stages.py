"""WHEN: what the load does over time. Plans are data; `advance` walks through one.

A plan is a row of stages. Each stage first brings its users, lets them settle, and then holds them for its time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, sqrt

MANUAL = "manual"
"""The plan without stages: the person at the UI says how many users there are, and when it ends."""
CAPACITY = "capacity"
"""The plan whose stages are found on the way: the most load that keeps all limits (lab/plans/search.py)."""
SOAK = "soak"
"""The plan that looks for failures and drift."""
PEAK = "peak"
"""The plan that holds LAB_PEAK_USERS, or the users that make LAB_PEAK_RPS."""


GLANCE_SECONDS = 4
"""How long a throughput is looked at, once it has settled, to tell how many users make the wanted one."""
MOST_GLANCES = 8
LEAST_CHANCE = 0.01
"""How far off a glance may be, as a ratio, even where it saw very many answers."""
SATURATED = 0.1
"""The share of an addition of users that throughput must gain; with less, more users only wait longer."""


@dataclass(frozen=True)
class Stage:
    """A share of the plan's users, held for a share of the plan's time."""

    users: float
    time: float


@dataclass(frozen=True)
class Plan:
    """A named plan. `seconds` is how long it measures unless LAB_RUN_TIME says otherwise."""

    name: str
    seconds: float
    stages: tuple[Stage, ...]
    most_users: int | None = None


PLANS = {
    plan.name: plan
    for plan in (
        Plan("smoke", 10, (Stage(1, 1),), most_users=4),
        Plan("steady", 60, (Stage(1, 1),)),
        Plan("ramp", 120, tuple(Stage(n / 10, 1 / 10) for n in range(1, 11))),
        Plan("spike", 60, (Stage(0.1, 1 / 3), Stage(1, 1 / 3), Stage(0.1, 1 / 3))),
        Plan(PEAK, 60, (Stage(1, 1),)),
        Plan(SOAK, 3600, (Stage(1, 1),)),
    )
}

NAMES = (MANUAL, CAPACITY, *PLANS)
HELD = ("smoke", "steady", PEAK, SOAK)
"""Plans that hold one load, so that a breach can end them (LAB_STOP)."""
ADDS_UP = ("smoke", "steady", "ramp", "spike", PEAK)
"""Plans whose loads are given beforehand and judged by sums, so that several masters can make one load (LAB_PART)."""
TAKES_FAULTS = ("steady", PEAK, SOAK)
"""Plans that hold one load, so that a fault (LAB_FAULT) is all that changes."""


@dataclass(frozen=True)
class Hold:
    """A stage in figures: how many users, for how many measured seconds."""

    users: int
    seconds: float


@dataclass(frozen=True)
class Progress:
    """Where a plan stands: at which of its holds."""

    holds: tuple[Hold, ...]
    settle_seconds: float
    index: int = 0

    @property
    def hold(self) -> Hold | None:
        """The present hold; None when the plan is done."""
        return self.holds[self.index] if self.index < len(self.holds) else None


def start(plan: Plan, users: int, run_seconds: float | None, settle_seconds: float) -> Progress:
    """The plan at its beginning, for so many users at its height and so many measured seconds in all."""
    height = min(users, plan.most_users or users)
    seconds = run_seconds or plan.seconds
    holds = tuple(Hold(max(1, round(stage.users * height)), stage.time * seconds) for stage in plan.stages)
    return Progress(holds, settle_seconds)


def users_for(rps: float, glances: Sequence[tuple[int, float]], most_users: int) -> int:
    """How many users shall make so many requests a second, after what (users, requests a second) was seen.

    As many as in the last glance: these are the ones, or more users make no more. They are rather a few too many.

    >>> users_for(50, [(20, 20.0)], 2000), users_for(50, [(20, 20.0), (54, 53.2)], 2000)
    (56, 54)
    """
    users, seen = glances[-1]
    chance = max(LEAST_CHANCE, 1 / sqrt(max(1.0, seen * GLANCE_SECONDS)))
    if rps <= seen <= (1 + 3 * chance) * rps or len(glances) == MOST_GLANCES or _is_saturated(rps, glances):
        return users
    wanted = ceil((1 + chance) * users * rps / seen) if seen else 4 * users
    if seen < rps:
        wanted = max(users + 1, min(wanted, 4 * users))
    return max(1, min(wanted, most_users))


def _is_saturated(rps: float, glances: Sequence[tuple[int, float]]) -> bool:
    if len(glances) < 2:
        return False
    (users_before, seen_before), (users, seen) = glances[-2:]
    gained, added = seen / max(seen_before, 1e-9) - 1, users / users_before - 1
    return added > SATURATED and seen < rps and gained < SATURATED * added


def advance(progress: Progress, now: float, steady_since: float | None) -> Progress:
    """The plan at the time `now` (s), its users having all been there since `steady_since`; None: they are not."""
    if progress.hold is None or steady_since is None:
        return progress
    if now - steady_since < progress.settle_seconds + progress.hold.seconds:
        return progress
    return replace(progress, index=progress.index + 1)
