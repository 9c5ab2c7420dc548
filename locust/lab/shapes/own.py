"""A scenario's own shape as a plan of the lab: it says how many users there are, and the lab measures and judges."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from locust import LoadTestShape

from lab.shapes.base import LabShape


class OwnPlan(LabShape):
    """Asks the scenario's shape; it has no end that the lab knows beforehand."""

    abstract: ClassVar[bool] = True
    shape: ClassVar[type[LoadTestShape]]

    def __init__(self) -> None:
        super().__init__()
        self.own = self.shape()
        self._ended = False

    def reset_time(self) -> None:
        super().reset_time()
        self.own.reset_time()
        self._ended = False

    @property
    def is_done(self) -> bool:
        return self.gave_up or self._ended

    @property
    def most_seconds(self) -> float | None:
        return None

    def load(self) -> Any:
        self.own.runner = self.runner
        asked = self.own.tick()
        self._ended = asked is None
        return asked


def own_shapes(found: Mapping[str, type[LoadTestShape]], plans: Collection[str]) -> dict[str, type[LabShape]]:
    """A shape class for each of the scenario's own; one whose name is a plan's is offered as Own and its name."""
    names = {f"Own{name}" if name.lower() in plans else name: shape for name, shape in found.items()}
    return {name: type(name, (OwnPlan,), {"shape": shape}) for name, shape in names.items()}
