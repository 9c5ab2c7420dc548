"""A locustfile that knows nothing of the lab: names, options, listeners of its own, and work that is left undone."""

from __future__ import annotations

import functools
from typing import Any

from locust import FastHttpUser, HttpUser, constant, events, task

settings = {"path": "/tests"}
limits = Any


def note(_where: str, name: str, **_: Any) -> None:
    assert name


events.request.add_listener(functools.partial(note, "here"))


@events.init_command_line_parser.add_listener
def add_options(parser: Any) -> None:
    parser.add_argument("--limits", default="10", help="how many items a page has")


@events.quitting.add_listener
def say_all_is_well(environment: Any, **_: Any) -> None:
    environment.process_exit_code = 0


@events.quit.add_listener
def leave(**_: Any) -> None:
    raise SystemExit(0)


class Smoke(HttpUser):
    wait_time = constant(0.2)

    @task
    def browse(self) -> None:
        self.client.get(settings["path"], params={"limit": self.environment.parsed_options.limits})

    def on_stop(self) -> None:
        raise ValueError("no way out")


class Steady(FastHttpUser):
    wait_time = constant(0.2)

    @task
    def buy(self) -> None:
        answer = self.client.get("/tests")
        raise KeyError(f"total of {answer.status_code}")
