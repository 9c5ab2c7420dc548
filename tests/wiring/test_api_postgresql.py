"""PostgreSQL keeps what was acknowledged, and while it is away the service says so at once and comes back by itself."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.support.running_service import free_port, wait_until
from tests.support.store_trials import Writers, assert_store_down

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.postgres_server import PostgresServer
    from tests.support.running_service import RunningService

docker = pytest.mark.docker


def test_a_server_that_is_not_there_is_503_within_two_seconds(service: Callable[..., RunningService]) -> None:
    url = f"postgresql://lab:lab@127.0.0.1:{free_port()}/lab"
    running = service(ready="/health", API_DATABASE_URL=url)
    for path in ("/tests", "/tests/1", "/ready"):
        began = time.monotonic()
        assert_store_down(running.get(path))
        assert time.monotonic() - began < 2.5
    assert_store_down(running.add("a"))
    assert running.get("/health").status == 200


@docker
def test_many_workers_of_many_replicas_make_one_table(service: Callable[..., RunningService], database: str) -> None:
    replicas = [service(ready="", API_DATABASE_URL=database, WEB_CONCURRENCY="4") for _ in range(3)]
    for running in replicas:
        running.await_status("/ready", 200)
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda number: replicas[number % 3].add(f"n{number}"), range(120)))
    assert {answer.status for answer in answers} == {204}
    assert sorted(replicas[0].names()) == sorted(["unit testing", *(f"n{number}" for number in range(120))])


@docker
def test_reset_goes_back_to_the_seed_with_id_1(service: Callable[..., RunningService], database: str) -> None:
    running = service(API_DATABASE_URL=database)
    assert running.add("a").headers["Location"] == "/tests/2"
    assert running.ask("DELETE", "/tests").status == 204
    assert running.names() == ["unit testing"]
    assert running.get("/tests/1").status == 200
    assert running.add("b").headers["Location"] == "/tests/2"


@docker
def test_a_server_that_hangs_is_503_within_seconds_and_is_used_again_when_it_answers(
    service: Callable[..., RunningService], postgres: PostgresServer, database: str
) -> None:
    running = service(API_DATABASE_URL=database)
    assert running.add("before").status == 204
    postgres.docker("pause")
    try:
        with ThreadPoolExecutor(20) as pool:
            # More requests at once than there are connections: none of them may wait for another's turn to fail.
            began = time.monotonic()
            for answer in pool.map(running.get, ["/tests"] * 20):
                assert_store_down(answer)
            assert time.monotonic() - began < 3.5
        assert_store_down(running.get("/ready"))
        assert running.get("/health").status == 200
    finally:
        postgres.docker("unpause")
    running.await_status("/ready", 200, 5)
    assert running.names() == ["unit testing", "before"]
    assert running.add("after").status == 204


@docker
def test_a_server_that_is_restarted_is_used_again_within_seconds(
    service: Callable[..., RunningService], postgres: PostgresServer, database: str
) -> None:
    running = service(API_DATABASE_URL=database)
    writers = Writers(running, 4)
    wait_until(lambda: len(writers.acknowledged) > 50, 20, "fifty acknowledged writes")
    postgres.docker("stop")
    try:
        assert_store_down(running.get("/ready"))
        assert running.get("/health").status == 200
    finally:
        postgres.docker("start")
        wait_until(postgres.answers, 30, "a PostgreSQL server that takes connections")
    running.await_status("/ready", 200, 5)
    count = len(writers.acknowledged)
    wait_until(lambda: len(writers.acknowledged) > count, 5, "writes that are acknowledged again")
    writers.stop()
    assert set(writers.acknowledged) <= set(running.names())
    assert "Traceback" not in running.log.read_text()


@docker
def test_a_table_that_was_dropped_is_made_again(
    service: Callable[..., RunningService], postgres: PostgresServer, database: str
) -> None:
    running = service(API_DATABASE_URL=database, WEB_CONCURRENCY="1")
    postgres.sql("DROP TABLE testing_types", database.rpartition("/")[2])
    assert_store_down(running.get("/tests"))
    assert running.names() == ["unit testing"]
