"""The service keeps its contract: the tutorial's transcript, pages, problems, and what describes it."""

from __future__ import annotations

import json
import socket
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from api.app import create_app
from api.settings import Settings
from api.stores import OutcomeUnknown, StoreDown, StoreError, StoreFull
from api.stores.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask.testing import FlaskClient

    from tests.support.running_service import RunningService

SEED = {"description": "testing individual units of source code", "name": "unit testing"}
ADDED = {"description": "checking if a software can handle the expected load", "name": "load testing"}


def test_the_tutorials_three_curl_calls_give_its_json(service: Callable[..., RunningService]) -> None:
    running = service()
    address = f"{running.url}/tests"
    posted = '{"name": "load testing", "description": "checking if a software can handle the expected load"}'

    def curl(*arguments: str) -> str:
        done = subprocess.run(["curl", "--silent", *arguments, address], capture_output=True, text=True, check=True)
        return done.stdout

    assert json.loads(curl()) == [SEED]
    assert curl("-w", "%{http_code}", "-X", "POST", "-H", "Content-Type: application/json", "-d", posted) == "204"
    assert json.loads(curl()) == [SEED, ADDED]


def test_the_keys_come_in_the_tutorials_order_without_spaces(client: FlaskClient) -> None:
    client.post("/tests", json=ADDED)
    compact = json.dumps([SEED, ADDED], separators=(",", ":"))
    assert client.get("/tests").get_data(as_text=True) == compact


def test_a_post_is_answered_with_nothing_but_where_it_is(client: FlaskClient) -> None:
    answer = client.post("/tests", json=ADDED)
    assert (answer.status_code, answer.data, answer.headers["Location"]) == (204, b"", "/tests/2")
    assert "Content-Type" not in answer.headers
    assert client.get(answer.headers["Location"]).json == ADDED


@pytest.mark.parametrize(
    "item_id", ["3", "0", "-1", "abc", "1.0", "+1", "01x", "1_0", "%D9%A1", str(2**63), "9" * 5000]
)
def test_an_id_that_names_nothing_is_404(client: FlaskClient, item_id: str) -> None:
    answer = client.get(f"/tests/{item_id}")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


@pytest.mark.parametrize(
    "name", ["\u202eright to left", "zero\u200bwidth", "emoji 🎉", "e\u0301 stays as it is", '"quoted\\']
)
def test_text_comes_back_as_it_was_sent(client: FlaskClient, name: str) -> None:
    location = client.post("/tests", json={"name": name, "description": ""}).headers["Location"]
    assert client.get(location).json == {"description": "", "name": name}


def _fill(client: FlaskClient, count: int) -> None:
    for number in range(2, count + 1):
        assert client.post("/tests", json={"name": f"n{number}", "description": ""}).status_code == 204


def test_pages_follow_each_other_by_their_links(client: FlaskClient) -> None:
    _fill(client, 5)
    names, path, pages = [], "/tests?limit=2", 0
    while path:
        answer = client.get(path)
        names += [item["name"] for item in answer.json or []]
        pages += 1
        path = answer.headers.get("Link", "").partition(">")[0].lstrip("<")
    assert names == ["unit testing", "n2", "n3", "n4", "n5"]
    assert pages == 3


def test_a_link_says_next_and_repeats_the_limit(client: FlaskClient) -> None:
    _fill(client, 3)
    assert client.get("/tests?limit=2").headers["Link"] == '</tests?after=2&limit=2>; rel="next"'
    assert "Link" not in client.get("/tests?limit=3").headers
    assert client.get("/tests?after=3").json == []


@pytest.mark.parametrize(("page_limit", "shown", "linked"), [(2, 2, True), (3, 3, False), (0, 3, False)])
def test_a_page_is_as_long_as_the_service_is_set_to(tmp_path: Path, page_limit: int, shown: int, linked: bool) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path}/lab.db", page_limit=page_limit)
    client = create_app(settings).test_client()
    _fill(client, 3)
    answer = client.get("/tests")
    assert (len(answer.json or []), "Link" in answer.headers) == (shown, linked)
    assert len(client.get("/tests?limit=1").json or []) == 1


def test_head_has_the_headers_of_get_and_no_body(service: Callable[..., RunningService]) -> None:
    running = service()
    got, head = running.get("/tests"), running.ask("HEAD", "/tests")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == got.headers["Content-Length"] == str(len(got.body))


def test_a_wrong_method_is_405_and_says_which_are_right(client: FlaskClient) -> None:
    answer = client.put("/tests")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "DELETE, GET, HEAD, OPTIONS, POST"
    options = client.options("/tests")
    assert (options.status_code, options.data, options.headers["Allow"]) == (204, b"", answer.headers["Allow"])


def test_reset_goes_back_to_the_first_state_where_it_is_allowed(client: FlaskClient) -> None:
    _fill(client, 3)
    assert client.delete("/tests").status_code == 204
    assert client.get("/tests").json == [SEED]
    assert client.get("/tests/1").json == SEED
    assert client.post("/tests", json=ADDED).headers["Location"] == "/tests/2"


def test_reset_is_unknown_where_it_is_not_allowed(tmp_path: Path) -> None:
    client = create_app(Settings(database_url=f"sqlite:///{tmp_path}/lab.db", allow_reset=False)).test_client()
    assert client.delete("/tests").status_code == 405
    assert "delete" not in client.get("/openapi.json").get_json()["paths"]["/tests"]


def test_the_served_description_marks_the_reset(client: FlaskClient) -> None:
    operation = client.get("/openapi.json").get_json()["paths"]["/tests"]["delete"]
    assert operation["x-lab-reset"] is True


@pytest.mark.parametrize(
    "path", ["/nope", "/tests/", "//tests", "/Tests", "/tests;x", "/tests%00", "/tests/1/2", "/%FF"]
)
def test_an_unknown_path_is_404_and_never_a_redirect(client: FlaskClient, path: str) -> None:
    answer = client.post(path, json=ADDED)
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_every_answer_names_its_replica_and_every_error_is_a_problem(client: FlaskClient) -> None:
    answers: dict[str, Any] = {
        path: client.get(path)
        for path in ("/tests", "/tests/9", "/health", "/ready", "/metrics", "/openapi.json", "/x")
    }
    answers["POST"] = client.post("/tests", data=b"{", content_type="application/json")
    answers["PUT"] = client.put("/tests")
    for what, answer in answers.items():
        assert answer.headers.getlist("X-Replica") == [socket.gethostname()], what
        if answer.status_code >= 400:
            assert answer.content_type == "application/problem+json", what
            problem = json.loads(answer.data)
            assert (problem["type"], problem["status"]) == ("about:blank", answer.status_code)
            assert problem["title"]
            assert problem["detail"]


def test_what_nobody_foresaw_is_a_500_problem_without_its_inside(caplog: pytest.LogCaptureFixture) -> None:
    class BrokenStore:
        def __getattr__(self, name: str) -> Any:
            return self._break

        def _break(self, *_: Any) -> None:
            raise RuntimeError("a secret of the inside")

    client = create_app(Settings(), store=BrokenStore()).test_client()
    answer = client.get("/tests")
    assert (answer.status_code, answer.content_type) == (500, "application/problem+json")
    assert b"secret" not in answer.data
    assert "a secret of the inside" in caplog.text


@pytest.mark.parametrize(
    ("error", "status", "type_", "retry"),
    [
        (StoreDown("locked"), 503, "about:blank", "1"),
        (StoreFull("full"), 507, "about:blank", "1"),
        (OutcomeUnknown("heard"), 504, "/openapi.json#/components/responses/OutcomeUnknown", None),
    ],
)
def test_a_write_says_whether_nothing_was_stored_or_nobody_knows(
    error: StoreError, status: int, type_: str, retry: str | None
) -> None:
    class FailingStore(MemoryStore):
        def add(self, _: str) -> int:
            raise error

        def ping(self) -> None:
            raise error

    client = create_app(Settings(), store=FailingStore()).test_client()
    answer, ready = client.post("/tests", json=ADDED), client.get("/ready")
    assert (answer.status_code, answer.headers.get("Retry-After")) == (status, retry)
    problem = json.loads(answer.data)
    assert (problem["type"], problem["status"], problem["detail"]) == (type_, status, f"{error}.")
    document = client.get("/openapi.json").get_json()
    assert str(status) in document["paths"]["/tests"]["post"]["responses"]
    if type_ != "about:blank":
        assert type_.rpartition("/")[2] in document["components"]["responses"]
    assert (ready.status_code, json.loads(ready.data)["detail"]) == (503, f"{error}.")
