"""The examples in docstrings are true."""

from __future__ import annotations

import doctest
import importlib
from typing import TYPE_CHECKING

import pytest

from tests.support.running_service import ROOT

if TYPE_CHECKING:
    from pathlib import Path

WITH_EXAMPLES = [
    path
    for folder in ("api", "locust/lab")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if ">>>" in path.read_text(encoding="utf-8")
]


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removeprefix("locust.")


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=module_name)
def test_examples_are_true(path: Path) -> None:
    outcome = doctest.testmod(importlib.import_module(module_name(path)))
    assert outcome.attempted
    assert not outcome.failed
