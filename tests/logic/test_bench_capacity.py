"""What the bench makes of its runs: errors, intervals, and when the wanted figures are met."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.capacity import SERVICES, Pair, bracket_covers, error, interval_covers, judge
from bench.capacity_runs import Outcome, Truth

TRUTH = Truth(users=100, rps=400.0)
FOUND = Outcome(98, 398.0, True, 90.0, 50_000, "PASS", interval=(390.0, 405.0), breach_users=101)
RAMPED = Outcome(117, 400.0, True, 95.0, 30_000)
SLOTS, *_, NOT_REACHED, DRIFTING = SERVICES
PAIR = Pair(SLOTS, 1, TRUTH, FOUND, RAMPED, late_ms=0.4)


def missed(pairs: list[Pair]) -> list[str]:
    return [each.text.partition(":")[0] for each in judge(pairs) if not each.met]


def test_the_error_is_a_ratio_of_the_truth() -> None:
    assert error(FOUND, TRUTH) == pytest.approx(-0.02)
    assert error(RAMPED, TRUTH) == pytest.approx(0.17)
    assert error(replace(FOUND, users=None), TRUTH) == -1


def test_an_interval_covers_the_rate_and_a_bracket_the_users() -> None:
    assert interval_covers(FOUND, TRUTH)
    assert not interval_covers(replace(FOUND, interval=(390.0, 399.9)), TRUTH)
    assert not interval_covers(replace(FOUND, interval=None), TRUTH)
    assert bracket_covers(FOUND, TRUTH)
    assert not bracket_covers(replace(FOUND, breach_users=100), TRUTH)


def test_one_in_ten_may_miss() -> None:
    far = replace(PAIR, search=replace(FOUND, users=94))
    assert missed([PAIR] * 9 + [far]) == []
    assert missed([PAIR] * 8 + [far] * 2) == ["error within 5 % of the truth, 90%"]


@pytest.mark.parametrize(
    ("pair", "text"),
    [
        (replace(PAIR, ramp=replace(RAMPED, users=103)), "slots-bound"),  # no better than half the ramp's error
        (replace(PAIR, search=replace(FOUND, seconds=96.0)), "slots-bound"),  # slower than the ramp
        (replace(PAIR, search=replace(FOUND, interval=(1.0, 2.0))), "interval covers the true rate, 90%"),
        (replace(PAIR, late_ms=20.0), "the machine is quiet"),
        (Pair(NOT_REACHED, 1, None, replace(FOUND, users=80), RAMPED, 0.4), "not reached"),
        (Pair(DRIFTING, 1, None, FOUND, RAMPED, 0.4), "drifting"),
    ],
)
def test_each_wanted_figure_can_be_missed(pair: Pair, text: str) -> None:
    assert missed([pair]) == [text]


def test_no_capacity_is_what_is_wanted_of_some() -> None:
    unreached = replace(FOUND, users=NOT_REACHED.most_users, reached=False, breach_users=None)
    invalid = replace(FOUND, word="INVALID")
    assert missed([Pair(NOT_REACHED, 1, None, unreached, RAMPED, 0.4)]) == []
    assert missed([Pair(DRIFTING, 1, None, invalid, RAMPED, 0.4)]) == []
