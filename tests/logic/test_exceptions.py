"""A task that an exception ends is work undone: counted by place, a failure, and never a PASS."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from lab import limits
from lab.counts.answers import Answers
from lab.counts.recorder import Recorder, rows
from lab.counts.tally import MOST_MESSAGES
from lab.counts.timeline import Step, Tally, Timeline, together
from lab.figures import utc
from lab.judging.verdict import Verdict, judge
from lab.limits import LimitError
from lab.plans import sampling
from lab.plans.sampling import Stretch
from lab.results import steps_file
from tests.support import lean  # noqa: F401 - Locust is asked not to patch this process
from tests.support.verdicts import answers, evidence_of, part

# after it, on purpose
from lab.engine import undone  # isort: skip
from lab.journeys.timing import describe  # isort: skip

BUY = "TASK Shopper.buy"
SCHEMA = json.loads((Path(undone.__file__).parents[1] / "judging" / "verdict.schema.json").read_text())


def step(users: int = 5, died: int = 0, started: int = 100, purpose: str = "", kept: bool | None = None) -> Step:
    found = Step(users, started, purpose, kept, seconds=10, successes=[10] * 10)
    found.endpoints["GET /cart"] = answers(10.0)
    if died:
        found.endpoints[BUY].die("KeyError: 'total'", died)
    return found


def verdict_on(steps: Iterable[Step], accepted: str = "p95<=450ms fail<=50%", **more: Any) -> Verdict:
    implied = limits.with_implied(limits.parse(accepted), 5)
    return judge(evidence_of(list(steps), **{"limits": implied, **more}))


def row(second: int, died: int, answered: int = 5) -> list[Answers]:
    exceptions = Answers(second, BUY, {}, {}, 0.0, 0.0, None, {}, {"KeyError: 'total'": died} if died else {})
    return [Answers(second, "GET /cart", {10.0: answered}, {}, 10.0 * answered, 10.0), exceptions]


def test_what_dies_travels_and_is_no_request() -> None:
    recorder, line = Recorder(), Timeline(int(time.time()))
    recorder.succeed(("GET", "/cart", "", ""), 10.0, 0)
    recorder.die("Shopper.buy", "KeyError: 'total'")
    line.merge(rows(recorder.drain()))
    ((_, endpoints, _),) = [found for found in line.settle(int(time.time()) + 1) if found[1]]
    whole = together(endpoints.values())
    assert (whole.requests, whole.died, whole.failure_share) == (1, 1, 0.5)


def test_an_undone_task_is_no_pass_by_a_limit_that_nobody_gave() -> None:
    verdict = verdict_on([step(died=3)])
    assert verdict.verdict == "FAIL"
    assert "3 tasks ended in an exception, Shopper.buy: KeyError: 'total' (exceptions<=0)" in verdict.sentence
    assert part(verdict, "exceptions") == {"Shopper.buy: KeyError: 'total'": 3}
    assert set(part(verdict, "endpoints")) == {"GET /cart"}
    assert part(verdict, "measured")["requests"] == 100
    jsonschema_rs.Draft202012Validator(SCHEMA).validate(dict(verdict.document))


def test_what_is_accepted_of_exceptions_can_be_said() -> None:
    verdict = verdict_on([step(died=3)], "p95<=450ms fail<=50% exceptions<=3")
    assert verdict.verdict == "PASS"
    assert "3 tasks ended in an exception" in verdict.sentence


def test_without_any_nothing_is_said_of_them() -> None:
    verdict = verdict_on([step()])
    assert (verdict.verdict, "exception" in verdict.sentence) == ("PASS", False)


def test_a_failure_share_counts_the_task_that_died() -> None:
    verdict = verdict_on([step(died=100)], "fail<=49% exceptions<=100")
    (fail,) = [finding for finding in part(verdict, "limits") if finding["measure"] == "fail"]
    assert (verdict.verdict, fail["measured"]) == ("FAIL", 0.5)


def test_where_nothing_was_measured_the_exceptions_are_the_reason_to_look_at() -> None:
    verdict = verdict_on([], undone={"TASK Shopper.on_start": Tally(exceptions={"KeyError: 'token'": 20})})
    assert verdict.verdict == "INVALID"
    assert "20 tasks ended in an exception, Shopper.on_start: KeyError: 'token'." in verdict.sentence


def test_a_search_takes_a_load_with_exceptions_as_too_much() -> None:
    endpoints = {"GET /cart": answers(10.0, 1000), BUY: Tally(exceptions={"KeyError: 'total'": 1})}
    accepted = limits.with_implied(limits.parse("p95<=450ms"), 5)
    stretch = Stretch(5, 20, 1.64)
    assert sampling.is_kept(accepted, endpoints, 5, stretch) is False
    assert sampling.is_kept(accepted, {"GET /cart": endpoints["GET /cart"]}, 5, stretch) is True


def test_what_dies_between_two_steps_is_of_the_one_with_more_users() -> None:
    line = Timeline(started=100)
    low, high, again = Step(5, 101), Step(50, 103), Step(5, 105)
    line.merge(answer for second in range(100, 107) for answer in row(second, died=second % 2 == 0))
    for second, at in ((101, low), (103, high), (105, again)):
        line.measure(second, at)
    list(line.settle(107))
    line.end()
    line.conclude()
    died = [together(each.endpoints.values()).died for each in (low, high, again)]
    # of 100, 102, 104 and 106: before the first; on the way up; on the way down; after the last
    assert died == [1, 2, 1]
    assert not line.undone.endpoints


def test_what_dies_where_no_step_is_measured_is_kept_all_the_same() -> None:
    line = Timeline(started=100)
    line.merge(row(100, died=2))
    list(line.settle(101))
    line.conclude()
    assert line.undone.endpoints[BUY].died == 2


def test_a_window_of_seconds_counts_them_as_failures_too() -> None:
    accepted = limits.parse("fail<=50% in 2s")
    line, found = Timeline(100, limits.windows(accepted)), Step(5, 100)
    for second in range(100, 104):
        line.merge(row(second, died=15 if second < 102 else 0))
        line.measure(second, found)
    list(line.settle(104))
    assert found.windows == {"fail in 2s": 0.75}


def test_an_exception_is_told_by_type_and_words_in_the_first_function_of_the_scenario() -> None:
    def buy() -> None:
        raise KeyError("total")

    with pytest.raises(KeyError) as caught:
        buy()
    assert undone.place("Shopper", caught.tb) == (
        "Shopper.test_an_exception_is_told_by_type_and_words_in_the_first_function_of_the_scenario"
    )
    assert describe(caught.value) == "KeyError: 'total'"
    with pytest.raises(ValueError, match="Expecting") as deep:
        json.loads("no JSON")
    assert re.fullmatch(r"test_exceptions\.py:\d+", undone.line(deep.tb))
    assert describe(ValueError("a\nb")) == "ValueError: a"
    assert describe(AssertionError()) == "AssertionError"


def test_what_is_beyond_so_many_different_ones_is_counted_together() -> None:
    tally = Tally()
    for number in range(MOST_MESSAGES + 9):
        tally.die(f"KeyError: {number}", 2)
        tally.fail(f"message {number}", 3)
    assert tally.exceptions["(other exceptions)"] == 18
    assert tally.failures["(other failures)"] == 27
    assert len(tally.exceptions) == len(tally.failures) == MOST_MESSAGES + 1


def test_steps_are_read_back_with_them() -> None:
    kept = evidence_of([step(died=3)], undone={BUY: Tally(exceptions={"KeyError: 'total'": 1})})
    document = json.loads(json.dumps(steps_file.document(kept)))
    (again,) = steps_file.steps(document)
    assert again.endpoints[BUY].exceptions == {"KeyError: 'total'": 3}
    assert steps_file.undone(document)[BUY].died == 1
    assert utc(again.started) == utc(100)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("exceptions<=1%", "exceptions is given in no unit"),
        ("exceptions>=1", "exceptions takes <="),
        ("GET /cart:exceptions<=1", "exceptions is of all tasks, not of an endpoint"),
        ("exceptions<=1 in 10s", "exceptions is of the whole run"),
    ],
)
def test_a_wrong_limit_on_exceptions_is_explained(text: str, says: str) -> None:
    with pytest.raises(LimitError, match=says):
        limits.parse(text)
