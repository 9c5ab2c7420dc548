"""How users are dealt out to workers and taken in by them, with defects of Locust 2.47 mended.

On the master, users were dealt out anew wherever a worker's coming or going was heard of: in the greenlet that listens
to the workers, which heard nothing meanwhile; twice for one worker that came; not at all once a flag stayed up after
the first time; and through a stop, so that workers began again after it and nobody counted what they did.

On a worker each message that changes its users built the parser of the command line anew for every single option
(`runners.py`, `handle_message`): for 0.2 s no user was served, each second while users came.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import Any

import gevent
from gevent.lock import RLock
from locust import argument_parser
from locust.dispatch import UsersDispatcher
from locust.exception import RPCError
from locust.rpc import Message
from locust.runners import (
    STATE_INIT,
    STATE_RUNNING,
    STATE_SPAWNING,
    STATE_STOPPED,
    STATE_STOPPING,
    MasterRunner,
    locust_exception_handler,
)

from lab.counts.clock import CLOCK
from lab.counts.totals import Totals
from lab.engine import reports
from lab.engine.admission import Admission, Strangers
from lab.engine.lending import Lender, end_run
from lab.engine.link import ACK, REFUSED, REPORT, ROWS, Ack, Inbox
from lab.engine.refusals import REFUSALS, Refused
from lab.engine.sharing import Shares, in_turn
from lab.judging.evidence import Interruption
from lab.judging.verdict import ExitCode
from lab.locust_internals import OrderedDispatcher, dispatcher_of, give_dispatcher, is_deal_due
from lab.shapes.base import check_load

log = logging.getLogger(__name__)

LOOKS_EVERY_SECONDS = 0.1
MESSAGES_LEAVE_WITHIN_SECONDS = 0.05
"""How long a message may take that Locust has put into the event loop's hands, to be sent at once."""
NO_WORKER_SECONDS = 5.0
"""How long a run waits for workers where none is left: who did not hear the master for a while comes back at once."""


class Dispatcher(OrderedDispatcher):
    """Leaves it to the master when users are dealt out anew."""

    @property
    def dispatch_in_progress(self) -> bool:
        """Always: whoever hears of a worker asks this, and would deal out anew at once where it is false."""
        return True

    @property
    def is_due(self) -> bool:
        """Whether workers came or went since the users were dealt out."""
        return is_deal_due(self)


class Master(MasterRunner):
    """Deals users out in one place: one deal at a time, off the listener's greenlet, and none through a stop."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Ends the process, with the reason in a line, where the port for workers cannot be had."""
        try:
            super().__init__(*args, **kwargs)
        except RPCError as error:
            reason = f"the port for workers cannot be had: {error}. Is another master running?"
            print(f"NO VERDICT: {reason}", flush=True)  # noqa: T201 - nothing of the lab is there yet to say it
            sys.exit(ExitCode.LAB_FAILED)
        self._looks_alone = 0
        self._one_at_a_time = RLock()
        self._deal: gevent.Greenlet[..., None] | None = None
        self._dispatcher_kept: UsersDispatcher | None = None
        self._stops = False
        self.admission: Admission | None = None
        self.strangers = Strangers()
        self.inbox, self.totals, self._shares = Inbox(), Totals(), Shares()
        self.environment.dispatcher_class = partial(Dispatcher, in_order=self._in_order)  # type: ignore[assignment]
        self.run_id = ""
        self._waiting: dict[str, Message] = {}
        self.is_leaving = False
        self.most_users = 0
        """What nobody gets around, whoever asks: LAB_MAX_USERS."""
        self.targets: tuple[str, ...] = ("",)
        self.interrupt: Callable[[Interruption], None] = lambda _: None
        self.lender = Lender(self)
        self.lender.on_end = lambda cause: end_run(self, self.interrupt, cause)
        self.register_message(ROWS, self.lender.hear)
        looks = self.greenlet.spawn(self._deal_anew_when_due)
        looks.link_exception(locust_exception_handler(self.environment))

    def handle_message(self, client_id: str, msg: Message) -> None:
        """Take in a message; one whose contents cannot be read is noted, and ends nothing."""
        try:
            self._take_in(client_id, msg)
        except reports.NotReadable as error:
            REFUSALS.note(error.what, f"{client_id}: {error}")
        except Exception as error:  # noqa: BLE001 - whatever it is, the master goes on listening
            REFUSALS.note(Refused.REPORT, f"{msg.type} of {client_id}: {error!r}")

    def rebalancing_enabled(self) -> bool:
        """No: it is done here, once."""
        return False

    def start(self, user_count: int, spawn_rate: float, *args: Any, **kwargs: Any) -> None:
        """Deal the users out, and return when they are there. Raises ValueError where there may not be as many."""
        check_load(user_count, spawn_rate, self.most_users)
        with self._one_at_a_time:
            if self._stops:
                return
            if dispatcher_of(self) is None and self.state in (STATE_RUNNING, STATE_SPAWNING):
                give_dispatcher(self, self._dispatcher_kept)
            if isinstance(dispatcher := dispatcher_of(self), Dispatcher):
                dispatcher.deal_anew_if_it_is_another()
            self._deal = gevent.spawn(super().start, user_count, spawn_rate, *args, **kwargs)
            try:
                self._deal.get()
            finally:
                self._deal.kill()
                self._deal = None
                self._dispatcher_kept = dispatcher_of(self)

    def stop(self, send_stop_to_client: bool = True) -> None:
        """Stop the test; a deal that goes on ends first, with all its messages gone: none may come after "stop"."""
        self.await_set_up()
        self._stops = True
        try:
            if self._deal is not None and self._deal is not gevent.getcurrent():
                self._deal.kill()
                gevent.sleep(MESSAGES_LEAVE_WITHIN_SECONDS)
            super().stop(send_stop_to_client)
        finally:
            self._stops = False

    def quit(self) -> None:
        """End the workers. Where it is not the end of the master itself, it was the scenario who called it."""
        if not self.is_leaving and gevent.getcurrent() is not self.shape_greenlet:
            self.interrupt(Interruption.SCENARIO)
            self.stop()
        super().quit()

    def begin_run(self, run: str) -> None:
        """Says which run goes on from now on."""
        self.run_id = run
        self.lender.begin(run)
        self._shares.begin()

    def _in_order(self, workers: Iterable[str]) -> list[str]:
        there = list(workers)
        return in_turn(there, self._shares.parts(there))

    def await_set_up(self) -> None:
        """Returns when no run is just being set up: half a run cannot be stopped, and has no verdict."""
        while self._deal not in (None, gevent.getcurrent()) and self.state in (STATE_INIT, STATE_STOPPED):
            gevent.sleep(LOOKS_EVERY_SECONDS)

    def check_stopped(self) -> None:
        """Whether a stop is over. That no worker is there ends no run by itself: they may be on their way back."""
        if self.state == STATE_STOPPING:
            super().check_stopped()

    def _take_in(self, client_id: str, msg: Message) -> None:
        """Takes a worker in only when its first report has shown what it runs; until then it is not there."""
        admission = self.admission
        if admission is None:
            return
        if msg.type == "client_ready" and not admission.is_admitted(client_id):
            admission.come(client_id)
            self._waiting[client_id] = msg
            # it sends its first report only after this
            self.send_message("ack", client_id=client_id, data={"index": self.get_worker_index(client_id)})
            return
        report = (msg.data or {}).get(REPORT) if msg.type == "stats" else None
        if client_id in self._waiting and msg.type == "stats":
            self._let_in(admission, client_id, report)
        if admission.is_admitted(client_id):
            self._hear(client_id, msg, report)
        elif report and client_id not in self._waiting:
            # of an earlier master: it stops its users when it hears which run goes on, and comes anew
            self.strangers.note(client_id, msg.data.get("user_count", 0))
        if report:
            ack = Ack(sent=report["sent"], time=CLOCK.now(), run=self.run_id, heard=self.inbox.heard(client_id))
            self.send_message(ACK, dict(ack), client_id)

    def _hear(self, client_id: str, msg: Message, report: Any) -> None:
        if msg.type == "stats" and not report:
            raise reports.NotReadable("it lacks what the lab's recorder counted", Refused.REPORT)
        if report and report["run"] == self.run_id:
            reports.check_in_place(report, self.get_worker_index(client_id), CLOCK.second())
        if report:
            self._shares.hear(client_id, report["batches"])
        super().handle_message(client_id, msg)

    def _let_in(self, admission: Admission, client_id: str, report: Any) -> None:
        is_admitted = admission.look(client_id, report)
        if is_admitted is None:
            return
        ready = self._waiting.pop(client_id)
        if is_admitted:
            self._shares.hear(client_id, report["batches"] if report else ())
            super().handle_message(client_id, ready)
        else:
            self._turn_away(client_id)

    def _turn_away(self, client_id: str) -> None:
        reason = self.admission.refusals()[-1] if self.admission else ""
        log.error("%s", reason)
        self.send_message(REFUSED, {"reason": reason}, client_id)
        self.send_message("quit", client_id=client_id)

    def _deal_anew_when_due(self) -> None:
        while True:
            gevent.sleep(LOOKS_EVERY_SECONDS)
            dispatcher = dispatcher_of(self)
            if self._is_forsaken():
                log.error("no worker is left, and none came back: the test is stopped")
                self.stop()
                self.check_stopped()
            elif self.state == STATE_RUNNING and isinstance(dispatcher, Dispatcher) and dispatcher.is_due:
                self.start(self.target_user_count, self.spawn_rate)

    def _is_forsaken(self) -> bool:
        """Whether no worker was there for too long; in looks, because the master itself may stand still as well."""
        is_alone = not self.worker_count and self.state in (STATE_RUNNING, STATE_SPAWNING)
        self._looks_alone = self._looks_alone + 1 if is_alone else 0
        return self._looks_alone * LOOKS_EVERY_SECONDS > NO_WORKER_SECONDS


def remember_default_options() -> None:
    """Has Locust find out its options' defaults once: they are those of its environment, and nobody changes them."""
    if not hasattr(argument_parser.default_args_dict, "cache_info"):
        argument_parser.default_args_dict = cache(argument_parser.default_args_dict)
