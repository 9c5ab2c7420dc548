"""The swarm as it is now, for /metrics: read when it is asked for, from what the master knows already."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from locust.runners import STATE_MISSING

from lab.counts.names import MOST_LETTERS
from lab.pages.metrics import Moment, Worker
from lab.printable import printable

if TYPE_CHECKING:
    from lab.engine.conductor import Conductor

MOST_WORKERS = 1000
"""Workers that are told apart, each with its own series."""


def moment(conductor: Conductor) -> Moment:
    """Who is there, and what was counted since the master has started."""
    runner, run = conductor.runner, conductor.run
    said = run.hearing.vitals if run and not run.finished.is_set() else {}
    present = (client for client in runner.clients.all if client.state != STATE_MISSING)
    workers = [
        Worker(
            runner.get_worker_index(client.id) + 1,
            printable(client.id.rpartition("_")[0], MOST_LETTERS),
            client.user_count,
            said.get(client.id),
        )
        for client in islice(present, MOST_WORKERS)
    ]
    return Moment(runner.user_count, runner.target_user_count, workers, runner.totals.endpoints)
