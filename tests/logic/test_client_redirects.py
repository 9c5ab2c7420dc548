"""Redirects are followed as the stock clients do, within the host, and cookies kept for where they belong."""

from __future__ import annotations

import pytest

from tests.support.lean import Reported
from tests.support.scripted_server import ScriptedServer, answer, only, replies


def moved(status: str, where: str) -> bytes:
    return answer(b"moved", status, f"Location: {where}", "Set-Cookie: seen=1; Path=/")


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        ("301 Moved", "POST", "GET"),
        ("302 Found", "POST", "GET"),
        ("303 See", "PUT", "GET"),
        ("303 See", "HEAD", "HEAD"),
        ("307 Same", "POST", "POST"),
        ("308 Same", "PUT", "PUT"),
        ("302 Found", "PUT", "GET"),
        ("301 Moved", "DELETE", "GET"),
    ],
)
def test_a_redirect_is_followed_as_the_stock_clients_do(status: str, method: str, then: str) -> None:
    first = moved(status, "../there?x=1")
    with (
        ScriptedServer(replies(first.removesuffix(b"moved") if method == "HEAD" else first)) as server,
        Reported(server.url) as client,
    ):
        response = client.request(method, "/a/b", data="body", headers={"X-Own": "1"})
        assert response.url == f"{server.url}/there?x=1"
        assert (response.request_meta["url"], client.failures) == (f"{server.url}/a/b", [None])
    line, headers, body = only_last(server)
    assert line == f"{then} /there?x=1 HTTP/1.1"
    assert (body, headers["x-own"], headers["cookie"]) == (b"body" if status[2] in "78" else b"", "1", "seen=1")


def only_last(server: ScriptedServer) -> tuple[str, dict[str, str], bytes]:
    del server.requests[:-1]
    return only(server)


def test_a_redirect_is_left_alone_where_that_is_wanted() -> None:
    with ScriptedServer(replies(moved("302 Found", "/there"))) as server, Reported(server.url) as client:
        response = client.get("/", allow_redirects=False)
        assert (response.status_code, response.headers["location"], client.failures) == (302, "/there", [None])


@pytest.mark.parametrize(
    ("where", "failure"),
    [
        ("/again", "TooManyRedirects: more than 3"),
        ("http://example.com/", "RedirectRefused: it leads to another host, example.com"),
        ("ftp://127.0.0.1/", "RedirectRefused: it leads to no URL"),
        ("http://[", "RedirectRefused: it leads to no URL"),
    ],
)
def test_a_redirect_that_leads_nowhere_is_a_failure(where: str, failure: str) -> None:
    script = replies(*[moved("302 Found", where)] * 9)
    with ScriptedServer(script) as server, Reported(server.url, max_redirects=3) as client:
        assert client.get("/").status_code == 0
        assert client.failures == [failure]


def test_cookies_are_kept_for_where_they_belong_unless_not_wanted() -> None:
    set_cookies = answer(b"", "200 OK", "Set-Cookie: a=1", "Set-Cookie: b=2; Path=/shop", "Set-Cookie: c=3; Domain=x.y")
    for wanted, sent in ((True, ["a=1", "b=2; a=1"]), (False, [None, None])):
        with ScriptedServer(replies(set_cookies)) as server, Reported(server.url, cookies=wanted) as client:
            client.get("/")
            seen = []
            for path in ("/", "/shop/cart"):
                client.get(path)
                seen.append(only_last(server)[1].get("cookie"))
            assert seen == sent
