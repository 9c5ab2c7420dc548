"""Answers held against what is documented."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from random import random
from typing import Any, Protocol

import jsonschema_rs

SAMPLED = 0.05
"""The share of the answers whose body is held against its schema: to parse each costs the swarm more than to ask."""
ALWAYS = 20
"""So many of the first answers of an operation are held against their schema anyway."""
ANY = "*/*"
SUCCESSES = ("2XX", "3XX")


class Answer(Protocol):
    """What a client's `with … catch_response=True` gives: Response of LeanHttpUser, FastHttpUser or HttpUser."""

    status_code: int

    @property
    def headers(self) -> Any: ...
    @property
    def content(self) -> Any: ...
    def json(self) -> Any: ...
    def failure(self, exc: Any) -> None: ...


def expect(answer: Answer, status: int | None = None, content_type: str | None = None) -> bool:
    """Reports a failure unless the answer has this status (without one: any success) and type; says if it has."""
    problem = _problem_of_status(answer, (str(status),) if status else SUCCESSES)
    if not problem and content_type:
        problem = _problem_of_type(answer, (content_type,))
    return _reported(answer, problem)


class Contract:
    """What the operations of a service may answer, as a contract.json says it.

    Raises ValueError where the file is not one, and OSError where there is none.
    """

    def __init__(self, path: Path, sampled: float = SAMPLED) -> None:
        document = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(document, dict) or not isinstance(document.get("operations"), dict):
            raise ValueError(  # noqa: TRY004 - the file is wrong, not an argument
                f"{path} has no operations: it takes the contract.json that `lab new openapi` wrote"
            )
        self._root = {name: part for name, part in document.items() if name != "operations"}
        self._operations: dict[str, Mapping[str, Mapping[str, Any]]] = document["operations"]
        self._sampled = sampled
        self._validators: dict[tuple[str, str, str], jsonschema_rs.Validator] = {}
        self._checked: dict[str, int] = {}

    def check(self, answer: Answer, operation: str) -> bool:
        """Reports a failure unless the answer is one that the operation documents as a success; says if it is.

        An answer that is documented for an error is a failure too: nobody asked for an error.
        """
        return _reported(answer, self._problem(answer, operation))

    def _problem(self, answer: Answer, operation: str) -> str | None:
        documented = self._operations[operation]
        successes = [status for status in documented if status[0] in "23"] or ["2XX"]
        if problem := _problem_of_status(answer, successes):
            return problem
        status = _entry(answer.status_code, successes)
        if types := documented.get(status):
            return _problem_of_type(answer, types) or self._problem_of_body(answer, operation, status, types)
        return "expected an empty body" if answer.status_code == 204 and answer.content else None

    def _problem_of_body(self, answer: Answer, operation: str, status: str, types: Mapping[str, Any]) -> str | None:
        kind = _entry_of_type(answer, types)
        schema = types[kind]
        if schema is None or not _is_json(_type_of(answer)) or not self._is_sampled(operation):
            return None
        return self._problem_of_schema(answer, (operation, status, kind), schema)

    def _is_sampled(self, operation: str) -> bool:
        count = self._checked.get(operation, 0)
        if count < ALWAYS:
            self._checked[operation] = count + 1
            return True
        return random() < self._sampled  # noqa: S311 - no secret

    def _problem_of_schema(self, answer: Answer, key: tuple[str, str, str], schema: Any) -> str | None:
        validator = self._validators.get(key)
        if validator is None:
            whole = schema if isinstance(schema, bool) else {**self._root, **schema}
            validator = self._validators[key] = jsonschema_rs.Draft202012Validator(whole)
        try:
            instance = answer.json()
        except ValueError:
            return "expected JSON, got something else"
        for error in validator.iter_errors(instance):
            place = "/".join("[n]" if isinstance(part, int) else str(part) for part in error.instance_path)
            return f"the body breaks its schema at /{place}: {error.schema_path[-1] if error.schema_path else 'false'}"
        return None


def _problem_of_status(answer: Answer, wanted: Any) -> str | None:
    status = answer.status_code
    if status == 0:
        return f"no answer: {getattr(answer, 'error', None)}"
    if not _entry(status, wanted):
        return f"expected status {' or '.join(wanted)}, got {status}"
    return None


def _entry(status: int, documented: Any) -> str:
    """The entry that a status belongs to, such as 200 or 2XX; empty where it is not documented."""
    exact, group = str(status), f"{status // 100}XX"
    return exact if exact in documented else group if group in documented else ""


def _problem_of_type(answer: Answer, types: Any) -> str | None:
    if _entry_of_type(answer, types):
        return None
    return f"expected content type {' or '.join(types)}, got {_type_of(answer) or 'none'}"


def _entry_of_type(answer: Answer, types: Any) -> str:
    kind = _type_of(answer)
    for wanted in (kind, f"{kind.partition('/')[0]}/*", ANY):
        if wanted in types:
            return wanted
    return ""


def _type_of(answer: Answer) -> str:
    return str(answer.headers.get("Content-Type") or "").partition(";")[0].strip().lower()


def _is_json(kind: str) -> bool:
    return kind == "application/json" or kind.endswith("+json")


def _reported(answer: Answer, problem: str | None) -> bool:
    if problem:
        answer.failure(problem)
    return not problem
