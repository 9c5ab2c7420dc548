"""Answers held against what is documented: statuses, content types, and schemas of some."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lab.contract import Contract, expect
from lab.contract.checking import ALWAYS

PETS = {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}}
DOCUMENT = {
    "operations": {
        "list": {"200": {"application/json": PETS}, "3XX": {}},
        "add": {"201": {"application/json": {"$ref": "#/components/schemas/Pet"}, "text/*": None}},
        "drop": {"204": {}},
        "unsaid": {},
    },
    "components": {
        "schemas": {"Pet": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}}
    },
}


class Answer:
    error = "ConnectionResetError"

    def __init__(self, status: int, kind: str = "application/json", body: Any = None) -> None:
        self.status_code, self.headers = status, {"Content-Type": kind} if kind else {}
        self.content = b"" if body is None else json.dumps(body).encode()
        self.problem: str | None = None

    def json(self) -> Any:
        return json.loads(self.content)

    def failure(self, problem: str) -> None:
        self.problem = problem


@pytest.fixture
def contract(tmp_path: Path) -> Contract:
    (tmp_path / "contract.json").write_text(json.dumps(DOCUMENT))
    return Contract(tmp_path / "contract.json", sampled=0.0)


@pytest.mark.parametrize(
    ("operation", "answer", "problem"),
    [
        ("list", Answer(200, body=[{"name": "a"}]), None),
        ("list", Answer(200, "application/json; charset=utf-8", []), None),
        ("list", Answer(304, ""), None),
        ("list", Answer(200, body=[{"name": "a"}, {}]), "the body breaks its schema at /[n]: required"),
        ("list", Answer(200, body=[{"name": 3}]), "the body breaks its schema at /[n]/name: type"),
        ("list", Answer(200), "expected JSON, got something else"),
        ("list", Answer(200, "text/html", []), "expected content type application/json, got text/html"),
        ("list", Answer(200, "", []), "expected content type application/json, got none"),
        ("list", Answer(404, body={}), "expected status 200 or 3XX, got 404"),
        ("list", Answer(0), "no answer: ConnectionResetError"),
        ("add", Answer(201, "text/plain", "x"), None),
        ("add", Answer(200, body={"name": "a"}), "expected status 201, got 200"),
        ("drop", Answer(204, ""), None),
        ("drop", Answer(204, "", "x"), "expected an empty body"),
        ("unsaid", Answer(206, "text/html", "x"), None),
        ("unsaid", Answer(500), "expected status 2XX, got 500"),
    ],
)
def test_an_answer_is_one_that_is_documented_or_a_failure(
    contract: Contract, operation: str, answer: Answer, problem: str | None
) -> None:
    assert contract.check(answer, operation) is (problem is None)
    assert answer.problem == problem


def test_after_the_first_answers_schemas_are_sampled(contract: Contract) -> None:
    wrong = [contract.check(Answer(200, body=[{}]), "list") for _ in range(ALWAYS + 5)]
    assert wrong == [False] * ALWAYS + [True] * 5


def test_without_a_contract_status_and_type_are_expected() -> None:
    assert expect(Answer(200), 200, "application/json")
    assert expect(Answer(204))
    assert not expect(answer := Answer(404))
    assert answer.problem == "expected status 2XX or 3XX, got 404"
    assert not expect(Answer(200, "text/html"), 200, "application/json")


@pytest.mark.parametrize("text", ["[]", "{}", '{"operations": []}'])
def test_a_file_that_is_no_contract_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(ValueError, match=r"c\.json has no operations"):
        Contract(tmp_path / "c.json")
