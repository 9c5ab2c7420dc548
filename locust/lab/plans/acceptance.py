"""By which limits can a plan be judged at all? Pure."""

from __future__ import annotations

from collections.abc import Sequence

from lab import limits
from lab.limits import Limit
from lab.plans.stages import CAPACITY, SOAK


def refusal(accepted: Sequence[Limit], plan: str, *, has_faults: bool = False) -> str | None:
    """Why the plan, with faults or without, cannot be judged by these limits; None where it can."""
    if plan == CAPACITY and not limits.can_break_a_step(accepted):
        return "plan capacity takes at least one limit on response times or failures"
    available, recovery = _first(accepted, limits.AVAILABILITY), _first(accepted, limits.RECOVERY)
    if available and plan != SOAK:
        return f"{available.text} is a limit of plan soak, which alone measures availability, not of plan {plan}"
    if plan == CAPACITY and _first(accepted, limits.LOST):
        return "plan capacity takes no limit on lost writes: one that is lost fails it anyway"
    if recovery and not has_faults:
        return f"{recovery.text} is a limit on the recovery from faults, and LAB_FAULT asks for none"
    return None


def _first(accepted: Sequence[Limit], measure: str) -> Limit | None:
    return next((limit for limit in accepted if limit.measure == measure), None)
