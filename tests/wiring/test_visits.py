"""The visits of open arrivals in a Locust of their own: what a task may do, and what its requests are charged with."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.running_service import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 5
PEOPLE = """
import json, time
import gevent
from locust import TaskSet, constant, events, task
from locust.exception import StopUser
from lab.arrivals.source import OpenArrivals

seen = {}

def note(what):
    seen[what] = seen.get(what, 0) + 1

class Person(OpenArrivals):
    abstract = True
    arrivals, arrival_spacing = "open", "even"
    fixed_count = 10
    wait_time = constant(0.05)

    def on_start(self):
        note(f"{type(self).__name__} came")

    def on_stop(self):
        note(f"{type(self).__name__} left")

    def ask(self, name):
        began = time.perf_counter()
        gevent.sleep(0.01)
        self.environment.events.request.fire(
            request_type="ASK", name=name, response_time=(time.perf_counter() - began) * 1000, response_length=0,
            exception=None, context={})

class Regular(Person):
    @task
    def ask_twice(self):
        self.ask("first")
        self.ask("second")

class Deserter(Person):
    @task
    def leave(self):
        note("Deserter visited")
        raise StopUser

class Clumsy(Person):
    @task
    def stumble(self):
        note("Clumsy visited")
        raise ValueError("stumbled")

class Stranger(Person):
    def on_start(self):
        note("Stranger was refused")
        raise ValueError("refused")

    @task
    def never(self):
        note("Stranger visited")

class Browser(Person):
    @task
    class Pages(TaskSet):
        @task
        def look(self):
            note("Browser looked")
            self.wait()
            if self.user.__dict__.setdefault("looks", 0) % 2:
                note("Browser went")
                self.user.looks += 1
                self.interrupt()
            self.user.looks += 1

class Sleeper(Person):
    @task
    def sleep(self):
        note("Sleeper slept")
        gevent.sleep(60)

class Lingerer(Person):
    @task
    def ask_and_stay(self):
        self.ask("only")
        gevent.sleep(60)

@events.request.add_listener
def on_request(name, response_time, service_time=None, exception=None, request_type=None, **_):
    note(f"{request_type} {name}" + (f": {exception}" if exception else ""))
    if response_time is not None:
        note(f"{name} late" if response_time > 250 else f"{name} in time")
        note(f"{name} served late" if service_time > 250 else f"{name} served in time")

@events.test_start.add_listener
def freeze(**_):
    def hog():
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            pass
    gevent.spawn_later(2.5, hog)

@events.quit.add_listener
def tell(**_):
    print(json.dumps(seen))
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What each kind of person did in one run, by how often; half a second of it the process stood still."""
    folder: Path = tmp_path_factory.mktemp("visits")
    (folder / "people.py").write_text(PEOPLE)
    command = [sys.executable, "-m", "locust", "-f", "people.py", "--headless", "--skip-log", "--only-summary"]
    command += ["--users", "70", "--spawn-rate", "100", "--run-time", f"{SECONDS}s", "--stop-timeout", "1"]
    environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "locust")}
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=60)
    line = next((line for line in done.stdout.splitlines() if line.startswith("{")), None)
    assert line, done.stdout + done.stderr
    counts: dict[str, Any] = json.loads(line)
    return counts


def around(count: int) -> Any:
    """Within what the start and the end of the run cut off."""
    return pytest.approx(count, abs=15)


def test_the_first_request_is_charged_with_the_swarms_own_lateness_and_the_second_is_not(seen: dict[str, Any]) -> None:
    assert seen["ASK first"] == seen["ASK second"] == around(10 * SECONDS)
    assert 2 <= seen["first late"] <= 6, "half of what was due while the process stood still"
    assert seen.get("first served late", 0) + seen.get("second late", 0) <= 2


def test_visitors_are_used_again_and_each_leaves_once(seen: dict[str, Any]) -> None:
    assert seen["Regular came"] == seen["Regular left"] < 25
    assert seen["Clumsy came"] == seen["Clumsy left"] < 25


def test_who_stops_leaves_for_good_and_others_come(seen: dict[str, Any]) -> None:
    assert seen["Deserter visited"] == seen["Deserter came"] == seen["Deserter left"] == around(10 * SECONDS)


def test_an_error_of_a_task_ends_the_visit_and_not_the_arrivals(seen: dict[str, Any]) -> None:
    assert seen["Clumsy visited"] == around(10 * SECONDS)
    assert seen["Stranger was refused"] == around(10 * SECONDS)
    assert "Stranger visited" not in seen


def test_a_task_set_is_a_visit_until_it_is_interrupted(seen: dict[str, Any]) -> None:
    assert seen["Browser went"] == around(10 * SECONDS)
    assert seen["Browser looked"] == pytest.approx(2 * seen["Browser went"], abs=10)


def test_nobody_is_waited_for_and_who_never_got_an_answer_is_counted(seen: dict[str, Any]) -> None:
    assert seen["Sleeper slept"] == around(10 * SECONDS)
    assert seen["VISIT Sleeper: visit cut off: no answer before the stop"] == seen["Sleeper slept"]
    assert seen["Sleeper left"] == seen["Sleeper slept"]
    assert seen["Lingerer came"] == seen["ASK only"] == around(10 * SECONDS)
    assert not [what for what in seen if "cut off" in what and "Sleeper" not in what], "an answer is counted once"
