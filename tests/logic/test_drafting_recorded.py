"""What was recorded or logged becomes users: ids passed on, secrets taken out, pauses and weights kept."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab.drafting import curl, har, log, postman, writing
from lab.drafting.model import Draft, DraftError
from tests.support.drafted import DATA, drafted_from

SHOP = str(DATA / "shop.har")
LIBRARY = str(DATA / "library.postman_collection.json")
ACCESS = str(DATA / "access.log")
ADD = r"""curl -sSXPOST 'http://localhost:5000/tests?kind=x' -H 'Authorization: Bearer abc.def' \
  -H 'X-Api-Key: 123' -b 'sid=77' --data '{"name": "a", "description": "b"}'
"""
COMMANDS = (
    ADD,
    "curl --compressed localhost:5000/tests",
    "curl -u ann:pw -G --data-urlencode 'q=a b' http://localhost:5000/tests/17",
    r"curl -X PUT http://localhost:5000/notes -H $'content-type: text/plain' --data-raw $'it\'s\u0021'",
)
DRAFTS: dict[str, Callable[[], Draft]] = {
    "openapi": lambda: drafted_from("../../../api/openapi.yaml"),
    "har": lambda: har.draft([SHOP], "har shop.har"),
    "curl": lambda: curl.draft(COMMANDS, "curl"),
    "postman": lambda: postman.draft(LIBRARY, "postman library.postman_collection.json"),
    "log": lambda: log.draft(ACCESS, "log access.log"),
}


def text_of(draft: Draft) -> str:
    return writing.locustfile(draft, "locustfile.contract.json")


@pytest.mark.parametrize("source", DRAFTS)
def test_each_source_gives_the_text_that_was_looked_at(source: str) -> None:
    """After a change that is meant: `lab new` again, into tests/data/drafting/golden, and read it."""
    assert text_of(DRAFTS[source]()) == (DATA / "golden" / f"{source}.py.txt").read_text()


def test_no_secret_is_in_a_locustfile_and_each_is_in_its_variables() -> None:
    kept = {
        "har": {"ann@shop.example", "correct horse"},
        "curl": {"abc.def", "123", "sid=77", "YW5uOnB3"},
        "postman": {"k-12345", ""},
        "log": set(),
    }
    for source, secrets in kept.items():
        draft = DRAFTS[source]()
        assert set(draft.secrets.values()) == secrets
        text = text_of(draft)
        assert not [secret for secret in secrets if secret and f'"{secret}' in text]
        assert "eyJhbGciOi" not in text, "a token that an answer told"
        for name in draft.secrets:
            assert f'os.environ["{name}"]' in text or f"os.environ['{name}']" in text


def test_what_was_in_the_variables_stays_and_each_secret_comes_once() -> None:
    draft = DRAFTS["curl"]()
    there = "# mine\nexport SCENARIO_TOKEN=own\nOTHER=1"
    made = writing.variables(draft, there)
    assert made.startswith(f"{there}\n")
    assert made.count("SCENARIO_TOKEN=") == 1
    assert "SCENARIO_COOKIE='sid=77'\n" in made
    assert writing.variables(draft, made) == made


def recorded(*exchanges: dict[str, Any]) -> dict[str, Any]:
    """A HAR of these exchanges, one each second."""
    entries = []
    for second, exchange in enumerate(exchanges):
        answer = json.dumps(exchange.get("answer")) if "answer" in exchange else ""
        headers = [{"name": name, "value": value} for name, value in exchange.get("headers", {}).items()]
        post = (
            {"postData": {"mimeType": "application/json", "text": json.dumps(exchange["json"])}}
            if "json" in exchange
            else {}
        )
        entries.append(
            {
                "startedDateTime": f"2026-11-20T10:00:{second:02d}Z",
                "time": 10,
                "request": {
                    "method": exchange.get("method", "GET"),
                    "url": f"http://shop{exchange['url']}",
                    "headers": headers,
                    **post,
                },
                "response": {
                    "status": exchange.get("status", 200),
                    "headers": [{"name": "Location", "value": exchange["to"]}] if "to" in exchange else [],
                    "content": {"mimeType": "application/json", "text": answer},
                },
            }
        )
    return {"log": {"entries": entries}}


def drafted(tmp_path: Path, *exchanges: dict[str, Any]) -> str:
    (tmp_path / "shop.har").write_text(json.dumps(recorded(*exchanges)))
    return text_of(har.draft([str(tmp_path / "shop.har")], "har shop.har"))


def test_what_postman_makes_up_is_made_up_for_each_request(tmp_path: Path) -> None:
    body = {"mode": "raw", "raw": '{"mail": "{{$randomEmail}}", "at": "{{$timestamp}}", "shelf": "{{shelf}}"}'}
    request = {"method": "POST", "url": "{{host}}/a", "body": body}
    document = {"variable": [{"key": "host", "value": "http://a"}], "item": [{"name": "add", "request": request}]}
    (tmp_path / "a.json").write_text(json.dumps(document))
    draft = postman.draft(str(tmp_path / "a.json"), "postman a.json")
    assert draft.secrets == {"SCENARIO_SHELF": ""}
    text = text_of(draft)
    assert '{"mail": uuid4().hex[:12], "at": int(time()), "shelf": os.environ["SCENARIO_SHELF"]}' in text
    assert "from time import time\nfrom uuid import uuid4\n" in text


def test_what_a_person_typed_is_not_taken_for_what_the_server_told(tmp_path: Path) -> None:
    search = {"url": "/search?q=lamp-2000", "answer": {"query": "lamp-2000", "ref": "lamp-2000"}}
    text = drafted(tmp_path, search, {"url": "/products/lamp-2000"})
    assert '"/products/lamp-2000"' in text
    assert "response.json()" not in text


def test_a_short_number_is_an_id_in_a_path_and_not_just_anywhere(tmp_path: Path) -> None:
    told = {"url": "/cart", "answer": {"id": 3}}
    text = drafted(
        tmp_path, told, {"url": "/cart/3?page=3"}, {"url": "/x", "method": "POST", "json": {"count": 3, "cart_id": 3}}
    )
    assert 'f"/cart/{cart_id}", name="/cart/[cart_id]", params={"page": "3"}' in text
    assert 'json={"count": 3, "cart_id": cart_id}' in text


def test_a_redirect_is_one_request_with_the_answer_it_ended_in(tmp_path: Path) -> None:
    text = drafted(
        tmp_path, {"url": "/old", "status": 302, "to": "/new"}, {"url": "/new", "answer": []}, {"url": "/end"}
    )
    assert text.count("self.client.get(") == 2
    assert '"/new"' not in text


def test_what_is_changed_later_has_no_id_for_the_ledger(tmp_path: Path) -> None:
    made = {"url": "/notes", "method": "POST", "json": {"text": "a"}, "status": 201, "answer": {"id": 17}}
    listed = {"url": "/notes", "answer": []}
    assert "writes.new_id()" in drafted(tmp_path, made, listed)
    assert "writes.new_id()" not in drafted(tmp_path, made, listed, {"url": "/notes/17", "method": "DELETE"})


def test_of_a_log_weights_pauses_and_roles_are_what_was_seen() -> None:
    draft = DRAFTS["log"]()
    reader, contributor = draft.roles
    assert (reader.name, reader.weight, contributor.name, contributor.weight) == ("Reader", 7, "Contributor", 1)
    tasks = {task.name: task for task in reader.tasks}
    assert sum(task.weight for task in reader.tasks) == pytest.approx(1000, abs=len(tasks))
    assert tasks["get_articles_name"].requests[0].name == "/articles/[name]"
    assert reader.wait
    assert 2 <= reader.wait[0] < reader.wait[1] <= 9
    assert [task.name for task in contributor.tasks if task.why_not] == ["post_cart"]
    assert "line 5: it is not of the common or the combined format" in draft.remarks


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: har.draft([path], ""), "is no HAR: it has no list of /log/entries"),
        (lambda path: postman.draft(path, ""), "is no Postman collection"),
        (lambda path: log.draft(path, ""), "no line of an access log"),
        (lambda _: curl.draft(["curl --bogus http://a"], ""), "curl: the option --bogus is not known here"),
        (lambda _: curl.draft(["curl 'http://a"], ""), "curl: a quotation is not closed"),
        (lambda _: curl.draft(["curl -X POST"], ""), "one address is wanted, and there is none"),
        (lambda _: curl.draft(["curl a", "curl b"], ""), "the commands ask http://a and http://b"),
        (lambda _: curl.draft(["curl -F file=@x http://a"], ""), "is sent in parts"),
        (lambda path: har.draft([f"{path}.missing"], ""), "cannot be read: No such file or directory"),
    ],
)
def test_what_nothing_can_be_made_of_is_named(make: Callable[[str], Draft], said: str, tmp_path: Path) -> None:
    (tmp_path / "source").write_text('{"log": {}}')
    with pytest.raises(DraftError, match=re.escape(said)):
        make(str(tmp_path / "source"))


NASTY = '"""\'); os.abort() #\n\\'


def test_no_recording_can_put_code_into_the_locustfile(tmp_path: Path) -> None:
    collection = {
        "info": {"name": NASTY},
        "item": [
            {
                "name": NASTY,
                "request": {
                    "method": "GET",
                    "url": f"http://a/{NASTY}?x={NASTY}",
                    "header": [{"key": NASTY, "value": NASTY}],
                },
            }
        ],
    }
    (tmp_path / "nasty.json").write_text(json.dumps(collection))
    texts = [
        text_of(postman.draft(str(tmp_path / "nasty.json"), NASTY)),
        drafted(
            tmp_path,
            {"url": f"/{NASTY}", "method": "POST", "json": {NASTY: NASTY}, "answer": {NASTY: {"id": "17"}}},
            {"url": "/a/17"},
        ),
    ]
    for text in texts:
        named = {node.attr for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Attribute)}
        assert "abort" in text
        assert "abort" not in named
