"""Servers that break every rule: the lean client has the right answer or a failure with a name, and never waits on."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any

import gevent
import pytest

from tests.support.lean import Reported
from tests.support.scripted_server import GOOD, ScriptedServer, Talk, answer, good

if TYPE_CHECKING:
    from collections.abc import Callable

SOON = 0.4
"""Seconds that a request waits for what never comes."""
LATE = f"ReadTimeout after {SOON:g} s"
IN_THE_MIDDLE = "ConnectionClosed in the middle of an answer"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def sends(*parts: bytes, pause: float = 0.0, then: Callable[[Talk], None] = lambda _: None) -> Callable[[Talk], None]:
    """Answers the first request with these bytes, and then closes or does what is said."""

    def script(talk: Talk) -> None:
        talk.request()
        talk.send(*parts, pause=pause)
        then(talk)

    return script


def endless(part: bytes, first: bytes = b"") -> Callable[[Talk], None]:
    def script(talk: Talk) -> None:
        talk.request()
        talk.send(first)
        while True:
            talk.send(part)

    return script


def resets(*parts: bytes) -> Callable[[Talk], None]:
    def script(talk: Talk) -> None:
        talk.request()
        talk.send(*parts, pause=0.05)
        talk.reset()

    return script


def half_open(talk: Talk) -> None:
    """Says that it is done sending before it has sent anything, and stays."""
    talk.request()
    talk._connection.shutdown(socket.SHUT_WR)
    talk.stay()


def byte_by_byte(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


@pytest.mark.parametrize(
    ("script", "content"),
    [
        pytest.param(sends(*byte_by_byte(GOOD)), b"good", id="byte by byte"),
        pytest.param(sends(GOOD + GOOD), b"good", id="two answers at once"),
        pytest.param(sends(GOOD, GOOD), b"good", id="a second answer a little later"),
        pytest.param(sends(GOOD + b"\x00garbage"), b"good", id="garbage after the answer"),
        pytest.param(sends(GOOD + b"\x00garbage", then=good), b"good", id="garbage, and going on"),
        pytest.param(sends(GOOD + GOOD, then=good), b"good", id="two answers, and going on"),
        pytest.param(sends(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\ngood"), b"go", id="a length too small"),
        pytest.param(sends(b"HTTP/1.1 200 OK\r\n\r\nuntil ", b"the end"), b"until the end", id="until the end"),
        pytest.param(sends(b"HTTP/1.0 200 OK\r\n\r\nold"), b"old", id="HTTP/1.0"),
        pytest.param(sends(CHUNKED, b"3\r\ngo", b"o\r\n1\r\nd\r\n0\r\n", b"\r\n"), b"good", id="chunks"),
        pytest.param(sends(CHUNKED + b"4;x=1\r\ngood\r\n0\r\nX-Sum: 1\r\n\r\n"), b"good", id="chunks with a trailer"),
        pytest.param(sends(b"HTTP/1.1 100 Continue\r\n\r\n", GOOD), b"good", id="100 first"),
        pytest.param(
            sends(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3 + GOOD), b"good", id="three 103 first"
        ),
        pytest.param(sends(b"HTTP/1.1 204 No Content\r\n\r\n"), b"", id="204 without a length"),
        pytest.param(sends(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", then=good), b"", id="304"),
        pytest.param(sends(b"HTTP/1.1 200\r\nContent-Length: 4\r\n\r\ngood"), b"good", id="no reason phrase"),
    ],
)
def test_what_can_be_understood_is(script: Callable[[Talk], None], content: bytes) -> None:
    with ScriptedServer(script) as server, Reported(server.url) as client:
        response = client.get("/odd")
        assert (response.content, "Link" in response.headers) == (content, False)
        assert_next_is_good(client)
        assert client.failures == [None, None]


@pytest.mark.parametrize(
    ("script", "failure"),
    [
        pytest.param(sends(*byte_by_byte(GOOD[:-1]), pause=0.02, then=Talk.stay), LATE, id="too slow"),
        pytest.param(sends(then=Talk.stay), LATE, id="no answer"),
        pytest.param(
            sends(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ngood", then=Talk.stay), LATE, id="half an answer"
        ),
        pytest.param(
            sends(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ngood"), IN_THE_MIDDLE, id="a length too great"
        ),
        pytest.param(sends(b"HTTP/1.1 200 OK\r\nContent-Le"), IN_THE_MIDDLE, id="closed within the headers"),
        pytest.param(sends(CHUNKED + b"9\r\ngood"), IN_THE_MIDDLE, id="closed within a chunk"),
        pytest.param(sends(CHUNKED + b"4\r\ngood\r\n"), IN_THE_MIDDLE, id="no last chunk"),
        pytest.param(sends(), "ConnectionClosed before an answer", id="closed without an answer"),
        pytest.param(half_open, "ConnectionClosed before an answer", id="half-open"),
        pytest.param(resets(), "ConnectionReset", id="reset without an answer"),
        pytest.param(resets(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ngood"), "ConnectionReset", id="reset within"),
        pytest.param(
            endless(b"X: y\r\n" * 9999, b"HTTP/1.1 200 OK\r\n"), "HeadTooLarge: more than", id="endless headers"
        ),
        pytest.param(endless(b"x" * 99_999, b"HTTP/1.1 200 OK\r\n\r\n"), "BodyTooLarge: more than", id="endless body"),
        pytest.param(endless(b"3\r\nxxx\r\n" * 9999, CHUNKED), "BodyTooLarge: more than", id="endless chunks"),
        pytest.param(endless(b"HTTP/1.1 100 Continue\r\n\r\n" * 9999), "HeadTooLarge: more than", id="endless 100"),
        pytest.param(sends(b"SSH-2.0-OpenSSH_9.2\r\n"), "InvalidAnswer: ", id="another protocol"),
        pytest.param(sends(b"\x00\xff" * 50), "InvalidAnswer: ", id="garbage"),
        pytest.param(sends(b"\x16\x03\x01\x00\x05hello"), "InvalidAnswer: ", id="TLS where none was asked for"),
        pytest.param(sends(b"HTTP/1.1 OK 200\r\n\r\n"), "InvalidAnswer: ", id="no status"),
        pytest.param(sends(CHUNKED + b"zz\r\ngood\r\n"), "InvalidAnswer: ", id="a chunk of no size"),
        pytest.param(sends(CHUNKED + b"f" * 20 + b"\r\n"), "InvalidAnswer: ", id="a chunk beyond all size"),
        pytest.param(sends(answer(b"", "200 OK", "Content-Length: 5")), "InvalidAnswer: ", id="two lengths"),
        pytest.param(sends(b"HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\n"), "InvalidAnswer: ", id="length below 0"),
        pytest.param(sends(answer(b"x", "200 OK", "Transfer-Encoding: chunked")), "InvalidAnswer: ", id="two framings"),
        pytest.param(sends(answer(b"no", "200 OK", "Content-Encoding: gzip")), "UndecodableBody: ", id="no gzip"),
        pytest.param(sends(answer(b"no", "200 OK", "Content-Encoding: br")), "UndecodableBody: ", id="no br"),
        pytest.param(sends(answer(b"no", "200 OK", "Content-Encoding: zz")), "UnknownEncoding: zz", id="odd encoding"),
    ],
)
def test_what_cannot_be_understood_is_a_failure_with_a_name(script: Callable[[Talk], None], failure: str) -> None:
    with (
        ScriptedServer(script) as server,
        Reported(server.url, seconds=SOON, most_body_bytes=100_000) as client,
    ):
        before = time.monotonic()
        response = client.get("/odd")
        assert time.monotonic() - before < SOON + 2
        assert (response.status_code, response.content, response.text) == (0, None, None)
        assert str(response.error).startswith(failure)
        assert_next_is_good(client)
        told, none = client.failures
        assert (str(told)[: len(failure)], none) == (failure, None)


def assert_next_is_good(client: Reported) -> None:
    """Nothing of the request before is left over."""
    gevent.sleep(0.02)  # what the server sends too much has come by then
    response = client.get("/next", name="next", timeout=5)
    assert (response.status_code, response.content, response.headers.get("x-good")) == (200, b"good", "yes")


@pytest.mark.parametrize(
    ("method", "failure", "requests"),
    [
        ("get", None, 2),
        ("put", None, 2),
        ("delete", None, 2),
        ("post", "ConnectionReset", 1),
        ("patch", "ConnectionReset", 1),
    ],
)
def test_only_what_is_idempotent_is_asked_again(method: str, failure: str | None, requests: int) -> None:
    """RFC 9110, 9.2.2: the server may have done it before it reset the connection."""

    def once_then_reset(talk: Talk) -> None:
        talk.request()
        talk.send(GOOD)
        talk.request()
        talk.reset()

    with ScriptedServer(once_then_reset) as server, Reported(server.url) as client:
        client.get("/first")
        getattr(client, method)("/second")
        assert client.failures == [None, failure]
        assert len([one for one in server.requests if b"/second" in one]) == requests


def test_it_is_asked_again_once_and_not_for_ever() -> None:
    def once(talk: Talk) -> None:
        talk.request()
        talk.send(GOOD)
        talk.request()

    def never(talk: Talk) -> None:
        talk.request()

    with ScriptedServer(once, never, never, never) as server, Reported(server.url) as client:
        client.get("/first")
        client.get("/second")
        assert client.failures == [None, "ConnectionClosed before an answer"]
        assert server.connections == 2


def test_a_connection_that_the_server_closed_while_idle_is_not_used_even_for_a_post() -> None:
    def once(talk: Talk) -> None:
        talk.request()
        talk.send(GOOD)

    with ScriptedServer(once) as server, Reported(server.url) as client:
        client.get("/first")
        gevent.sleep(0.1)
        client.post("/second", json={})
        assert client.failures == [None, None]
        assert server.connections == 2


def test_a_request_can_be_late_on_a_connection_that_was_in_time_before() -> None:
    def then_silent(talk: Talk) -> None:
        talk.request()
        talk.send(GOOD)
        talk.request()
        talk.stay()

    with ScriptedServer(then_silent) as server, Reported(server.url, seconds=SOON) as client:
        client.get("/")
        gevent.sleep(SOON / 2)  # the watchdog looks for the first request when the second is still in time
        client.get("/")
        assert client.failures == [None, LATE]


def test_a_server_that_does_not_read_is_a_timeout() -> None:
    def deaf(talk: Talk) -> None:
        time.sleep(2)

    with ScriptedServer(deaf) as server, Reported(server.url, seconds=SOON) as client:
        client.post("/", data=b"x" * 20_000_000)
        assert client.failures == [LATE]


def test_an_answer_before_the_whole_request_is_taken() -> None:
    def full(talk: Talk) -> None:
        talk._connection.recv(1000)
        talk.send(answer(b"", "413 Content Too Large"))
        time.sleep(1)  # and reads no more: a client that could send all of it may use the connection again

    with ScriptedServer(full) as server, Reported(server.url) as client:
        assert client.post("/", data=b"x" * 20_000_000).status_code == 413
        assert client.get("/").content == b"good"
        assert client.failures == ["BadStatus 413", None]


def test_a_large_body_arrives_whole() -> None:
    body = bytes(range(256)) * 40_000
    with ScriptedServer() as server, Reported(server.url) as client:
        assert client.put("/", data=body).content == b"good"
        assert server.requests[0].endswith(b"\r\n\r\n" + body)


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_nobody_there_is_a_failure_with_a_name() -> None:
    cases: dict[str, Any] = {
        f"http://127.0.0.1:{unused_port()}": "ConnectionRefused",
        "http://nobody.invalid": "HostNotFound: nobody.invalid",
        f"http://{'a' * 70}.invalid": f"HostNotFound: {'a' * 70}.invalid",
    }
    for url, failure in cases.items():
        with Reported(url) as client:
            response = client.get("/")
            assert (response.status_code, client.failures) == (0, [failure])


def test_a_connection_that_does_not_come_about_is_a_connect_timeout() -> None:
    """A queue of one that is full: the kernel lets the others wait."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fill = [socket.socket() for _ in range(3)]
        for each in fill:
            each.setblocking(False)
            each.connect_ex(listener.getsockname())
        with Reported(f"http://127.0.0.1:{listener.getsockname()[1]}", seconds=SOON) as client:
            client.get("/", timeout=(0.2, 5))
            assert client.failures == ["ConnectTimeout after 0.2 s"]
        for each in fill:
            each.close()
