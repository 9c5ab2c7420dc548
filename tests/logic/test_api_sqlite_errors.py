"""What an error of the SQLite file means for the write that met it: nothing stored, no room, or nobody knows."""

from __future__ import annotations

import errno
import sqlite3
from typing import TYPE_CHECKING

import pytest

from api.stores import OutcomeUnknown, StoreDown, StoreError, StoreFull
from api.stores.sqlite_file import explain

if TYPE_CHECKING:
    from pathlib import Path


def sqlite_error(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("as SQLite says it")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "means"),
    [
        (sqlite_error(sqlite3.SQLITE_BUSY), StoreDown),
        (sqlite_error(sqlite3.SQLITE_READONLY), StoreDown),
        (sqlite_error(sqlite3.SQLITE_CORRUPT), StoreDown),
        (sqlite_error(sqlite3.SQLITE_IOERR_WRITE), StoreDown),
        (sqlite_error(sqlite3.SQLITE_FULL), StoreFull),
        # The commit stands in the log: after a crash it may be there or not.
        (sqlite_error(sqlite3.SQLITE_IOERR_FSYNC), OutcomeUnknown),
        (sqlite_error(sqlite3.SQLITE_IOERR_DIR_FSYNC), OutcomeUnknown),
        (sqlite3.ProgrammingError("without a code"), StoreDown),
        (OSError(errno.EROFS, "Read-only file system"), StoreDown),
        (OSError(errno.ENOSPC, "No space left on device"), StoreFull),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), StoreFull),
    ],
)
def test_an_error_is_what_it_means_for_the_write(
    error: sqlite3.Error | OSError, means: type[StoreError], tmp_path: Path
) -> None:
    explained = explain(error, str(tmp_path / "lab.db"))
    assert type(explained) is means
    assert str(tmp_path) not in str(explained)
