"""Little's law at both ends, to the figure: what is inside, what is expected, and by how much they may differ."""

from __future__ import annotations

from typing import Any

import pytest

from lab.judging.littles_law import Law, of_service, of_swarm
from lab.service.metrics import PROXY, REPLICA
from lab.service.usage import Usage


@pytest.mark.parametrize(
    ("seen", "law"),  # users, requests, seconds, response and think time
    [
        # 90 a second, each for 1.05 s; a twentieth, a tenth for the noise of 900, and a two hundredth for the ends
        ((100, 900, 10, 0.05, 1.0), {"inside": 100, "expected": 94.5, "slack": 15.5, "agrees": True}),
        ((100, 900, 10, 0.5, 1.0), {"inside": 100, "expected": 135.0, "slack": 20.0, "agrees": False}),
        ((100, 900, 10, 0.25, 0.5), {"inside": 100, "expected": 67.5, "slack": 17.5, "agrees": False}),
        # as many seconds as time-outs may have taken: of these users 93 were with none of the successes
        ((400, 2156, 60, 7.55, 1.0, 600), {"inside": 400, "expected": 307.23, "slack": 196.177, "agrees": True}),
        ((400, 2156, 60, 7.55, 1.0, 0), {"inside": 400, "expected": 307.23, "slack": 96.177, "agrees": True}),
        ((7.12345, 1, 3, 0.0, 0.12345), {"inside": 7.123, "expected": 0.041, "slack": 21.727, "agrees": True}),
    ],
)
def test_users_either_wait_or_think(seen: tuple[Any, ...], law: Law) -> None:
    assert of_swarm(*seen) == law


@pytest.mark.parametrize(("users", "requests", "seconds"), [(0, 10, 10), (10, 0, 10), (10, 10, 0)])
def test_without_users_requests_or_seconds_there_is_no_law(users: int, requests: int, seconds: int) -> None:
    assert of_swarm(users, requests, seconds, 0.1, 1.0) is None


def used(inside: float | None, busy: float | None, seconds: int = 9, kind: str = REPLICA, workers: int = 0) -> Usage:
    """A second of it has so many requests inside, and takes so long for all that it answers."""
    sums = {"in_flight": inside, "busy_seconds": busy}
    known = {name: figure * seconds for name, figure in sums.items() if figure is not None}
    return Usage(kind, "api", seconds, known, {"workers": float(workers)} if workers else {})


@pytest.mark.parametrize(
    ("usages", "law"),
    [
        # half of 4, three times the square root of 4 / 9, and a worker: just within, and just beyond
        ([used(9.0, 4.0)], {"inside": 9.0, "expected": 4.0, "slack": 5.0, "agrees": True}),
        ([used(9.1, 4.0)], {"inside": 9.1, "expected": 4.0, "slack": 5.0, "agrees": False}),
        ([used(9.1, 4.0, workers=2)], {"inside": 9.1, "expected": 4.0, "slack": 6.0, "agrees": True}),
        # hardly anything inside has the noise of one
        ([used(2.0, 0.0)], {"inside": 2.0, "expected": 0.0, "slack": 2.0, "agrees": True}),
        ([used(2.1, 0.0)], {"inside": 2.1, "expected": 0.0, "slack": 2.0, "agrees": False}),
        # replicas add up, their workers too; what is no replica, or says only half, is left out
        (
            [used(3.0, 1.0, workers=4), used(5.0, 3.0, 4), used(90.0, 90.0, kind=PROXY), used(8.0, None)],
            {"inside": 8.0, "expected": 4.0, "slack": 9.0, "agrees": True},
        ),
        ([used(None, 4.0), used(4.0, None)], None),
        ([], None),
    ],
)
def test_what_is_inside_is_what_comes_times_how_long_it_stays(usages: list[Usage], law: Law | None) -> None:
    assert of_service(usages) == law
