"""The clock of the service of known capacity: when does it answer?"""

from __future__ import annotations

import statistics

import pytest

from tests.support.clockwork import Clockwork, Nature
from tests.support.queueing import Law

EVEN = Nature(slots=2, service_seconds=1.0, law=Law.EVEN)


def times(nature: Nature, arrivals: list[float], in_flight: int = 0) -> list[float]:
    clockwork = Clockwork(nature)
    return [clockwork.answers_at(arrival, in_flight) for arrival in arrivals]


def test_two_slots_serve_two_at_a_time() -> None:
    assert times(EVEN, [0, 0, 0, 0, 10]) == [1, 1, 2, 2, 11]


def test_a_drifting_service_gets_slower_with_every_request() -> None:
    drifting = Nature(slots=9, service_seconds=1.0, law=Law.EVEN, drift=0.5)
    assert times(drifting, [0, 0, 0]) == [1.0, 1.5, 2.0]


def test_beyond_the_cliff_everything_is_slow() -> None:
    cliff = Nature(slots=9, service_seconds=1.0, law=Law.EVEN, cliff=5, cliff_factor=20)
    assert times(cliff, [0], in_flight=4) == [1]
    assert times(cliff, [0], in_flight=5) == [20]


@pytest.mark.parametrize(
    ("arrival", "answered"),
    [
        (101.0, 102.0),  # over before the stall
        (109.5, 114.5),  # caught by it half way: the other half comes after it
        (111.0, 115.0),  # comes while nothing moves
        (114.5, 115.5),  # comes after it
    ],
)
def test_in_a_stall_nothing_moves(arrival: float, answered: float) -> None:
    """Ten seconds after the first request, at 100, for four seconds."""
    clockwork = Clockwork(Nature(slots=2, service_seconds=1.0, law=Law.EVEN, stall_at=10, stall_seconds=4))
    clockwork.answers_at(100.0, 0)
    assert clockwork.answers_at(arrival, 0) == pytest.approx(answered)


@pytest.mark.parametrize(
    ("arrival", "answered"),
    [
        (109.5, 110.8),  # caught half way by the first stall, at 110
        (114.8, 116.1),  # by the second
        (115.1, 116.3),  # comes while nothing moves for the second time
        (117.0, 118.0),
        (120.0, 121.3),
    ],
)
def test_stalls_come_again(arrival: float, answered: float) -> None:
    """From ten seconds on each five seconds, for 0.3 s."""
    nature = Nature(slots=2, service_seconds=1.0, law=Law.EVEN, stall_at=10, stall_seconds=0.3, stall_every=5)
    clockwork = Clockwork(nature)
    clockwork.answers_at(100.0, 0)
    assert clockwork.answers_at(arrival, 0) == pytest.approx(answered)


def test_exponential_times_have_their_mean_and_repeat_with_their_seed() -> None:
    spread = Nature(slots=1, service_seconds=1.0, seed=7)
    apart = [1000.0 * number for number in range(5000)]
    taken = [end - arrival for arrival, end in zip(apart, times(spread, apart), strict=True)]
    assert statistics.mean(taken) == pytest.approx(1.0, rel=0.05)
    assert statistics.pstdev(taken) == pytest.approx(1.0, rel=0.05)
    assert times(spread, apart) == times(spread, apart)
    assert times(spread, apart) != times(Nature(slots=1, service_seconds=1.0, seed=8), apart)
