"""May a run start now: are the workers there, are they all alike, and does nobody make load of another run?"""

from __future__ import annotations

import logging
import time
from pathlib import Path

import gevent
from locust.runners import MasterRunner

from lab.asking.target import TargetError
from lab.engine.dispatch import Master
from lab.engine.refusals import ADVICE, REFUSALS, Refused
from lab.engine.targets import Targets
from lab.results import files
from lab.settings import Settings

log = logging.getLogger(__name__)


class LabError(Exception):
    """The lab itself failed; the message says at what, and what would help."""


def check_load(targets: Targets, settings: Settings, host: str, users: int) -> None:
    """Raises TargetError, with the reason, where this load may not be made."""
    if users > settings.most_users:
        raise TargetError(f"{users} users are more than LAB_MAX_USERS allows: {settings.most_users}")
    targets.check((*targets.of(host), *settings.metrics_urls), settings.allowed_hosts)


def obstacle(runner: Master, results: Path | None) -> str | None:
    """What makes a start impossible now, in a sentence; None where nothing does. `results` is where a run is kept."""
    if not runner.worker_count:
        return "no worker is connected: start some (--scale worker=4)"
    try:
        if results:
            files.check(results)
    except files.ResultsError as error:
        return str(error)
    refusals = runner.admission.refusals() if runner.admission else []
    strangers = [
        f"Worker {worker} still has {users} users of an earlier run: wait until it has stopped, or end it."
        for worker, users in runner.strangers.with_users().items()
    ]
    return next(iter([*refusals, *strangers]), None)


def come_together(runner: Master, settings: Settings, targets: Targets, host: str, users: int) -> None:
    """Returns when the workers are there. What can be refused without them is refused before they are waited for.

    Raises LabError or TargetError, with the reason.
    """
    check_load(targets, settings, host, users)
    wait_for_workers(runner, settings)


def wait_for_workers(runner: Master, settings: Settings) -> None:
    """Returns when the number of workers, LAB_WORKERS at least, has stood still; so `--scale worker=4` is said once.

    Raises LabError where too few come, or where one runs something else than the master.
    """
    began = changed = time.monotonic()
    count, wanted = 0, settings.workers or 1
    while count < wanted or time.monotonic() - changed < settings.workers_settle_seconds:
        if runner.admission and (refusals := runner.admission.refusals()):
            raise LabError(f"{refusals[0]} All workers must run what the master runs.")
        if runner.strangers.with_users():
            changed = time.monotonic()
        if count < wanted and time.monotonic() - began > settings.workers_wait_seconds:
            raise LabError(_too_few(count, wanted, settings.workers_wait_seconds))
        gevent.sleep(0.1)
        if count != len(runner.clients.ready):
            count, changed = len(runner.clients.ready), time.monotonic()
    log.info("%d workers are there", count)


def _too_few(count: int, wanted: int, waited_seconds: float) -> str:
    strangers = REFUSALS.counts()[Refused.CONNECTION]
    turned = f" {Refused.CONNECTION} were refused ({strangers:,}). {ADVICE}" if strangers else ""
    if not count:
        return f"no worker connected within {waited_seconds:g} s: are there any (--scale worker=4)?{turned}"
    return f"{count} of LAB_WORKERS={wanted} connected within {waited_seconds:g} s: where are the others?{turned}"


def tell_of_workers(runner: MasterRunner, settle_seconds: float, where: str) -> None:
    """Says how many workers there are, each time that their number stands still at another one; at first, where a run
    is started. It goes on as long as the master does."""
    told, count, changed = 0, 0, time.monotonic()
    while True:
        gevent.sleep(0.5)
        if count != runner.worker_count:
            count, changed = runner.worker_count, time.monotonic()
        if count != told and time.monotonic() - changed >= settle_seconds:
            hint = "" if told else f": start a run at {where}"
            log.info("%d worker%s there%s", count, " is" if count == 1 else "s are", hint)
            told = count
