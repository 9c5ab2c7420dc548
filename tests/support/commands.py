"""The verbs of `lab`, run in this process."""

from __future__ import annotations

import tests.support.lean  # noqa: F401 - Locust without its patches, before a verb loads it
from lab.commands import lab


def run_lab(*words: str) -> int:
    """The exit code of `lab WORDS`; what it prints goes where prints go."""
    try:
        lab(words, prog_name="lab")
    except SystemExit as ended:
        return int(ended.code or 0)
    raise AssertionError("a command ends by itself")
