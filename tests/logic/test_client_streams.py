"""A streamed answer is the user's as soon as its head is there; its body is read as it arrives, and no further."""

from __future__ import annotations

import gc
import threading

import pytest

from tests.support.lean import Reported, RequestFailed
from tests.support.scripted_server import GOOD, ScriptedServer, Talk, answer, replies

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n"
SECONDS = 10


def test_the_time_ends_with_the_head() -> None:
    """The server sends the body only after the task has the response."""
    go_on = threading.Event()

    def patient(talk: Talk) -> None:
        talk.request()
        talk.send(HEAD)
        assert go_on.wait(SECONDS)
        talk.send(b"one\n", b"two\n", pause=0.01)
        talk.request()
        talk.send(GOOD)

    with ScriptedServer(patient) as server, Reported(server.url) as client:
        response = client.get("/", stream=True)
        assert (response.status_code, client.failures, client.reports[0]["response_length"]) == (200, [None], 8)
        go_on.set()
        assert list(response.iter_content(3)) == ["one", "\ntw", "o\n"]
        assert response.content == b"", "it has been read"
        assert client.get("/").content == b"good"
        assert server.connections == 1, "a body that is read to its end leaves the connection to the next"


@pytest.mark.parametrize("how", ["dropped", "released", "left by its block"])
def test_a_body_that_nobody_wants_ends_its_connection(how: str) -> None:
    left = threading.Event()

    def endless(talk: Talk) -> None:
        talk.request()
        talk.send(HEAD)
        talk.stay()
        left.set()

    with ScriptedServer(endless) as server, Reported(server.url) as client:
        if how == "released":
            client.get("/", stream=True).release()
        elif how == "dropped":
            client.get("/", stream=True)
            client.reports.clear()
            gc.collect()
        else:
            with client.get("/", stream=True):
                pass
        assert left.wait(SECONDS)
        assert client.get("/").content == b"good"


def test_a_body_that_ends_too_early_is_no_whole_one() -> None:
    def cut(talk: Talk) -> None:
        talk.request()
        talk.send(HEAD + b"half")

    with ScriptedServer(cut, cut) as server, Reported(server.url) as client:
        response = client.get("/", stream=True)
        with pytest.raises(RequestFailed, match="ConnectionClosed in the middle of an answer"):
            response.read()
        with pytest.raises(RequestFailed, match="ConnectionClosed in the middle of an answer"):
            list(client.iter_lines("/"))


def test_a_body_that_does_not_come_is_waited_for_no_longer_than_said() -> None:
    def stuck(talk: Talk) -> None:
        talk.request()
        talk.send(HEAD)
        talk.stay()

    with ScriptedServer(stuck) as server, Reported(server.url) as client:
        response = client.get("/", stream=True, timeout=0.2)
        with pytest.raises(RequestFailed, match=r"ReadTimeout after 0\.2 s"):
            response.read()


def test_more_is_not_received_than_somebody_reads() -> None:
    """A body without an end must not fill the worker's memory; what is read in time may go on for ever."""
    piece, pieces = bytes(64 * 1024), 400

    def much(talk: Talk) -> None:
        talk.request()
        talk.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        for _ in range(pieces):
            talk.send(piece)

    with ScriptedServer(much, much) as server, Reported(server.url, most_body_bytes=1024 * 1024) as client:
        response = client.get("/", stream=True)
        assert sum(len(part) for part in response.iter_content(64 * 1024, decode_content=False)) == pieces * len(piece)
        with pytest.raises(RequestFailed, match="BodyTooLarge"):
            _ = client.get("/", stream=True).content


def test_a_bad_status_is_a_failure_as_ever() -> None:
    with ScriptedServer(replies(*[answer(b"busy", "503 Busy")] * 2)) as server, Reported(server.url) as client:
        assert client.get("/", stream=True).content == b"busy"
        with pytest.raises(RequestFailed, match="BadStatus 503"):
            list(client.iter_lines("/"))
        assert client.failures == ["BadStatus 503"] * 2


def test_what_comes_before_the_body_is_no_body() -> None:
    """A redirect, and an interim answer."""

    def interim(talk: Talk) -> None:
        talk.request()
        talk.send(answer(b"moved", "302 Found", "Location: /there"))
        talk.request()
        talk.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", HEAD, b"a body..", pause=0.01)

    with ScriptedServer(interim) as server, Reported(server.url) as client:
        response = client.get("/", stream=True)
        assert ([each.status_code for each in response.history], response.content) == ([302], b"a body..")
