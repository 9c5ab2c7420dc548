"""Which scenario is it? Digests of its code and data, the same wherever the same files lie, and a name for people."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from contextlib import suppress
from functools import cache
from itertools import islice
from pathlib import Path

from lab.scenario import place

MOST_FILES = 10_000
"""Files beside a scenario that are looked at."""
DATA = {".csv", ".tsv", ".json", ".jsonl", ".ndjson"}
"""By how their names end: files of rows, such as accounts, which make another load of the same code."""
MOST_BYTES = 64 * 1024 * 1024
"""Of a file of data, so much is read: of a larger one its size counts as well."""


@cache
def identity(scenario: Path) -> dict[str, str]:
    """Its name, the digest of its code, and that of its data where it has some.

    All are as they were at the first call, which is at the start: an edit counts at the next one.
    """
    found = {"name": name(scenario), "digest": of_files(code(scenario))}
    data = _files(scenario, DATA)
    return found | ({"data": _of_data(data)} if data else {})


def of_files(paths: Iterable[Path]) -> str:
    """The digest of these files and their names."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _of_data(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        # one that may not be read is no data of the users
        with suppress(OSError), path.open("rb") as file:
            digest.update(b"%s\0%d\0" % (path.name.encode(), path.stat().st_size))
            digest.update(file.read(MOST_BYTES))
    return digest.hexdigest()[:12]


def name(scenario: Path) -> str:
    """The scenario in words: its file, with its folder, because many are called locustfile.py."""
    return scenario.name if scenario.parent == place.HOME else f"{scenario.parent.name}/{scenario.name}"


def code(scenario: Path) -> list[Path]:
    """The scenario and its modules; the lab's own folder has others below it."""
    return _files(scenario, {".py"})


def _files(scenario: Path, endings: Collection[str]) -> list[Path]:
    folder = scenario.parent
    around = folder.glob("*") if folder == place.HOME else folder.rglob("*")
    found = (path for path in around if path.suffix.lower() in endings and not _is_hidden(path.relative_to(folder)))
    # a folder may be called as a module is
    return sorted(path for path in islice(found, MOST_FILES) if path.is_file())


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") or part in ("__pycache__", "site-packages", "node_modules") for part in path.parts)
