"""Connections that end, stall or never come about: what is asked again, and what is a failure with a name."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any

import gevent
import pytest

from tests.support.lean import Reported
from tests.support.scripted_server import GOOD, ScriptedServer, Talk, answer

if TYPE_CHECKING:
    pass

SOON = 0.4
"""Seconds that a request waits for what never comes."""
LATE = f"ReadTimeout after {SOON:g} s"


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
