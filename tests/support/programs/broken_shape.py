"""A plan that fails: what its shape answers Locust, and what the conductor is told."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from lab.shapes import LabShape


class Broken(LabShape):
    def load(self) -> Any:
        raise ValueError("no")


conductor: Any = SimpleNamespace(run=None, interrupt=lambda by: print(by.name))
LabShape.conductor = conductor
print(Broken().tick())
