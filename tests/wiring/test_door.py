"""The door passes connections on as they are: answers, ends, and that nobody is there."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from tests.support.running_service import RunningService, free_port, wait_until
from tests.support.stack import ROOT, get


@pytest.fixture
def door() -> Iterator[Callable[[int], int]]:
    """Opens a door to a port on loopback, and returns its own port."""
    started: list[subprocess.Popen[bytes]] = []

    def open_to(port: int) -> int:
        own = free_port()
        command = [sys.executable, "-I", str(ROOT / "api" / "door.py"), str(own), "127.0.0.1", str(port)]
        started.append(subprocess.Popen(command))
        wait_until(lambda: listens(own), 10, "the door's port")
        return own

    yield open_to
    for process in started:
        process.terminate()
        process.wait(5)


def listens(port: int) -> bool:
    """Whether somebody listens on a port of loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_answers_come_through_whole(door: Callable[[int], int], service: Callable[..., RunningService]) -> None:
    running = service()
    through = get(f"http://127.0.0.1:{door(running.port)}/openapi.json")
    assert through[2] == running.get("/openapi.json").body


def test_the_end_of_what_one_side_says_reaches_the_other(
    door: Callable[[int], int], service: Callable[..., RunningService]
) -> None:
    with socket.create_connection(("127.0.0.1", door(service().port)), timeout=10) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        said = b""
        while chunk := connection.recv(65536):
            said += chunk
    assert said.startswith(b"HTTP/1.1 200 ")


def test_nobody_behind_the_door_is_a_closed_connection(door: Callable[[int], int]) -> None:
    address = ("127.0.0.1", door(free_port()))
    with socket.create_connection(address, timeout=10) as connection, suppress(ConnectionResetError):
        assert connection.recv(1) == b""
