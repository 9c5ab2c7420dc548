"""The lean client does what users of FastHttpUser's client expect of it, and says so where it does not."""

from __future__ import annotations

import ssl
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any

import gevent
import pytest
from gevent.pool import Group

from tests.lean import (
    LOCUST_STATE_WAITING,
    Environment,
    LeanHttpUser,
    Reported,
    Response,
    StopUser,
    UnsupportedOption,
    constant,
)
from tests.scripted_server import GOOD, ScriptedServer, Talk, answer, good

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


def replies(*parts: bytes) -> Callable[[Talk], None]:
    """A reply to each request, and then good ones."""

    def script(talk: Talk) -> None:
        for part in parts:
            talk.request()
            talk.send(part)
        good(talk)

    return script


def only(server: ScriptedServer) -> tuple[str, dict[str, str], bytes]:
    """The one request: its first line, its headers in lower case, and its body."""
    (request,) = server.requests
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    return first, {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}, body


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
        ({"data": "text ä"}, "text ä".encode(), None),
        ({"data": b"\x00\xff"}, b"\x00\xff", None),
        ({"data": {"a": 1, "b": [2, 3]}}, b"a=1&b=2&b=3", "application/x-www-form-urlencoded"),
        ({"data": [("a", "ä b")]}, b"a=%C3%A4+b", "application/x-www-form-urlencoded"),
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
        for judge in (response.success, lambda: response.failure("no"), response.__enter__):
            with pytest.raises(Exception, match="catch_response=True"):
                judge()


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
        ("302 Found", "PUT", "PUT"),
    ],
)
def test_a_redirect_is_followed_as_the_rfc_says(status: str, method: str, then: str) -> None:
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
    assert (body, headers["x-own"], headers["cookie"]) == (b"body" if then == method else b"", "1", "seen=1")


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


def test_ipv6_and_tls(tmp_path: Path) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-keyout", "key.pem", "-out", "certificate.pem", "-subj", "/CN=localhost"]
    subprocess.run(
        [*command, "-addext", "subjectAltName=DNS:localhost,IP:::1"], cwd=tmp_path, check=True, capture_output=True
    )
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")

    def trusting() -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))

    large = bytes(3_000_000)
    with (
        ScriptedServer(replies(GOOD, answer(large)), host="::1", tls=serving) as server,
        Reported(server.url, ssl_context_factory=trusting) as client,
    ):
        assert client.get("/").content == b"good"
        assert client.post("/", data=large).content == large
        assert server.requests[1].endswith(large)
        assert (server.connections, client.failures) == (1, [None, None])
        with Reported(server.url, insecure=False) as strict:
            strict.get("/")
            assert strict.failures == ["CertificateRefused: self-signed certificate"]
        with Reported(server.url, insecure=True) as careless:
            assert careless.get("/").content == b"good"
    with ScriptedServer() as plain, Reported(plain.url.replace("http", "https"), seconds=1) as client:
        client.get("/")
        assert client.failures[0] is not None
        assert client.failures[0].startswith("TlsFailed: ") or client.failures == ["ConnectTimeout after 1 s"]


def test_a_user_in_several_greenlets_has_as_many_connections_as_it_may() -> None:
    def slow(talk: Talk) -> None:
        while talk.request():
            gevent.sleep(0)
            talk.send(GOOD, pause=0.05)

    with ScriptedServer(slow, slow, slow) as server, Reported(server.url, concurrency=2) as client:
        asked = [gevent.spawn(client.get, f"/{number}") for number in range(6)]
        gevent.joinall(asked)
        assert server.connections == 2
        assert client.failures == [None] * 6


def await_request(server: ScriptedServer) -> None:
    with gevent.Timeout(5):
        while not server.requests:
            gevent.sleep(0.01)


def test_who_is_killed_while_waiting_leaves_nothing_behind() -> None:
    left = threading.Event()

    def silent(talk: Talk) -> None:
        talk.request()
        talk.stay()
        left.set()

    with ScriptedServer(silent) as server, Reported(server.url) as client:
        waiting = gevent.spawn(client.get, "/")
        await_request(server)
        waiting.kill()
        assert left.wait(5)
        assert client.reports == []
        assert client.get("/").content == b"good"
        assert server.connections == 2


@pytest.mark.parametrize("killed", [True, False])
def test_a_user_who_leaves_takes_the_connections_along(killed: bool) -> None:
    left = threading.Event()

    def until_left(talk: Talk) -> None:
        try:
            good(talk)
        finally:
            left.set()

    class Caller(LeanHttpUser):
        wait_time = constant(0)
        tasks = [lambda user: user.client.get("/")]  # noqa: RUF012 - as Locust wants it

        def on_start(self) -> None:
            self.client.get("/")
            if not killed:
                raise StopUser

    with ScriptedServer(until_left) as server:
        group = Group()
        Caller.host = server.url
        Caller(Environment(host=server.url)).start(group)
        await_request(server)
        group.kill()
        assert left.wait(5)


def test_a_user_who_is_stopped_while_waiting_asks_no_more_though_the_wait_is_over() -> None:
    """The process stood still, so that the wait is over when the stop comes: nobody would count what is asked then."""

    class Caller(LeanHttpUser):
        wait_time = constant(0.05)
        tasks = [lambda user: user.client.get("/")]  # noqa: RUF012 - as Locust wants it

    with ScriptedServer() as server:
        Caller.host = server.url
        caller = Caller(Environment(host=server.url))
        caller.start(Group())
        await_request(server)
        gevent.sleep(0.02)
        assert caller._state == LOCUST_STATE_WAITING
        # as Locust does it; the process stands still until both timers are due, that of the stop and that of the wait
        stop = gevent.spawn_later(0, caller.stop)
        time.sleep(0.1)
        assert stop.get() is True
        assert caller.greenlet is not None
        assert caller.greenlet.dead
        gevent.sleep(0.05)  # what was sent would be there by then
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda client: client.get("/", stream=True), "stream="),
        (lambda client: client.post("/", files={"a": b""}), "files="),
        (lambda client: client.get("/", verify="/ca.pem"), "verify="),
        (lambda client: client.get("/", proxies={"http": "x"}), "proxies="),
        (lambda client: client.iter_lines("/"), r"iter_lines\(\)"),
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


def test_a_host_that_speaks_no_http_is_refused() -> None:
    with pytest.raises(UnsupportedOption, match="it begins with neither http:// nor https://"):
        Reported("ftp://127.0.0.1")


def test_a_setting_that_is_not_supported_stops_the_start() -> None:
    with pytest.raises(UnsupportedOption, match=r"does not support Proxied\.proxy_host"):
        type("Proxied", (LeanHttpUser,), {"proxy_host": "proxy"})


def test_an_option_that_is_off_is_no_matter(server: ScriptedServer) -> None:
    with Reported(server.url) as client:
        assert client.request("GET", "/", stream=False, files=None).ok
