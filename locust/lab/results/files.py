"""The folder that a run leaves: results/<UTC time>-<plan>/, with `latest` pointing to the newest."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from lab.printable import cell, text_of_cell

LATEST = "latest"
LEAST_FREE_BYTES = 16_000_000
"""What must be free where a run begins: its two reports bring their scripts along, and its rows come on top."""


class ResultsError(Exception):
    """The results cannot be kept; the message says where and why."""


def check(results: Path) -> None:
    """Raises ResultsError where a run that begins now could not be kept; makes the folder if there is none."""
    try:
        results.mkdir(parents=True, exist_ok=True)
        probe = results / f".probe-{os.getpid()}"
        probe.unlink(missing_ok=True)
        with open_new(probe) as file:
            file.write("?")
        probe.unlink()
        free = os.statvfs(results)
    except OSError as error:
        raise ResultsError(explain(results, error)) from error
    if free.f_bavail * free.f_frsize < LEAST_FREE_BYTES:
        room = f"{free.f_bavail * free.f_frsize / 1e6:.1f} MB are free, a run takes up to {LEAST_FREE_BYTES / 1e6:.0f} MB"
        raise ResultsError(f"the results cannot be written to {results}: {room}")
    latest = results / LATEST
    if latest.exists() and not latest.is_symlink():
        raise ResultsError(f"{latest} is no link of the lab's: move it away, the newest run will be there")


def folder(results: Path, started: datetime, plan: str) -> Path:
    """Makes the run's own folder. Raises ResultsError when that cannot be."""
    stem = f"{started:%Y-%m-%dT%H-%M-%SZ}-{plan}"
    try:
        results.mkdir(parents=True, exist_ok=True)
        for name in (stem, *(f"{stem}-{count}" for count in range(2, 100))):
            try:
                (results / name).mkdir()
            except FileExistsError:
                continue
            return results / name
    except OSError as error:
        raise ResultsError(explain(results, error)) from error
    raise ResultsError(f"{results}: a hundred runs began in the same second")


def explain(results: Path, error: OSError) -> str:
    """What is wrong with the folder of results, and whose it is."""
    try:
        owner = f"; the folder belongs to uid {results.stat().st_uid}, the lab runs as uid {os.getuid()}"
    except OSError:
        owner = ""
    return f"the results cannot be written to {results}: {error.strerror or error}{owner}"


def point_latest(run: Path) -> None:
    """Lets `latest` point to the run, in one step, so that it never points nowhere."""
    fresh = run.parent / f".latest-{os.getpid()}"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(run.name)
    fresh.replace(run.parent / LATEST)


def open_new(path: Path) -> TextIO:
    """The file, emptied and open to be written. Raises OSError where the path is a link, which is not followed."""
    # what has no place in UTF-8, such as a variable of the environment may have, is no reason to lose a run
    return open(path, "w", encoding="utf-8", errors="backslashreplace", newline="", opener=_no_link)  # noqa: PTH123, SIM115


def open_old(path: Path) -> TextIO:
    """The file, open to be read. Raises OSError where there is none, or a link, which is not followed."""
    return open(path, encoding="utf-8", newline="", opener=_no_link)  # noqa: PTH123, SIM115 - Path.open has no opener


def _no_link(name: str, flags: int) -> int:
    # whoever may write into the folder could let a link lead anywhere
    return os.open(name, flags | os.O_NOFOLLOW, 0o666)


def read_text(path: Path) -> str:
    """What the file holds. Raises OSError as above, and ValueError where it is no text."""
    with open_old(path) as file:
        return file.read()


def read_rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a table, each by the names of its columns; none where it cannot be read."""
    try:
        with open_old(path) as file:
            for row in csv.DictReader(file):
                yield {name: text_of_cell(text) if isinstance(text, str) else text for name, text in row.items()}
    except (OSError, ValueError, csv.Error):
        return


def write_text(path: Path, text: str, *, is_last: bool = True) -> None:
    """Writes the whole file or nothing: it takes its place only when it is complete and, the last time, on the disk."""
    draft = path.with_name(f".{path.name}.draft")
    with open_new(draft) as file:
        file.write(text)
        file.flush()
        if is_last:
            os.fsync(file.fileno())
    draft.replace(path)


def write_json(path: Path, document: Mapping[str, Any], *, is_last: bool = True) -> None:
    """Writes the document as indented JSON, whole or not at all."""
    write_text(path, json.dumps(document, indent=2, ensure_ascii=False) + "\n", is_last=is_last)


class Table:
    """A CSV file that grows a row at a time and can be read while it does. Figures that are None stay empty.

    Rows that are not final stand at its end until the next row comes.
    """

    def __init__(self, path: Path, columns: Iterable[str]) -> None:
        self._columns = list(columns)
        self._file = open_new(path)
        self._writer = csv.DictWriter(self._file, self._columns)
        self._writer.writeheader()
        self._file.flush()
        self._final = self._file.tell()

    def add(self, row: Mapping[str, Any]) -> None:
        """Adds a row for good."""
        self._write([row])
        self._final = self._file.tell()

    def show(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Adds rows that may still change."""
        self._write(rows)

    def close(self) -> None:
        """Leaves the rows that are final."""
        self._write(())
        self._file.close()

    def _write(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self._file.seek(self._final)
        self._file.truncate()
        self._writer.writerows({name: cell(value) for name, value in row.items()} for row in rows)
        self._file.flush()
