"""The clock of the lab: no wall clock moves it, and that of a worker is the master's."""

from __future__ import annotations

import pytest

from lab.counts.clock import NEW_LABEL_SECONDS, Clock
from lab.engine.standstill import MISSED_SECONDS, OwnLoop, stood_still


class Times:
    """Monotonic time, and by how much the wall clock is ahead of it."""

    monotonic, ahead = 50.0, 1_000_000.0

    def clock(self) -> Clock:
        return Clock(lambda: self.monotonic, lambda: self.monotonic + self.ahead)


def test_a_wall_clock_that_is_set_moves_no_second() -> None:
    times = Times()
    clock = times.clock()
    assert (clock.second(), clock.wall_offset) == (1_000_050, 0)
    times.ahead += 60
    times.monotonic += 2
    assert (clock.second(), clock.wall_offset) == (1_000_052, 60)


def test_a_clock_follows_another_with_half_of_the_way_there_and_back_added() -> None:
    times = Times()
    clock = times.clock()
    assert clock.follows is False
    sent = times.monotonic
    times.monotonic += 0.2
    clock.follow(2_000_000.0, sent)
    assert clock.now() == pytest.approx(2_000_000.1, abs=1e-6)


@pytest.mark.parametrize(
    ("later", "trip", "is_taken"),
    [
        (1.0, 0.1, True),  # a faster answer is a more exact one
        (1.0, 0.125, True),  # of two that are as fast the later one
        (1.0, 0.5, False),  # a slower one is not
        (NEW_LABEL_SECONDS, 0.5, True),  # but after a while two clocks have drifted apart
    ],
)
def test_the_fastest_answer_is_the_one_that_counts(later: float, trip: float, is_taken: bool) -> None:
    times = Times()
    clock = times.clock()
    sent = times.monotonic
    times.monotonic += 0.125
    clock.follow(2_000_000.0, sent)
    before = clock.ahead
    sent = times.monotonic = times.monotonic + later - trip
    times.monotonic += trip
    clock.follow(3_000_000.0, sent)
    assert (clock.ahead != before) is is_taken


@pytest.mark.parametrize(
    ("seconds", "missed"),
    [
        ((10, 11, 12), 0),
        ((10, 12), 0),  # a slow disk costs one
        ((10, 11 + MISSED_SECONDS), MISSED_SECONDS),
        ((10, 31), 20),
    ],
)
def test_a_master_that_missed_seconds_stood_still(seconds: tuple[int, ...], missed: int) -> None:
    loop = OwnLoop(Times().clock())
    assert [loop.missed(second) for second in seconds][-1] == missed
    assert loop.missed(seconds[-1] + 1) == 0


def test_the_time_of_a_plan_stands_still_with_the_master_until_that_was_noticed() -> None:
    times = Times()
    loop = OwnLoop(times.clock())
    times.monotonic = 53.5
    assert loop.now == 1_000_053.5  # before the first look
    loop.missed(1_000_053)
    times.monotonic = 55.2
    assert loop.now == 1_000_055.2
    times.monotonic = 67.7  # it stood still, and nobody has noticed yet
    assert loop.now == 1_000_054
    assert loop.missed(1_000_066) == 12
    assert loop.now == 1_000_067.7


def test_a_standstill_and_a_clock_that_is_set_are_named() -> None:
    times = Times()
    loop = OwnLoop(times.clock())
    assert loop.jump() is None
    times.ahead += 60
    assert loop.jump() == "The master's wall clock was set by +60 s; no figure is changed by it."
    assert loop.jump() is None
    assert stood_still(100, 20).startswith("The master stood still for 20 s at 00:01:20 UTC: ")
