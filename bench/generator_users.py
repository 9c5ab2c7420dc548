"""What `make bench-generator` has its workers run: the same tasks on three kinds of user, counted and recorded as in a
run of the lab. A locustfile, for `locust -f`; GENERATOR_THINK and GENERATOR_SECONDS say how long to think and measure.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

import gevent
import locust.stats
import psutil
from locust import FastHttpUser, HttpUser, constant, events, runners

import users
from lab.client import LeanHttpUser
from lab.counts import histogram
from lab.engine.worker import Worker
from lab.locust_internals import send_report
from lab.settings import Settings

THINK_SECONDS = float(os.environ.get("GENERATOR_THINK", "0"))
SECONDS = float(os.environ.get("GENERATOR_SECONDS", "3"))
SETTLE_SECONDS = 1.0

locust.stats.bucket_response_time = histogram.bucket  # type: ignore[assignment]
runners.WORKER_REPORT_INTERVAL = 1.0


def get(user: Any) -> None:
    """One request, and no look at the answer."""
    user.client.get("/tests")


TASKS = {"Get": get, "Read": users.Reader.read_tests, "Add": users.Contributor.add_test}
for base in (HttpUser, FastHttpUser, LeanHttpUser):
    for kind, task in TASKS.items():
        name = base.__name__.removesuffix("User") + kind
        globals()[name] = type(name, (base,), {"tasks": [task], "wait_time": constant(THINK_SECONDS)})


class Meter:
    """Prints, as a line of JSON, what the worker did with its CPU and its memory while all users were there."""

    def __init__(self, runner: runners.WorkerRunner) -> None:
        self._runner = runner
        self._requests = self._failures = 0
        self._process = psutil.Process()
        self._resident_before = 0
        runner.environment.events.report_to_master.add_listener(self._on_report)
        runner.environment.events.test_start.add_listener(self._on_test_start)
        runner.environment.events.spawning_complete.add_listener(lambda **_: gevent.spawn(self._measure))

    def _on_test_start(self, **_: Any) -> None:
        self._resident_before = self._process.memory_info().rss

    def _on_report(self, data: dict[str, Any], **_: Any) -> None:
        self._requests += data["stats_total"]["num_requests"]
        self._failures += data["stats_total"]["num_failures"]

    def _measure(self) -> None:
        gevent.sleep(SETTLE_SECONDS)
        send_report(self._runner)
        requests, cpu = self._requests, time.process_time()
        gevent.sleep(SECONDS)
        cpu = time.process_time() - cpu
        send_report(self._runner)
        resident = self._process.memory_info().rss - self._resident_before
        done = {"requests": self._requests - requests, "cpu": cpu, "resident": resident, "failures": self._failures}
        print(json.dumps(done), flush=True)  # noqa: T201 - to the bench


@events.init.add_listener  # type: ignore[untyped-decorator]
def join(environment: Any, **_: Any) -> None:
    if isinstance(environment.runner, runners.WorkerRunner):
        Worker(environment, Settings.from_environment())
        Meter(environment.runner)
