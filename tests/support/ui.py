"""The UI as the lab builds it: Locust's real app with the lab's pages, login and guard; a test leads the conductor."""

from __future__ import annotations

import copy
import re
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any, cast

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from lab import limits
from lab.asking.target import TargetError
from lab.counts.totals import Totals
from lab.limits import Limit
from lab.settings import Settings
from tests.support.lean import Environment

# after it, on purpose: Locust is asked not to patch this process
from lab.engine import start, ui  # isort: skip
from lab.shapes import shapes  # isort: skip
from locust import User, argument_parser, constant, events, task  # isort: skip

PASSWORD = "a password of the tests"
SECRET = "the secret of the tests, long enough"
HOST = "http://127.0.0.1:5000"
GOOD = {"user_count": "20", "spawn_rate": "10"}
MOST = 60
"""Users, where a test sets LAB_MAX_USERS."""
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


class Reader(User):
    """Asks nothing."""

    wait_time = constant(1)

    @task
    def read(self) -> None:
        """Nothing."""


class Writer(Reader):
    """As well."""


@dataclass
class StubRun:
    """A run that says of itself what it is told to."""

    folder: Path
    said: dict[str, Any]
    hearing: Any = field(default_factory=lambda: SimpleNamespace(vitals={}))
    finished: Event = field(default_factory=Event)

    def snapshot(self) -> dict[str, Any]:
        return self.said


@dataclass
class StubRunner:
    """What /metrics reads of the master's runner."""

    user_count: int = 0
    target_user_count: int = 0
    clients: Any = field(default_factory=lambda: SimpleNamespace(all=[]))
    totals: Totals = field(default_factory=Totals)

    def get_worker_index(self, client: str) -> int:
        return [each.id for each in self.clients.all].index(client)


@dataclass
class Led:
    """What the UI sees of the master's conductor, and what it asked of it."""

    environment: Environment
    settings: Settings
    options: Any
    limits: tuple[Limit, ...] = limits.parse("p95<=450ms")
    limits_option: str = "limits"
    run: StubRun | None = None
    is_idle: bool = True
    is_judging: bool = False
    refuses: str = ""
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    runner: StubRunner = field(default_factory=StubRunner)

    @property
    def host(self) -> str:
        return self.environment.host or ""

    def accept(self, accepted: tuple[Limit, ...]) -> None:
        self.limits = accepted
        self.asked.append(("accept",))

    def check(self, host: str, users: int) -> None:
        self.asked.append(("check", host, users))
        if self.refuses:
            raise TargetError(self.refuses)

    def prepare(self, host: str, wait_seconds: float) -> None:
        self.asked.append(("prepare", host, wait_seconds))


class Client(FlaskClient):
    """Has these in the environment of each request, whatever the rest of it says."""

    forced: dict[str, str]

    def open(self, *arguments: Any, **options: Any) -> TestResponse:
        return super().open(*arguments, **options, environ_overrides=self.forced)


@dataclass
class BuiltUI:
    """The app, the conductor behind it, and what Locust's runner was asked for: (users, users a second)."""

    conductor: Led
    web_ui: Any
    started: list[tuple[Any, ...]]

    @property
    def app(self) -> Any:
        return self.web_ui.app

    def client(self, host: str = "127.0.0.1:8089", **environ: str) -> FlaskClient:
        """A client that says this in its Host, whatever it is."""
        client: Client = Client(self.app, use_cookies=True)
        client.forced = {"HTTP_HOST": host.encode().decode("latin-1"), **environ}
        return client

    def statuses(self, client: FlaskClient, *methods: str, **how: Any) -> dict[tuple[str, str], int]:
        """The status of the answer by (method, path), for every route."""
        found = {}
        for path in self.paths():
            for method in methods:
                with client.open(path, method=method, **how) as answer:
                    found[method, path] = answer.status_code
        return found

    def paths(self) -> list[str]:
        """A path of every route, ours and Locust's."""
        return sorted({re.sub(r"<[^>]*>", "x", str(rule)) for rule in self.app.url_map.iter_rules()})


def knobs(folder: Path, **more: str) -> dict[str, str]:
    """Knobs for results in the folder, and a secret of the tests'."""
    return {"LAB_RESULTS": str(folder / "results"), "LAB_SWARM_SECRET": SECRET, **more}


@cache
def _command_line(arguments: tuple[str, ...], options: Any) -> tuple[Namespace, dict[str, Any]]:
    """What Locust reads of it, with the lab's option and those that `options` adds; and what the form shows of it."""
    listeners = [start.Joined(Settings.from_environment({}))._add_arguments, *([options] if options else ())]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["locust", *arguments])
        for listener in listeners:
            events.init_command_line_parser.add_listener(listener)
        read = argument_parser.get_parser().parse_args(list(arguments)), argument_parser.ui_extra_args_dict()
        for listener in listeners:
            events.init_command_line_parser.remove_listener(listener)
    return read


@contextmanager
def built(
    folder: Path, *, web_host: str = "127.0.0.1", arguments: tuple[str, ...] = (), options: Any = None, **more: str
) -> Iterator[BuiltUI]:
    """The UI, with knobs; `options` adds further options to Locust's command line, as a scenario does."""
    parsed, shown = _command_line(arguments, options)
    with pytest.MonkeyPatch.context() as patch:
        # Locust builds its parser anew for each look at the page, which takes most of a test's time
        patch.setattr(argument_parser, "ui_extra_args_dict", lambda: shown)
        patch.setattr("locust.web.CORS", None)
        ui.keep_to_itself()
        yield _build(Settings.from_environment(knobs(folder, **more)), web_host, copy.copy(parsed))


def _build(settings: Settings, web_host: str, parsed: Namespace) -> BuiltUI:
    environment = Environment(
        user_classes=[Reader, Writer],
        available_user_classes=cast("Any", {"Reader": Reader, "Writer": Writer}),
        available_shape_classes={name: shape.__new__(shape) for name, shape in shapes().items()},
        host=HOST,
        parsed_options=parsed,
    )
    parsed.num_users, parsed.spawn_rate = parsed.num_users or 20, parsed.spawn_rate or 10.0
    runner, started = environment.create_local_runner(), list[tuple[Any, ...]]()
    for name in ("start", "stop", "start_shape"):
        setattr(runner, name, lambda *what, name=name: started.append((name, *what)))
    conductor = Led(environment, settings, parsed)
    web_ui = environment.create_web_ui(
        host=web_host,
        port=8089,
        delayed_start=True,
        userclass_picker_is_active=True,
        web_login=parsed.web_login,
        tls_cert=parsed.tls_cert,
        tls_key=parsed.tls_key,
    )
    ui.open_up(web_ui, cast("Any", conductor), settings)
    return BuiltUI(conductor, web_ui, started)


def post(ui: BuiltUI, form: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = ui.client().post("/swarm", data=form, **more)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.get_json()
    return said


def options(parser: Any) -> None:
    """What a scenario may add to Locust's command line."""
    parser.add_argument("--count", type=int, default=3)
    parser.add_argument("--share", type=float, default=0.5)
    parser.add_argument("--deep", action="store_true", default=False)
    parser.add_argument("--region", choices=["eu", "us"], default="eu")
    parser.add_argument("--sizes", is_multiple=True, default=["1", "2"])
    parser.add_argument("--note", default=None)
    parser.add_argument("--inner", default="x", include_in_web_ui=False)
