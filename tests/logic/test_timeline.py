"""The timeline: what workers count second by second arrives whole, once, and in the step it belongs to."""

import time

from lab import limits
from lab.counts.health import Health
from lab.counts.recorder import Recorder, rows
from lab.counts.timeline import MOST_MESSAGES, Answers, Step, Tally, Timeline, measured, together


def row(second: int, endpoint: str = "GET /tests", answers: int = 1, failures: int = 0) -> Answers:
    return Answers(
        second, endpoint, {10.0: answers}, {"no": failures} if failures else {}, 10.0 * answers, 10.0, "api-1"
    )


def test_what_a_worker_drains_is_what_it_recorded() -> None:
    started, recorder = int(time.time()), Recorder()
    for response_time_ms in (1.0, 2.0, 3.0):
        recorder.succeed(("GET", "/tests", "", ""), response_time_ms, 100)
    recorder.fail(("POST", "/tests", None, ""), "expected status 204, got 500")
    timeline = Timeline(started)
    timeline.merge(rows(recorder.drain()))
    endpoints: dict[str, Tally] = {}
    for _, found, _ in timeline.settle(int(time.time()) + 1):
        for endpoint, tally in found.items():
            endpoints.setdefault(endpoint, Tally()).add(tally)
    assert not recorder.drain()
    whole = together(endpoints.values())
    assert (whole.requests, whole.successes, whole.failed) == (4, 3, 1)
    assert endpoints["POST /tests"].failures == {"expected status 204, got 500": 1}


def test_only_seconds_of_a_step_are_measured() -> None:
    timeline, step = Timeline(started=100), Step(users=5, started=102)
    timeline.merge(row(second) for second in range(100, 106))
    for second in (102, 103):
        timeline.measure(second, step)
    assert [second for second, _, _ in timeline.settle(106)] == list(range(100, 106))
    seconds, endpoints = measured(timeline.steps)
    assert (seconds, together(endpoints.values()).requests) == (2, 2)


def test_a_late_report_still_counts_for_its_step_and_only_there() -> None:
    timeline, step = Timeline(started=100), Step(users=5, started=100)
    timeline.measure(100, step)
    list(timeline.settle(102))
    timeline.merge([row(100, answers=7), row(101, answers=9)])
    assert together(measured(timeline.steps)[1].values()).requests == 7
    assert list(timeline.settle(102)) == []


def test_answers_from_before_the_run_are_not_of_this_run() -> None:
    timeline = Timeline(started=100)
    timeline.merge([row(99, answers=1000)])
    assert [second for second, _, _ in timeline.settle(101)] == [100]
    assert measured(timeline.steps) == (0, {})


def test_workers_add_up() -> None:
    timeline, step = Timeline(started=100), Step(users=5, started=100)
    timeline.measure(100, step)
    for _ in range(4):
        timeline.merge([row(100, answers=10, failures=1), row(100, "POST /tests", answers=5)])
    list(timeline.settle(101))
    _, endpoints = measured(timeline.steps)
    assert {name: (tally.successes, tally.failed) for name, tally in endpoints.items()} == {
        "GET /tests": (40, 4),
        "POST /tests": (20, 0),
    }


def test_seconds_in_which_a_worker_may_have_been_gone_are_taken_back() -> None:
    timeline, step = Timeline(started=100), Step(users=5, started=100)
    for second in range(100, 110):
        timeline.measure(second, step)
    timeline.merge(row(second) for second in range(100, 110))
    list(timeline.settle(104))
    timeline.retract(since=102)  # 102 and 103 were handed out already: what is settled stays
    list(timeline.settle(110))
    seconds, endpoints = measured(timeline.steps)
    assert (seconds, together(endpoints.values()).requests) == (4, 4)


def test_what_was_asked_before_the_plans_end_and_fails_after_it_counts_once_and_for_the_last_step() -> None:
    timeline, steps = Timeline(started=100), [Step(users=5, started=100), Step(users=5, started=103)]
    for second in range(100, 106):
        timeline.attend(second, 5)
        timeline.measure(second, steps[second >= 103])
    timeline.attend(106, 5)
    timeline.merge(row(second, answers=10) for second in range(100, 106))
    timeline.merge([row(106, failures=3)])  # the plan goes on, and this second is of no step
    timeline.end()
    timeline.merge([row(107, answers=2, failures=4), row(116, "POST /tests", answers=0, failures=5)])
    timeline.end()  # once more changes nothing
    list(timeline.settle(117))
    timeline.merge([row(114, failures=6), row(106, failures=7)])  # late, and late but of no step
    assert list(timeline.settle(117)) == []
    assert [(step.seconds, together(step.endpoints.values()).successes) for step in steps] == [(3, 30), (3, 30)]
    assert [together(step.endpoints.values()).failed for step in steps] == [0, 4 + 5 + 6]


def test_failures_after_the_end_of_a_run_without_a_step_are_of_none() -> None:
    timeline = Timeline(started=100)
    timeline.end()
    timeline.merge([row(101, failures=4)])
    assert len(list(timeline.settle(110))) == 10
    assert timeline.steps == []


def test_a_step_of_which_all_is_taken_back_is_none() -> None:
    timeline, step = Timeline(started=100), Step(users=5, started=100)
    timeline.measure(100, step)
    timeline.retract(since=100)
    assert timeline.steps == []


def test_a_flood_of_different_messages_is_bounded_and_still_counted() -> None:
    tally = Tally()
    for number in range(10_000):
        tally.fail(f"message {number}")
    assert len(tally.failures) <= MOST_MESSAGES + 1
    assert tally.failed == 10_000


def test_how_workers_were_counts_for_the_step_of_that_second_however_late_it_comes() -> None:
    timeline, step = Timeline(100), Step(users=5, started=101)
    for second in (101, 102, 103):
        timeline.measure(second, step)
    for second in range(100, 104):
        timeline.examine(second, 1, Health(seconds=1.0, expected_seconds=1.0))
    timeline.retract(103)
    assert len(list(timeline.settle(110))) == 10
    timeline.examine(102, 2, Health(seconds=0.5))
    timeline.examine(102, 2, Health(seconds=0.25))
    timeline.examine(103, 2, Health(stood_still_seconds=1.0))
    timeline.examine(104, 2, Health(seconds=1.0))
    assert {worker: health.seconds for worker, health in step.health.items()} == {1: 2.0, 2: 0.75}
    assert {worker: health.stood_still_seconds for worker, health in timeline.taken_back.items()} == {1: 0.0, 2: 1.0}


def test_what_a_step_has_so_far_is_what_is_settled_and_what_is_not_yet() -> None:
    timeline, step, other = Timeline(started=100), Step(users=5, started=101), Step(users=9, started=104)
    timeline.merge(row(second, answers=second - 99) for second in range(100, 107))
    for second in (101, 102, 103):
        timeline.measure(second, step)
    timeline.measure(105, other)
    list(timeline.settle(103))
    seconds, endpoints = timeline.so_far(step, 104)
    assert (seconds, together(endpoints.values()).requests) == (3, 2 + 3 + 4)
    seconds, endpoints = timeline.so_far(step, 103)  # of the third second nobody asked
    assert (seconds, together(endpoints.values()).requests) == (2, 2 + 3)
    seconds, endpoints = timeline.so_far(other, 107)
    assert (seconds, together(endpoints.values()).requests) == (1, 6)
    assert together(step.endpoints.values()).requests == 5  # asking changes nothing


def test_what_was_answered_lately_is_that_of_open_seconds() -> None:
    timeline = Timeline(started=100)
    timeline.merge(row(second, answers=second - 99) for second in range(100, 107))
    list(timeline.settle(102))
    assert timeline.answered(100, 104).requests == 3 + 4
    assert timeline.answered(103, 104).requests == 4
    assert timeline.answered(104, 104).requests == 0


def test_how_workers_were_counts_into_the_step_of_the_second() -> None:
    timeline, step = Timeline(started=100), Step(users=5, started=100)
    for second in (100, 101, 102):
        timeline.measure(second, step)
    timeline.examine(99, 1, Health(seconds=7))  # before the run
    timeline.examine(100, 1, Health(seconds=1))
    timeline.examine(100, 1, Health(seconds=0.5))
    timeline.examine(102, 2, Health(seconds=1))
    list(timeline.settle(102))
    assert {worker: health.seconds for worker, health in step.health.items()} == {1: 1.5}
    timeline.examine(101, 1, Health(seconds=1))  # a late report
    timeline.retract(since=101)
    timeline.examine(102, 2, Health(seconds=1))
    list(timeline.settle(103))
    assert {worker: health.seconds for worker, health in step.health.items()} == {1: 2.5}
    assert {worker: health.seconds for worker, health in timeline.taken_back.items()} == {2: 2}


def test_steps_are_numbered_as_they_come_and_seconds_have_their_successes() -> None:
    timeline, first, second = Timeline(started=100), Step(users=5, started=100), Step(users=9, started=102)
    for at, step in ((100, first), (101, first), (102, second)):
        timeline.measure(at, step)
    timeline.merge([row(100, answers=3), row(100, "POST /tests", answers=4, failures=2), row(102, answers=5)])
    settled = [(at, step) for at, _, step in timeline.settle(104)]
    assert settled == [(100, first), (101, first), (102, second), (103, None)]
    assert [(step.number, step.seconds, step.successes) for step in timeline.steps] == [(1, 2, [7, 0]), (2, 1, [5])]


def test_what_is_known_of_a_run_that_goes_on_holds_seconds_that_are_yet_to_settle_and_changes_nothing() -> None:
    timeline, first, second = Timeline(started=100), Step(users=5, started=100), Step(users=9, started=103)
    timeline.merge(row(at, answers=at - 90) for at in range(100, 107))
    for at in range(100, 103):
        timeline.measure(at, first)
    for at in range(103, 107):
        timeline.measure(at, second)
    list(timeline.settle(102))
    assert [(at, together(found.values()).requests) for at, found, _ in timeline.unsettled(105)] == [
        (102, 12),
        (103, 13),
        (104, 14),
    ]
    known = timeline.known(105)
    assert [(step.seconds, step.successes, step.requests) for step in known] == [
        (3, [10, 11, 12], 33),
        (2, [13, 14], 27),
    ]
    assert [step.silent_seconds for step in known] == [0, 0]
    # of the second step nothing is reported yet
    assert [step.users for step in timeline.known(103)] == [5]
    assert [(step.seconds, step.successes, step.requests) for step in timeline.steps] == [(3, [10, 11], 21), (4, [], 0)]
    list(timeline.settle(107))
    assert timeline.known(107) == timeline.steps


def test_what_is_known_of_a_run_that_goes_on_can_be_judged_by_windows() -> None:
    accepted = limits.parse("p95<=450ms in 10s")
    timeline, step = Timeline(100, limits.windows(accepted)), Step(users=5, started=100)
    timeline.merge(row(at) for at in range(100, 104))
    for at in range(100, 104):
        timeline.measure(at, step)
    known = timeline.known(102)
    assert limits.unknown(accepted, known) is None
    assert limits.judge(accepted, known[0].endpoints, known[0].seconds, known[0].extremes)[0].kept
    assert limits.unknown(accepted, timeline.steps), "nothing of it has settled yet"


def test_a_step_begins_with_nothing_counted() -> None:
    nothing: dict[str, object] = {
        "purpose": "",
        "kept": None,
        "seconds": 0,
        "successes": [],
        "endpoints": {},
        "excess": None,
    }
    nothing |= {"health": {}, "number": 0, "silent_seconds": 0, "windows": {}, "counts_exceptions": True}
    assert vars(Step(users=5, started=100)) == {"users": 5, "started": 100, **nothing}
