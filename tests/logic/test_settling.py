"""Whether answers had settled: the first seconds at a load against those that follow."""

from __future__ import annotations

import random

import pytest

from lab.counts.timeline import Tally
from lab.plans.settling import ALIKE, are_alike


def tally(seconds: float, a_second: float, milliseconds: float, chance: random.Random, failed: int = 0) -> Tally:
    """Answers that come by chance, of times that scatter by a third."""
    made = Tally()
    for _ in range(round(chance.gauss(seconds * a_second, (seconds * a_second) ** 0.5))):
        made.succeed(max(0.1, chance.gauss(milliseconds, milliseconds / 3)))
    if failed:
        made.fail("BadStatus 503", failed)
    return made


def share_alike(early: dict[str, float], trials: int = 300) -> float:
    """How often the first two seconds are taken for settled, of 100 answers a second of 50 ms."""
    chance, found = random.Random(7), 0
    for _ in range(trials):
        first = tally(2, early.get("a_second", 100), early.get("milliseconds", 50), chance, int(early.get("failed", 0)))
        found += are_alike(first, 2, tally(3, 100, 50, chance), 3)
    return found / trials


def test_what_has_settled_is_taken_for_it_nearly_always() -> None:
    assert ALIKE == 2.0
    assert share_alike({}) > 0.85


@pytest.mark.parametrize("early", [{"milliseconds": 60}, {"a_second": 145}, {"a_second": 60}, {"failed": 20}])
def test_what_has_not_is_left_out(early: dict[str, float]) -> None:
    assert share_alike(early) < 0.05


@pytest.mark.parametrize("answers", [0, 9])
def test_of_a_few_answers_nothing_can_be_said(answers: int) -> None:
    few, many = Tally(), Tally()
    for _ in range(answers):
        few.succeed(50.0)
    for _ in range(100):
        many.succeed(50.0)
    assert not are_alike(few, 2, many, 3)
    assert not are_alike(many, 2, few, 3)
