"""What the lab's shapes have in common: they ask the conductor for the run, and a fault of theirs ends the test."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, ClassVar

from locust import LoadTestShape

from lab.judging.evidence import Interruption

if TYPE_CHECKING:
    from lab.engine.conductor import Conductor
    from lab.engine.run import Run

log = logging.getLogger(__name__)

USERS, SPAWN_RATE = 20, 10.0
"""Users, and users a second, where neither LOCUST_USERS nor LOCUST_SPAWN_RATE nor the UI says."""


class LabShape(LoadTestShape):
    """What the lab's shapes have in common."""

    abstract: ClassVar[bool] = True
    use_common_options: ClassVar[bool] = True
    conductor: ClassVar[Conductor]
    gave_up = False
    """Whether the plan cannot be carried out, because its users do not stay; what is known of it is judged."""

    def reset_time(self) -> None:
        super().reset_time()
        self.gave_up = False

    @property
    def run(self) -> Run | None:
        """The run that goes on; None before its first user."""
        run = self.conductor.run
        return run if run and not run.finished.is_set() else None

    @property
    def is_done(self) -> bool:
        """Whether the plan came to its own end."""
        raise NotImplementedError

    def load(self) -> tuple[int, float] | None:
        """How many users there shall be now, and how many of them a second may come; None when the plan is done."""
        raise NotImplementedError

    def tick(self) -> tuple[int, float] | None:
        """What Locust asks once a second. A fault of the plan ends the test: Locust would go on for ever."""
        try:
            if self.run and self.run.fault:
                raise RuntimeError(self.run.fault)
            self.gave_up = self.gave_up or bool(self.run and self.run.not_held)
            return None if self.gave_up else self.load()
        except Exception:
            log.exception("the plan failed")
            self.conductor.interrupted_by = Interruption.FAULT
            return None
