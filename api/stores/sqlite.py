"""One SQLite file, shared by the gunicorn workers of one replica and by the replicas of one volume."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from api.stores import SEED, StoreDown
from api.stores.group import GroupCommit, Write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    Writes: TypeAlias = Iterator[Write[sqlite3.Connection]]

PATIENCE_SECONDS = 2.0  # how long a write waits for its turn before it is refused
WRITER_BUSY_SECONDS = 1.0  # for programs that lock the file without taking our lock first
READER_BUSY_SECONDS = 0.25  # a reader waits on the event loop, so everybody waits with it

CREATE = "CREATE TABLE testing_types (id INTEGER PRIMARY KEY, item TEXT NOT NULL)"
INSERT = "INSERT INTO testing_types (item) VALUES (?)"
PAGE = "SELECT id, item FROM testing_types WHERE id > ? ORDER BY id LIMIT ?"
GET = "SELECT item FROM testing_types WHERE id = ?"


class _Handle:
    """A connection, and the file it was opened on: SQLite itself goes on writing to a file that was deleted."""

    def __init__(self, path: str, busy_seconds: float) -> None:
        self.connection = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None, check_same_thread=False)
        self._path = path
        self._file = _identity(path)

    def is_current(self) -> bool:
        """Whether the path still leads to the file that was opened."""
        try:
            return self._file == _identity(self._path)
        except FileNotFoundError:
            return False


def _identity(path: str) -> tuple[int, int]:
    found = os.stat(path)  # noqa: PTH116 - on every request, and pathlib costs more than the call
    return found.st_dev, found.st_ino


class SqliteStore:
    """WAL with synchronous=FULL: an acknowledged write is on the disk, and readers never wait for writers.

    Reads run in the event loop, on one connection, each fetched whole at once. Writes run in groups in a thread.
    SQLite's own write lock is not fair, so writers queue for an advisory lock on a file beside the database first.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._reader: _Handle | None = None
        self._writer: _Handle | None = None
        self._write_failed = False
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
        """Return if a read works, and a write too if the last one did not."""
        self._read(GET, (1,))
        if self._write_failed:
            # Writing a page anew takes room in the log, as an item would: a full disk refuses it.
            self._group.run(_rewrite_header)

    def _read(self, sql: str, values: tuple[int, ...]) -> list[Any]:
        try:
            if self._reader is None or not self._reader.is_current():
                self._open_reader()
            assert self._reader is not None
            return self._reader.connection.execute(sql, values).fetchall()
        except (sqlite3.Error, OSError) as error:
            self._close_reader()
            raise _down(error) from error

    def _open_reader(self) -> None:
        self._close_reader()
        handle = _Handle(self._path, READER_BUSY_SECONDS)
        if handle.connection.execute("PRAGMA user_version").fetchone() == (0,):
            # A group without a write opens the writer, which makes the schema, away from the event loop.
            self._group.run(_nothing)
        self._reader = handle

    def _transact(self, writes: Writes) -> None:
        try:
            with _lock_beside(self._path):
                if self._writer is None or not self._writer.is_current():
                    self._close_writer()
                    self._writer = _open_writer(self._path)
                connection = self._writer.connection
                connection.execute("BEGIN IMMEDIATE")
                for write in writes:
                    write.result = write.work(connection)
                connection.execute("COMMIT")
                self._write_failed = False
        except (sqlite3.Error, OSError) as error:
            self._write_failed = True
            # Closing rolls back, and the next group starts from a fresh connection.
            self._close_writer()
            raise _down(error) from error

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


def _rewrite_header(connection: sqlite3.Connection) -> int:
    connection.execute("PRAGMA user_version = 1")
    return 0


def _nothing(_: sqlite3.Connection) -> int:
    return 0


def _open_writer(path: str) -> _Handle:
    """A writing connection, with the schema and the seed in place. The lock beside the file must be held."""
    handle = _Handle(path, WRITER_BUSY_SECONDS)
    try:
        connection = handle.connection
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        if connection.execute("PRAGMA user_version").fetchone() == (0,):
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(CREATE)
            connection.execute(INSERT, (SEED,))
            connection.execute("PRAGMA user_version = 1")
            connection.execute("COMMIT")
    except BaseException:
        handle.connection.close()
        raise
    return handle


@contextmanager
def _lock_beside(path: str) -> Iterator[None]:
    """Hold the advisory lock that all writers of this file queue for; the kernel serves them in turn."""
    with open(f"{path}-writers", "ab") as file:  # noqa: PTH123 - on every group
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _down(error: Exception) -> StoreDown:
    reason = error.strerror if isinstance(error, OSError) else error  # without the path, which is nobody's business
    return StoreDown(f"the SQLite file cannot be used: {reason}")
