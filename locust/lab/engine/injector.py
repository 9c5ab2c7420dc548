"""Has the faults of LAB_FAULT done while the run goes on, and keeps what was answered around them."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import gevent
from locust.rpc.zmqrpc import Server

from lab import reach
from lab.asking.target import TargetError
from lab.chaos import client
from lab.chaos.client import Talk
from lab.chaos.hands import ChaosError
from lab.counts.clock import CLOCK
from lab.counts.endpoints import Endpoints
from lab.counts.marks import Mark
from lab.counts.seconds import REPORTED_SECONDS
from lab.counts.timeline import Answers
from lab.engine.frames import CarefulServer
from lab.faults.deeds import AFTER_SECONDS, BEFORE_SECONDS, Deed, Faults
from lab.judging.verdict import ExitCode
from lab.plans.stages import TAKES_FAULTS
from lab.settings import Settings

log = logging.getLogger(__name__)

COMES_UP_WITHIN_SECONDS = 5.0
LOOKS_EVERY_SECONDS = 0.2
START = "docker compose --profile chaos up --scale worker=4"


class WrongFaultError(TargetError):
    """A fault that cannot be done to what is there."""

    exit_code = ExitCode.WRONG_USAGE


def check(settings: Settings, target: str) -> None:
    """Raises TargetError, with the reason, where the faults that are asked for cannot be done."""
    if not settings.faults:
        return
    try:
        known = _await_services(settings.chaos)
    except ChaosError as error:
        raise TargetError(f"LAB_FAULT is set, and {error}; start it too: `{START}`, or ./local.sh whole") from error
    for fault in settings.faults:
        if fault.service is not None and fault.service not in known:
            there = ", ".join(known)
            raise WrongFaultError(f"LAB_FAULT: '{fault.text}': there is no such service here; there are {there}")
        if fault.is_of_the_way and reach.parse(target).scheme != "http":
            raise WrongFaultError(f"LAB_FAULT: '{fault.text}' takes a target that is reached by http, not {target}")


def _await_services(path: Path) -> list[str]:
    """What faults can be done to; waits for a chaos service that is about to start."""
    deadline = CLOCK.now() + COMES_UP_WITHIN_SECONDS
    while True:
        try:
            return client.services(path)
        except ChaosError:
            if CLOCK.now() > deadline:
                raise
            gevent.sleep(LOOKS_EVERY_SECONDS)


class Injector:
    """The faults of one run."""

    def __init__(self, settings: Settings, plan: str, target: str, server: Server) -> None:
        """Leads the swarm through the chaos service where a fault needs that."""
        assert isinstance(server, CarefulServer)
        self._path, self._server = settings.chaos, server
        self._patience = settings.failure_seconds, settings.timeout_seconds
        self._deeds = [Deed(fault) for fault in settings.faults] if plan in TAKES_FAULTS else []
        self._began: int | None = None
        self._closed: int | None = None
        self._seconds: dict[int, Endpoints] = {}
        self._works: gevent.Greenlet[..., None] | None = None
        self._way: Talk | None = None
        if any(deed.fault.is_of_the_way for deed in self._deeds):
            self._open_way(target)

    def begin(self, second: int) -> None:
        """Says that the plan measures from this second on: the faults' times are counted from here, once."""
        if self._deeds and self._began is None:
            self._began = second
            self._works = gevent.spawn(self._work, second)

    def hear(self, rows: Iterable[Answers], marks: Iterable[Mark]) -> None:
        """Takes in what a worker counted, also of seconds long ago."""
        for row in rows if self._deeds else ():
            if self._keeps(row.second):
                self._seconds.setdefault(row.second, Endpoints()).answer(row)
        for mark in marks if self._deeds else ():
            if self._keeps(mark.second):
                self._seconds.setdefault(mark.second, Endpoints()).mark(mark)

    def close(self) -> None:
        """Ends what goes on: the chaos service undoes it."""
        if self._closed is None:
            self._closed = CLOCK.second()
            if self._works is not None:
                self._works.kill()

    def leave(self) -> None:
        """Lets go of the way, once the last user has gone it."""
        if self._way is not None:
            self._way.close()
            self._server.way = ""

    def evidence(self) -> Faults | None:
        """What was done so far, with the seconds around it; None where no fault is asked for."""
        if not self._deeds:
            return None
        until = CLOCK.second() - REPORTED_SECONDS if self._closed is None else self._closed
        seconds = range(min(self._seconds, default=until), until)
        whole = {second: self._seconds.get(second, Endpoints()) for second in seconds if self._keeps(second)}
        return Faults(list(self._deeds), whole, *self._patience)

    def _keeps(self, second: int) -> bool:
        began = self._began
        if began is None:
            return second >= CLOCK.second() - 2 * BEFORE_SECONDS
        return any(
            began + deed.fault.at - BEFORE_SECONDS <= second <= began + deed.fault.over + AFTER_SECONDS
            for deed in self._deeds
        )

    def _open_way(self, target: str) -> None:
        place = reach.parse(target)
        try:
            self._way = Talk(self._path)
            found = self._way.ask(ask="way", host=place.host, port=place.origin[2])
        except ChaosError as error:
            log.error("LAB_FAULT: %s", error)  # noqa: TRY400 - one line; its faults find no way and say so
        else:
            self._server.way = place._replace(host=str(found["host"]), port=int(found["port"])).url

    def _work(self, began: int) -> None:
        for at, deed in enumerate(self._deeds):
            gevent.sleep(max(0.0, began + deed.fault.at - CLOCK.now()))
            try:
                with client.talk(self._path) as talk:
                    self._do(at, talk)
            except ChaosError as error:
                self._note(at, problem=str(error))
                log.error("LAB_FAULT: '%s' failed: %s", deed.fault.text, error)  # noqa: TRY400 - one line

    def _do(self, at: int, talk: Talk) -> None:
        fault = self._deeds[at].fault
        self._note(at, asked=CLOCK.now())
        on = client.begin(talk, fault)
        self._note(at, done=CLOCK.now(), on=on)
        log.warning("LAB_FAULT: '%s' is done to %s", fault.text, ", ".join(on))
        talk.hear(fault.seconds + client.ANSWERS_WITHIN_SECONDS)
        self._note(at, over=CLOCK.now())
        log.warning("LAB_FAULT: '%s' is over", fault.text)

    def _note(self, at: int, **known: object) -> None:
        self._deeds[at] = replace(self._deeds[at], **known)  # type: ignore[arg-type]
