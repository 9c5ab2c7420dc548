"""Clients that are slow, silent or greedy are refused in time, whatever they ask, and nobody waits for them."""

from __future__ import annotations

import re
import select
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import gevent.socket
import pytest

from api import connection
from tests.support.running_service import RunningService

HEAD = b"%b HTTP/1.1\r\nHost: lab\r\nContent-Type: application/json\r\n"
TLS_HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(range(32, 64)) + b"\x20" + bytes(range(64, 96))
"""The beginning of a ClientHello of TLS 1.2; what is missing of its 205 bytes never comes."""
REFUSED = b"HTTP/1.1 408 "
SLOW = {
    "a silent connection": (b"", b"", b""),
    "a TLS hello": (TLS_HELLO, b"", REFUSED),
    "half a request line": (b"GET /te", b"", REFUSED),
    "a request line that drips": (b"GET /", b"a", REFUSED),
    "half a head": (HEAD % b"GET /tests", b"", REFUSED),
    "a head that drips": (HEAD % b"PUT /nowhere" + b"X: ", b"a", REFUSED),
    "half a head after an answer": (b"GET /health HTTP/1.1\r\nHost: lab\r\n\r\nGET /te", b"", b"HTTP/1.1 200 "),
    "half a body": (HEAD % b"POST /tests" + b"Content-Length: 47\r\n\r\n{", b"", REFUSED),
    "a body that drips": (HEAD % b"POST /tests" + b"Content-Length: 47\r\n\r\n{", b" ", REFUSED),
    "chunks that drip": (HEAD % b"POST /tests" + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", REFUSED),
    "half a chunk": (HEAD % b"POST /tests" + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{", b"", REFUSED),
    "a body of GET": (HEAD % b"GET /tests" + b"Content-Length: 47\r\n\r\n{", b" ", REFUSED),
    "chunks of GET": (HEAD % b"GET /health" + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", b"HTTP/1.1 200 "),
    "a body of OPTIONS": (HEAD % b"OPTIONS /tests" + b"Content-Length: 47\r\n\r\n", b"", REFUSED),
    "a body for no path": (HEAD % b"PUT /nowhere" + b"Content-Length: 47\r\n\r\n", b" ", REFUSED),
    "a body for no method": (HEAD % b"PATCH /tests" + b"Content-Length: 47\r\n\r\n", b"", REFUSED),
    "no body after a 100": (
        HEAD % b"POST /tests" + b"Expect: 100-continue\r\nContent-Length: 47\r\n\r\n",
        b"",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 408 ",
    ),
}
"""What is sent at once, what then comes each half second, and how the answer begins."""


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service with one gunicorn worker, which all clients share."""
    folder = tmp_path_factory.mktemp("slow")
    environ = {"API_DATABASE_URL": f"sqlite:///{folder}/lab.db", "WEB_CONCURRENCY": "1"}
    running = RunningService(folder, environ)
    running.await_status("/ready", 200)
    yield running
    assert running.stop() == 0
    assert "Traceback" not in running.log.read_text()


def _connect(service: RunningService) -> socket.socket:
    return socket.create_connection(("127.0.0.1", service.port), timeout=20)


def _answers(client: socket.socket, dripping: bytes) -> tuple[bytes, float]:
    """All that comes until the service closes, and after how many seconds it did."""
    began, answer = time.monotonic(), b""
    while time.monotonic() - began < 20:
        with suppress(OSError):
            client.sendall(dripping)
        if select.select([client], [], [], 0.5)[0]:
            try:
                data = client.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                break
            answer += data
    return answer, time.monotonic() - began


def test_whoever_is_slow_is_refused_after_five_seconds(alone: RunningService) -> None:
    def one(case: tuple[bytes, bytes, bytes]) -> tuple[bytes, float]:
        first, dripping, _ = case
        with _connect(alone) as client:
            client.sendall(first)
            return _answers(client, dripping)

    with _connect(alone) as idle, ThreadPoolExecutor(len(SLOW)) as pool:
        idle.sendall(b"GET /health HTTP/1.1\r\nHost: lab\r\n\r\n")
        assert idle.recv(4096)
        came = dict(zip(SLOW, pool.map(one, SLOW.values()), strict=True))
        assert not {what: answer for what, (answer, _) in came.items() if not answer.startswith(SLOW[what][2])}
        assert not {what: seconds for what, (_, seconds) in came.items() if not 4.5 < seconds < 8}
        assert came["a silent connection"][0] == b""
        # between two requests a connection may be idle for longer
        idle.sendall(b"GET /health HTTP/1.1\r\nHost: lab\r\n\r\n")
        assert idle.recv(4096)


def test_a_long_body_that_nobody_asked_for_is_not_read_to_its_end(alone: RunningService) -> None:
    with _connect(alone) as client:
        client.sendall(HEAD % b"GET /health" + b"Content-Length: 1000000000\r\n\r\n")
        sent = 0
        with suppress(ConnectionError):
            while sent < 100_000_000:
                sent += client.send(b" " * 65536)
    assert sent < 50_000_000


def test_a_short_body_that_nobody_asked_for_leaves_the_connection_as_it_is(alone: RunningService) -> None:
    get = HEAD % b"GET /health" + b"Content-Length: 3\r\n\r\nabc"
    last = b"GET /health HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n"
    assert alone.raw(get + get + last).count(b"HTTP/1.1 200 ") == 3


def test_requests_sent_ahead_wait_until_others_are_served(alone: RunningService) -> None:
    get = b"GET /tests HTTP/1.1\r\nHost: lab\r\n\r\n"
    greedy, other, greedier = (_connect(alone) for _ in range(3))
    for client in (greedy, other, greedier):
        client.sendall(get.replace(b"/tests", b"/health"))
        assert client.recv(4096)
    before = _served(alone.get("/metrics").body)
    (worker,) = alone.workers()
    worker.suspend()
    # whichever end of the row is served first, someone greedy is there before the other
    greedy.sendall(get * 150)
    other.sendall(get.replace(b"/tests", b"/metrics"))
    greedier.sendall(get * 150)
    worker.resume()
    page = b""
    while b"process_start_time_seconds " not in page:
        page += other.recv(65536)
    assert _served(page) - before <= 2
    for client in (greedy, greedier):  # and then all of theirs
        answers = b""
        while answers.count(b"HTTP/1.1 200 ") < 150:
            answers += client.recv(65536)
        client.close()
    other.close()


def _served(page: bytes) -> int:
    """How many GET /tests the service says it has answered."""
    found = re.findall(rb'^api_requests_total\{[^}]*route="/tests"[^}]*\} ([0-9.]+)', page, re.MULTILINE)
    return int(sum(map(float, found)))


def _drain(client: socket.socket) -> None:
    while client.recv(1_000_000):
        pass


def test_who_takes_no_answers_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 0.1)
    listener = gevent.socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    with socket.create_connection(listener.getsockname()) as deaf:
        accepted, _ = listener.accept()
        served = connection.Connection(accepted, idle_seconds=75)
        with pytest.raises(BrokenPipeError):
            served.sendall(b"x" * 50_000_000)
        served.close()
        # reset: what the kernel still held for it is gone
        with pytest.raises(ConnectionResetError):
            _drain(deaf)
    listener.close()
