"""The figures of each worker as verdict.json has them; null where nothing is known."""

from __future__ import annotations

from lab.counts.health import Health
from lab.counts.timeline import Step
from tests.support.verdicts import answers, verdict_on

HEALTH = Health(
    seconds=9.94,
    expected_seconds=10,
    host="a81b",
    users=7,
    cpu_seconds=2.1,
    waited_seconds=1.05,
    cpus=0.5,
    periods=100,
    throttled=12.34,
    lags={0.0: 50, 1.0: 44, 2.0: 2, 3.0: 3, 40.0: 1},
    stood_still_seconds=0.26,
    gc_seconds=0.05,
    gc_max_ms=3.26,
    intended=100,
    started=99,
    files=12,
    files_limit=1024,
    offset_ms=0.6,
    jump_ms=2.0,
    round_trip_ms=0.3,
)


def test_the_row_of_a_worker_has_all_its_figures() -> None:
    steps = [Step(users=7, started=100, seconds=10, health={3: HEALTH, 1: Health(seconds=10, users=1)})]
    document = verdict_on({"GET /": answers(20)}, steps=steps, workers=2).document["generator"]
    first, second = document["figures"]
    assert second == {
        "worker": 3,
        "host": "a81b",
        "users": 7,
        "seconds": 9.9,
        "silent_seconds": 0.1,
        "stood_still_seconds": 0.3,
        "cpus": 0.5,
        "cpu": 0.423,
        "waited": 0.106,
        "throttled": 0.123,
        "lag_p50_ms": 0.0,
        "lag_p95_ms": 2.0,
        "lag_p99_ms": 3.0,
        "lag_max_ms": 40.0,
        "gc": 0.005,
        "gc_max_ms": 3.3,
        "intended": 100,
        "started": 99,
        "files": 12,
        "files_limit": 1024,
        "offset_ms": 0.6,
        "jump_ms": 2.0,
        "round_trip_ms": 0.3,
    }
    unknown = ("throttled", "lag_p50_ms", "lag_max_ms", "intended", "started", "files_limit", "offset_ms")
    assert [first[name] for name in unknown] == [None] * 7  # type: ignore[literal-required]
    assert (first["worker"], first["gc"], document["workers"], document["believable"]) == (1, 0.0, 2, True)


def test_without_any_account_nothing_is_known_of_the_swarm() -> None:
    assert verdict_on({"GET /": answers(20)}).document["generator"]["believable"] is None
