"""The plan that holds the peak: given in users, or in requests a second, for which it seeks the users."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lab.plans.stages import users_for
from tests.support import calibrated
from tests.support.swarm import plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.running_service import RunningService
    from tests.support.swarm import Swarm


@pytest.mark.parametrize(
    ("glances", "users"),
    [
        ([(20, 20.0)], 80),  # at most four times as many at once
        ([(80, 80.0)], 106),  # rather a few too many
        ([(80, 80.0), (105, 103.0)], 105),  # made
        ([(105, 99.9)], 111),  # not quite
        ([(400, 400.0)], 103),  # too many
        ([(20, 0.0)], 80),  # nothing seen yet
        ([(80, 50.0), (162, 50.5)], 162),  # more users make no more
        ([(250, 10.0)], 300),  # LAB_MAX_USERS
        ([(n, 90.0 + n) for n in range(1, 9)], 8),  # enough was tried
    ],
)
def test_users_are_found_for_a_throughput(glances: list[tuple[int, float]], users: int) -> None:
    assert users_for(100, glances, most_users=300) == users


def test_users_are_held(swarm: Callable[..., Swarm], target: RunningService) -> None:
    running = swarm(target.url, **plan("peak", LAB_PEAK_USERS="12", LAB_RUN_TIME="3s"))
    assert running.await_exit() == 0, running.log()
    assert running.verdict["sentence"].startswith("PASS: peak kept all its limits with 12 users = ")
    assert running.verdict["peak"] == {"users": 12, "rps": None, "headroom": None}


def test_users_are_sought_that_make_the_throughput(swarm: Callable[..., Swarm], target: RunningService) -> None:
    """Its users think for 0.1 s on the mean: about six of them make 60 requests a second."""
    running = swarm(target.url, **plan("peak", LAB_PEAK_RPS="60", LAB_RUN_TIME="4s", LOCUST_USERS="1"))
    assert running.await_exit(120) == 0, running.log()
    verdict = running.verdict
    assert verdict["peak"] == {"users": None, "rps": 60, "headroom": None}
    assert 50 <= verdict["measured"]["rps"] <= 75
    assert verdict["measured"]["seconds"] <= 6, "what the search for users saw is not judged"


def test_arrivals_are_the_throughput(swarm: Callable[..., Swarm], target: RunningService) -> None:
    knobs = {"LAB_PEAK_RPS": "30", "LAB_RUN_TIME": "3s", "LAB_ARRIVALS": "open"}
    running = swarm(target.url, **plan("peak", **knobs))
    assert running.await_exit() == 0, running.log()
    assert "with 30 arrivals/s" in running.verdict["sentence"]


def test_a_throughput_that_no_users_make_fails(swarm: Callable[..., Swarm]) -> None:
    """One slot of 50 ms makes 20 requests a second, however many ask."""
    with calibrated.running("--slots", "1", "--service-time", "50ms") as service:
        knobs = {"LAB_PEAK_RPS": "200", "LAB_MAX_USERS": "40", "LAB_RUN_TIME": "3s", "LAB_LIMITS": "p95<=20s"}
        running = swarm(service.url, **plan("peak", **knobs))
        assert running.await_exit(120) == 3, running.log()
    assert "where the peak has 200" in running.verdict["sentence"]
