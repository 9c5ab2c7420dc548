"""OpenAPI documents of several kinds become users who ask every operation, and what is broken in them is named."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import pytest

from lab.drafting import documents, openapi_users, writing
from lab.drafting.model import DraftError
from tests.support.drafted import DATA, drafted_from, run

DOCUMENTS = {
    "toys.yaml": {"addPicture": "its body is multipart/form-data"},
    "tracker.json": {},
    "bank.yaml": {},
    "weather.yaml": {},
    "media.yaml": {"add_cover": "its body is multipart/form-data", "delete_everything": "it would delete what it"},
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_operation_is_asked_and_its_own_contract_is_kept(name: str, tmp_path: Path) -> None:
    draft = drafted_from(name)
    with mock.patch.dict(os.environ, dict.fromkeys(draft.secrets, "geheim")):
        client = run(draft, tmp_path)
    waiting = {task.name for role in draft.roles for task in role.tasks if task.why_not}
    assert {operation for operation, _ in client.asked} == set((draft.contract or {})["operations"]) - waiting
    assert len(client.asked) >= 4


def remarks(name: str) -> str:
    return "\n".join(drafted_from(name).remarks)


def test_what_is_broken_is_named_by_its_pointer_and_the_rest_goes_on() -> None:
    said = remarks("toys.yaml")
    for pointer in (
        "#/paths/toys-without-a-slash: ",
        "#/paths/~1nothing: ",
        "#/paths/~1wrong/get: ",
        "#/paths/~1wrong/post/parameters/0: ",
        "#/parameters/missing: nothing is there",
        "#/paths/~1wrong/post/responses/abc: ",
        "#/responses/missing: nothing is there",
    ):
        assert pointer in said
    said = remarks("media.yaml")
    assert "#/paths/~1impossible/post/requestBody: the body breaks its own schema at /size: maximum" in said
    assert '#/paths/~1impossible/post/responses/200: its schema is none ("(unclosed" is not a "regex")' in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"openapi": "3.0.0",\n "paths": }', "api, line 2, column 11"),
        ("openapi: 3.0.0\npaths:\n  /a: [1\n", "api, line 4, column 1"),
        ("just words", "api is no object"),
        ("info: {title: x}", "api is no OpenAPI document"),
        ("openapi: 3.0.0", "api#/paths: an object with at least one path is wanted"),
        ("openapi: 3.0.0\npaths: {/a: {get: 3}}", "#/paths/~1a/get: cannot be read"),
        ("openapi: 3.0.0\npaths: {/a: {delete: {}}}", "no operation that could be asked for"),
    ],
)
def test_a_document_that_nothing_can_be_made_of_says_where(text: str, said: str) -> None:
    with pytest.raises(DraftError) as error:
        openapi_users.draft(documents.parsed("api", text), "api", "openapi api")
    assert said in str(error.value)


def test_writes_have_ids_where_there_is_a_list_of_them_and_what_is_deleted_has_none() -> None:
    draft = drafted_from("toys.yaml")
    writes = {request.operation: request.write for request in draft.requests if request.method == "POST"}
    tasks = {task.name: task for role in draft.roles for task in role.tasks}
    assert [request.write for request in tasks["add_toy"].requests] == [True, False]
    assert [(each.operation, each.write) for each in tasks["remove_toy"].requests] == [
        ("add_toy", False),
        ("remove_toy", False),
    ]
    assert writes["add_picture"] is False
    assert any("the ledger looks for what add_toy wrote" in remark for remark in draft.remarks)
    assert not [remark for remark in drafted_from("bank.yaml").remarks if "ledger" in remark], "it is marked there"


def test_users_log_in_as_the_document_says_and_secrets_stand_in_the_variables(tmp_path: Path) -> None:
    wanted = {
        "toys.yaml": {"SCENARIO_SHOP_KEY"},
        "tracker.json": {"SCENARIO_PERSONAL_TOKEN"},
        "bank.yaml": {"SCENARIO_EMAIL", "SCENARIO_PASSWORD"},
        "weather.yaml": {"SCENARIO_KEY"},
        "media.yaml": {"SCENARIO_USERNAME", "SCENARIO_PASSWORD"},
    }
    for name, secrets in wanted.items():
        draft = drafted_from(name)
        assert set(draft.secrets) == secrets
        with mock.patch.dict(os.environ, dict.fromkeys(secrets, "geheim")):
            client = run(draft, tmp_path)
        if name == "bank.yaml":
            assert client.auth_header == "Bearer access token for the load test"
        elif name == "tracker.json":
            assert client.auth_header == "Bearer geheim"
        elif name == "toys.yaml":
            assert client.client.default_headers == {"X-Shop-Key": "geheim"}


JUNK: tuple[Any, ...] = (None, -1, 3.5, True, "", [], [1], {}, {"a": 1}, {"$ref": "#/paths"}, {"$ref": 3}, 10**30)


def test_a_document_that_lies_anywhere_is_drafted_as_far_as_it_goes_or_refused_by_name() -> None:
    chance = Random(7)
    drafted = 0
    for number in range(12):
        name = list(DOCUMENTS)[number % len(DOCUMENTS)]
        document = documents.parsed(name, (DATA / name).read_text())
        *way, last = chance.choice(list(places(document)))
        owner: Any = document
        for part in way:
            owner = owner[part]
        owner[last] = chance.choice(JUNK)
        try:
            writing.locustfile(openapi_users.draft(document, name, "openapi"), "contract.json")
        except DraftError:
            continue
        drafted += 1
    assert drafted > 6


def places(node: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to all that is in a document."""
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, part in entries:
        yield (*way, key)
        yield from places(part, (*way, key))


HOSTILE = {
    "openapi": "3.0.0",
    "info": {"title": '"""\nimport os; os.abort()\n"""\\'},
    "paths": {
        '/a"+os.abort()+"/{x\'"}': {
            "get": {
                "operationId": 'x"):\n os.abort()',
                "summary": '"""\nos.abort()\n"""',
                "parameters": [
                    {"name": "x'\"", "in": "path"},
                    {"name": "q\nos.abort()", "in": "query", "required": True},
                ],
                "responses": {
                    "200": {"description": "", "content": {"application/json": {"schema": {"type": "string"}}}}
                },
            },
            "post": {"requestBody": {"content": {"a/b\nos.abort()": {}}}, "responses": {"200": {"description": ""}}},
        },
        "/b": {
            "get": {
                "responses": {
                    "200": {
                        "description": "",
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "properties": {
                                        'items"]+os.abort()+["': {
                                            "type": "array",
                                            "items": {"properties": {"id": {"enum": ['"+os.abort()+"', "\\", "'"]}}},
                                        }
                                    },
                                }
                            }
                        },
                    }
                }
            }
        },
        "/b/{id}": {"get": {"responses": {"200": {"description": "{os.abort()}"}}}},
    },
}


def test_no_document_can_put_code_into_the_locustfile(tmp_path: Path) -> None:
    draft = openapi_users.draft(HOSTILE, 'a"""\nos.abort()\n"""', 'openapi """\nos.abort()')
    with mock.patch.object(os, "abort", side_effect=AssertionError):
        run(draft, tmp_path)
    code = [line for line in writing.locustfile(draft, "c.json").splitlines() if "os.abort" in line]
    assert code
    assert not [line for line in code if line.strip().startswith("os.")]
