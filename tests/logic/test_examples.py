"""The examples in docstrings are true."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.support.programs import printed_by
from tests.support.running_service import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removeprefix("locust.")


def test_examples_are_true() -> None:
    modules = [
        module_name(path)
        for folder in ("api", "locust/lab")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if ">>>" in path.read_text(encoding="utf-8")
    ]
    assert modules
    said = printed_by("examples", *modules)
    found = json.loads(said.splitlines()[-1])
    assert all(found[name]["attempted"] and not found[name]["failed"] for name in modules), said
