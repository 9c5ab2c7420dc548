"""What a worker measures of itself, with a clock that the test leads; and what that costs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest

from lab.counts import health
from lab.counts.health import Health
from tests.support.programs import printed_by

Seconds = list[tuple[int, dict[str, Any]]]


def seen_after(lates: list[float | str]) -> Seconds:
    """What is drained after ticks so many seconds late; a text is by how much the wall clock is set before a tick."""
    seen: Seconds = json.loads(printed_by("led_vitals", json.dumps(lates)))
    return seen


def whole(seen: Seconds) -> Health:
    """All its seconds together."""
    together = Health()
    for _, figures in seen:
        together.add(health.from_document(figures))
    return together


def test_a_loop_in_time_is_not_late() -> None:
    together = whole(seen_after([0.0] * 40))
    assert together.lags == {0.0: 40}
    assert together.seconds == pytest.approx(40 * 0.051)
    assert (together.users, together.stood_still_seconds) == (7, 0.0)


def test_users_who_have_ended_before_the_account_were_there() -> None:
    assert whole(seen_after([0.0] * 4)).users == 7


def test_a_pause_counts_for_all_that_could_have_come_meanwhile() -> None:
    """Half of the time is one pause: that is half of the readings, not one of twenty."""
    together = whole(seen_after([*[0.0] * 20, 1.0]))
    late = sorted(late_ms for late_ms, count in together.lags.items() if late_ms for _ in range(count))
    assert len(late) == pytest.approx(20, abs=1)
    assert late[0] <= 50
    assert late[-1] == 1000


def test_a_pause_is_told_in_the_seconds_in_which_it_was() -> None:
    seen = dict(seen_after([*[0.0] * 4, 3.0, 0.0]))
    assert {second: figures.get("stood_still_seconds", 0) > 0.4 for second, figures in seen.items()} == {
        6000: True,
        6001: True,
        6002: True,
        6003: True,
    }
    assert sum(figures["stood_still_seconds"] for figures in seen.values()) == pytest.approx(3.0, abs=0.01)
    assert all(figures["lags"] for figures in seen.values())


def test_what_is_shorter_than_a_second_is_no_standstill() -> None:
    assert whole(seen_after([0.9, 0.9])).stood_still_seconds == 0


@pytest.mark.parametrize("by", [3.5, -3.5])
def test_a_clock_that_is_set_changes_no_second(by: float) -> None:
    seen = [second for second, _ in seen_after([0.0, str(by), 0.0, 1.2])]
    assert seen == [second for second, _ in seen_after([0.0, 0.0, 0.0, 1.2])]


def test_stretches_add_up() -> None:
    one = Health(seconds=1, users=3, cpu_seconds=0.5, cpus=0.5, periods=10, throttled=4, lags={0.0: 19, 5.0: 1})
    more = Health(
        seconds=1, users=2, cpu_seconds=0.25, cpus=0.5, periods=10, lags={5.0: 2}, offset_ms=-3, files_limit=9
    )
    one.add(more)
    assert (one.seconds, one.users, one.cpu_share, one.throttled_share) == (2, 3, 0.75, 0.2)
    assert (one.lags, one.offset_ms, one.files_limit) == ({0.0: 19, 5.0: 3}, -3, 9)


@pytest.mark.parametrize("was", [Health(), Health(seconds=1, host="a", periods=0.0, lags={1.2: 3}, files_limit=20)])
def test_what_is_written_is_read_again(was: Health) -> None:
    assert asdict(health.from_document(json.loads(json.dumps(was.document())))) == asdict(was)


@pytest.mark.alone
def test_to_look_at_itself_costs_a_worker_less_than_a_hundredth_of_its_cpu() -> None:
    assert float(printed_by("vitals_cost")) < 0.01


def test_counts_that_cannot_be_read_for_a_moment_stay_what_they_were() -> None:
    """Where all files are open, the kernel's counts read as 0: no time can be taken back, nor be counted twice."""
    waited = [
        sum(row.get("waited_seconds", 0.0) for _, row in seen)
        for seen in json.loads(printed_by("unread_counts", json.dumps([5.0, 6.0, 0.0, 6.5])))
    ]
    assert waited == [pytest.approx(1.0), 0.0, pytest.approx(0.5)]
