"""Tasks that died in seconds that are of no step, until it is known of which step they are. Pure."""

from __future__ import annotations

from lab.counts.endpoints import Endpoints, Tallies, unsuccessful
from lab.counts.steps import Step

NEVER_GAVE_WAY = "NeverGaveWay"
"""The name of the exception that ends a task which holds the thread of all users (lab/generator/giving_way.py)."""


class Undone:
    """Work left undone between two steps is of the one with more users: overload leaves it behind."""

    def __init__(self) -> None:
        self.endpoints = Endpoints()

    def keep(self, endpoints: Tallies) -> None:
        """Takes in what died in a second that is of no step."""
        self.endpoints.add(unsuccessful(endpoints, with_failures=False))

    def give(self, step: Step, before: Step | None = None) -> None:
        """Counts what has come together before the step into it, or into the one before."""
        bearer = before if before and before.users > step.users else step
        bearer.endpoints.add(self.endpoints)
        self.endpoints = Endpoints()
