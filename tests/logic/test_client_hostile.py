"""Servers that break every rule: the lean client has the right answer or a failure with a name, and never waits on."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

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
