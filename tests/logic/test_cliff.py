"""A service that is good at one load and dead at the next is said to be so."""

from __future__ import annotations

import pytest

from lab.plans.search import Purpose
from tests.support.searches import searched, step, verdict_on


def sentence(kept_ms: float, broken_ms: float, broken: int = 369) -> str:
    """Of a search that ends with 352 users who kept the limit of 450 ms, and so many more who did not."""
    tail = (
        step(352, Purpose.EXPLORE, kept_ms, True),
        step(broken, Purpose.EXPLORE, broken_ms, False),
        step(352, Purpose.CONFIRM, kept_ms, True, 20),
        step(broken, Purpose.CHECK, broken_ms, False),
    )
    return verdict_on(searched(*tail)).sentence


def test_a_cliff_is_named_with_what_went_before_it() -> None:
    said = sentence(90, 2000)
    assert "It is a cliff: up to there no figure was above 20 % of its limit, so nothing warns of 369 users." in said


@pytest.mark.parametrize(
    ("kept_ms", "broken_ms", "broken"),
    [(230, 2000, 369), (90, 890, 369), (90, 2000, 704)],
    ids=["it had risen", "it broke little", "there may be a slope between the two"],
)
def test_where_there_is_a_slope_there_is_no_cliff(kept_ms: float, broken_ms: float, broken: int) -> None:
    assert "cliff" not in sentence(kept_ms, broken_ms, broken)
