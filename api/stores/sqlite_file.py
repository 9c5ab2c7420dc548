"""The SQLite file itself: how is it opened, may this service use it, and what does an error of it mean?"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import time
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

from api.stores import SEED, Durability, OutcomeUnknown, StoreDown, StoreError, StoreFull, UnusableStore

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = 1  # PRAGMA user_version; 0 is a file that is empty
CREATE = "CREATE TABLE testing_types (id INTEGER PRIMARY KEY, item TEXT NOT NULL)"
INSERT = "INSERT INTO testing_types (item) VALUES (?)"

JOURNAL, SYNCHRONOUS = "WAL", "FULL"
DURABILITY = Durability("sqlite", "power cut", f"journal_mode={JOURNAL} synchronous={SYNCHRONOUS}")

WRITER_BUSY_SECONDS = 1.0  # for programs that lock the file without taking our lock first
READER_BUSY_SECONDS = 0.25  # a reader waits on the event loop, so everybody waits with it
CHECK_SECONDS = 2.0  # for looking through a file before the start

FULL_BELOW_BYTES = 64 * 1024
_FULL_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_SYNC_ERRORS = (sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC)
_CORRUPT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class Handle:
    """A connection, and the file it was opened on: SQLite itself goes on writing to a file that was deleted."""

    def __init__(self, path: str, busy_seconds: float, *, immutable: bool = False) -> None:
        address = f"{_uri(path)}?immutable=1" if immutable else path
        self.connection = sqlite3.connect(
            address, timeout=busy_seconds, isolation_level=None, check_same_thread=False, uri=immutable
        )
        self._path = path
        self._file = _identity(path)
        # A connection to a file that is read-only stays so, and keeps others of this process from writing, when it is
        # no longer read-only: it is for one read.
        self.may_stay = not immutable and os.access(path, os.W_OK)

    def is_current(self) -> bool:
        """Whether the path still leads to the file that was opened."""
        try:
            return self._file == _identity(self._path)
        except FileNotFoundError:
            return False


def _identity(path: str) -> tuple[int, int]:
    found = os.stat(path)  # noqa: PTH116 - on every request, and pathlib costs more than the call
    return found.st_dev, found.st_ino


def _uri(path: str) -> str:
    escaped = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return f"file:{os.path.abspath(escaped)}"  # noqa: PTH100 - resolve() would follow links


def schema_of(connection: sqlite3.Connection) -> int:
    """The version of the file's schema. Raises StoreDown where it is not ours."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version not in (0, SCHEMA):
        raise StoreDown(f"the SQLite file has schema {version}, and this service takes {SCHEMA}")
    return int(version)


def open_reader(path: str) -> tuple[Handle, int]:
    """A connection to read with, and the schema's version."""
    handle = Handle(path, READER_BUSY_SECONDS)
    try:
        return handle, schema_of(handle.connection)
    except sqlite3.OperationalError as error:
        handle.connection.close()
        # In a folder that cannot be written, a file without a log can be read only by a connection that takes no locks.
        if error.sqlite_errorcode != sqlite3.SQLITE_CANTOPEN or os.path.exists(f"{path}-wal"):  # noqa: PTH110
            raise
    except BaseException:
        handle.connection.close()
        raise
    handle = Handle(path, READER_BUSY_SECONDS, immutable=True)
    return handle, schema_of(handle.connection)


def open_writer(path: str) -> Handle:
    """A writing connection, with the schema and the seed in place. The writers' lock must be held."""
    handle = Handle(path, WRITER_BUSY_SECONDS)
    try:
        connection = handle.connection
        connection.execute(f"PRAGMA journal_mode = {JOURNAL}")
        connection.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
        if schema_of(connection) == 0:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(CREATE)
            connection.execute(INSERT, (SEED,))
            rewrite_header(connection)
            connection.execute("COMMIT")
    except BaseException:
        handle.connection.close()
        raise
    return handle


def rewrite_header(connection: sqlite3.Connection) -> int:
    """Write the file's first page anew: this takes room and the right to write, as an item would."""
    connection.execute(f"PRAGMA user_version = {SCHEMA}")
    return 0


@contextmanager
def lock_writers(path: str) -> Iterator[None]:
    """Hold the advisory lock (a file of its own) that all writers queue for; the kernel serves them in turn."""
    with open(f"{path}-writers", "ab") as file:  # noqa: PTH123 - on every group
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def explain(error: sqlite3.Error | OSError, path: str) -> StoreError:
    """What an error of the file means for the write or the read that met it."""
    if isinstance(error, OSError):
        # Without the path, which a client has no use for.
        reason: object = error.strerror
        is_full = error.errno in _FULL_ERRNOS
    else:
        reason = error
        code = getattr(error, "sqlite_errorcode", None)
        if code in _SYNC_ERRORS:
            # The commit stands in the log and may or may not reach the disk.
            return OutcomeUnknown(f"the SQLite file could not be synced: {reason}")
        if is_corrupt(error):
            return StoreDown(f"the SQLite file is corrupt: {reason}")
        is_full = code == sqlite3.SQLITE_FULL or (_primary(code) == sqlite3.SQLITE_IOERR and _is_disk_full(path))
    if is_full:
        return StoreFull("the disk of the SQLite file is full")
    return StoreDown(f"the SQLite file cannot be used: {reason}")


def is_corrupt(error: sqlite3.Error | OSError) -> bool:
    """Whether the file does not hold what SQLite wrote."""
    return isinstance(error, sqlite3.Error) and _primary(getattr(error, "sqlite_errorcode", None)) in _CORRUPT


def expect_sound(connection: sqlite3.Connection) -> int:
    """Look through the whole file. Raises StoreDown for the first thing that is wrong in it."""
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise StoreDown(f"the SQLite file is corrupt: {' '.join(found.split())}")
    return 0


def check_file(path: str) -> None:
    """Look before the start whether the file, if there is one, is ours and sound. Raises UnusableStore.

    What may pass by itself, such as a lock or a missing folder, is left to /ready.
    """
    if not os.path.exists(path):  # noqa: PTH110
        return
    try:
        with closing(sqlite3.connect(f"{_uri(path)}?mode=ro", READER_BUSY_SECONDS, uri=True)) as connection:
            deadline = time.monotonic() + CHECK_SECONDS
            schema_of(connection)
            connection.set_progress_handler(lambda: time.monotonic() > deadline, 100_000)
            with suppress(sqlite3.OperationalError):  # too large to be looked through in time
                expect_sound(connection)
    except StoreDown as down:
        raise UnusableStore(str(down)) from None
    except sqlite3.Error as error:
        if is_corrupt(error):
            raise UnusableStore(f"the SQLite file is corrupt: {error}") from None


def _primary(code: int | None) -> int | None:
    """SQLite's own error class: the low byte of an extended code."""
    return None if code is None else code & 0xFF


def _is_disk_full(path: str) -> bool:
    try:
        found = os.statvfs(os.path.dirname(path) or ".")  # noqa: PTH120
    except OSError:
        return False
    return found.f_bavail * found.f_frsize < FULL_BELOW_BYTES
