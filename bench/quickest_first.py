"""Runs the tests that took least time the last time first: most changes are noticed by one of these."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest


class QuickestFirst:
    """A plugin of pytest. The file has the seconds of each test, and is written by the run that finds none."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, float] = json.loads(file.read_text()) if file.exists() else {}
        self._seconds: defaultdict[str, float] = defaultdict(float)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: self._known.get(item.nodeid, 0.0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid] += report.duration  # set up, call and tear down

    def pytest_sessionfinish(self) -> None:
        if not self._known:
            self._file.write_text(json.dumps(self._seconds))
