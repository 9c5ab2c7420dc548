"""The house keeps its walls, where the import contracts in pyproject.toml cannot say so (`make lint` checks those)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from radon.complexity import cc_visit

ROOT = Path(__file__).resolve().parents[2]
LAB = ROOT / "locust" / "lab"
FOLDERS = ("api", "bench", "locust", "scaling", "tests")
OURS = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
MOST_LOOSE = 9
MOST_LINES = 250
MOST_LINES_OF_A_FUNCTION = 50
MOST_COMPLEXITY = 12
"""Cyclomatic: one, and one more for each branch, loop, condition and assert (T. J. McCabe, 1976); radon counts."""


def test_users_need_client_arrivals_and_write_ids_alone() -> None:
    tree = ast.parse((ROOT / "locust" / "users.py").read_text())
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    of_lab = {module for module in imported if module.split(".")[0] == "lab"}
    assert {module for module in of_lab if not module.startswith(("lab.client", "lab.arrivals"))} <= {
        "lab.ledger.writes"
    }


def test_few_files_lie_loose_beside_the_rooms() -> None:
    loose = [path.name for path in LAB.glob("*.py") if path.name != "__init__.py"]
    assert len(loose) <= MOST_LOOSE, loose


def test_each_room_says_what_question_it_answers() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    rooms = [path.name for path in LAB.iterdir() if (path / "__init__.py").exists()]
    assert [room for room in rooms if f"`{room}/`" not in page] == []


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_too_long_to_read_at_once(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_function_is_too_long_to_read_at_once(path: Path) -> None:
    functions = (
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    )
    lines = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions}
    assert [name for name, count in lines.items() if count > MOST_LINES_OF_A_FUNCTION] == []


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_function_has_too_many_branches_to_follow(path: Path) -> None:
    blocks = cc_visit(path.read_text())
    assert [(block.name, block.complexity) for block in blocks if block.complexity > MOST_COMPLEXITY] == []
