"""Plans as Locust knows them: shapes, which its UI offers and its runner asks once a second for the number of users."""

from __future__ import annotations

from lab.plans import stages
from lab.shapes.base import SPAWN_RATE, USERS, LabShape
from lab.shapes.capacity import Capacity
from lab.shapes.given import PlanShape
from lab.shapes.own import own_shapes
from lab.shapes.peak import Peak

__all__ = ["SPAWN_RATE", "USERS", "LabShape", "own_shapes", "shapes"]


def shapes() -> dict[str, type[LabShape]]:
    """A shape class for each plan, by the name that the UI shows."""
    kinds: dict[str, type[PlanShape]] = {stages.PEAK: Peak}
    given: dict[str, type[LabShape]] = {
        name.title(): type(name.title(), (kinds.get(name, PlanShape),), {"plan": plan})
        for name, plan in stages.PLANS.items()
    }
    return {**given, "Capacity": type("Capacity", (Capacity,), {})}
