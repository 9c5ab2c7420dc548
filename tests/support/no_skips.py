"""Where everything is there, "not run" must not look like "passed": with this plugin a skipped test is a failed one.

`.ci/run` loads it; a person's machine may lack an engine or a browser, and says so in the reasons of its skips.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest


def _refuse(report: Any) -> Any:
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped, though nothing may be left out here: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    return _refuse((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Any, Any]:
    return _refuse((yield))
