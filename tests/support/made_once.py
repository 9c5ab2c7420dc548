"""Folders that are the same each time, and take a while to make."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from tempfile import TemporaryDirectory


def made_once(make: Callable[[Path], Path]) -> Callable[[Path], Path]:
    """Has what `make` puts into a folder made once in this process, and copied from then on."""

    @cache
    def first() -> tuple[TemporaryDirectory[str], Path]:
        kept = TemporaryDirectory()
        return kept, make(Path(kept.name))

    @wraps(make)
    def copy(folder: Path) -> Path:
        shutil.copytree(first()[1], folder, dirs_exist_ok=True)
        return folder

    return copy
