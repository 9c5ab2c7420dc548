"""PostgreSQL away, frozen, locked, full or read-only: 503 only where nothing was stored, within two seconds."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.support.deaf_line import deaf_line
from tests.support.running_service import wait_until
from tests.support.store_trials import WITHIN_SECONDS, Writers, assert_outcome_unknown, assert_store_down, within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.postgres_server import PostgresServer
    from tests.support.running_service import RunningService

pytestmark = pytest.mark.docker


@pytest.fixture
def locked(database: str) -> Iterator[Callable[[], psycopg.Connection]]:
    """Lock the table as a migration does, until the connection is closed."""
    taken: list[psycopg.Connection] = []

    def lock() -> psycopg.Connection:
        connection = psycopg.connect(database)
        connection.execute("LOCK TABLE testing_types IN ACCESS EXCLUSIVE MODE")
        taken.append(connection)
        return connection

    yield lock
    for connection in taken:
        connection.close()


def test_a_write_that_was_heard_and_not_answered_is_of_unknown_outcome(
    service: Callable[..., RunningService], postgres: PostgresServer, database: str
) -> None:
    with deaf_line(postgres.port) as line:
        url = database.replace(f":{postgres.port}/", f":{line.port}/")
        running = service(API_DATABASE_URL=url)
        line.falls_deaf_at = b"INSERT"
        with within():
            assert_outcome_unknown(running.add("heard"))
        line.falls_deaf_at = b"TRUNCATE"
        assert running.names() == ["unit testing", "heard"]
        with within():
            assert_outcome_unknown(running.ask("DELETE", "/tests"))
        line.falls_deaf_at = None
        running.await_status("/ready", 200, 5)
        assert running.add("after").status == 204


@pytest.mark.parametrize("pool", ["1", "5"])
def test_a_statement_that_the_server_cancels_is_503_and_never_done(
    service: Callable[..., RunningService], database: str, locked: Callable[[], psycopg.Connection], pool: str
) -> None:
    """With one connection the others wait for it: the pool is exhausted."""
    running = service(API_DATABASE_URL=database, API_DATABASE_POOL=pool, WEB_CONCURRENCY="1")
    lock = locked()
    with within(), ThreadPoolExecutor(8) as clients:
        for answer in clients.map(running.add, "abcdefgh"):
            assert_store_down(answer)
    with within():
        assert_store_down(running.get("/ready"))
    lock.close()
    running.await_status("/ready", 200, 5)
    assert running.add("after").status == 204
    assert running.names() == ["unit testing", "after"]


def _write_through(running: RunningService, fault: Callable[[], None]) -> Writers:
    """Writers that go on before, during and after the fault, until writes are acknowledged again."""
    writers = Writers(running, 8)
    try:
        wait_until(lambda: len(writers.acknowledged) > 100, 20, "a hundred acknowledged writes")
        fault()
        count = len(writers.acknowledged)
        wait_until(lambda: len(writers.acknowledged) > count + 100, 10, "writes that are acknowledged again")
    finally:
        writers.stop()
    return writers


def test_no_write_is_refused_and_stored_where_the_server_is_paused_for_five_seconds(
    service: Callable[..., RunningService], postgres: PostgresServer, database: str
) -> None:
    def pause() -> None:
        postgres.docker("pause")
        try:
            time.sleep(5)
        finally:
            postgres.docker("unpause")

    running = service(API_DATABASE_URL=database)
    writers = _write_through(running, pause)
    assert writers.slowest < WITHIN_SECONDS
    assert writers.answers[503]
    writers.assert_told_the_truth()


@pytest.mark.parametrize("verb", ["kill", "restart"])
def test_a_server_that_is_killed_or_restarted_loses_nothing_and_is_used_again(
    service: Callable[..., RunningService], postgres: PostgresServer, database: str, verb: str
) -> None:
    def fault() -> None:
        postgres.docker(verb)
        if verb == "kill":
            postgres.docker("start")
        wait_until(postgres.answers, 30, "a PostgreSQL server that takes connections")

    running = service(API_DATABASE_URL=database)
    writers = _write_through(running, fault)
    assert writers.slowest < WITHIN_SECONDS
    assert running.get("/ready").status == 200
    writers.assert_told_the_truth()


def test_a_server_that_is_read_only_is_not_ready_and_serves_readers(
    service: Callable[..., RunningService], postgres: PostgresServer, database: str
) -> None:
    running = service(API_DATABASE_URL=database)
    name = database.rpartition("/")[2]
    postgres.sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    postgres.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    assert_store_down(running.get("/ready"), because="read-only")
    assert_store_down(running.add("never"), because="ReadOnlySqlTransaction")
    assert running.names() == ["unit testing"]
    postgres.sql(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    postgres.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    running.await_status("/ready", 200, 5)


def test_a_user_that_may_only_read_is_not_ready(
    service: Callable[..., RunningService], postgres: PostgresServer, database: str
) -> None:
    running = service(API_DATABASE_URL=database)
    name = database.rpartition("/")[2]
    postgres.sql(f"CREATE ROLE reader_{name} LOGIN PASSWORD 'lab' IN ROLE pg_read_all_data", name)
    running = service(ready="/health", API_DATABASE_URL=database.replace("//lab:", f"//reader_{name}:"))
    assert_store_down(running.get("/ready"), because="InsufficientPrivilege")
    assert running.names() == ["unit testing"]


def test_a_full_disk_of_the_server_is_507_and_not_ready_until_there_is_room(
    service: Callable[..., RunningService], postgres: PostgresServer, database: str
) -> None:
    running = service(API_DATABASE_URL=database, WEB_CONCURRENCY="1")
    name = database.rpartition("/")[2]
    postgres.sql(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$; "
        "CREATE TRIGGER full_disk BEFORE INSERT ON testing_types EXECUTE FUNCTION refuse()",
        name,
    )
    assert_store_down(running.add("never"), 507)
    assert_store_down(running.get("/ready"), because="full")
    assert running.names() == ["unit testing"]
    postgres.sql("DROP TRIGGER full_disk ON testing_types", name)
    assert running.get("/ready").status == 200
    assert running.add("after").status == 204
