"""How a search measures a load: a glance where its limit is far, and the whole step where it may be near."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from lab import limits
from lab.counts.answers import Answers
from lab.counts.timeline import Step, Timeline
from lab.plans.search import Ask, Goal, Purpose, Trial, ask
from tests.support import lean  # noqa: F401 - Locust is asked not to patch this process

# after it, on purpose
from lab.shapes import shapes  # isort: skip
from lab.shapes.capacity import Capacity  # isort: skip


GOAL = Goal(10, 2000, 0.10)


class Search:
    """A search at its second step, whose seconds are made up: each has 40 answers of so many ms."""

    def __init__(self, settle_seconds: float = 3.0) -> None:
        settings = SimpleNamespace(
            start_users=10,
            most_users=2000,
            resolution=0.1,
            deadline_seconds=300,
            settle_seconds=settle_seconds,
            step_seconds=(5, 20),
            arrivals="closed",
        )
        self.timeline, self.second = Timeline(0), 0
        self.run = SimpleNamespace(
            settings=settings,
            timeline=self.timeline,
            limits=limits.parse("p95<=450ms"),
            step=None,
            seconds=SimpleNamespace(steady_since=0),
            extremes=self.timeline.extremes,
            reported_until=lambda: self.second,
            begin_step=self.begin_step,
            judge_step=self.judge_step,
        )
        kind = type("Shape", (shapes()["Capacity"],), {"conductor": SimpleNamespace(settings=settings, run=None)})
        self.shape = cast("Capacity", kind())
        self.shape.reset_time()
        whole = round(settle_seconds)
        self.measure(20, seconds=max(max(min(1, whole), whole - 2) + 5, whole + 2))

    def begin_step(self, _purpose: str = "") -> None:
        self.run.step, self.run.seconds.steady_since = None, self.second

    def judge_step(self, step: Step, kept: bool, excess: float | None, _until: int) -> None:
        step.kept, step.excess = kept, excess

    def measure(self, milliseconds: float, seconds: int) -> None:
        """Lets so many seconds go by, each with such answers, and judges after each as the shape does."""
        for _ in range(seconds):
            asked = self.shape.asked
            assert asked
            times = {milliseconds: 40}
            self.timeline.merge([Answers(self.second, "GET /tests", times, {}, 40 * milliseconds, milliseconds)])
            if self.second >= self.run.seconds.steady_since + self.shape.settle_seconds:
                self.run.step = self.run.step or Step(asked.load, self.second, str(asked.purpose))
                self.timeline.measure(self.second, self.run.step)
            self.second += 1
            self.shape._consider(cast("Any", self.run), asked)

    @property
    def last(self) -> tuple[int, int]:
        """Users and measured seconds of the step that was measured last."""
        step = self.timeline.steps[-1]
        return step.users, step.seconds


def test_a_glance_is_enough_where_the_limit_is_far() -> None:
    search = Search()
    assert search.last == (10, 5)
    assert search.shape.asked
    assert (search.shape.asked.load, search.shape.asked.purpose) == (40, Purpose.EXPLORE)
    search.measure(20, seconds=3)  # one to settle, two to look
    assert search.last == (40, 2)
    assert search.shape.asked.load == 160


def test_where_the_limit_is_not_far_a_whole_step_is_measured() -> None:
    search = Search()
    begun = search.run.seconds.steady_since
    search.measure(100, seconds=6)
    assert search.last == (40, 5)
    assert search.timeline.steps[-1].started == begun + 1, "its first seconds were as those that followed"
    assert search.shape.asked
    assert search.shape.asked.load == 80


def test_seconds_in_which_the_answers_had_not_settled_are_left_out() -> None:
    search = Search()
    begun = search.run.seconds.steady_since
    search.measure(300, seconds=3)  # one to settle, two to look: users came together
    search.measure(100, seconds=5)
    assert search.last == (40, 5)
    assert search.timeline.steps[-1].started == begun + 3


def test_a_long_time_to_settle_is_kept_but_for_its_last_seconds() -> None:
    search = Search(settle_seconds=9.0)
    begun = search.run.seconds.steady_since
    search.measure(100, seconds=7 + 5)
    assert search.timeline.steps[-1].started == begun + 7


def test_what_is_told_in_the_end_is_measured_where_no_doubt_is_left() -> None:
    search = Search()
    search.shape._ask(cast("Any", search.run), Ask(40, Purpose.CONFIRM))
    assert search.shape.settle_seconds == 3.0


@pytest.mark.parametrize("settle_seconds", [0.0, 1.0])
def test_a_settling_time_that_is_shorter_than_a_glance_is_kept_to(settle_seconds: float) -> None:
    search = Search(settle_seconds)
    begun = search.run.seconds.steady_since
    search.measure(100, seconds=4)
    assert search.timeline.steps[-1].started == begun + settle_seconds


@pytest.mark.parametrize(
    ("excess", "loads"),
    [
        ([0.02, 0.02, 0.03], [10, 40, 160, 640]),  # calm, and far from the limit
        ([0.02, 0.04, 0.02], [10, 40, 80, 320]),  # a queue has begun to form at 40
        ([0.08, 0.10, 0.11], [10, 40, 160, 320]),  # a tenth is far; more is not
        ([0.3, 0.3, 0.3], [10, 20, 40, 80]),  # never far
        ([None, None, None], [10, 20, 40, 80]),  # without a figure nobody knows
    ],
)
def test_the_load_grows_fourfold_while_the_limit_is_far_and_no_queue_forms(
    excess: list[float | None], loads: list[int]
) -> None:
    trials: list[Trial] = []
    for figure in excess:
        step = ask(GOAL, trials)
        assert step is not None
        trials.append(Trial(step.load, True, step.purpose, excess=figure))
    last = ask(GOAL, trials)
    assert last is not None
    assert [*(trial.load for trial in trials), last.load] == loads


def test_the_seconds_in_which_a_load_settles_are_skipped_before_they_are_handed_out() -> None:
    timeline, step = Timeline(0), Step(10, 5)
    for second in range(5, 9):
        timeline.merge([Answers(second, "GET /tests", {1.0: 1}, {}, 1.0, 1.0)])
        timeline.measure(second, step)
    timeline.skip(step, 7)
    assert (step.started, step.seconds, timeline.so_far(step, 9)[0]) == (7, 2, 2)
    list(timeline.settle(9))
    assert (step.successes, step.requests) == ([1, 1], 2)
    timeline.skip(step, 8)  # too late: they are counted
    assert (step.started, step.seconds) == (7, 2)


def test_a_step_that_is_skipped_whole_begins_anew_with_its_next_second() -> None:
    timeline, step = Timeline(0), Step(10, 5)
    timeline.measure(5, step)
    timeline.skip(step, 9)
    assert timeline.steps == []
    timeline.measure(9, step)
    assert (timeline.steps, step.number, step.started, step.ended) == ([step], 1, 9, 10)


def test_what_is_said_to_follow_is_what_is_asked_then() -> None:
    search = Search()
    search.measure(20, seconds=2)
    assert search.shape.asked
    search.shape.announced = search.shape.asked
    search.shape._show(cast("Any", search.run))
    assert search.shape.progress
    assert search.shape.progress["next"] == "160 users if the limits are kept, 20 users if not"
    search.measure(20, seconds=1)
    assert search.shape.asked.load == 160
