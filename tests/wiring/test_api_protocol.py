"""What is broken below HTTP's surface is refused in order, in time, and without harm to others."""

from __future__ import annotations

import json
import socket
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.running_service import RunningService

BODY = b'{"name":"a name","description":"a description"}'
HEAD = b"POST /tests HTTP/1.1\r\nHost: lab\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNK = b"%x\r\n%b\r\n" % (len(BODY), BODY)


def _problem(answer: bytes, status: int) -> tuple[bytes, dict[str, object]]:
    """The head and the document of a refusal, which must be one and must be the last on its connection."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status), answer[:300]
    lines = [line.lower() for line in head.split(b"\r\n")]
    assert b"connection: close" in lines
    assert b"content-type: application/problem+json" in lines
    assert b"x-replica: " + socket.gethostname().lower().encode() in lines
    problem: dict[str, object] = json.loads(body)
    assert problem["status"] == status
    return head, problem


def _nothing_stored(running: RunningService) -> bool:
    return running.names() == ["unit testing"]


@pytest.mark.parametrize(
    ("what", "data", "status"),
    [
        ("more than 16 KiB in chunks without a length", CHUNKED + (b"2000\r\n" + b" " * 0x2000 + b"\r\n") * 3, 413),
        ("a bad chunk size", CHUNKED + b"zz\r\nab\r\n0\r\n\r\n", 400),
        ("a chunk without its end", CHUNKED + CHUNK[:-2] + b"xx0\r\n\r\n", 400),
        ("an absurd Content-Length", HEAD + b"Content-Length: 99999999999999999999\r\n\r\n" + BODY, 413),
        ("a Content-Length just too large", HEAD + b"Content-Length: 16385\r\n\r\n" + BODY, 413),
        ("no Host in HTTP/1.1", HEAD.replace(b"Host: lab\r\n", b"") + b"Content-Length: 0\r\n\r\n", 400),
        ("two Hosts", HEAD + b"Host: other\r\nContent-Length: 0\r\n\r\n", 400),
        ("a length and chunks", CHUNKED[:-2] + b"Content-Length: 3\r\n\r\n" + CHUNK + b"0\r\n\r\n", 400),
        ("two lengths", HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400),
        ("a negative length", HEAD + b"Content-Length: -1\r\n\r\n", 400),
        ("a method in small letters", b"get /tests HTTP/1.1\r\nHost: lab\r\n\r\n", 400),
        ("HTTP/9.9", b"GET /tests HTTP/9.9\r\nHost: lab\r\n\r\n", 400),
        ("a NUL in a header", b"GET /tests HTTP/1.1\r\nHost: lab\r\nX: a\x00b\r\n\r\n", 400),
        ("a request line that never ends", b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", 414),
        ("a header that is too long", b"GET /tests HTTP/1.1\r\nHost: lab\r\nX: " + b"a" * 9000 + b"\r\n\r\n", 431),
        ("an unknown expectation", HEAD + b"Expect: miracles\r\nContent-Length: 0\r\n\r\n", 417),
        ("an unknown transfer coding", HEAD + b"Transfer-Encoding: brotli\r\n\r\n", 501),
    ],
)
def test_a_broken_message_is_refused_at_once(
    protocol_service: RunningService, what: str, data: bytes, status: int
) -> None:
    began = time.monotonic()
    _problem(protocol_service.raw(data), status)
    assert time.monotonic() - began < 2, what
    assert _nothing_stored(protocol_service)


@pytest.mark.parametrize(
    ("what", "data"),
    [
        ("a body shorter than its length", HEAD + b"Content-Length: %d\r\n\r\n" % (len(BODY) + 1) + BODY),
        ("a body in chunks that breaks off", CHUNKED + CHUNK),
        ("a chunk that breaks off", CHUNKED + CHUNK[:20]),
    ],
)
def test_a_body_that_breaks_off_is_refused(protocol_service: RunningService, what: str, data: bytes) -> None:
    _problem(protocol_service.raw(data, half_close=True), 400)
    assert _nothing_stored(protocol_service), what


@pytest.mark.parametrize("data", [HEAD + b"Content-Length: 47\r\n\r\n{", CHUNKED + b"5\r\n{"])
def test_a_body_that_does_not_come_is_refused_after_five_seconds(protocol_service: RunningService, data: bytes) -> None:
    began = time.monotonic()
    _problem(protocol_service.raw(data), 408)
    assert 4.5 < time.monotonic() - began < 7
    assert _nothing_stored(protocol_service)


def test_many_slow_bodies_do_not_hold_up_others(protocol_service: RunningService) -> None:
    slow = [socket.create_connection(("127.0.0.1", protocol_service.port)) for _ in range(200)]
    try:
        for connection in slow:
            connection.sendall(HEAD + b"Content-Length: 47\r\n\r\n{")
        began = time.monotonic()
        assert protocol_service.get("/tests").status == 200
        assert time.monotonic() - began < 1
    finally:
        for connection in slow:
            connection.close()


def test_a_body_in_chunks_is_taken_and_the_connection_lives_on(protocol_service: RunningService) -> None:
    get = b"GET /tests HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n"
    reset = b"DELETE /tests HTTP/1.1\r\nHost: lab\r\n\r\n"
    answers = protocol_service.raw(CHUNKED + CHUNK + b"0\r\n\r\n" + get.replace(b"close", b"keep-alive") + reset + get)
    assert answers.count(b"HTTP/1.1 204") == 2
    assert answers.count(b"HTTP/1.1 200") == 2
    assert answers.count(b'"a name"') == 1


def test_the_answer_to_a_large_body_arrives_though_the_body_is_not_read(protocol_service: RunningService) -> None:
    data = HEAD + b"Content-Length: 60000\r\n\r\n" + b" " * 60000
    for _ in range(20):
        _problem(protocol_service.raw(data), 413)


def test_a_refusal_repeats_little_of_what_was_sent(protocol_service: RunningService) -> None:
    answer = protocol_service.raw(b"GET /tests HTTP/1.1\r\nHost: lab\r\nBad<script>" + b"x" * 500 + b": 1\r\n\r\n")
    _, problem = _problem(answer, 400)
    assert len(str(problem["detail"])) < 200


@pytest.fixture(scope="module")
def protocol_service(tmp_path_factory: pytest.TempPathFactory) -> object:
    """One service for all cases: none of them may leave a trace."""
    from tests.support.running_service import RunningService

    folder = tmp_path_factory.mktemp("protocol")
    running = RunningService(folder, {"API_DATABASE_URL": f"sqlite:///{folder}/lab.db", "API_ALLOW_RESET": "true"})
    running.await_status("/ready", 200)
    yield running
    assert running.stop() == 0
    assert "Traceback" not in running.log.read_text()
