"""Brings the lab up in a process of Locust's: knobs, scenario, listeners, and what of Locust is replaced."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gevent
import locust.env
import locust.rpc.zmqrpc
import locust.stats
import locust.web
from gevent import pywsgi
from locust import events, runners
from locust.util.load_locustfile import is_shape_class, is_user_class

from lab import shapes
from lab.arrivals import rates
from lab.arrivals.visitor import Visitor
from lab.asking.asker import OwnRequests
from lab.counts import histogram
from lab.engine import (
    conductor,
    counting,
    gate,
    notice,
    other_clients,
    pace,
    publishing,
    quiet,
    signals,
    store,
    terminal,
    tracing,
    trust,
    ui,
    worker,
)
from lab.engine.dispatch import Master
from lab.engine.endpoints import bare
from lab.engine.frames import sockets_with
from lab.engine.half_requests import CarefulHandler
from lab.engine.locust_files import CarefulCsv
from lab.engine.targets import hold_to, visitors
from lab.exchanges.secrets import Known
from lab.judging.verdict import ExitCode
from lab.knobs import SettingsError, of_files, value_of
from lab.limits import LimitError
from lab.locust_internals import has_option, have_users_stop_in_peace, listen_first
from lab.plans import stages
from lab.reach.texts import host_url
from lab.scenario import contents, loading, place
from lab.settings import IN_FILES, Settings, limits_text

if TYPE_CHECKING:
    from locust import User
    from locust.argument_parser import LocustArgumentParser
    from locust.env import Environment

log = logging.getLogger(__name__)

LIMITS, OWN_LIMITS = "--limits", "--lab-limits"
"""The option for limits; the second where the scenario has the first for something of its own."""


def up() -> dict[str, type]:
    """Brings the lab up; returns what Locust shall find: the classes of users and of shapes, each under its name.

    Ends the process, with the reason, where a knob is wrong or the scenario cannot visit anybody.
    """
    if "--master" in sys.argv:
        signals.end_before_the_start()
    try:
        file = place.path()
        settings, classes, own = read(file)
        users = contents.arriving(classes, settings.arrivals, settings.arrival_spacing)
    except SettingsError as error:
        _leave(str(error))
    plans = {**shapes.shapes(), **own}
    for name in own:
        if name.removeprefix("Own").lower() in stages.NAMES:
            print(  # noqa: T201 - Locust's log is not there yet
                f"The scenario's shape {name.removeprefix('Own')} has the name of a plan of the lab: it is offered as "
                f"{name} (LAB_PLAN={name.lower()})",
                file=sys.stderr,
            )
    _replace(settings)
    Joined(settings).listen()
    # not before: Locust has still to read its locust.conf
    listen_first(events.init, lambda **_: os.chdir(file.parent))
    # Locust takes shapes by their own names, and users by those here: a class of users may be called as a plan is
    return {**{f"plan {name}": shape for name, shape in plans.items()}, **users}


def read(file: Path) -> tuple[Settings, dict[str, type[User]], dict[str, type[shapes.LabShape]]]:
    """What the knobs say, and the scenario's classes of users and shapes by their names. Raises SettingsError."""
    # for all who look for the values of secrets, to hide them
    os.environ.update(of_files(IN_FILES))
    # first: other knobs are made from it
    value_of("LOCUST_HOST", host_url, "")
    settings = Settings.read()
    Visitor.set_up(
        arrivals=settings.arrivals,
        arrival_spacing=settings.arrival_spacing,
        think_seconds=settings.think_seconds,
        timeout_seconds=settings.timeout_seconds,
        keep_alive=settings.keep_alive,
    )
    OwnRequests.set_up(settings.own_headers, settings.tls_verify, settings.tls_ca)
    trust.set_up(settings.tls_verify, settings.tls_ca)
    module = loading.load(file)
    if not counting.has_its_clocks():
        raise SettingsError(f"{counting.REPLACED}: nothing could be measured, and no time would ever be over")
    users = contents.user_classes(module, is_user_class)
    own = shapes.own_shapes(contents.shape_classes(module, is_shape_class), stages.NAMES)
    # which plans there are is known only now that the scenario is there
    settings.check([name.lower() for name in own])
    return settings, users, own


def _replace(settings: Settings) -> None:
    terminal.keep_locust_quiet(is_verbose=settings.verbose)
    # results are writable for the group, so that they can be handed to the person who started the run
    os.umask(0o002)
    # Ctrl-C is raised in whichever greenlet runs: it ends the program, but is no error of that greenlet to print
    hub = gevent.get_hub()
    hub.NOT_ERROR = (*hub.NOT_ERROR, KeyboardInterrupt)
    locust.stats.bucket_response_time = histogram.bucket  # type: ignore[assignment]
    locust.stats.csv = locust.web.csv = CarefulCsv  # type: ignore[attr-defined, assignment] # what they use of it
    pywsgi.WSGIServer.handler_class = CarefulHandler
    ui.keep_to_itself()
    locust.env.MasterRunner = Master  # type: ignore[attr-defined]
    locust.rpc.zmqrpc.Server, locust.rpc.zmqrpc.Client = sockets_with(settings)  # type: ignore[misc, assignment]
    runners.WORKER_REPORT_INTERVAL = 1.0
    # by the wall clock, which can be set; lab/engine/worker.py looks after the master by monotonic time
    runners.MASTER_HEARTBEAT_TIMEOUT = float("inf")  # type: ignore[assignment]


class Joined:
    """Joins the lab to the process when Locust has made its parts."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._option = LIMITS

    def listen(self) -> None:
        """Listens after the scenario's own listeners, so that its options are there first."""
        events.init_command_line_parser.add_listener(self._add_arguments)
        events.init.add_listener(self._join)

    def _add_arguments(self, parser: LocustArgumentParser, **_: Any) -> None:
        if has_option(parser, LIMITS):
            self._option = OWN_LIMITS
        parser.add_argument(
            self._option,
            default=limits_text(),
            help='What is accepted, such as "p95<=450ms" or "GET /tests:p99<=900ms" (LAB_LIMITS)',
        )

    def _join(self, environment: Environment, **_: Any) -> None:
        quiet.hide_in_log(Known.of(os.environ, place.own_variables(place.path())))
        if environment.web_ui and environment.web_ui.app:
            quiet.hide_logins(environment.web_ui.app, lambda: environment.host)
        if isinstance(environment.runner, runners.MasterRunner):
            signals.end_in_order()
            hold_to(self._settings.allowed_hosts)
            for line in rates.words(visitors(environment), self._settings.arrivals):
                log.info("%s", line)
            try:
                notice.check(self._settings)
                if opened := publishing.words(self._settings):
                    log.warning("%s", opened)
                store.check(self._settings.results_store)
                lab = conductor.Conductor(environment, self._settings, self._option.strip("-").replace("-", "_"))
                if environment.web_ui:
                    ui.open_up(environment.web_ui, lab, self._settings)
                    if self._settings.plan == stages.MANUAL:
                        gevent.spawn(
                            gate.tell_of_workers,
                            environment.runner,
                            self._settings.workers_settle_seconds,
                            ui.place(environment.web_ui),
                        )
            except LimitError as error:
                _leave(f"{self._option}: {error}")
            except SettingsError as error:
                _leave(str(error))
        elif isinstance(environment.runner, runners.WorkerRunner):
            # it looks at its end whether its master is still there
            environment.runner.master_host = bare(environment.runner.master_host)
            hold_to(self._settings.allowed_hosts | {environment.runner.master_host.lower()})
            other_clients.bound()
            have_users_stop_in_peace()
            exchanges = worker.Worker(environment, self._settings).exchanges
            tracing.Tracing(self._settings.trace_share, exchanges).join(environment.events.request)
            pace.keep(environment)


def _leave(reason: str) -> Any:
    print(reason, file=sys.stderr)  # noqa: T201 - the one way to say why nothing starts
    sys.exit(ExitCode.WRONG_USAGE)
