"""`make test`, `.ci/run` and the workflow run the same rings, CI that of faults too, and no folder is left out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from tests.conftest import RINGS
from tests.support.nodes import VARIABLES
from tests.support.running_service import ROOT

if TYPE_CHECKING:
    from pathlib import Path

MAKEFILE = (ROOT / "Makefile").read_text()


def found(pattern: str, text: str) -> list[str]:
    """The words of the one place that the pattern finds."""
    (words,) = re.findall(pattern, text, flags=re.MULTILINE)
    return str(words).split()


def test_ci_runs_what_make_test_runs() -> None:
    targets = [*found(r"^test: ([a-z ]+) ##", MAKEFILE), "test-faults"]
    assert found(r"targets=\(([a-z -]+)\)", (ROOT / ".ci" / "run").read_text()) == targets
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    jobs = workflow["jobs"]["test"]["strategy"]["matrix"]["targets"]
    assert sorted(target for job in jobs for target in job.split()) == sorted(targets)


def test_every_ring_with_tests_is_run() -> None:
    def has_tests(folder: Path) -> bool:
        return any(folder.rglob("test_*.py"))

    folders = {folder.name for folder in (ROOT / "tests").iterdir() if folder.is_dir() and has_tests(folder)}
    assert folders <= set(RINGS)
    assert folders == set(re.findall(r"\$\(pytest\) tests/(\w+)", MAKEFILE))


def test_the_ring_of_nodes_is_run_where_there_are_engines_for_it() -> None:
    """It takes three: whoever has them names them, and `.ci/run test-nodes` makes them."""
    assert found(r"^(test-nodes):", MAKEFILE) == ["test-nodes"]
    script = (ROOT / ".ci" / "run").read_text()
    assert [name for name in VARIABLES if f"export {name}=" not in script] == []


def test_tests_that_run_alone_are_left_out_where_tests_run_together() -> None:
    together = [line for line in MAKEFILE.splitlines() if "$(pytest)" in line and " -n " in line]
    rings = [line for line in together if "tests/wiring" in line or "tests/stack" in line]
    assert len(rings) == 2
    assert all('-m "not alone"' in line for line in rings)
