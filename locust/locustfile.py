"""Joins the users (users.py) and the lab, which plans, measures and judges. Locust loads this file."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import gevent
import locust.env
import locust.rpc.zmqrpc
import locust.stats
from gevent import pywsgi
from locust import events, runners

from lab import shapes, target
from lab.arrivals.visitor import Visitor
from lab.counts import histogram
from lab.engine import conductor, signals, trust, worker
from lab.engine.dispatch import Master
from lab.engine.frames import sockets_with
from lab.engine.half_requests import CarefulHandler
from lab.judging.verdict import ExitCode
from lab.knobs import SettingsError
from lab.limits import LimitError
from lab.settings import Settings, limits_text

if TYPE_CHECKING:
    from locust.argument_parser import LocustArgumentParser
    from locust.env import Environment

if "--master" in sys.argv:
    signals.end_before_the_start()

try:
    settings = Settings.from_environment()
    Visitor.set_up(
        arrivals=settings.arrivals,
        arrival_spacing=settings.arrival_spacing,
        think_seconds=settings.think_seconds,
        timeout_seconds=settings.timeout_seconds,
        keep_alive=settings.keep_alive,
    )
    target.OwnRequests.set_up(settings.own_headers, settings.tls_verify, settings.tls_ca)
    trust.set_up(settings.tls_verify, settings.tls_ca)
    from users import *  # noqa: F403 - every class of user there is offered in the UI
except SettingsError as error:
    print(error, file=sys.stderr)  # noqa: T201 - the one way to say why nothing starts
    sys.exit(ExitCode.WRONG_USAGE)

globals().update(shapes.shapes())

# results are writable for the group, so that they can be handed to the person who started the run
os.umask(0o002)
# Ctrl-C is raised in whichever greenlet runs: it ends the program, but is no error of that greenlet to print
hub = gevent.get_hub()
hub.NOT_ERROR = (*hub.NOT_ERROR, KeyboardInterrupt)
locust.stats.bucket_response_time = histogram.bucket  # type: ignore[assignment]
pywsgi.WSGIServer.handler_class = CarefulHandler
locust.env.MasterRunner = Master  # type: ignore[attr-defined]
locust.rpc.zmqrpc.Server, locust.rpc.zmqrpc.Client = sockets_with(settings)  # type: ignore[misc, assignment]
runners.WORKER_REPORT_INTERVAL = 1.0
# by the wall clock, which can be set; lab/engine/worker.py looks after the master by monotonic time
runners.MASTER_HEARTBEAT_TIMEOUT = float("inf")  # type: ignore[assignment]


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def add_arguments(parser: LocustArgumentParser) -> None:
    parser.add_argument(
        "--limits",
        default=limits_text(),
        help='What is accepted, such as "p95<=450ms" or "GET /tests:p99<=900ms" (LAB_LIMITS)',
    )


@events.init.add_listener  # type: ignore[untyped-decorator]
def join(environment: Environment, **_: Any) -> None:
    if isinstance(environment.runner, runners.MasterRunner):
        signals.end_in_order()
        try:
            conductor.Conductor(environment, settings)
        except LimitError as error:
            print(f"--limits: {error}", file=sys.stderr)  # noqa: T201 - as above
            sys.exit(ExitCode.WRONG_USAGE)
    elif isinstance(environment.runner, runners.WorkerRunner):
        worker.Worker(environment, settings)
