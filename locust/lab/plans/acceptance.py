"""By which limits can a plan be judged at all? Pure."""

from __future__ import annotations

from collections.abc import Sequence

from lab import limits
from lab.limits import Limit
from lab.plans.stages import CAPACITY, SOAK


def refusal(accepted: Sequence[Limit], plan: str) -> str | None:
    """Why the plan cannot be judged by these limits; None where it can."""
    if plan == CAPACITY and not limits.can_break_a_step(accepted):
        return "plan capacity takes at least one limit on response times or failures"
    available = next((limit for limit in accepted if limit.measure == limits.AVAILABILITY), None)
    if available and plan != SOAK:
        return f"{available.text} is a limit of plan soak, which alone measures availability, not of plan {plan}"
    return None
