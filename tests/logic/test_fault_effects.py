"""What came of a fault: from seconds that never were, its failures, its recovery and what was lost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from lab.counts.endpoints import Tallies
from lab.counts.tally import Tally
from lab.faults import Deed, Faults, deeds, effects, longest_recovery, parse
from lab.faults.effects import Effect
from tests.support.sample_faults import BEGAN, EMPTY, FAILING, GOOD, KINDS, LIMITS, SLOW, TORN, deed, seconds
from tests.support.verdicts import answers


def effect(text: str, kinds: Sequence[str], **more: Any) -> Effect:
    (found,) = effects(Faults([deed(text)], seconds(kinds), **more), LIMITS)
    return found


@pytest.mark.parametrize(
    ("text", "kinds", "recovery", "figures"),
    [
        ("kill api at 0s", [GOOD] * 9, 0, (0, 0, 0)),
        ("kill api at 0s", [TORN, *[GOOD] * 9], 1, (1, 20, 0)),
        ("kill api at 0s", [GOOD, FAILING, FAILING, *[GOOD] * 9], 3, (2, 40, 2)),
        ("kill api at 0s", [GOOD, EMPTY, EMPTY, SLOW, *[GOOD] * 9], 4, (3, 0, 2)),
        # a row of good seconds that is shorter than LAB_FAILURE_TIME is no recovery
        ("kill api at 0s", [TORN, *[GOOD] * 4, SLOW, *[GOOD] * 5], 6, (2, 20, 0)),
        ("kill api at 0s", [TORN, *[GOOD] * 4], None, (1, 20, 0)),
        ("kill api at 0s", [TORN] * 9, None, (9, 180, 0)),
        # a fault that lasts is over at 1003: what it breaks until then is no recovery
        ("pause api for 3s at 0s", [GOOD, EMPTY, EMPTY, *[GOOD] * 9], 0, (2, 0, 2)),
        ("pause api for 3s at 0s", [GOOD, EMPTY, EMPTY, SLOW, SLOW, *[GOOD] * 9], 2, (4, 0, 2)),
        ("pause api for 8s at 0s", [*[GOOD] * 7, SLOW, SLOW, *[GOOD] * 9], 1, (2, 0, 0)),
    ],
)
def test_the_recovery_is_counted_from_the_faults_end_to_the_first_of_good_seconds(
    text: str, kinds: Sequence[str], recovery: float | None, figures: tuple[int, int, int]
) -> None:
    """The figures are bad seconds, failed requests, and seconds without a success."""
    found = effect(text, kinds)
    assert found.recovery_seconds == recovery
    assert (len(found.bad), found.whole.failed, found.silent_seconds) == figures
    assert longest_recovery([found]) == recovery


def test_its_seconds_end_with_the_run_or_when_a_request_that_hung_has_ended() -> None:
    assert effect("kill api at 0s", [TORN] * 9).until == BEGAN + 9
    assert effect("kill api at 0s", [TORN, *[GOOD] * 40], timeout_seconds=9.5).until == BEGAN + 1 + 1 + 10
    assert effect("kill api at 0s", [TORN, *[GOOD] * 40], timeout_seconds=9.5).whole.requests == 11 * 40 + 40
    assert effect("kill api at 0s", [TORN, *[GOOD] * 40]).until == BEGAN + 1 + 1 + 10
    assert Effect(deed("kill api at 0s")).began == 0
    assert [effect("kill api at 0s", [TORN] * count).is_told for count in (4, 5)] == [False, True]


def test_a_fault_is_over_when_that_was_said_and_until_then_when_it_should_be() -> None:
    paused = replace(deed("pause api for 3s at 0s"), done=1000.5, over=1004.2)
    assert (paused.began, paused.ended) == (1000.4, 1004.2)
    assert (replace(paused, asked=None).began, replace(paused, over=None).ended) == (1000.5, 1003.5)
    assert replace(deed("kill api at 0s"), done=1000.5, over=1004.2).ended == 1000.5, "a kill is over at once"


def test_what_was_wrong_first_is_named() -> None:
    assert effect("kill api at 0s", [GOOD, SLOW, EMPTY, *[GOOD] * 9]).broke == "p95<=450ms broken"
    assert effect("kill api at 0s", [GOOD, EMPTY, SLOW, *[GOOD] * 9]).broke == "no answer"
    assert effect("kill api at 0s", [TORN, SLOW, *[GOOD] * 9]).broke == "requests failed"
    assert effect("kill api at 0s", [GOOD] * 9).broke is None


def test_a_second_is_bad_only_where_it_is_sure() -> None:
    for slow, is_bad in ((4, False), (5, True)):
        mixed: Tallies = {"GET /tests": answers(10, 40 - slow)}
        mixed["GET /tests"].add(answers(900, slow))
        whole = {**seconds([GOOD] * 9), BEGAN + 1: mixed}
        (found,) = effects(Faults([deed("kill api at 0s")], whole), LIMITS)
        assert bool(found.bad) is is_bad, slow


def test_seconds_without_an_answer_count_only_where_answers_were_due() -> None:
    rare: dict[int, Tallies] = {second: {"GET /tests": answers(10, 1)} for second in range(990, 1020, 2)}
    whole = {second: rare.get(second, {}) for second in range(990, 1020)}
    (found,) = effects(Faults([deed("kill api at 0s")], whole), LIMITS)
    assert (found.recovery_seconds, found.bad, found.silent_seconds) == (0, [], 0)


@pytest.mark.parametrize(
    ("before", "is_due"),
    [
        ([5] * 10, True),
        ([5] * 9 + [4], False),
        ([5], True),  # of seconds that were seen
        ([], False),
        ([1000] + [4] * 10, False),  # ten seconds show what was usual
        ([1000] + [4] * 9, True),
    ],
)
def test_five_answers_a_second_before_it_make_a_second_without_any_a_bad_one(before: list[int], is_due: bool) -> None:
    rates = {BEGAN - len(before) + at: count for at, count in enumerate(before)}
    whole: dict[int, Tallies] = {second: {"GET /tests": answers(10, count)} for second, count in rates.items()}
    (found,) = effects(Faults([deed("kill api at 0s")], {**whole, **seconds([EMPTY] * 3, before=0)}), LIMITS)
    assert (found.silent_seconds, len(found.bad), found.broke) == ((3, 3, "no answer") if is_due else (0, 0, None))


def test_nobody_looks_for_a_recovery_longer_than_ten_minutes() -> None:
    found = effect("kill api at 0s", [TORN] * 700)
    assert (found.until, len(found.bad), found.recovery_seconds) == (BEGAN + 1 + 600, 601, None)


def test_of_a_fault_after_which_no_second_was_seen_nothing_is_known() -> None:
    for whole in ({}, seconds([])):
        (found,) = effects(Faults([deed("pause api for 3s at 0s")], whole), LIMITS, [])
        assert (found.until, found.recovery_seconds, found.is_told, found.lost) == (BEGAN, None, False, 0)


def test_where_nobody_asks_any_more_nothing_is_known_to_hold() -> None:
    whole: dict[int, Tallies] = {second: {} for second in range(990, 1020)}
    (found,) = effects(Faults([deed("kill api at 0s")], whole), LIMITS)
    assert found.recovery_seconds is None


def test_failures_count_for_as_long_as_a_request_may_hang() -> None:
    late = [TORN, *[GOOD] * 9, TORN, *[GOOD] * 9]
    assert effect("kill api at 0s", late, timeout_seconds=9.0).whole.failed == 40
    assert effect("kill api at 0s", late, timeout_seconds=2.0).whole.failed == 20


def test_what_fails_before_the_word_that_it_is_done_is_its_doing_too() -> None:
    slow = deed("stop api for 2s at 0s", took=3.0)
    (found,) = effects(Faults([slow], seconds([TORN, TORN, FAILING, FAILING, FAILING, *[GOOD] * 9])), LIMITS)
    assert (found.began, found.whole.failed, found.recovery_seconds) == (BEGAN, 100, 0)


def test_a_fault_ends_what_was_known_of_the_one_before() -> None:
    both = [deed("kill api at 0s"), deed("kill api at 8s", BEGAN + 8.2)]
    first, second = effects(Faults(both, seconds([*[TORN] * 10, *[GOOD] * 9])), LIMITS)
    assert (first.recovery_seconds, first.until, first.whole.failed) == (None, BEGAN + 8, 160)
    assert (second.recovery_seconds, second.whole.failed) == (2, 40)
    assert longest_recovery([first, second]) is None


def test_lost_writes_are_put_down_to_the_fault_whose_seconds_they_lie_before() -> None:
    both = [deed("kill api at 0s"), deed("kill api at 30s", BEGAN + 30.2)]
    faults = Faults(both, seconds([TORN, *[GOOD] * 29, TORN, *[GOOD] * 29]))
    lost = [BEGAN - 5.0, BEGAN + 1.0, BEGAN + 25.0, BEGAN + 31.0, BEGAN + 55.0]
    assert [each.lost for each in effects(faults, LIMITS, lost)] == [2, 2]
    assert [each.lost for each in effects(faults, LIMITS, [])] == [0, 0]
    first, _ = effects(faults, LIMITS)
    border = [first.until - 0.1, float(first.until), first.until + 0.1]
    assert [each.lost for each in effects(faults, LIMITS, border)] == [1, 2]
    assert [each.lost for each in effects(faults, LIMITS, None)] == [None, None]


def test_faults_are_read_back_as_they_were_written() -> None:
    faults = Faults([deed("pause api for 3s at 0s"), Deed(parse("cut for 2s at 9s")[0])], seconds([TORN, SLOW, EMPTY]))
    again = deeds.from_document(json.loads(json.dumps(faults.document())))
    assert again == faults
    assert effects(again, LIMITS) == effects(faults, LIMITS)


KIND = some.sampled_from([GOOD, SLOW, FAILING, EMPTY, TORN])


@given(
    some.lists(KIND, min_size=1, max_size=40),
    some.integers(1, 8),
    some.sampled_from(["kill api at 0s", "cut for 4s at 0s"]),
)
def test_after_a_recovery_that_many_seconds_are_good_and_the_one_before_is_not(
    kinds: list[str], hold: int, text: str
) -> None:
    found = effect(text, kinds, failure_seconds=hold)
    over = int(found.deed.ended)
    if found.recovery_seconds is None:
        rows = [kinds[at : at + hold] for at in range(over - BEGAN, len(kinds) - hold + 1)]
        assert not any(row == [GOOD] * hold for row in rows)
        return
    again = over + int(found.recovery_seconds)
    assert kinds[again - BEGAN : again - BEGAN + hold] == [GOOD] * hold
    assert again == over or kinds[again - 1 - BEGAN] != GOOD
    assert found.whole.failed == sum(
        KINDS[kind].get("GET /tests", Tally()).failed for kind in kinds[: found.until - BEGAN]
    )


def test_tasks_that_died_around_a_fault_survive_the_file() -> None:
    """They count in the share of failures, so a run that is judged again would recover otherwise."""
    died: Tallies = {"TASK Shopper.buy": Tally(exceptions={"KeyError: 'price'": 3})}
    faults = Faults([deed("kill api at 0s")], {BEGAN: died})
    again = deeds.from_document(json.loads(json.dumps(faults.document())))
    assert again.seconds == faults.seconds
