"""Visits of open arrivals by people of every kind; in the end, as JSON, how often each of them did what."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import Any

import gevent
from locust import TaskSet, constant, events, task
from locust.exception import StopUser

from lab.arrivals.source import OpenArrivals

LATE_MS = 250
seen: Counter[str] = Counter()


class Person(OpenArrivals):
    abstract = True
    arrivals, arrival_spacing = "open", "even"
    fixed_count = 10
    wait_time = constant(0.05)

    def on_start(self) -> None:
        seen[f"{type(self).__name__} came"] += 1

    def on_stop(self) -> None:
        seen[f"{type(self).__name__} left"] += 1

    def ask(self, name: str) -> None:
        began = time.perf_counter()
        gevent.sleep(0.01)
        self.environment.events.request.fire(
            request_type="ASK",
            name=name,
            response_time=(time.perf_counter() - began) * 1000,
            response_length=0,
            exception=None,
            context={},
        )


class Regular(Person):
    @task
    def ask_twice(self) -> None:
        self.ask("first")
        self.ask("second")


class Deserter(Person):
    @task
    def leave(self) -> None:
        seen["Deserter visited"] += 1
        raise StopUser


class Clumsy(Person):
    @task
    def stumble(self) -> None:
        seen["Clumsy visited"] += 1
        raise ValueError("stumbled")


class Stranger(Person):
    def on_start(self) -> None:
        seen["Stranger was refused"] += 1
        raise ValueError("refused")

    @task
    def never(self) -> None:
        seen["Stranger visited"] += 1


class Browser(Person):
    @task
    class Pages(TaskSet):
        @task
        def look(self) -> None:
            seen["Browser looked"] += 1
            self.wait()
            looks = self.user.__dict__.setdefault("looks", 0)
            self.user.__dict__["looks"] += 1
            if looks % 2:
                seen["Browser went"] += 1
                self.interrupt()


class Sleeper(Person):
    @task
    def sleep(self) -> None:
        seen["Sleeper slept"] += 1
        gevent.sleep(60)


class Lingerer(Person):
    @task
    def ask_and_stay(self) -> None:
        self.ask("only")
        gevent.sleep(60)


@events.request.add_listener
def on_request(
    request_type: str,
    name: str,
    response_time: float | None,
    service_time: float = 0.0,
    exception: object = None,
    **_: Any,
) -> None:
    seen[f"{request_type} {name}" + (f": {exception}" if exception else "")] += 1
    if response_time is not None:
        seen[f"{name} late" if response_time > LATE_MS else f"{name} in time"] += 1
        seen[f"{name} served late" if service_time > LATE_MS else f"{name} served in time"] += 1


@events.test_start.add_listener
def freeze(**_: Any) -> None:
    def hog() -> None:
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            pass

    gevent.spawn_later(2.5, hog)


@events.quit.add_listener
def report(**_: Any) -> None:
    print(json.dumps(seen))
