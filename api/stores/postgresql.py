"""A PostgreSQL server, for where one file is not enough."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import gevent
import psycopg
from psycopg_pool import ConnectionPool

from api.stores import SEED, StoreDown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

# A server that hangs must be a 503 within about two seconds, so nothing may wait longer than the last of these.
CONNECTION_SECONDS = 1.5
STATEMENT_SECONDS = 1.5
WHOLE_SECONDS = 2.0

SCHEMA_LOCK = 0x7E575  # any number, the same in every process of the service
EXISTS = "SELECT to_regclass('testing_types') IS NOT NULL"
CREATE = "CREATE TABLE testing_types (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, item text NOT NULL)"
INSERT = "INSERT INTO testing_types (item) VALUES (%s) RETURNING id"
PAGE = "SELECT id, item FROM testing_types WHERE id > %s ORDER BY id LIMIT %s"
GET = "SELECT item FROM testing_types WHERE id = %s"


class PostgresqlStore:
    """A small pool of connections in each gunicorn worker; every statement commits by itself.

    gunicorn's gevent worker has patched sockets and locks before this is imported, so a wait for the server lets
    other requests run. Ids come from a sequence: of two writes at once the later id may be seen first.
    """

    def __init__(self, url: str, pool_size: int) -> None:
        statement_ms = int(STATEMENT_SECONDS * 1000)
        self._pool = ConnectionPool(
            url,
            # No connection is kept in reserve, so none is retried in the background with growing pauses: each
            # request that finds none asks for one, and the first one after a restart of the server succeeds.
            min_size=0,
            max_size=pool_size,
            timeout=CONNECTION_SECONDS,
            reconnect_timeout=CONNECTION_SECONDS,
            check=ConnectionPool.check_connection,
            open=False,
            kwargs={
                "autocommit": True,
                "connect_timeout": 2,
                "client_encoding": "UTF8",
                "options": f"-c statement_timeout={statement_ms} -c lock_timeout={statement_ms}",
            },
        )
        self._has_schema = False

    def page(self, limit: int | None, after: int) -> list[tuple[int, str]]:
        """The first `limit` items (None: all) with an id above `after`, with their ids."""
        with self._connection() as connection:
            return connection.execute(PAGE, (after, limit)).fetchall()

    def get(self, item_id: int) -> str | None:
        """The item with this id, or None."""
        with self._connection() as connection:
            row = connection.execute(GET, (item_id,)).fetchone()
        return row[0] if row else None

    def add(self, item: str) -> int:
        """Keep the item and return its id, once the server has committed it."""
        with self._connection() as connection:
            row = connection.execute(INSERT, (item,)).fetchone()
        if row is None:
            raise StoreDown("PostgreSQL returned no id")
        return int(row[0])

    def reset(self) -> None:
        """Go back to the seed, with id 1."""
        with self._connection() as connection, connection.transaction():
            connection.execute("TRUNCATE testing_types RESTART IDENTITY")
            connection.execute(INSERT, (SEED,))

    def ping(self) -> None:
        """Return if a read works."""
        self.get(1)

    @contextmanager
    def _connection(self) -> Iterator[Connection[tuple[Any, ...]]]:
        # Without a bound of our own, a frozen server holds its clients for as long as the kernel keeps the sockets.
        limit = gevent.Timeout(WHOLE_SECONDS, StoreDown(f"PostgreSQL did not answer within {WHOLE_SECONDS:g} s"))
        try:
            with limit:
                self._pool.open()
                with self._pool.connection() as connection:
                    if not self._has_schema:
                        _make_schema(connection)
                        self._has_schema = True
                    yield connection
        except psycopg.Error as error:
            # Whatever it was, the next request looks again whether the table is there: the server may be a new one.
            self._has_schema = False
            raise StoreDown(f"PostgreSQL cannot be used: {type(error).__name__}") from error


def _make_schema(connection: Connection[tuple[Any, ...]]) -> None:
    """Make the table with its seed, once, however many processes start at the same time."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (SCHEMA_LOCK,))
        if connection.execute(EXISTS).fetchone() != (True,):
            connection.execute(CREATE)
            connection.execute(INSERT, (SEED,))
