"""The folder that a run leaves: results/<UTC time>-<plan>/, with `latest` pointing to the newest."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO


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
        probe.write_bytes(b"?")
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


def write_text(path: Path, text: str, *, is_last: bool = True) -> None:
    """Writes the whole file or nothing: it takes its place only when it is complete and, the last time, on the disk."""
    draft = path.with_name(f".{path.name}.draft")
    with draft.open("w", encoding="utf-8") as file:
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
        self._file: TextIO = path.open("w", encoding="utf-8", newline="")
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
        self._writer.writerows(rows)
        self._file.flush()
