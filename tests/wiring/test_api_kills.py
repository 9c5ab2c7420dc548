"""What was acknowledged survives `kill -9` of the service under writes; `make long-kills` has more of both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.broken_store import APP
from tests.support.kill_trial import kill_under_writes
from tests.support.running_service import RunningService

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KILLS, WRITES = 4, 1000


def lose_nothing(running: RunningService) -> None:
    kept = kill_under_writes(running, KILLS, WRITES)
    assert (kept.lost, kept.doubled, kept.phantom) == (0, 0, 0), kept
    assert kept.acknowledged >= WRITES


def test_a_sqlite_file_loses_nothing(service: Callable[..., RunningService]) -> None:
    lose_nothing(service())


@pytest.mark.docker
def test_postgresql_loses_nothing(service: Callable[..., RunningService], database: str) -> None:
    lose_nothing(service(API_DATABASE_URL=database))


def test_a_list_in_memory_loses_what_the_killed_processes_held(service: Callable[..., RunningService]) -> None:
    kept = kill_under_writes(service(API_DATABASE_URL="memory://", WEB_CONCURRENCY="1"), 2, 400)
    assert kept.lost > 100, kept
    assert (kept.doubled, kept.phantom) == (0, 0)


def test_the_trial_finds_exactly_what_a_broken_store_has_lost_and_doubled(tmp_path: Path) -> None:
    running = RunningService(tmp_path, {"API_ALLOW_RESET": "true", "WEB_CONCURRENCY": "1"}, APP)
    try:
        running.await_status("/ready", 200)
        kept = kill_under_writes(running, 0, 2000)
        truth = running.get("/truth").json()
    finally:
        running.stop()
    assert (kept.lost, kept.doubled) == (len(truth["lost"]), len(truth["doubled"]))
    assert kept.lost >= 1 <= kept.doubled
