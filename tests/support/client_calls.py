"""Calls of a user's client by the hundred, of every kind that locustfiles make, for both clients to make."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any

from tests.support.client_call import Call, to
from tests.support.client_calls_of_users import of_files, of_streams, of_users

METHODS = ("GET", "post", "PUT", "Patch", "DELETE", "HEAD", "OPTIONS")
BODIES: dict[str, dict[str, Any]] = {
    "none": {},
    "empty": {"data": ""},
    "text": {"data": "größer €"},
    "bytes": {"data": b"\x00\xff"},
    "form": {"data": {"a": 1, "ä": "b c&="}},
    "form-none": {"data": {"a": None, "b": 1}},
    "form-list": {"data": {"a": [1, 2]}},
    "empty-form": {"data": {}},
    "json": {"json": {"a": "ä", "b": [1, None, True, 1.5], "c": {}}},
    "json-empty": {"json": {}},
    "json-zero": {"json": 0},
    "json-nan": {"json": {"a": float("nan"), "b": [float("inf")]}},
    "json-surrogate": {"json": {"a": "\ud83d"}},
    "json-big": {"json": [2**70, 1e300, -0.0]},
    "json-keys": {"json": {1: 1, None: 2, 1.5: 4}},
    "both": {"data": "text", "json": {"a": 1}},
}
KINDS: dict[str, Any] = {
    "own": {"Content-Type": "text/odd", "Accept": "text/odder"},
    "lower": {"content-type": "text/odd", "accept": "text/odder"},
}
HEADERS: dict[str, Any] = {
    "one": {"X-Own": "1"},
    "upper": {"X-OWN": "a, b"},
    "list": {"X-List": ["a", "b"]},
    "number": {"X-Number": 7},
    "none": {"X-None": None},
    "latin": {"X-Latin": "grün"},
    "empty": {"X-Empty": ""},
    "host": {"Host": "shop.example"},
    "agent": {"User-Agent": "mine"},
    "encoding": {"Accept-Encoding": "identity"},
    "length": {"Content-Length": "3"},
    "break": {"X-Break": "1\r\nX-Evil: 2"},
    "cookie": {"Cookie": "sid=mine"},
    "authorization": {"authorization": "Own"},
}
PATHS = (
    "/",
    "",
    "/a b",
    "/ä",
    "/%20%c3",
    "/a?b=1&c=2",
    "/a?b=ä c",
    "/a;p=1?q",
    "/a#part",
    "/a?b#part",
    "/(a)!*'@:$,~",
    "//a",
)
PARAMS: tuple[Any, ...] = ({"a": 1}, {"a": [1, 2], "b": None}, [("a", "ä &"), ("a", "")], "raw=1", {"a": "x y/z"})
CHARSETS = (
    "",
    "text/plain",
    "text/html; charset=ISO-8859-1",
    'application/json; charset="utf-8"',
    "application/json",
    "application/json; charset=iso-8859-1",
    "application/octet-stream",
    "text/plain; charset=no-such",
)
CONTENTS = ("empty", "ascii", "utf-8", "latin-1", "nan", "broken", "bom", "surrogate")
STATUSES = (200, 201, 202, 204, 206, 226, 299, 300, 304, 305, 400, 401, 404, 418, 500, 503)
REDIRECTS = (301, 302, 303, 307, 308)
PLACES = (
    "/there",
    "there?x=1",
    "../up",
    "?q=2",
    "#part",
    "/ä b",
    "//{host}/there",
    "http://{host}/there",
    "ftp://{host}/",
)
ENCODINGS = ("gzip", "deflate", "raw-deflate", "br", "identity", "broken-gzip")


def calls() -> Iterator[Call]:
    """All of them."""
    for method, (name, body) in product(METHODS, BODIES.items()):
        yield Call(f"body {method} {name}", to(method, "/echo", **body))
    for (kind, headers), (name, body) in product(KINDS.items(), BODIES.items()):
        yield Call(f"kind {kind} {name}", to("POST", "/echo", headers=headers, **body))
        yield Call(f"default kind {kind} {name}", to("POST", "/echo", **body), headers)
    for name, headers in HEADERS.items():
        yield Call(f"header {name}", to("POST", "/echo", headers=headers, data="abc"))
        if name != "length":
            yield Call(f"default header {name}", to("GET", "/echo"), headers)
        defaults = {"x-own": "d", "cookie": "d=1"}
        yield Call(f"header over default {name}", to("POST", "/echo", headers=headers, data="abc"), defaults)
    for number, path in enumerate(PATHS):
        yield Call(f"path {number}", to("GET", path))
    for number, params in enumerate(PARAMS):
        yield Call(f"params {number}", to("GET", "/echo", params=params))
        yield Call(f"params {number} with a query", to("GET", "/echo?q=1#part", params=params))
    for content, kind in product(CONTENTS, CHARSETS):
        yield Call(f"charset {content} {kind}", to("GET", "/content", headers={"X-Content": content, "X-Kind": kind}))
    yield from _of_redirects()
    yield from _of_outcomes()
    yield from of_users()
    yield from of_files()
    yield from of_streams()


def _of_redirects() -> Iterator[Call]:
    for status, method in product(REDIRECTS, METHODS):
        headers = {"X-Status": str(status), "X-Location": "/there", "Cookie": "own=1", "Authorization": "Own"}
        yield Call(f"redirect {status} {method}", to(method, "/moved", headers=headers, json={"a": 1}))
        yield Call(
            f"redirect {status} {method} left alone", to(method, "/moved", headers=headers, allow_redirects=False)
        )
    for number, place in enumerate(PLACES):
        yield Call(f"redirect to {number}", to("GET", "/a/moved", headers={"X-Status": "302", "X-Location": place}))
    headers = {"X-Status": "302", "X-Location": "http://localhost:{port}/there"}
    yield Call("redirect to another host", to("GET", "/a/moved", headers=headers))
    for path in ("/round", "/moved-with-cookie", "/moved-nowhere"):
        yield Call(f"redirect {path}", to("GET", path, headers={"X-Status": "302", "X-Location": "/there"}))
    for status in REDIRECTS:
        headers = {"X-Status": str(status), "X-Location": "/there"}
        yield Call(f"redirect {status} of a file", to("POST", "/moved", headers=headers, files={"f": b"abc"}))


def _of_outcomes() -> Iterator[Call]:
    def judge(user: Any, status: int, verdict: str) -> Any:
        with user.client.get("/status", headers={"X-Status": str(status)}, catch_response=True) as response:
            getattr(response, verdict)(*(["no"] if verdict == "failure" else []))
            return response.status_code

    for status in STATUSES:
        yield Call(f"status {status}", to("GET", "/status", headers={"X-Status": str(status)}))
        for verdict in ("success", "failure", "raise_for_status"):
            yield Call(f"status {status} {verdict}", partial(judge, status=status, verdict=verdict))
    for encoding in ENCODINGS:
        yield Call(f"encoding {encoding}", to("GET", "/encoded", headers={"X-Encoding": encoding}))

    def rest(user: Any, content: str, kind: str, block: str = "") -> Any:
        with user.rest("POST", "/content", headers={"X-Content": content, "X-Kind": kind}, json={"a": 1}) as response:
            if block == "assert":
                assert response.js is None, "it is something,"
            if block == "key":
                return response.js["missing"]
            return repr(response.js)

    for content, kind in product(CONTENTS, ("application/json", "application/json; charset=iso-8859-1", "")):
        yield Call(f"rest {content} {kind}", partial(rest, content=content, kind=kind))
    for block in ("assert", "key"):
        yield Call(f"rest {block}", partial(rest, content="ascii", kind="application/json", block=block))
