"""What does a fault to a service: containers (containers.py), or processes of this machine (processes.py)."""

from __future__ import annotations

from typing import Protocol


class ChaosError(Exception):
    """A fault that cannot be done or ended; the message says why."""


class Hands(Protocol):
    """Does faults to services and ends them."""

    async def services(self) -> list[str]:
        """The names that a fault can be done to."""

    async def begin(self, verb: str, service: str) -> list[str]:
        """Does it to every part of the service, and returns their names when it is done. Raises ChaosError."""

    async def end(self, verb: str, parts: list[str]) -> None:
        """Undoes it: what was killed or stopped is started again. Raises ChaosError."""
