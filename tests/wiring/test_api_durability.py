"""The metric api_store_info says what an acknowledged write survives: a power cut, a kill, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.running_service import free_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.postgres_server import PostgresServer
    from tests.support.running_service import RunningService


def _store_info(running: RunningService) -> list[dict[str, str]]:
    families = text_string_to_metric_families(running.get("/metrics").body.decode())
    return [sample.labels for family in families if family.name == "api_store_info" for sample in family.samples]


@pytest.mark.parametrize(
    ("url", "info"),
    [
        ("", {"store": "sqlite", "survives": "power cut", "setting": "journal_mode=WAL synchronous=FULL"}),
        ("memory://", {"store": "memory", "survives": "nothing", "setting": "a list in each process"}),
    ],
)
def test_a_replica_says_what_an_acknowledged_write_survives(
    service: Callable[..., RunningService], url: str, info: dict[str, str]
) -> None:
    running = service(**({"API_DATABASE_URL": url} if url else {}))
    assert _store_info(running) == [info]


@pytest.mark.docker
@pytest.mark.parametrize(("synchronous_commit", "survives"), [("on", "power cut"), ("off", "nothing")])
def test_postgresql_itself_is_asked_what_an_acknowledged_write_survives(
    service: Callable[..., RunningService],
    postgres: PostgresServer,
    database: str,
    synchronous_commit: str,
    survives: str,
) -> None:
    name = database.rpartition("/")[2]
    postgres.sql(f"ALTER DATABASE {name} SET synchronous_commit = {synchronous_commit}")
    running = service(API_DATABASE_URL=database, WEB_CONCURRENCY="1")
    setting = f"synchronous_commit={synchronous_commit} fsync=on"
    assert _store_info(running) == [{"store": "postgresql", "survives": survives, "setting": setting}]


def test_a_store_that_has_not_said_it_yet_is_left_out(service: Callable[..., RunningService]) -> None:
    running = service(ready="/health", API_DATABASE_URL=f"postgresql://lab:lab@127.0.0.1:{free_port()}/lab")
    assert _store_info(running) == []
