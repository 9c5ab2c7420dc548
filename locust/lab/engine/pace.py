"""When a worker reports: just after each second of the master's clock, so that nobody waits for what is over."""

from __future__ import annotations

from typing import Any

from locust import runners
from locust.env import Environment

from lab.counts.clock import CLOCK

FIRST_SECONDS = 0.01
"""After the second's end: answers that are being counted then are in the report."""
APART_SECONDS = 0.001
"""From one worker to the next: a master takes in so many reports one after the other."""
PLACES = 300
"""So many workers have a place of their own; all reports are there in the first third of the second."""
LEAST_SECONDS = 0.25
"""Between two reports."""


def keep(environment: Environment) -> None:
    """Has this worker report at its place in each second. Locust reports every so many seconds from its start on."""
    runner = environment.runner
    assert isinstance(runner, runners.WorkerRunner)

    def on_report(**_: Any) -> None:
        runners.WORKER_REPORT_INTERVAL = until_next_report(CLOCK.now(), runner.worker_index)

    environment.events.report_to_master.add_listener(on_report)


def until_next_report(now: float, worker: int) -> float:
    """Seconds from `now`, of the master's clock, until the worker with this index reports again.

    >>> round(until_next_report(7.5, 0), 3), round(until_next_report(7.9, 40), 3)
    (0.51, 1.15)
    """
    place = FIRST_SECONDS + max(0, worker) % PLACES * APART_SECONDS
    wait = (place - now) % 1
    return wait if wait >= LEAST_SECONDS else wait + 1
