"""The visit that a recording became succeeds at a shop that gives other ids and tokens than it did then."""

from __future__ import annotations

import json
import os
import types
from typing import Any, Self
from unittest import mock

import pytest

from lab.drafting import har, writing
from tests.support.drafted import DATA
from tests.support.lean import LeanHttpUser

JSON, HTML = "application/json", "text/html"
WHO = {"SCENARIO_USERNAME": "bob", "SCENARIO_PASSWORD": "secret"}


class Answer:
    def __init__(self, status: int, kind: str = "", body: Any = "", location: str | None = None) -> None:
        self.status_code, self.headers = status, {"Content-Type": kind, "Location": location}
        self.text = body if isinstance(body, str) else json.dumps(body)
        self.content = self.text.encode()

    def json(self) -> Any:
        return json.loads(self.text)

    def failure(self, problem: str) -> None:
        raise AssertionError(problem)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


class Shop:
    """The client of a user, and the shop that it asks: it answers only what fits to its own earlier answers."""

    def __init__(self) -> None:
        self.auth_header: str | None = None
        self.asked: list[str] = []

    def get(self, path: str, **options: Any) -> Answer:
        self.asked.append(options.get("name") or path)
        if path == "/login":
            return Answer(200, HTML, '<input type="hidden" name="csrf_token" value="another token of the shop">')
        if self.auth_header != "Bearer t-2":
            return Answer(401)
        known = {
            "/api/products": {"items": [{"id": "p-7"}, {"id": "p-8"}]},
            "/api/products/p-7": {"id": "p-7"},
            "/api/products/p-8": {"id": "p-8"},
            "/api/orders": [],
            "/api/orders/555": {"id": 555},
        }
        return Answer(200, JSON, known[path]) if path in known else Answer(404)

    def post(self, path: str, **options: Any) -> Answer:
        self.asked.append(path)
        sent: Any = options.get("json")
        if path == "/api/login":
            right = {"username": "bob", "password": "secret", "csrf": "another token of the shop"}
            return Answer(200, JSON, {"token": "t-2"}) if sent == right else Answer(403)
        if path == "/api/orders":
            fits = sent["product"] in ("p-7", "p-8") and sent["note"].startswith("a gift ")
            assert options["context"]["write"] in sent["note"]
            return Answer(201, JSON, {"id": 555}, "/api/orders/555") if fits else Answer(422)
        return Answer(200, HTML)


@pytest.fixture
def user() -> Any:
    module = types.ModuleType("drafted")
    draft = har.draft([str(DATA / "shop.har")], "har shop.har")
    exec(compile(writing.locustfile(draft, "c.json"), "drafted", "exec"), vars(module))
    assert issubclass(module.ShopUser, LeanHttpUser)
    made: Any = object.__new__(module.ShopUser)
    made.client = Shop()
    made.think = mock.Mock()
    return made


def test_what_was_recorded_succeeds_where_ids_and_tokens_are_others(user: Any) -> None:
    with mock.patch.dict(os.environ, WHO):
        user.on_start()
        user.visit()
    assert user.client.asked == [
        "/login",
        "/api/login",
        "/api/products",
        "/api/products/[product_id]",
        "/api/orders",
        "/api/orders",
        "/api/orders/[order_id]",
        "/logout",
    ]
    assert [call.args[0] for call in user.think.call_args_list] == [3.2, 4.7, 4.5, 6.3]


def test_a_login_that_is_refused_is_a_failure(user: Any) -> None:
    with (
        mock.patch.dict(os.environ, {**WHO, "SCENARIO_PASSWORD": "wrong"}),
        pytest.raises(AssertionError, match="expected status 200, got 403"),
    ):
        user.on_start()
