"""The lean client does what users of FastHttpUser's client expect of it, and says so where it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.lean import LeanHttpUser, Reported, Response, UnsupportedOption
from tests.support.scripted_server import GOOD, ScriptedServer, answer, only, replies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FORM = "application/x-www-form-urlencoded; charset=utf-8"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


@pytest.mark.parametrize("method", ["get", "head", "options", "delete", "post", "put", "patch"])
def test_every_method_is_sent_and_reported(server: ScriptedServer, method: str) -> None:
    with Reported(server.url) as client:
        response = getattr(client, method)("/tests")
        if method == "head":
            # the server of this test sends a body all the same: it is not taken for anything
            assert response.content == b""
        assert (response.status_code, response.ok, response.url) == (200, True, f"{server.url}/tests")
    line, headers, _ = only(server)
    assert line == f"{method.upper()} /tests HTTP/1.1"
    assert headers["host"] == server.url.removeprefix("http://")
    assert ("content-length" in headers) == (method in {"post", "put", "patch"})
    (report,) = client.reports
    assert (report["request_type"], report["name"], report["exception"]) == (method.upper(), "/tests", None)
    assert report["response"] is response
    assert 0 < report["response_time"] < 5000
    assert response.elapsed.total_seconds() * 1000 == pytest.approx(report["response_time"], abs=0.01)


@pytest.mark.parametrize(
    ("options", "body", "content_type"),
    [
        ({"json": {"a": "ä"}}, '{"a":"ä"}'.encode(), "application/json"),
        ({"json": []}, b"[]", "application/json"),
        ({"data": "text ä"}, "text ä".encode(), "text/plain; charset=utf-8"),
        ({"data": b"\x00\xff"}, b"\x00\xff", "application/octet-stream"),
        ({"data": {"a": 1, "b": [2, 3]}}, b"a=1&b=2&b=3", FORM),
        ({"data": [("a", "ä b")]}, b"a=%C3%A4+b", FORM),
        ({"data": "", "json": 1}, b"1", "application/json"),
        ({"data": "x", "headers": {"content-type": "text/odd"}}, b"x", "text/odd"),
        ({}, b"", None),
    ],
)
def test_a_body_is_sent_as_fast_http_user_sends_it(
    server: ScriptedServer, options: dict[str, Any], body: bytes, content_type: str | None
) -> None:
    with Reported(server.url) as client:
        client.post("/tests", **options)
    _, headers, sent = only(server)
    assert (sent, headers.get("content-type")) == (body, content_type)


def test_headers_params_and_credentials_go_with_the_request(server: ScriptedServer) -> None:
    url = server.url.replace("http://", "http://me:p%40ss@")
    with Reported(url, headers={"X-All": "1", "Accept": "text/html"}) as client:
        client.get("/ä b?a=1#part", params={"c": [2, 3], "d": None, "e": "&"}, headers={"x-all": "2", "X-Own": "3"})
        line, headers, _ = only(server)
        assert line == "GET /%C3%A4%20b?a=1&c=2&c=3&e=%26 HTTP/1.1"
        assert (headers["x-all"], headers["x-own"], headers["accept"]) == ("2", "3", "text/html")
        assert (headers["authorization"], headers["accept-encoding"]) == ("Basic bWU6cEBzcw==", "gzip, deflate, br")
        server.requests.clear()
        client.get("/", auth=("you", b"secret"))
        assert only(server)[1]["authorization"] == "Basic eW91OnNlY3JldA=="
        assert client.reports[0]["name"] == "/ä b?a=1#part"


def test_a_connection_is_closed_where_the_request_says_so(server: ScriptedServer) -> None:
    """Also where the server would keep it."""
    with Reported(server.url, headers={"Connection": "close"}) as client:
        assert [client.get("/").ok, client.get("/").ok] == [True, True]
        assert server.connections == 2


def test_a_line_break_in_a_header_is_refused(server: ScriptedServer) -> None:
    with Reported(server.url) as client, pytest.raises(ValueError, match="line break"):
        client.get("/", headers={"X": "1\r\nEvil: 2"})
    assert server.requests == []


def test_an_answer_is_read_as_text_and_as_json() -> None:
    script = replies(
        answer(b'[{"name": "unit testing"}]', "200 OK", "Content-Type: application/json"),
        answer("grün".encode("latin-1"), "200 OK", "Content-Type: text/plain; charset=ISO-8859-1"),
        answer("grün".encode(), "200 OK", "Content-Type: text/plain; charset=no-such"),
    )
    with ScriptedServer(script) as server, Reported(server.url) as client:
        assert client.get("/").json() == [{"name": "unit testing"}]
        assert client.get("/").text == "grün"
        response = client.get("/")
        assert (response.text, response.headers["CONTENT-type"]) == ("grün", "text/plain; charset=no-such")
        with pytest.raises(ValueError, match="Expecting value"):
            response.json()
        assert server.connections == 1, "a connection is used again"


def test_what_is_said_in_the_block_goes_before_the_status() -> None:
    with (
        ScriptedServer(replies(answer(status="404 Not Found"), GOOD, answer(status="500 Oh"), GOOD)) as server,
        Reported(server.url) as client,
    ):
        with client.get("/gone", name="gone", catch_response=True, context={"a": 1}) as response:
            response.success()
            response.request_meta["name"] = "renamed"
        with client.get("/", catch_response=True) as response:
            response.failure("not what I wanted")
        with client.get("/", catch_response=True) as response:
            assert not response.ok
        with client.get("/", catch_response=True):
            pass
        assert client.failures == [None, "CatchResponseError('not what I wanted')", "BadStatus 500", None]
        assert (client.reports[0]["name"], client.reports[0]["context"]) == ("renamed", {"a": 1})


def test_an_error_of_the_block_is_the_tasks_own(server: ScriptedServer) -> None:
    def fail(*, told: bool) -> None:
        with client.get("/", catch_response=True) as response:
            if told:
                response.failure("told")
            raise KeyError("mine")

    with Reported(server.url) as client:
        with pytest.raises(KeyError):
            fail(told=False)
        with pytest.raises(KeyError):
            fail(told=True)
        assert client.failures == ["CatchResponseError('told')"]


def test_a_response_is_judged_in_a_block_alone(server: ScriptedServer) -> None:
    with Reported(server.url) as client:
        response = client.get("/")
        for judge in (response.success, lambda: response.failure("no")):
            with pytest.raises(Exception, match="catch_response=True"):
                judge()
        with client.get("/") as response, pytest.raises(Exception, match="catch_response=True"):
            response.success()
        assert client.failures == [None, None], "a plain block reports nothing again"


def test_a_bad_status_raises_when_asked_to() -> None:
    with ScriptedServer(replies(answer(status="503 Busy"))) as server, Reported(server.url) as client:
        response = client.get("/")
        with pytest.raises(Exception, match="BadStatus 503"):
            response.raise_for_status()
        client.get("/").raise_for_status()


def test_requests_of_a_block_are_counted_under_one_name(server: ScriptedServer) -> None:
    with Reported(server.url) as client:
        with client.rename_request("pages"):
            client.get("/1")
            client.get("/2", name="own")
        client.get("/3")
    assert [report["name"] for report in client.reports] == ["pages", "own", "/3"]


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda client: client.get("/", verify="/ca.pem"), "verify="),
        (lambda client: client.get("/", proxies={"http": "x"}), "proxies="),
        (lambda client: client.get("/", headers={"Transfer-encoding": "chunked"}), "the header Transfer-Encoding"),
        (lambda client: client.client.urlopen("/"), r"client\.client\.urlopen"),
        (lambda client: client.client.clientpool.get_client("/"), r"client\.client\.clientpool\.get_client"),
        (lambda client: setattr(client.client, "retry_delay", 1), r"client\.client\.retry_delay"),
        (lambda client: client.post("/", data=iter([b""])), "data of type list_iterator"),
    ],
)
def test_what_is_not_supported_is_said(server: ScriptedServer, ask: Callable[[Reported], Response], says: str) -> None:
    with (
        Reported(server.url) as client,
        pytest.raises(UnsupportedOption, match=f"LeanHttpUser does not support .*{says}"),
    ):
        ask(client)
    assert server.requests == []


def test_a_part_of_the_agent_that_is_not_there_can_be_asked_for(server: ScriptedServer) -> None:
    with Reported(server.url) as client:
        assert [hasattr(client.client, name) for name in ("clientpool", "retry_delay")] == [True, False]


def test_a_host_that_speaks_no_http_is_refused() -> None:
    with pytest.raises(UnsupportedOption, match="it begins with neither http:// nor https://"):
        Reported("ftp://127.0.0.1")


def test_a_setting_that_is_not_supported_stops_the_start() -> None:
    with pytest.raises(UnsupportedOption, match=r"does not support Patient\.max_retries"):
        type("Patient", (LeanHttpUser,), {"max_retries": 2})


def test_an_option_that_is_off_is_no_matter(server: ScriptedServer) -> None:
    with Reported(server.url) as client:
        assert client.request("GET", "/", stream=False, files=None).ok
