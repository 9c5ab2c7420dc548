"""The judgement on a search: its sentence in every case that can come, from steps made up for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lab import limits
from lab.counts.timeline import Step, Tally
from lab.judging.evidence import Interruption, Search
from lab.judging.verdict import ExitCode
from lab.plans.search import Goal, Purpose
from tests.support.searches import FOUND, searched, step, verdict_on
from tests.support.verdicts import part


def test_a_found_capacity_is_told_in_the_tutorials_words() -> None:
    verdict = verdict_on(searched(*FOUND))
    assert (verdict.verdict, verdict.exit_code) == ("PASS", ExitCode.PASS)
    assert verdict.sentence == (
        "PASS: p95 stays within 450 ms and failures within 1 % up to 352 users = 117 req/s "
        "(95 % interval 111 to 128); at 384 users p95 is 497 ms."
    )
    assert verdict.document["capacity"] == {
        "users": 352,
        "rps": 117.0,
        "rps_interval": [pytest.approx(110.8, abs=0.1), pytest.approx(128.4, abs=0.5)],
        "reached": True,
    }
    assert verdict.document["breach"] == {
        "users": 384,
        "rps": 128.0,
        "broke": "p95<=450ms",
        "measured": 497.0,
        "unit": "ms",
    }
    assert part(verdict, "stationarity")["stationary"] is True
    assert [(row["measured"], row["kept"]) for row in verdict.document["limits"]] == [(431.0, True), (0.0, True)]


def test_of_an_open_system_arrivals_are_told_instead_of_users() -> None:
    verdict = verdict_on(searched(*FOUND), arrivals="open", peak_users=100)
    assert "covers the peak of 100 arrivals/s 3.52 times" in verdict.sentence
    assert "up to 352 arrivals/s = 117 req/s" in verdict.sentence
    assert "at 384 arrivals/s p95 is 497 ms" in verdict.sentence
    assert verdict.document["arrivals"] == "open"


def test_a_capacity_that_was_not_reached_is_told_as_such() -> None:
    steps = searched(step(2000, Purpose.EXPLORE, 100, True), step(2000, Purpose.CONFIRM, 100, True))
    verdict = verdict_on(steps)
    assert verdict.exit_code == ExitCode.PASS
    assert "up to 2,000 users = 667 req/s" in verdict.sentence
    assert "the most that was tried (LAB_MAX_USERS): the capacity was not reached." in verdict.sentence
    assert (part(verdict, "capacity")["reached"], verdict.document["breach"]) == (False, None)


def test_a_service_broken_from_the_start_fails() -> None:
    steps = [step(users, Purpose.EXPLORE, 900, False) for users in (8, 4, 2, 1)]
    verdict = verdict_on(steps)
    assert verdict.exit_code == ExitCode.FAIL
    assert verdict.sentence == "FAIL: broken from the start: at 1 user p95 is 900 ms."
    assert verdict.document["capacity"] is None


@pytest.mark.parametrize(("first_ms", "again_ms", "drifts"), [(12, 37.2, True), (12, 17, False), (0.4, 1.9, False)])
def test_a_service_whose_answers_depend_on_history_is_refused(first_ms: float, again_ms: float, drifts: bool) -> None:
    verdict = verdict_on(searched(*FOUND, first_ms=first_ms, again_ms=again_ms))
    assert (verdict.exit_code == ExitCode.INVALID) is drifts
    if drifts:
        assert verdict.sentence == (
            "INVALID: the first step was repeated and took 3.1 times as long (12 ms, then 37.2 ms at GET /tests): "
            "the answers depend on history, so no capacity can be told."
        )


def test_a_median_that_differs_by_chance_is_no_drift() -> None:
    """A few answers of a service with a wide spread: their medians differ, but the answers overlap."""
    first, again = step(88, Purpose.EXPLORE, 12, True), step(88, Purpose.REPEAT, 12, True)
    for one, times in ((first, (4, 8, 11, 15, 40)), (again, (5, 9, 19, 24, 41))):
        one.endpoints["GET /tests"].times.clear()
        for milliseconds in times:
            one.endpoints["GET /tests"].succeed(milliseconds)
    verdict = verdict_on([first, again])
    assert part(verdict, "stationarity")["ratio"] > 1.5
    assert part(verdict, "stationarity")["stationary"] is True


def test_an_endpoint_that_is_hardly_ever_asked_is_no_witness_of_a_drift() -> None:
    steps = searched(*FOUND)
    for one, milliseconds in ((steps[0], 5), (steps[-1], 50)):
        for _ in range(4):
            one.endpoints.setdefault("GET /tests/[id]", Tally()).succeed(milliseconds)
    drift = part(verdict_on(steps), "stationarity")
    assert (drift["endpoint"], drift["stationary"]) == ("GET /tests", True)


def test_when_the_time_was_up_what_is_known_is_told_as_what_it_is() -> None:
    steps = searched(step(352, Purpose.EXPLORE, 431, True), again_ms=None)
    verdict = verdict_on(steps, search=Search(Goal(88, 2000, 0.1), time_was_up=True))
    assert verdict.exit_code == ExitCode.PASS
    assert "up to 352 users" in verdict.sentence
    assert "The time was up (LAB_DEADLINE) before the search was done: the capacity may be higher." in verdict.sentence
    nothing = verdict_on([step(8, Purpose.EXPLORE, 900, False)], search=Search(Goal(8, 9, 0.1), time_was_up=True))
    assert nothing.exit_code == ExitCode.FAIL
    assert "no load was found that keeps the limits before the time was up" in nothing.sentence


def test_a_long_step_that_broke_by_chance_is_not_what_is_told_of_a_load_that_keeps() -> None:
    hiccup = step(352, Purpose.CONFIRM, 500, False, 30)
    verdict = verdict_on(searched(FOUND[0], FOUND[2], FOUND[4], hiccup))
    assert verdict.exit_code == ExitCode.PASS
    assert part(verdict, "limits")[0] == {**part(verdict, "limits")[0], "measured": 431.0, "kept": True}
    assert "It may be lower: a second, longer step at this load broke a limit." in verdict.sentence


@pytest.mark.parametrize(
    ("at", "word", "says"),
    [
        # at the load where it breaks, a silence is how it breaks
        (3, "PASS", "at 704 users there was no answer for 8 s where answers were due (outage<=5s)."),
        # at a load that it takes otherwise, no other step mends it
        (2, "FAIL", "FAIL: at 352 users there was no answer for 8 s where answers were due (outage<=5s). Apart from"),
        (-1, "FAIL", "FAIL: at 88 users there was no answer for 8 s where answers were due (outage<=5s). Apart from"),
    ],
)
def test_a_silent_step_is_broken_and_told(at: int, word: str, says: str) -> None:
    steps = searched(FOUND[0], step(704, Purpose.EXPLORE, 12, False), FOUND[3], FOUND[3])
    steps[at] = replace(steps[at], silent_seconds=8)
    verdict = verdict_on(steps, limits=limits.with_implied(limits.parse("p95<=450ms fail<=1%"), 5))
    assert verdict.verdict == word
    assert says in verdict.sentence


def test_a_search_without_the_time_for_its_last_step_does_not_say_that_there_may_be_more() -> None:
    steps = searched(*FOUND[:3], again_ms=None)
    verdict = verdict_on(steps, search=Search(Goal(88, 2000, 0.2), time_was_up=True))
    assert "before the search was done. This was not confirmed by a second step." in verdict.sentence


def test_a_limit_that_broke_by_what_came_late_is_not_kept() -> None:
    """Answers that a worker handed in after the step was judged count as well."""
    late = step(352, Purpose.CONFIRM, 500, True, 20)
    verdict = verdict_on(searched(*FOUND[1:3], late, FOUND[4]))
    assert part(verdict, "capacity")["users"] == 176
    assert part(verdict, "breach")["users"] == 352


def test_a_search_cut_short_tells_how_far_it_came_and_does_not_end_in_0() -> None:
    verdict = verdict_on(searched(again_ms=None), interrupted_by=Interruption.PERSON)
    assert verdict.exit_code == ExitCode.INTERRUPTED
    assert "up to 176 users" in verdict.sentence
    assert "Cut short after 150 s by the stop button" in verdict.sentence
    assert verdict_on([], interrupted_by=Interruption.SIGNAL).verdict == "INVALID"


def test_the_step_in_which_it_was_cut_short_decides_nothing() -> None:
    steps = [*searched(again_ms=None), step(352, Purpose.EXPLORE, 9000, None)]
    assert verdict_on(steps, interrupted_by=Interruption.SIGNAL).document["breach"] is None


def test_a_breach_by_failures_is_told_by_its_share() -> None:
    failing = step(704, Purpose.EXPLORE, 20, False)
    failing.endpoints["GET /tests"].fail("expected status 200, got 503", 500)
    verdict = verdict_on([step(352, Purpose.EXPLORE, 20, True), failing, step(352, Purpose.CONFIRM, 20, True)])
    assert part(verdict, "breach")["broke"] == "fail<=1%"
    assert "at 704 users 17.5 % failed" in verdict.sentence


def test_without_a_step_that_was_judged_nothing_is_known() -> None:
    verdict = verdict_on([step(88, Purpose.EXPLORE, 12, None)], seconds=7)
    assert verdict.sentence.startswith(
        "INVALID: nothing was measured: the run ended after 7 s, before its first step was."
    )


@pytest.mark.parametrize(
    ("tail", "more", "ends"),
    [
        # each ending of the sentence, word for word
        (
            (step(352, Purpose.EXPLORE, 431, True),),
            {},
            ", and more was not tried. This was not confirmed by a second step.",
        ),
        (FOUND[1:3], {}, "; at 352 users p95 is 497 ms. This was not confirmed by a second step."),
        (
            (step(352, Purpose.EXPLORE, 431, True), step(352, Purpose.CONFIRM, 431, True)),
            {"search": Search(Goal(88, 352, 0.1))},
            ", the most that was tried (LAB_MAX_USERS): the capacity was not reached.",
        ),
        (
            (step(352, Purpose.EXPLORE, 431, True), step(352, Purpose.CONFIRM, 431, True)),
            {"search": Search(Goal(88, 2000, 0.1), time_was_up=True)},
            (
                ", and more was not tried. The time was up (LAB_DEADLINE) before the search was done: "
                "the capacity may be higher."
            ),
        ),
    ],
)
def test_the_sentence_ends_with_what_is_not_known(tail: tuple[Step, ...], more: dict[str, Any], ends: str) -> None:
    if "497" in ends:
        tail = (step(704, Purpose.EXPLORE, 2000, False), step(352, Purpose.NARROW, 497, False))
    assert verdict_on(searched(*tail), **more).sentence.partition(")")[2] == ends


def test_throughput_of_a_capacity_is_as_unsure_as_the_gap_to_the_breach_and_its_seconds() -> None:
    """Steps without scatter: what is left is the gap, and the throughput at the breach."""
    steps = searched(*FOUND)
    for one in steps:
        one.successes = [round(one.users / 3, 2)] * one.seconds  # type: ignore[list-item]
    capacity = part(verdict_on(steps), "capacity")
    # 352 users make 117.33; a user more makes a third, and half of the resolution of 352 users is 17.6 of them
    assert capacity["rps"] == 117.33
    assert capacity["rps_interval"] == [pytest.approx(117.33 - 17.6 / 3, abs=0.02), pytest.approx(128.0, abs=0.02)]
    assert part(verdict_on(steps), "breach")["rps"] == 128.0


def test_throughput_that_no_longer_rises_is_not_taken_to_rise() -> None:
    steps = searched(*FOUND)
    for one in steps:
        one.successes = [100] * one.seconds
    assert part(verdict_on(steps), "capacity")["rps_interval"] == [100.0, 100.0]


def test_where_nothing_succeeds_at_the_breach_that_is_said() -> None:
    failing = step(704, Purpose.EXPLORE, 20, False)
    failing.endpoints["GET /tests"] = Tally({}, {"refused": 200})
    sentence = verdict_on(searched(failing), limits=limits.parse("p95<=450ms")).sentence
    assert "; at 704 users not one request succeeds. This was not confirmed" in sentence


def test_figures_of_a_capacity_have_two_places_and_none_is_below_0() -> None:
    steps = [step(2, Purpose.EXPLORE, 20, True), step(4, Purpose.EXPLORE, 900, False)]
    for one, successes in zip(steps, ([1, 0, 0], [1, 1, 2]), strict=True):
        one.successes = successes
    capacity = part(verdict_on(steps), "capacity")
    assert capacity["rps"] == 0.33
    assert capacity["rps_interval"][0] == 0.0
