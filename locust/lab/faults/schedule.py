"""Do the faults fit the plan, and each other?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from lab.faults.fault import Fault
from lab.plans.stages import TAKES_FAULTS


def refusal(faults: Sequence[Fault], plan: str, plan_seconds: float, recovery_seconds: float) -> str | None:
    """Why these faults cannot be done in the plan; None where they can.

    After each there must be room to see a recovery: so many seconds in which the limits hold.
    """
    if not faults:
        return None
    if plan not in TAKES_FAULTS:
        return f"plan {plan} takes no faults: {', '.join(TAKES_FAULTS)} do"
    for fault in faults:
        if fault.over + recovery_seconds > plan_seconds:
            return (
                f"'{fault.text}': plan {plan} measures {plan_seconds:g} s (LAB_RUN_TIME); the fault is over after "
                f"{fault.over:g} s, and to see the recovery takes {recovery_seconds:g} s more (LAB_FAILURE_TIME)"
            )
    for before, fault in pairwise(faults):
        if fault.at < before.over + recovery_seconds:
            return (
                f"'{fault.text}' begins before the recovery from '{before.text}' can be seen: "
                f"not before {before.over + recovery_seconds:g}s"
            )
    return None
