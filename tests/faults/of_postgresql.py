"""The service's PostgreSQL is killed, frozen or started again: what the service answers then."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.support.faults import Fault, fact
from tests.support.postgres_server import running_postgres
from tests.support.running_service import wait_until
from tests.support.store_faults import (
    KEPT,
    OFTEN,
    OFTEN_SECONDS,
    QUICK,
    UNREADY,
    ask_all,
    keep,
    kill_often,
    time_to_recover,
    writes,
)
from tests.support.store_trials import Writers

if TYPE_CHECKING:
    from tests.support.faults_lab import Lab


def postgresql_killed_often(lab: Lab) -> None:
    """The service's processes die; its PostgreSQL stays."""
    server = lab.closing.enter_context(running_postgres())
    lab.serve(API_DATABASE_URL=server.url(), WEB_CONCURRENCY="2")
    kill_often(lab)


def postgresql_paused(lab: Lab) -> None:
    """The database stands still for 5 s in the middle of writes: which were refused (not 504), and are there?"""
    server = lab.closing.enter_context(running_postgres())
    lab.serve(API_DATABASE_URL=server.url())
    writers = Writers(lab.service, 8)
    time.sleep(2)
    server.docker("pause")
    time.sleep(5)
    ask_all(lab)
    server.docker("unpause")
    lab.recovered_after = lab.time(lambda: lab.service.add("after").status == 204, 20, "a write again")
    time.sleep(1)
    writers.stop()
    keep(lab, writers.acknowledged)
    lab.facts["untold"] = len(writers.refused & set(lab.service.names()))


def postgresql_restarted(lab: Lab) -> None:
    server = lab.closing.enter_context(running_postgres())
    lab.serve(API_DATABASE_URL=server.url())
    writers = Writers(lab.service, 4)
    wait_until(lambda: len(writers.acknowledged) > 50, 20, "fifty acknowledged writes")
    server.docker("kill")
    ask_all(lab)
    server.docker("start")
    wait_until(server.answers, 30, "a PostgreSQL server that takes connections")
    time_to_recover(lab)
    writers.stop()
    keep(lab, writers.acknowledged)


UNTOLD = fact("untold", lambda count: count == 0, "{} stored though refused, and not said so")

FAULTS: tuple[Fault, ...] = (
    Fault(
        "PostgreSQL: the service is killed again and again under writes",
        postgresql_killed_often,
        (),
        OFTEN,
        10,
        timeout_seconds=OFTEN_SECONDS,
    ),
    Fault(
        "PostgreSQL stands still for 5 s under writes",
        postgresql_paused,
        (),
        (writes(503, 504), UNREADY, QUICK, *KEPT, UNTOLD),
        3,
    ),
    Fault("PostgreSQL is killed and started again", postgresql_restarted, (), (writes(503), UNREADY, QUICK, *KEPT), 5),
)
