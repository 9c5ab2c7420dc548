"""A task that never gives way is ended and named; one that only waits, or a machine that is paused, is not blamed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lab.counts.timeline import Tally
from lab.counts.undone import NEVER_GAVE_WAY
from lab.generator import giving_way
from lab.generator.giving_way import NeverGaveWay, Watch
from lab.judging.verdict import judge
from tests.support.verdicts import evidence_of

WAKES_SECONDS = 0.01


def as_a_task(work: Callable[[], None]) -> None:
    """As Locust runs it: its frame says whose work it is."""
    of_locust: dict[str, Any] = {"__name__": "locust.user.task"}
    exec("def execute_task(task): task()", of_locust)
    of_locust["execute_task"](work)


@pytest.fixture
def seen() -> Iterator[list[str]]:
    places: list[str] = []
    watch = Watch(WAKES_SECONDS, 5, lambda frame, _: places.append(giving_way.place(frame)))
    watch.start()
    yield places
    watch.stop()
    time.sleep(2 * WAKES_SECONDS)


def compute() -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        pass


def test_a_loop_that_never_ends_is_ended_where_it_stands(seen: list[str]) -> None:
    with pytest.raises(
        NeverGaveWay, match=r"held the thread of all users for 0.05 s, at test_giving_way.py:\d+ in compute"
    ):
        as_a_task(compute)
    assert len(seen) == 4


def test_a_call_that_waits_outside_python_is_ended_too(seen: list[str]) -> None:
    with pytest.raises(NeverGaveWay, match="in <lambda>"):
        as_a_task(lambda: time.sleep(30))
    assert seen


def test_what_is_no_task_is_left_alone(seen: list[str]) -> None:
    time.sleep(10 * WAKES_SECONDS)
    assert seen == []


def test_the_verdict_begins_with_it() -> None:
    assert NeverGaveWay.__name__ == NEVER_GAVE_WAY
    said = f"{NEVER_GAVE_WAY}: it held the thread of all users for 2.5 s, at shop.py:8 in pay"
    verdict = judge(evidence_of([], undone={"TASK Shopper.pay": Tally(exceptions={said: 3})}))
    assert verdict.verdict == "INVALID"
    assert verdict.sentence.startswith(f"INVALID: a task never gives way: Shopper.pay: {said}.")
