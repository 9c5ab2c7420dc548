"""Reads a file of rows: CSV with a line of names, an array of JSON, or a value of JSON in each line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lab.knobs import SettingsError

Row = Any
"""A mapping of names to texts for CSV; for JSON whatever the file holds."""
MOST_BYTES = 500_000_000


class DataError(SettingsError):
    """A file that is not there, or holds no rows; the message says where and why."""


def read(path: Path) -> tuple[Sequence[Row], bytes]:
    """The rows of the file, at least one, and its bytes. Raises DataError."""
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{path}: takes one of {', '.join(_READERS)}, by its name")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(f"{path}: has more than {MOST_BYTES / 1e6:.0f} MB, and each worker holds all of it")
        content = path.read_bytes()
        rows = list(reader(content.decode("utf-8-sig")))
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8: {error.reason} at byte {error.start}") from error
    except _Wrong as error:
        raise DataError(f"{path}: {error}") from error
    if not rows:
        raise DataError(f"{path}: has no rows")
    return rows, content


class _Wrong(ValueError):  # noqa: N818 - what is wrong with a file, without its name
    pass


def _csv(text: str) -> Iterator[Row]:
    lines = csv.reader(io.StringIO(text), strict=True)
    names: Sequence[str] | None = None
    try:
        for fields in lines:
            if not fields:
                continue
            if names is None:
                names = _names(fields)
            elif len(fields) != len(names):
                counts = f"{len(fields)} field{'' if len(fields) == 1 else 's'}, where the first line has {len(names)}"
                raise _Wrong(f"line {lines.line_num} has {counts}")
            else:
                yield dict(zip(names, fields, strict=True))
    except csv.Error as error:
        raise _Wrong(f"line {lines.line_num}: {error}") from error


def _names(fields: Sequence[str]) -> Sequence[str]:
    names = [field.strip() for field in fields]
    if "" in names:
        raise _Wrong("the first line of a CSV file names its columns, and here one has no name")
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise _Wrong(f"two columns are called {twice}")
    return names


def _json(text: str) -> Iterator[Row]:
    try:
        rows = json.loads(text)
    except ValueError as error:
        raise _Wrong(f"is no JSON: {error}") from error
    if not isinstance(rows, list):
        raise _Wrong("takes an array, of which each item is a row; for a row in each line call it .jsonl")
    yield from rows


def _json_lines(text: str) -> Iterator[Row]:
    # not splitlines: a text in JSON may have other ends of lines in it
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield json.loads(line)
            except ValueError as error:
                raise _Wrong(f"line {number} is no JSON: {error}") from error


_READERS: Mapping[str, Callable[[str], Iterator[Row]]] = {
    ".csv": _csv,
    ".json": _json,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
}
