"""Where a failure of a soak begins and ends: the bounds of the rule, one by one."""

from __future__ import annotations

import pytest

from lab import limits
from lab.counts.endpoints import Tallies
from lab.figures import utc
from lab.soak.watch import MOST_COURSES, FailureRule, Watch
from tests.support.verdicts import answers

RULE = FailureRule(limits.parse("p95<=450ms fail<=10%"), seconds=3, errors=0.5)
START = 1795370000


def second(fast: int = 20, slow: int = 0, failed: int = 0) -> Tallies:
    tally = answers(20.0, fast, {"no": failed} if failed else {})
    tally.add(answers(900.0, slow))
    return {"GET /tests": tally}


def watched(*seconds: Tallies) -> Watch:
    watch = Watch(RULE)
    for at, endpoints in enumerate(seconds):
        watch.see(START + at, endpoints)
    return watch


@pytest.mark.parametrize(
    ("what", "fails", "cause"),
    [
        (second(18, failed=2), False, ""),  # two failures are no burst
        (second(3, failed=2), False, ""),
        (second(2, failed=3), True, "fail<=10% broken"),  # three are, where they are half of all
        (second(3, failed=3), True, "fail<=10% broken"),
        (second(4, failed=3), False, ""),
        (second(1, failed=19), True, "fail<=10% broken"),
    ],
)
def test_a_burst_is_a_failure_at_once(what: Tallies, fails: bool, cause: str) -> None:
    watch = watched(second(), what, second(), second(), second())
    assert (watch.count, watch.repaired) == ((1, 1) if fails else (0, 0))
    assert [one.cause for one in watch.failures] == ([cause] if fails else [])


def test_a_burst_of_what_no_limit_is_on_has_a_cause_too() -> None:
    watch = Watch(FailureRule(limits.parse("p95<=450ms"), seconds=3, errors=0.5))
    watch.see(START, second(2, failed=10))
    assert [one.cause for one in watch.failures] == ["a burst of errors"]


@pytest.mark.parametrize(
    ("slow", "bad"),
    [
        (2, False),  # of twenty one may be slow; two are not more for sure
        (3, True),
    ],
)
def test_a_second_is_bad_where_that_is_sure(slow: int, bad: bool) -> None:
    assert watched(*[second(20 - slow, slow)] * 3).count == bad


@pytest.mark.parametrize(
    ("rate", "fails"),
    [
        (5, True),  # five answers a second: three seconds without any are no chance
        (4, False),
    ],
)
def test_silence_is_a_failure_where_answers_are_due(rate: int, fails: bool) -> None:
    watch = watched(*[second(rate)] * 1000, {}, {}, {})
    # in silence the mean falls a little: with just five it is below five already
    assert watch.count == 0
    watch = watched(*[second(rate + 1)] * 1000, {}, {}, {})
    assert watch.count == fails
    assert [one.cause for one in watch.failures] == (["no answer at all"] if fails else [])


def test_the_first_second_without_an_answer_is_no_silence() -> None:
    assert watched({}, {}, {}, {}).count == 0


def test_a_gap_ends_what_went_on_and_begins_anew() -> None:
    watch = watched(second(), *[second(0, 20)] * 2)
    watch.see(START + 10, second(0, 20))  # two before the gap and one after it are not three in a row
    assert watch.count == 0
    watch.see(START + 11, second(0, 20))
    watch.see(START + 12, second(0, 20))
    assert [(one.began - START, one.ended) for one in watch.failures] == [(10, None)]
    watch.see(START + 20, second())
    assert [(one.began - START, (one.ended or 0) - START) for one in watch.failures] == [(10, 13)]


@pytest.mark.parametrize(
    ("began", "ended", "counted"),
    [
        (0, 5, 1),
        (8, 10, 1),  # it ends where the other begins
        (8, 11, 0),
        (12, 13, 0),
        (14, 16, 0),
        (15, 16, 1),  # it begins where the other has ended
        (19, None, 1),
        (20, 25, 0),  # after the last second
    ],
)
def test_a_failure_seen_elsewhere_counts_unless_another_has_it(began: int, ended: int | None, counted: int) -> None:
    watch = watched(*[second()] * 10, *[second(0, 20)] * 5, *[second()] * 5)
    up, down = watch.up_seconds, watch.down_seconds
    assert (watch.count, up, down) == (1, 15, 5)
    watch.lose(START + began, None if ended is None else START + ended, "gone")
    assert watch.count == 1 + counted
    assert watch.repaired == 1 + (counted if ended is not None else 0)
    lasted = (min(ended or 20, 20) - began) if counted else 0
    assert (watch.up_seconds, watch.down_seconds) == (up - lasted, down + lasted)
    assert watch.failures == sorted(watch.failures, key=lambda one: one.began)


def test_the_courses_of_so_many_figures_are_kept_and_no_more() -> None:
    watch = Watch(RULE)
    for number in range(MOST_COURSES + 5):
        watch.note(f"figure {number}", "MB", START, 1.0, bound=float(number))
    watch.note("figure 0", "MB", START + 1, 2.0)
    assert len(watch.courses) == len(watch.bounds) == MOST_COURSES
    assert len(watch.courses["figure 0", "MB"].points()) == 2
    assert watch.bounds["figure 0"] == 0.0


def test_the_rule_is_told_as_it_is() -> None:
    assert RULE.text() == "p95<=450ms fail<=10% broken for 3 s, or 50 % of a second's requests failed"


def test_the_document_has_each_failure_and_each_course_to_the_figure() -> None:
    watch = watched(*[second()] * 20, *[second(0, 20)] * 4, *[second()] * 20, *[second(0, 20)] * 3)
    for at in range(40):
        watch.note("memory of api-1", "MB", START + at, 100 + 2.0 * at, bound=500.0)
        watch.note("open files", "", START + at, 20.0)
    watch.note("too few", "", START, 20.0)
    part = watch.document()
    assert {name: part[name] for name in ("rule", "observed_seconds", "count", "failures")} == {
        "rule": RULE.text(),
        "observed_seconds": 47,
        "count": 2,
        "failures": [
            {"from": utc(START + 20), "to": utc(START + 24), "seconds": 4, "cause": "p95<=450ms broken"},
            {"from": utc(START + 44), "to": None, "seconds": None, "cause": "p95<=450ms broken"},
        ],
    }
    assert part["mttf_seconds"]["value"] == 20.0
    memory, files = part["drift"]
    assert memory == {
        "name": "memory of api-1",
        "unit": "MB",
        "from": 100.0,
        "to": 178.0,
        "per_hour": 7200.0,
        "per_hour_interval": [7200.0, 7200.0],
        "chance": 0.0,
        "drifts": True,
        "bound": 500.0,
        "hours_to_bound": 0.04472,
    }
    assert (files["drifts"], files["bound"], files["hours_to_bound"]) == (False, None, None)
