"""A clock that is wrong, for one process: Debian's libfaketime, preloaded. The monotonic clock stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


class Clock:
    """The wall clock of the processes that are started with `environ`."""

    def __init__(self, file: Path, offset_seconds: float = 0) -> None:
        if not LIBRARIES:
            pytest.skip("libfaketime is not installed (Debian package faketime)")
        self._file = file
        self.set(offset_seconds)
        self.environ = {
            "LD_PRELOAD": str(LIBRARIES[0]),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
        }

    def set(self, offset_seconds: float) -> None:
        """Puts the clock so far off the true time; within a second everybody has seen it."""
        draft = self._file.with_suffix(".draft")
        draft.write_text(f"{offset_seconds:+g}\n")
        draft.replace(self._file)
