"""Every run has an end: a plan that hangs is stopped, and a stop that hangs is judged all the same."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import gevent
import pytest
from gevent.event import Event

from tests.support import lean  # noqa: F401 - Locust is asked not to patch this process

# after it, on purpose
from lab.engine.conductor import Conductor  # isort: skip
from lab.judging.evidence import Interruption  # isort: skip
from lab.shapes import LabShape  # isort: skip
from locust.runners import STATE_RUNNING, STATE_STOPPED, STATE_STOPPING  # isort: skip

if TYPE_CHECKING:
    from collections.abc import Callable


class Short(LabShape):
    """A plan that must be over soon."""

    most_seconds = 0.05


def ends(finished: Event, runner: Any) -> None:
    runner.state = STATE_STOPPED
    finished.set()


def stopped_by_a_person(finished: Event, runner: Any) -> None:
    """The stop kills the plan, and goes on by itself."""
    runner.state = STATE_STOPPING
    gevent.spawn_later(0.01, ends, finished, runner)


def hangs(*_: object) -> None:
    gevent.sleep(60)


def dies(*_: object) -> None:
    """The plan is gone, and nothing is stopped."""


@pytest.mark.parametrize(
    ("plan", "stop_works", "interrupted_by", "done"),
    [
        (ends, True, None, []),
        (stopped_by_a_person, True, None, []),
        (hangs, True, Interruption.FAULT, ["stopped"]),
        (dies, True, Interruption.FAULT, ["stopped"]),
        (hangs, False, Interruption.FAULT, ["stopped", "judged"]),
    ],
)
def test_a_plan_that_is_far_behind_its_time_is_stopped(
    plan: Callable[..., None], stop_works: bool, interrupted_by: Interruption | None, done: list[str]
) -> None:
    finished, seen = Event(), list[str]()
    runner = SimpleNamespace(state=STATE_RUNNING)

    def stop() -> None:
        seen.append("stopped")
        if stop_works:
            ends(finished, runner)

    drives = gevent.spawn(plan, finished, runner)
    runner.stop, runner.shape_greenlet = stop, drives
    conductor = Conductor.__new__(Conductor)
    conductor._interrupted_by = None
    conductor.environment = cast("Any", SimpleNamespace(shape_class=Short.__new__(Short)))
    conductor.runner, conductor.run = cast("Any", runner), cast("Any", SimpleNamespace(finished=finished))
    conductor._on_test_stop = lambda **_: seen.append("judged")  # type: ignore[method-assign]
    conductor._await_end()
    drives.kill()
    assert (conductor._interrupted_by, seen) == (interrupted_by, done)
