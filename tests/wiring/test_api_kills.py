"""What was acknowledged survives `kill -9` of the service under writes; `make long-kills` has more of both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.kill_trial import kill_under_writes

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.running_service import RunningService

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
