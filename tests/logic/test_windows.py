"""A limit on a window: the worst stretch of that length inside a step is found, second by second."""

from __future__ import annotations

import random

import pytest

from lab import limits
from lab.counts.endpoints import Endpoints
from lab.counts.tally import Tally, together
from lab.counts.timeline import Answers, Step, Timeline
from lab.counts.windows import Rolling


def tally(fast: int = 0, slow: int = 0, failed: int = 0) -> Tally:
    whole = Tally()
    for count, time in ((fast, 10.0), (slow, 900.0)):
        for _ in range(count):
            whole.succeed(time)
    if failed:
        whole.fail("no", failed)
    return whole


GOOD, SLOW, FAILING, NONE = tally(20), tally(slow=20), tally(10, failed=10), Tally()


def worst(text: str, seconds: list[Tally]) -> float | None:
    (window,) = limits.windows(limits.parse(text))
    rolling = Rolling(window)
    for second, each in enumerate(seconds):
        rolling.add(second, {"GET /tests": each})
    return rolling.found


@pytest.mark.parametrize(
    ("text", "seconds", "figure"),
    [
        # three slow seconds of sixty: 5 % of all, and 30 % of the worst ten
        ("p95<=450ms in 10s", [GOOD] * 30 + [SLOW] * 3 + [GOOD] * 27, 900.0),
        ("p95<=450ms in 60s", [GOOD] * 30 + [SLOW] * 3 + [GOOD] * 27, 10.0),
        ("fail<=1% in 10s", [GOOD] * 30 + [FAILING] * 2 + [GOOD] * 28, 0.1),
        ("fail<=1% in 1s", [GOOD] * 30 + [FAILING] * 2 + [GOOD] * 28, 0.5),
        ("avg<=1s in 2s", [GOOD] * 3 + [SLOW] + [GOOD] * 3, 455.0),
        ("max<=1s in 2s", [GOOD] * 3 + [SLOW] + [GOOD] * 3, 900.0),
        # of throughput the least is the worst
        ("rps>=10 in 5s", [GOOD] * 30 + [NONE] * 2 + [GOOD] * 28, 12.0),
        # what comes and goes leaves nothing behind
        ("max<=1s in 2s", [GOOD] * 5, 10.0),
        # a step that is shorter than the window is one window
        ("p95<=450ms in 10s", [GOOD, GOOD, SLOW], 900.0),
        # nothing asked says nothing; asked and never answered has no time to keep
        ("p95<=450ms in 2s", [GOOD] * 5 + [NONE] * 5 + [GOOD] * 5, 10.0),
        ("p95<=450ms in 2s", [GOOD] * 5 + [tally(failed=5)] * 5 + [GOOD] * 5, None),
        ("POST /tests:p95<=450ms in 2s", [GOOD] * 5, None),
    ],
)
def test_the_worst_window_is_found(text: str, seconds: list[Tally], figure: float | None) -> None:
    assert worst(text, seconds) == pytest.approx(figure)


def test_the_sums_that_move_are_those_of_each_window_alone() -> None:
    chance = random.Random(11)
    seconds = [tally(chance.randint(0, 9), chance.randint(0, 2), chance.randint(0, 2)) for _ in range(200)]
    for text in ("p90<=1s in 7s", "fail<=1% in 7s", "avg<=1s in 7s", "max<=1s in 7s"):
        (limit,) = limits.parse(text)
        sums = [together(seconds[at : at + 7]) for at in range(194)]
        assert worst(text, seconds) == pytest.approx(
            max(limits.measure(limit.measure, each, 7) or 0.0 for each in sums)
        ), text


def test_only_the_seconds_of_a_window_are_kept() -> None:
    (window,) = limits.windows(limits.parse("p95<=450ms in 10s"))
    rolling = Rolling(window)
    for second in range(5000):
        rolling.add(second, {"GET /tests": tally(second % 7)})
    assert len(rolling._seconds) == 10


def test_a_gap_between_seconds_begins_a_new_window() -> None:
    (window,) = limits.windows(limits.parse("fail<=1% in 2s"))
    rolling = Rolling(window)
    for second, each in ((0, GOOD), (1, GOOD), (2, FAILING), (9, FAILING), (10, GOOD)):
        rolling.add(second, {"GET /tests": each})
    assert rolling.found == 0.25


def row(second: int, each: Tally) -> Answers:
    return Answers(second, "GET /tests", each.times, each.failures, each.sum_ms, each.max_ms)


def test_a_window_lies_inside_one_step_and_sees_what_is_not_settled_yet() -> None:
    windows = limits.windows(limits.parse("fail<=1% in 4s rps>=1 fail<=2% in 4s"))
    assert [window.key for window in windows] == ["fail in 4s"]
    timeline, steps = Timeline(100, windows), [Step(20, 100), Step(20, 110)]
    course = [GOOD] * 8 + [FAILING] * 2 + [FAILING] * 2 + [GOOD] * 8
    for second, each in enumerate(course, 100):
        timeline.measure(second, steps[second >= 110])
        timeline.merge([row(second, each)])
    list(timeline.settle(104))
    assert steps[0].windows == {"fail in 4s": 0.0}
    assert timeline.extremes(steps[0], 110).windows == {"fail in 4s": 0.25}
    assert timeline.extremes(steps[1], 113).windows == {"fail in 4s": pytest.approx(1 / 3)}
    list(timeline.settle(120))
    assert [step.windows for step in steps] == [{"fail in 4s": 0.25}, {"fail in 4s": 0.25}]


def test_of_several_steps_the_worst_window_counts_and_one_that_asked_nothing_says_nothing() -> None:
    accepted = limits.parse("POST /tests:p95<=450ms in 2s")
    asked = Endpoints({"POST /tests": GOOD})
    steps = [
        Step(1, 0, windows={"POST /tests:p95 in 2s": None}),
        Step(2, 10, endpoints=asked, windows={"POST /tests:p95 in 2s": 10.0}),
        Step(3, 20, endpoints=asked, windows={"POST /tests:p95 in 2s": 480.0}),
    ]
    assert limits.extremes(steps, accepted).windows == {"POST /tests:p95 in 2s": 480.0}
    failed = Step(4, 30, endpoints=Endpoints({"POST /tests": tally(failed=3)}), windows={"POST /tests:p95 in 2s": None})
    assert limits.extremes([*steps, failed], accepted).windows == {"POST /tests:p95 in 2s": None}
