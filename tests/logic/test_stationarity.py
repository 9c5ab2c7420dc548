"""The first step repeated: one rule with its noise, and the words that explain it."""

from __future__ import annotations

import pytest

from lab.counts.endpoints import Endpoints
from lab.counts.timeline import Step, Tally
from lab.judging.stationarity import Stationarity, compare, has_drifted, noise_until_ms, sentence
from lab.plans.search import Purpose
from tests.support.verdicts import answers


def repeated(first_ms: float, again_ms: float, count: int = 100) -> tuple[Step, Step]:
    first = Step(8, 100, Purpose.EXPLORE, endpoints=Endpoints({"GET /tests": answers(first_ms, count)}))
    return first, Step(8, 200, Purpose.REPEAT, endpoints=Endpoints({"GET /tests": answers(again_ms, count)}))


@pytest.mark.parametrize(
    ("first_ms", "again_ms", "drifted"),
    [
        (2.04, 3.76, False),  # 1.84 times, and 1.72 ms, which a busy machine takes from any answer
        (2.04, 4.03, False),
        (2.04, 4.04, True),  # where the noise ends, the drift begins
        (4.0, 5.99, False),
        (4.0, 6.0, True),  # from here on the ratio is more than the 2 ms
        (40.0, 71.6, True),  # 1.79 times
        (40.0, 59.9, False),
        (40.0, 60.0, True),
        (40.0, 20.0, False),  # faster is no drift
    ],
)
def test_slower_beyond_the_noise_is_a_drift(first_ms: float, again_ms: float, drifted: bool) -> None:
    first, again = repeated(first_ms, again_ms)
    assert has_drifted(first, again) is drifted
    change = compare(first, again)
    assert change == {
        "endpoint": "GET /tests",
        "first_ms": first_ms,
        "repeated_ms": again_ms,
        "ratio": round(again_ms / first_ms, 3),
        "stationary": not drifted,
    }
    assert (again_ms < noise_until_ms(first_ms)) is not drifted


def test_only_the_repetition_of_the_first_step_says_so() -> None:
    first, again = repeated(10, 100)
    again.purpose = Purpose.CONFIRM
    assert not has_drifted(first, again)


@pytest.mark.parametrize(("first", "again", "witness"), [(5, 5, True), (4, 5, False), (5, 4, False)])
def test_an_endpoint_asked_less_than_five_times_in_one_of_them_is_no_witness(
    first: int, again: int, witness: bool
) -> None:
    one, other = repeated(10, 100)
    one.endpoints, other.endpoints = (
        Endpoints({"GET /x": answers(10, first)}),
        Endpoints({"GET /x": answers(100, again)}),
    )
    assert (compare(one, other) is not None) is witness


def test_the_endpoint_that_changed_most_speaks_and_one_that_drifted_first() -> None:
    one, other = repeated(10, 18)
    one.endpoints["GET /quick"], other.endpoints["GET /quick"] = answers(0.1), answers(0.4)
    change = compare(one, other)
    assert change
    assert (change["endpoint"], change["stationary"]) == ("GET /tests", False)
    other.endpoints["GET /tests"] = answers(11)
    change = compare(one, other)
    assert change
    assert (change["endpoint"], change["stationary"]) == ("GET /quick", True)


def test_medians_whose_intervals_touch_do_not_differ_for_sure() -> None:
    """The median of a hundred answers is known to ten ranks on either side."""
    for fast, drifted in ((59, False), (60, True)):  # the 60th may be the first median: 200 ms
        one, other = repeated(10, 100)
        one.endpoints = Endpoints({"GET /tests": mixed(10, fast, 200)})
        assert has_drifted(one, other) is drifted
    for fast, drifted in ((40, True), (41, False)):  # the 41st may be the second
        one, other = repeated(10, 100)
        other.endpoints = Endpoints({"GET /tests": mixed(10, fast, 100)})
        assert has_drifted(one, other) is drifted


def mixed(fast_ms: float, fast: int, slow_ms: float) -> Tally:
    """A hundred answers, so many of them fast."""
    whole = answers(fast_ms, fast)
    whole.add(answers(slow_ms, 100 - fast))
    return whole


CHANGE = Stationarity(endpoint="GET /tests", first_ms=2.04, repeated_ms=3.76, ratio=1.843, stationary=True)
AS_BEFORE = "which is as before: noise reaches to 4.04 ms"


@pytest.mark.parametrize(
    ("change", "seen", "words"),
    [
        (
            CHANGE,
            [],
            f"took 1.84 times as long (2.04 ms, then 3.76 ms at GET /tests), {AS_BEFORE}",
        ),
        (
            {**CHANGE, "repeated_ms": 5.0, "ratio": 2.451},
            [],
            f"took 2.45 times as long (2.04 ms, then 5 ms at GET /tests), {AS_BEFORE}, but so few answers may mislead",
        ),
        (
            {**CHANGE, "repeated_ms": 5.0, "ratio": 2.451, "stationary": False},
            [],
            "took 2.45 times as long (2.04 ms, then 5 ms at GET /tests): the answers depend on history",
        ),
        (
            {**CHANGE, "repeated_ms": 5.0, "ratio": 2.451, "stationary": False},
            ["other work used 71 % of this machine", "a worker was lost"],
            (
                "took 2.45 times as long (2.04 ms, then 5 ms at GET /tests), and other work used 71 % of this machine "
                "and a worker was lost: whether the answers depend on history cannot be told"
            ),
        ),
    ],
)
def test_the_rule_is_explained_in_words(change: Stationarity, seen: list[str], words: str) -> None:
    assert sentence(change, seen) == words
