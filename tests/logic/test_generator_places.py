"""Where workers are: one machine short of CPU, a worker that is far, one that finds no way to the target."""

from __future__ import annotations

from typing import Any

import pytest

from tests.logic.test_generator import step, verdict_on, worker
from tests.support.verdicts import part

ON_A, ON_B = {"machine": "a", "host": "a"}, {"machine": "b", "host": "b"}


@pytest.mark.parametrize(
    ("workers", "says"),
    [
        ([ON_A, ON_B, ON_B | {"cpu_seconds": 9.7}], ""),
        (
            [ON_A, ON_A, ON_B | {"cpu_seconds": 9.7}],
            "one machine alone (b), and of none of the 2 workers elsewhere. Add",
        ),
        ([ON_A, ON_A, ON_A | {"cpu_seconds": 9.7}], ""),
        ([ON_A | {"cpu_seconds": 9.7}, ON_B | {"cpu_seconds": 9.7}], ""),
        ([{}, {"cpu_seconds": 9.7}], ""),
    ],
)
def test_one_slow_machine_is_named_rather_than_the_swarm(workers: list[dict[str, Any]], says: str) -> None:
    """Where another worker of the machine was well, it is that worker and not its machine."""
    sentence = verdict_on(step({20.0: 200}, *(worker(**each) for each in workers))).sentence
    assert "out of CPU" in sentence
    assert says in sentence
    assert bool(says) == ("machine alone" in sentence)


ALL = "found no way to it for 100 % of its 60 requests, and others did"


@pytest.mark.parametrize(
    ("unreached", "says"),
    [
        ((60, 0, 0), f"worker 1 {ALL}. See on its machine why"),
        ((60, 60, 0), f"{ALL} (and 1 more of the workers). See"),
        ((0, 30, 0), "worker 2 found no way to it for 50 % of its 60 requests"),
        # the target was gone for all, or nobody else would have met it
        ((60, 60, 60), ""),
        ((30, 25, 4), ""),
        ((6, 0, 0), "worker 1 found no way to it for 10 % of its 60 requests"),
        ((4, 0, 0), ""),
    ],
)
def test_a_worker_that_is_cut_off_from_the_target_does_not_accuse_the_service(
    unreached: tuple[int, ...], says: str
) -> None:
    swarm = [worker(answered=60, unreached=count) for count in unreached]
    verdict = verdict_on(step({20.0: 180}, *swarm), accepted="p95<=450ms fail<=1%")
    assert (verdict.exit_code == 4) == bool(says), verdict.sentence
    assert ("part of the swarm was cut off from the target: " in verdict.sentence) == bool(says)
    assert says in verdict.sentence


@pytest.mark.parametrize(
    ("trips", "says"),
    [
        ([0.2, 0.3], None),
        ([None, None], None),
        ([0.2, 45.0], None),
        ([None, 46.0], "The target is 46 ms away from the swarm, there and back: so much of each response time is the"),
        ([0.2, 46.0], "Worker 2 is 46 ms away from the target, there and back, and the others 0.2 ms: for the users"),
        ([0.2, 46.0, 80.0], "Workers 2, 3 are up to 80 ms away from the target, there and back, and the others 0.2 ms"),
    ],
)
def test_a_far_worker_is_not_taken_for_a_slow_service(trips: list[float | None], says: str | None) -> None:
    """45 ms are a tenth of the bound."""
    verdict = verdict_on(step({20.0: 200}, *(worker(round_trip_ms=trip) for trip in trips)))
    assert (" away from " in verdict.sentence) == (says is not None)
    assert (says or "") in verdict.sentence
    assert [row["round_trip_ms"] for row in part(verdict, "generator")["figures"]] == trips
