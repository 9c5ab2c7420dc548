"""One SQLite file, shared by the gunicorn workers of one replica and by the replicas of one volume."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING, Any

from api.stores import SEED, Durability, StoreDown, StoreError
from api.stores.group import GroupCommit, Write
from api.stores.sqlite_file import (
    DURABILITY,
    INSERT,
    Handle,
    expect_sound,
    explain,
    is_corrupt,
    lock_writers,
    open_reader,
    open_writer,
    rewrite_header,
    schema_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    Writes: TypeAlias = Iterator[Write[sqlite3.Connection]]

PATIENCE_SECONDS = 2.0  # how long a write waits for its turn before it is refused
FRESH_SECONDS = 1.0  # for how long a write that succeeded shows that the next one will

PAGE = "SELECT id, item FROM testing_types WHERE id > ? ORDER BY id LIMIT ?"
GET = "SELECT item FROM testing_types WHERE id = ?"


class SqliteStore:
    """WAL with synchronous=FULL: an acknowledged write is on the disk, and readers never wait for writers.

    Reads run in the event loop, on one connection, each fetched whole at once. Writes run in groups in a thread.
    SQLite's own write lock is not fair, so writers queue for an advisory lock first.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._reader: Handle | None = None
        self._writer: Handle | None = None
        self._written_at = float("-inf")  # when a commit last succeeded, on the monotonic clock
        self._seen_corrupt = False
        self._group = GroupCommit(self._transact, PATIENCE_SECONDS)

    def page(self, limit: int | None, after: int) -> list[tuple[int, str]]:
        """The first `limit` items (None: all) with an id above `after`, with their ids."""
        return self._read(PAGE, (after, -1 if limit is None else limit))

    def get(self, item_id: int) -> str | None:
        """The item with this id, or None."""
        rows = self._read(GET, (item_id,))
        return rows[0][0] if rows else None

    def add(self, item: str) -> int:
        """Keep the item and return its id, once it is on the disk."""
        return self._group.run(lambda connection: connection.execute(INSERT, (item,)).lastrowid or 0)

    def reset(self) -> None:
        """Go back to the seed, with id 1: SQLite counts on from the highest id in the table."""
        self._group.run(_reset)

    def ping(self) -> None:
        """Return if a read works, and a write too: one is made where none has succeeded within the last second."""
        self._read(GET, (1,))
        if self._seen_corrupt:
            self._group.run(expect_sound)
            self._seen_corrupt = False
        if time.monotonic() - self._written_at > FRESH_SECONDS:
            self._group.run(rewrite_header)

    def durability(self) -> Durability:
        """What an acknowledged write survives."""
        return DURABILITY

    def _read(self, sql: str, values: tuple[int, ...]) -> list[Any]:
        try:
            if self._reader is None or not self._reader.is_current():
                self._open_reader()
            assert self._reader is not None
            rows = self._reader.connection.execute(sql, values).fetchall()
        except (sqlite3.Error, OSError) as error:
            self._close_reader()
            raise StoreDown(str(self._explain(error))) from error
        if not self._reader.may_stay:
            self._close_reader()
        return rows

    def _open_reader(self) -> None:
        self._close_reader()
        self._reader, schema = open_reader(self._path)
        if schema == 0:
            # A group that writes nothing opens the writer, which makes the schema, away from the event loop.
            try:
                self._group.run(_nothing)
            except StoreError as error:
                self._close_reader()
                raise StoreDown(str(error)) from error

    def _transact(self, writes: Writes) -> None:
        try:
            with lock_writers(self._path):
                if self._writer is None or not self._writer.is_current():
                    self._close_writer()
                    self._writer = open_writer(self._path)
                connection = self._writer.connection
                connection.execute("BEGIN IMMEDIATE")
                schema_of(connection)  # another program may have changed it since the file was opened
                for write in writes:
                    write.result = write.work(connection)
                connection.execute("COMMIT")
                self._written_at = time.monotonic()
        except (sqlite3.Error, OSError) as error:
            self._abandon()
            raise self._explain(error) from error
        except StoreError:
            self._abandon()
            raise

    def _abandon(self) -> None:
        """Closing rolls back, and the next group starts from a fresh connection."""
        self._written_at = float("-inf")
        self._close_writer()

    def _explain(self, error: sqlite3.Error | OSError) -> StoreError:
        self._seen_corrupt |= is_corrupt(error)
        return explain(error, self._path)

    def _close_reader(self) -> None:
        handle, self._reader = self._reader, None
        if handle is not None:
            handle.connection.close()

    def _close_writer(self) -> None:
        handle, self._writer = self._writer, None
        if handle is not None:
            handle.connection.close()


def _reset(connection: sqlite3.Connection) -> int:
    connection.execute("DELETE FROM testing_types")
    return connection.execute(INSERT, (SEED,)).lastrowid or 0


def _nothing(_: sqlite3.Connection) -> int:
    return 0
