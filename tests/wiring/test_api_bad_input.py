"""Bad input is refused with a problem that names what was wrong, is never a 500, and leaves nothing behind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from api.app import create_app
from api.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from tests.support.running_service import RunningService

JSON = "application/json"
GOOD = b'{"name":"a name","description":"a description"}'


class Bad(NamedTuple):
    """A body that must be refused: what it is, its bytes and type, and what must be answered."""

    what: str
    body: bytes
    status: int
    says: str
    content_type: str | None = JSON
    headers: tuple[tuple[str, str], ...] = ()


def _with_name(value: Any) -> bytes:
    return json.dumps({"name": value, "description": "d"}).encode()


def _with_raw_name(text: str) -> bytes:
    return b'{"name":%b,"description":"d"}' % text.encode()


BODIES = [
    Bad("an empty body", b"", 400, "empty"),
    Bad("only a space", b" ", 400, "not JSON"),
    Bad("text that is no JSON", b"hello", 400, "not JSON"),
    Bad("an object cut short", b'{"name":"a"', 400, "line 1, column"),
    Bad("garbage after the object", GOOD + b"x", 400, "not JSON"),
    Bad("single quotes", GOOD.replace(b'"', b"'"), 400, "not JSON"),
    Bad("a number with a leading zero", _with_raw_name("01"), 400, "not JSON"),
    Bad("a raw control character", _with_raw_name('"a\nb"'), 400, "not JSON"),
    Bad("a comment", b"/* c */" + GOOD, 400, "not JSON"),
    Bad("NaN", _with_raw_name("NaN"), 400, "NaN"),
    Bad("Infinity", _with_raw_name("Infinity"), 400, "Infinity"),
    Bad("minus Infinity", _with_raw_name("-Infinity"), 400, "Infinity"),
    Bad("a float beyond all floats", _with_raw_name("1e400"), 422, "/name"),
    Bad("invalid UTF-8", _with_raw_name('"?"').replace(b"?", b"\xff"), 400, "UTF-8"),
    Bad("overlong UTF-8", _with_raw_name('"?"').replace(b"?", b"\xc0\xaf"), 400, "UTF-8"),
    Bad("a byte order mark", b"\xef\xbb\xbf" + GOOD, 400, "byte order mark"),
    Bad("UTF-16", GOOD.decode().encode("utf-16"), 400, "UTF-8"),
    Bad("a key twice", b'{"name":"a","name":"b","description":"d"}', 400, "twice"),
    Bad("a key twice by an escape", b'{"name":"a","n\\u0061me":"b","description":"d"}', 400, "twice"),
    Bad("nesting of 33", _with_raw_name("[" * 33 + "]" * 33), 400, "nested"),
    Bad("nesting of 900", _with_raw_name("[" * 900 + "]" * 900), 400, "nested"),
    Bad("nesting of 7,000 in 15 kB", b"[" * 7000 + b"]" * 7000, 400, "nested"),
    Bad("nesting of 7,000 objects, cut", b'{"a":' * 3000, 400, "nested"),
    Bad("an integer of 5,000 digits", _with_raw_name("9" * 5000), 400, "too long"),
    Bad("an integer of 2^63", _with_raw_name(str(2**63)), 422, "/name"),
    Bad("an integer of 2^64", _with_raw_name(str(2**64)), 422, "/name"),
    Bad("an array", b"[]", 422, "type object"),
    Bad("an array with a good object in it", b"[" + GOOD + b"]", 422, "type object"),
    Bad("null", b"null", 422, "type object"),
    Bad("a string", b'"a"', 422, "type object"),
    Bad("a number", b"5", 422, "type object"),
    Bad("a truth", b"true", 422, "type object"),
    Bad("an empty object", b"{}", 422, "missing"),
    Bad("no name", b'{"description":"d"}', 422, "/name is missing"),
    Bad("no description", b'{"name":"a"}', 422, "/description is missing"),
    Bad("an unknown member", b'{"name":"a","description":"d","extra":1}', 422, "extra"),
    Bad("a member called __proto__", b'{"name":"a","description":"d","__proto__":{}}', 422, "__proto__"),
    Bad("a name that is null", _with_name(None), 422, "/name must be of type string"),
    Bad("a name that is a number", _with_name(1), 422, "/name must be of type string"),
    Bad("a name that is a truth", _with_name(True), 422, "/name must be of type string"),
    Bad("a name that is a list", _with_name(["a"]), 422, "/name must be of type string"),
    Bad("a name that is an object", _with_name({"a": 1}), 422, "/name must be of type string"),
    Bad("an empty name", _with_name(""), 422, "/name must have at least 1"),
    Bad("a name of spaces", _with_name("   "), 422, "/name must hold something visible"),
    Bad("a name of spaces of every kind", _with_name(" \t\u00a0\u2003\u3000\ufeff"), 422, "/name must hold"),
    Bad("a name of 201 characters", _with_name("n" * 201), 422, "/name must have at most 200"),
    Bad("a NUL in the name", _with_name("a\x00b"), 422, "/name must hold"),
    Bad("half of a surrogate pair", _with_raw_name('"\\ud800"'), 422, "/name has half of a surrogate pair"),
    Bad("a surrogate in an unknown key", b'{"name":"a","description":"d","\\udfff":1}', 422, "surrogate"),
    Bad("a description of 2,001", b'{"name":"a","description":"%b"}' % (b"d" * 2001), 422, "/description must have"),
    Bad("a NUL in the description", b'{"name":"a","description":"\\u0000"}', 422, "/description must hold"),
    Bad("a description that is a number", b'{"name":"a","description":1}', 422, "/description must be of type"),
    Bad("a body of 16 KiB and a byte", GOOD + b" " * (16 * 1024 + 1 - len(GOOD)), 413, "16384"),
    Bad("no content type", GOOD, 415, "application/json", None),
    Bad("a form", b"name=a&description=d", 415, "application/json", "application/x-www-form-urlencoded"),
    Bad("plain text", GOOD, 415, "application/json", "text/plain"),
    Bad("JSON of another type", GOOD, 415, "application/json", "application/problem+json"),
    Bad("a charset that is not UTF-8", GOOD, 415, "application/json", "application/json; charset=utf-16"),
    Bad("a gzip encoding", GOOD, 415, "identity", JSON, (("Content-Encoding", "gzip"),)),
]

GOOD_BODIES = [
    ("the longest name", _with_name("n" * 200)),
    ("the longest name of four-byte characters", json.dumps({"name": "🎉" * 200, "description": ""}).encode()),
    ("a name full of brackets", _with_name("[{" * 100)),
    ("exactly 16 KiB", GOOD + b" " * (16 * 1024 - len(GOOD))),
    ("a surrogate pair as escapes", _with_raw_name('"\\ud83c\\udf89"')),
]

QUERIES = [
    ("limit=0", 422),
    ("limit=-1", 422),
    ("limit=1001", 422),
    ("limit=", 422),
    ("limit", 422),
    ("limit=abc", 422),
    ("limit=1e3", 422),
    ("limit=1.0", 422),
    ("limit=%205", 422),
    ("limit=+5", 422),
    ("limit=1_0", 422),
    ("limit=%D9%A3", 422),
    ("limit=9223372036854775808", 422),
    ("limit=" + "9" * 3000, 422),
    ("limit=1&limit=2", 422),
    ("limit=1&LIMIT=2", 422),
    ("after=-1", 422),
    ("after=9223372036854775808", 422),
    ("offset=1", 422),
    ("limit[]=1", 422),
    ("=1", 422),
    ("limit=%", 400),
    ("limit=%zz", 400),
    ("limit=%ff", 400),
    ("%C3%28=1", 400),
]


def _refused(status: int, content_type: str | None, body: bytes, expected: int) -> dict[str, Any]:
    """The problem of a refusal, which must be one and must not say too much."""
    assert (status, content_type) == (expected, "application/problem+json"), body
    problem: dict[str, Any] = json.loads(body)
    assert problem["status"] == expected
    assert len(problem["detail"]) < 300
    return problem


@pytest.mark.parametrize("bad", BODIES, ids=[bad.what for bad in BODIES])
def test_a_bad_body_is_refused_and_nothing_is_stored(client: FlaskClient, bad: Bad) -> None:
    answer = client.post("/tests", data=bad.body, content_type=bad.content_type, headers=list(bad.headers))
    problem = _refused(answer.status_code, answer.content_type, answer.data, bad.status)
    assert bad.says in problem["detail"]
    if bad.status == 415:
        assert answer.headers["Accept-Post"] == JSON
    if bad.status == 422:
        assert all({"pointer", "detail"} == set(error) for error in problem["errors"])
    assert len(client.get("/tests").json or []) == 1


@pytest.mark.parametrize("body", [body for _, body in GOOD_BODIES], ids=[what for what, _ in GOOD_BODIES])
@pytest.mark.parametrize("content_type", [JSON, "application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"'])
def test_a_body_at_the_very_edge_is_taken(client: FlaskClient, body: bytes, content_type: str) -> None:
    answer = client.post("/tests", data=body, content_type=content_type)
    assert answer.status_code == 204, answer.data
    assert client.get("/tests/2").json == json.loads(body)


def test_all_that_is_wrong_is_named_at_once(client: FlaskClient) -> None:
    answer = client.post("/tests", json={"name": "", "more": 1})
    pointers = {error["pointer"] for error in answer.get_json()["errors"]}
    assert pointers == {"", "/name", "/description"}


@pytest.mark.parametrize(("query", "status"), QUERIES)
def test_a_bad_query_is_refused(client: FlaskClient, query: str, status: int) -> None:
    # The WSGI environment is given as it is: the test client would repair the query string.
    answer = client.get("/tests", environ_overrides={"QUERY_STRING": query})
    problem = _refused(answer.status_code, answer.content_type, answer.data, status)
    if status == 422:
        assert {"parameter", "detail"} == set(problem["errors"][0])


@pytest.mark.parametrize(
    "query", ["limit=1000", "after=0", "after=9223372036854775807", "limit=1&after=1", "&limit=1&"]
)
def test_a_query_at_the_very_edge_is_taken(client: FlaskClient, query: str) -> None:
    assert client.get("/tests", environ_overrides={"QUERY_STRING": query}).status_code == 200


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_parameter_where_none_is_known_is_refused(client: FlaskClient, method: str) -> None:
    answer = client.open("/tests?limit=1", method=method, data=GOOD, content_type=JSON)
    assert answer.status_code == 422
    assert len(client.get("/tests").json or []) == 1


def test_the_memory_store_answers_bad_bodies_alike(client: FlaskClient) -> None:
    other = create_app(Settings(database_url="memory://")).test_client()
    for bad in BODIES:
        both = [
            each.post("/tests", data=bad.body, content_type=bad.content_type, headers=list(bad.headers))
            for each in (client, other)
        ]
        assert both[0].data == both[1].data, bad.what


@pytest.mark.docker
def test_postgresql_answers_every_input_as_sqlite_does(
    client: FlaskClient, service: Callable[..., RunningService], database: str
) -> None:
    running = service(API_DATABASE_URL=database)
    for bad in BODIES:
        headers = dict(bad.headers) | ({"Content-Type": bad.content_type} if bad.content_type else {})
        ours = running.ask("POST", "/tests", bad.body, headers)
        theirs = client.post("/tests", data=bad.body, content_type=bad.content_type, headers=list(bad.headers))
        assert (ours.status, ours.body) == (theirs.status_code, theirs.data), bad.what
    for _, body in GOOD_BODIES:
        assert running.ask("POST", "/tests", body, {"Content-Type": JSON}).status == 204
        assert client.post("/tests", data=body, content_type=JSON).status_code == 204
    for path in ("/tests", "/tests?limit=2", "/tests?after=2&limit=1", "/tests/2", "/tests/99", "/tests?limit=x"):
        ours, theirs = running.get(path), client.get(path)
        assert (ours.status, ours.body, ours.headers["Link"]) == (
            theirs.status_code,
            theirs.data,
            theirs.headers.get("Link"),
        )
