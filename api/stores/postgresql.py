"""A PostgreSQL server, for where one file is not enough."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import gevent
import psycopg
from psycopg_pool import ConnectionPool

from api.stores import SEED, Durability, OutcomeUnknown, StoreDown, StoreError, StoreFull

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    from psycopg import Connection

    Session: TypeAlias = Connection[tuple[Any, ...]]

# A server that hangs is answered for within two seconds. The first two together stay below the last one, so that a
# server that is merely locked has cancelled the statement by then, and it is certain that nothing was stored.
CONNECTION_SECONDS = 0.7
STATEMENT_SECONDS = 1.2
WHOLE_SECONDS = 2.0

SCHEMA_LOCK = 0x7E575  # any number, the same in every process of the service
EXISTS = "SELECT to_regclass('testing_types') IS NOT NULL"
CREATE = "CREATE TABLE testing_types (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, item text NOT NULL)"
INSERT = "INSERT INTO testing_types (item) VALUES (%s) RETURNING id"
PAGE = "SELECT id, item FROM testing_types WHERE id > %s ORDER BY id LIMIT %s"
GET = "SELECT item FROM testing_types WHERE id = %s"
LOCK = "LOCK TABLE testing_types IN ROW EXCLUSIVE MODE"  # what an insert takes first
SYNCHRONY = "SELECT current_setting('synchronous_commit'), current_setting('fsync')"
READ_ONLY = "SELECT current_setting('transaction_read_only')"


def durability_of(synchronous_commit: str, fsync: str) -> Durability:
    """What an acknowledged write survives with these settings of the server.

    Without a synchronous commit it waits in the server's memory for a moment, and without fsync in the kernel's.

    >>> durability_of("on", "on").survives, durability_of("on", "off").survives, durability_of("off", "on").survives
    ('power cut', 'kill', 'nothing')
    """
    survives = "nothing" if synchronous_commit == "off" else "kill" if fsync == "off" else "power cut"
    return Durability("postgresql", survives, f"synchronous_commit={synchronous_commit} fsync={fsync}")


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
                # What the network has not delivered by then is not to arrive after the answer.
                "tcp_user_timeout": int(WHOLE_SECONDS * 1000),
                "client_encoding": "UTF8",
                "options": f"-c statement_timeout={statement_ms} -c lock_timeout={statement_ms}",
            },
        )
        self._has_schema = False
        self._was_full = False
        self._durability: Durability | None = None

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
        return self._write(lambda connection: _insert(connection, item))

    def reset(self) -> None:
        """Go back to the seed, with id 1."""
        self._write(_reset)

    def ping(self) -> None:
        """Return if the server takes reads and writes: nothing is written, unless the last write found no room."""
        with self._connection() as connection, connection.transaction(force_rollback=True):
            if connection.execute(READ_ONLY).fetchone() == ("on",):
                raise StoreDown("PostgreSQL is read-only")
            connection.execute(LOCK)  # refused where the user may not insert, or the table is locked
            connection.execute(GET, (1,))
            self._durability = _read_durability(connection)
            if self._was_full:
                _insert(connection, SEED)
        self._was_full = False

    def durability(self) -> Durability | None:
        """What an acknowledged write survives, as the server has said; None before the first connection."""
        return self._durability

    def _write(self, work: Callable[[Session], int]) -> int:
        """What `work` returned, once the server has said that it is committed."""
        is_sent, result = False, None
        try:
            with self._connection() as connection:
                is_sent = True
                result = work(connection)
        except StoreError as error:
            self._was_full |= isinstance(error, StoreFull)
            if result is not None:
                return result  # it is committed; what failed is giving the connection back
            if is_sent and not _is_undone(error.__cause__):
                raise OutcomeUnknown(f"{error}: the write was sent and may still be stored") from error
            raise
        return result

    @contextmanager
    def _connection(self) -> Iterator[Session]:
        # Without a bound of our own, a frozen server holds its clients for as long as the kernel keeps the sockets.
        limit = gevent.Timeout(WHOLE_SECONDS, StoreDown(f"PostgreSQL did not answer within {WHOLE_SECONDS:g} s"))
        try:
            with limit:
                self._pool.open()
                with self._pool.connection() as connection:
                    if not self._has_schema:
                        _make_schema(connection)
                        self._durability = _read_durability(connection)
                        self._has_schema = True
                    yield connection
        except psycopg.errors.DiskFull as error:
            raise StoreFull("the disk of PostgreSQL is full") from error
        except psycopg.Error as error:
            # Whatever it was, the next request looks again whether the table is there: the server may be a new one.
            self._has_schema = False
            raise StoreDown(f"PostgreSQL cannot be used: {type(error).__name__}") from error


def _is_undone(cause: BaseException | None) -> bool:
    """Whether the server itself has said that the statement failed: with an ERROR it goes on, and has rolled back.

    After a FATAL one, or none at all, the commit may have been made before the connection ended.
    """
    return isinstance(cause, psycopg.Error) and cause.diag.severity_nonlocalized == "ERROR"


def _insert(connection: Session, item: str) -> int:
    row = connection.execute(INSERT, (item,)).fetchone()
    assert row is not None
    return int(row[0])


def _reset(connection: Session) -> int:
    with connection.transaction():
        connection.execute("TRUNCATE testing_types RESTART IDENTITY")
        return _insert(connection, SEED)


def _read_durability(connection: Session) -> Durability:
    row = connection.execute(SYNCHRONY).fetchone()
    assert row is not None
    return durability_of(*row)


def _make_schema(connection: Session) -> None:
    """Make the table with its seed, once, however many processes start at the same time."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (SCHEMA_LOCK,))
        if connection.execute(EXISTS).fetchone() != (True,):
            connection.execute(CREATE)
            connection.execute(INSERT, (SEED,))
