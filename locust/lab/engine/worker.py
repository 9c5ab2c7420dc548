"""The worker's part: counts every answer, hands everything in before it leaves, and leaves after the master."""

from __future__ import annotations

import logging
import os
import socket
import sys
import time
from typing import TYPE_CHECKING, Any

import gevent
import psutil
from locust import __version__
from locust.runners import STATE_CLEANUP, STATE_INIT, WorkerRunner

from lab.arrivals.source import Source, in_tasks
from lab.client.room import ROOM
from lab.counts.clock import CLOCK
from lab.counts.recorder import Recorder, rows
from lab.counts.templates import Templates
from lab.engine import link, locust_tables, undone
from lab.engine.build import build
from lab.engine.counting import Counting
from lab.engine.dispatch import remember_default_options
from lab.engine.last_word import LastWord
from lab.engine.lending import Borrower
from lab.engine.targets import Targets
from lab.exchanges.keeping import Keeping
from lab.exchanges.secrets import Known
from lab.generator import cgroup, giving_way
from lab.generator.vitals import Vitals
from lab.journeys.timing import marks
from lab.ledger.writes import writes
from lab.locust_internals import listen_first, replace_count_of_requests, send_report, take_next_spawn
from lab.scenario import place

if TYPE_CHECKING:
    from locust.env import Environment
    from locust.rpc import Message

    from lab.settings import Settings

log = logging.getLogger(__name__)

RUN = "lab_run"
"""Which of Locust's options holds the id of the run: they travel from the master to the workers."""
MASTER_LEAVES_WITHIN_SECONDS = 15
LOOKS_EVERY_SECONDS = 0.25
"""How often a worker looks whether its master can still be heard."""
HURRIED_SECONDS = 4.0
"""How long requests in flight are waited for where a signal ends the worker: `docker compose stop` kills after 10 s."""
SILENT_STOP_SECONDS = 0.9
"""How long requests in flight are waited for where the master is not heard: then it may deal the users to others."""
CUT_OFF_BEFORE_SECONDS = 0.1
"""So much before Locust ends the users who are left, they are counted."""
CUT_OFF = "cut off: no answer when the run ended"


class Worker:
    """Joins the recorder to Locust's events on a worker, and watches its link to the master."""

    def __init__(self, environment: Environment, settings: Settings) -> None:
        assert isinstance(environment.runner, WorkerRunner)
        self.environment, self.runner, self._targets = environment, environment.runner, Targets(environment)
        remember_default_options()
        self.exchanges = Keeping(known := Known.of(os.environ, place.own_variables(place.path())))
        self.recorder = Recorder(shown=known.shown)
        undone.count(environment, self.recorder, self.exchanges)
        self.vitals = Vitals(lambda: self.runner.user_count)
        self.vitals.start()
        giving_way.Watch().start()
        self._borrower = Borrower(self.runner)
        self._dismissed = False
        self._build, self._outbox = build(settings, self._borrower.close()), link.Outbox()
        self._run, self._is_away = "", False
        self._silent_since: float | None = None
        self._silence: link.Silence | None = None
        self._cut_off = self._cut_off_before = 0
        # a worker that saw failed requests did its work: what they mean is for the master to say
        self._last_word = LastWord(environment)
        self._last_word.say(0)
        self._quits = self.runner.quit
        self.runner.quit = self._on_unasked_quit  # type: ignore[method-assign]
        self._targets.keep(self.runner)
        memory = min(psutil.virtual_memory().total, cgroup.memory_bytes() or sys.maxsize)
        ROOM.bound(memory // 2, lambda: self.runner.user_count)
        events = environment.events
        templates = Templates(grouped=settings.group_names)
        counting = Counting(self.recorder, self.runner.stats, templates, self.exchanges)
        replace_count_of_requests(events.request, counting.on_request)
        # before Locust writes its report: its tables are filled here
        listen_first(events.report_to_master, self._on_report)
        events.report_to_master.add_listener(locust_tables.shorten)
        events.test_start.add_listener(self._on_test_start)
        events.test_stop.add_listener(self._on_test_stop)
        events.quitting.add_listener(self._on_quitting)
        events.quit.add_listener(self._on_quit)
        events.test_stopping.add_listener(self._on_test_stopping)
        self.runner.register_message(link.ACK, self._on_ack)
        self.runner.register_message(link.REFUSED, self._on_refused)
        self.runner.register_message(link.HURRY, lambda msg, **_: self._hurry(msg.data["seconds"]))
        self._watches = gevent.spawn(self._watch_master)

    def _on_test_start(self, **_: Any) -> None:
        run = getattr(self.environment.parsed_options, RUN, "")
        if run != self._run:
            self._run, self._cut_off, self._silence = run, 0, None
            self.recorder.begin()
            self.exchanges.begin()
            marks.begin()
            self._outbox.clear()
            self.vitals.begin(self._targets.of(self.environment.host or ""))
            self._borrower.begin(run, self.runner.worker_index)
        writes.begin(run, max(0, self.runner.worker_index))

    def _on_report(self, data: dict[str, Any], **_: Any) -> None:
        until, counts = CLOCK.second(), self.recorder.drain()
        locust_tables.fill(self.runner.stats, counts)
        silence, self._silence = self._silence, None
        batch = {
            "answers": list(rows(counts)),
            "marks": marks.drain(self.exchanges.known.shown),
            "writes": writes.drain(),
            "health": self.vitals.drain(),
            "silence": silence,
            "exchanges": self.exchanges.drain(),
        }
        data[link.REPORT] = link.Report(
            run=self._run,
            build=self._build,
            sent=time.monotonic(),
            until=until,
            wall_offset=CLOCK.wall_offset if CLOCK.follows else None,
            cut_off=self._cut_off,
            in_tasks=len(in_tasks(self.runner.user_greenlets)) + Source.in_flight_of_all,
            batches=self._outbox.add(batch),
        )

    def _on_ack(self, msg: Message, **_: Any) -> None:
        ack = msg.data
        CLOCK.follow(ack["time"], ack["sent"])
        self._outbox.hear(ack)
        take_next_spawn(self.runner)
        if self.runner.user_count and ack["run"] != self._run:
            log.warning("The master has another run than this worker: its users are stopped")
            self._stop_users()
            self._outbox.clear()
        if self._is_away:
            self._come_back()

    def _on_refused(self, msg: Message, **_: Any) -> None:
        print(msg.data["reason"], file=sys.stderr)  # noqa: T201 - it is for the person who started it
        self._last_word.say(1)

    def _on_unasked_quit(self) -> None:
        log.warning("the scenario called runner.quit(): the run ends, and the master says so")
        self.runner.send_message(link.QUIT, {})

    def _hurry(self, seconds: float) -> None:
        """Has a stop wait for requests in flight no longer than so many seconds, even if it waits already."""
        self.environment.stop_timeout = min(self.environment.stop_timeout or seconds, seconds)
        gevent.spawn_later(seconds, self._cut_users_off)

    def _watch_master(self) -> None:
        """Stops the users while the master cannot be heard: it gives the worker up, and deals them to others."""
        while True:
            slept_at = time.monotonic()
            gevent.sleep(LOOKS_EVERY_SECONDS)
            if time.monotonic() - slept_at > LOOKS_EVERY_SECONDS + 1:
                continue  # it stood still itself: what the master sent meanwhile is yet to be read
            if self.runner.state == STATE_CLEANUP:
                self._outbox.excuse()  # Locust reads nothing while a stop waits for users
            silent = self._outbox.silent_seconds
            if self.runner.user_count and silent > link.MASTER_SILENT_SECONDS and not self._dismissed:
                log.warning("The master was not heard for %.0f s: users are stopped until it is back", silent)
                self._stop_users()
            if silent > link.MASTER_LOST_SECONDS:
                log.error("The master was not heard for %.0f s: it is given up", silent)
                self._last_word.say(1)
                self._quits()
                return

    def _stop_users(self) -> None:
        """Ends all users soon; the master hears of it now, or when it can be heard again."""
        self._silent_since, self._cut_off_before = time.monotonic() - self._outbox.silent_seconds, self._cut_off
        self.environment.stop_timeout = SILENT_STOP_SECONDS
        self.runner.stop()
        self.runner.worker_state = STATE_INIT
        self.runner.send_message("client_stopped")
        self._is_away = True

    def _come_back(self) -> None:
        """Tells the master that the users are gone, which may not have reached it, and that new ones can come."""
        self._note_silence(is_over=True)
        self._is_away, self._silent_since = False, None
        self.runner.send_message("client_stopped")
        # Locust sends its version as the data of this one
        self.runner.send_message("client_ready", __version__)  # type: ignore[arg-type]

    def _note_silence(self, *, is_over: bool) -> None:
        if self._silent_since is not None:
            seconds = time.monotonic() - self._silent_since
            self._silence = link.Silence(seconds=seconds, cut_off=self._cut_off - self._cut_off_before, is_over=is_over)

    def _on_test_stopping(self, **_: Any) -> None:
        if timeout := self.environment.stop_timeout:
            gevent.spawn_later(max(0.0, timeout - CUT_OFF_BEFORE_SECONDS), self._cut_users_off)
        else:
            self._cut_off += len(in_tasks(self.runner.user_greenlets))

    def _cut_users_off(self) -> None:
        """Ends users who still wait for an answer when a stop waits no longer: each is counted.

        It is a failure as well, unless the master's silence is the reason: the service cannot help that.
        """
        if self.runner.state != STATE_CLEANUP:
            return
        users = in_tasks(self.runner.user_greenlets)
        if self._silent_since is None:
            for user in users:
                name = type(user).__name__
                self.recorder.fail(("USER", name, None, name), CUT_OFF)
        self._cut_off += len(users)
        self.runner.user_greenlets.kill(block=False)

    def _on_test_stop(self, **_: Any) -> None:
        writes.hand_in()
        self._note_silence(is_over=False)
        # before Locust says "stopped": the master counts nothing after that
        send_report(self.runner)
        # all users have stopped: nothing is left to wait for before the worker is ready again; a start sets it anew
        self.environment.stop_timeout = 0.0

    def _on_quitting(self, **_: Any) -> None:
        # Locust ends the runner's greenlets on the master's word, and leaves them be on a signal
        self._dismissed = not len(self.runner.greenlet)
        self.runner.quit = self._quits  # type: ignore[method-assign]
        self._hurry(HURRIED_SECONDS)
        self.runner.stop()

    def _on_quit(self, **_: Any) -> None:
        """Stays until the master is gone: whoever waits for the first container to exit must see the master's exit."""
        deadline = time.monotonic() + MASTER_LEAVES_WITHIN_SECONDS
        while self._dismissed and time.monotonic() < deadline:
            try:
                socket.create_connection((self.runner.master_host, self.runner.master_port), timeout=1).close()
            except OSError:
                return
            gevent.sleep(0.2)
