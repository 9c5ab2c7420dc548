"""A disk whose power can be cut: what SQLite writes and syncs is logged, and a cut leaves what a disk would hold.

Under gunicorn with one worker it is `tests.support.power_cut:create()`: the service on its own store, whose SQLite is
another build of it (apsw) that takes a file system in Python. POWER_CUT_LOG is the log's file; POWER_CUT_SYNCHRONOUS
replaces the store's own setting of PRAGMA synchronous.

What was written since the last sync of its file is what a power cut may take: each such write is dropped, kept, or kept
in part, whole sectors of it, whatever became of those before it. Files come and go at once, as on a journalled disk.
"""

from __future__ import annotations

import os
import pickle
import sqlite3
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import apsw
from gevent import monkey

from api.app import create_app
from api.stores import sqlite_file

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Iterator

    from flask import Flask

APP = "tests.support.power_cut:create()"
SECTOR_BYTES = 512
SYNC_SECONDS = 0.005
VFS = "power-cut"

_sleep = monkey.get_original("time", "sleep")  # this is a thread of its own, without an event loop


class Record(NamedTuple):
    """One thing that was done to a file: written at `offset`, cut to that length, synced, or deleted."""

    verb: str
    file: str
    offset: int = 0
    data: bytes = b""


@dataclass
class Disk:
    """What survives a power cut: contents by the file's name."""

    files: dict[str, bytearray] = field(default_factory=dict)

    def cut(self, records: Iterable[Record], chance: random.Random) -> int:
        """Take in all that was done until the power was cut, and return how many writes were not yet synced."""
        waiting: defaultdict[str, list[Record]] = defaultdict(list)
        for record in records:
            if record.verb == "delete":
                self.files.pop(record.file, None)
                waiting.pop(record.file, None)
            elif record.verb == "sync":
                for each in waiting.pop(record.file, ()):
                    self._apply(each)
            else:
                waiting[record.file].append(record)
        left = [record for records_of_file in waiting.values() for record in records_of_file]
        for record in left:
            sectors = -(-len(record.data) // SECTOR_BYTES)
            if chance.random() < 0.5:
                self._apply(record._replace(data=record.data[: chance.randint(0, sectors) * SECTOR_BYTES]))
        return len(left)

    def _apply(self, record: Record) -> None:
        content = self.files.setdefault(record.file, bytearray())
        if record.verb == "truncate":
            del content[record.offset :]
            return
        content.extend(bytes(max(0, record.offset - len(content))))
        content[record.offset : record.offset + len(record.data)] = record.data

    def restore(self, folder: Path, pattern: str) -> None:
        """Make the files that match hold what the disk does; what SQLite keeps in shared memory is gone."""
        for path in folder.glob(pattern):
            path.unlink()
        for name, content in self.files.items():
            Path(name).write_bytes(content)


def read_log(path: Path) -> Iterator[Record]:
    """What was done, in order; the process may have died while it wrote the last record."""
    with path.open("rb") as file:
        while True:
            try:
                yield pickle.load(file)
            except (EOFError, pickle.UnpicklingError):
                return


class Log:
    """Appends records to a file, each at once."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY)

    def append(self, *record: Any) -> None:
        """Add one record."""
        os.write(self._file, pickle.dumps(Record(*record)))


class LoggedFile(apsw.VFSFile):
    """A file of the system, with a log of what is done to it; it is not really synced."""

    def __init__(self, name: Any, flags: Any, log: Log) -> None:
        super().__init__("", name, flags)
        self._name = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._log = log

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - as SQLite names it
        """Write to the file, where every process sees it, and to the log."""
        self._log.append("write", self._name, offset, bytes(data))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        """Cut the file."""
        self._log.append("truncate", self._name, newsize)
        super().xTruncate(newsize)

    def xSync(self, *_: Any) -> None:  # noqa: N802
        """Take the time of a disk, so that cuts come in the midst of it; what is written is on it only then."""
        _sleep(SYNC_SECONDS)
        self._log.append("sync", self._name)


class LoggedFiles(apsw.VFS):
    """The system's files, each logged."""

    def __init__(self, log: Log) -> None:
        super().__init__(VFS, "")
        self._log = log

    def xOpen(self, name: Any, flags: Any) -> Any:  # noqa: N802
        """Open a file."""
        return LoggedFile(name, flags, self._log)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        """Delete a file."""
        super().xDelete(filename, syncdir)
        self._log.append("delete", filename)


class Rows:
    """What a statement came to, as sqlite3 has it."""

    def __init__(self, rows: list[Any], last_row_id: int) -> None:
        self._rows = rows
        self.lastrowid = last_row_id

    def fetchall(self) -> list[Any]:
        """All rows."""
        return self._rows

    def fetchone(self) -> Any:
        """The first row, or None."""
        return self._rows[0] if self._rows else None


class Connection:
    """The part of sqlite3's connection that the store uses, on logged files."""

    def __init__(self, path: str, timeout: float, **_: Any) -> None:
        self._connection = apsw.Connection(path, vfs=VFS)
        self._connection.set_busy_timeout(int(timeout * 1000))

    def execute(self, sql: str, values: tuple[Any, ...] = ()) -> Rows:
        """Run a statement to its end."""
        rows = list(self._connection.execute(sql, values))
        return Rows(rows, self._connection.last_insert_rowid())

    def close(self) -> None:
        """Close it; what is open is rolled back."""
        self._connection.close()


_kept: list[LoggedFiles] = []  # SQLite uses it for as long as the process lives


def create() -> Flask:
    """The service, on a disk whose power can be cut."""
    _kept.append(LoggedFiles(Log(os.environ["POWER_CUT_LOG"])))
    sqlite3.connect = Connection  # type: ignore[assignment]
    sqlite_file.SYNCHRONOUS = os.environ["POWER_CUT_SYNCHRONOUS"]
    return create_app()
