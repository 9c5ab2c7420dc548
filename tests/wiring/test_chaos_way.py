"""The way through the chaos service: there while the run lasts, slow or cut where a fault says so."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from lab.chaos import client
from lab.chaos.client import talk
from lab.chaos.hands import ChaosError
from tests.support.chaos_helper import Helper, fault
from tests.support.running_service import wait_until


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Connections are reset here: that is what is tried."""


@pytest.fixture
def target() -> Iterator[int]:
    with Quiet(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server.server_port
        server.shutdown()


def through(way: Mapping[str, Any]) -> http.client.HTTPConnection:
    """A connection by this way."""
    return http.client.HTTPConnection(way["host"], way["port"], timeout=10)


def post(connection: http.client.HTTPConnection, body: bytes = b"x") -> float:
    """How long the answer took, s."""
    began = time.monotonic()
    connection.request("POST", "/", body)
    assert connection.getresponse().read() == body
    return time.monotonic() - began


def test_the_way_is_there_for_as_long_as_the_run_and_can_be_slow_or_cut(helper: Helper, target: int) -> None:
    with talk(helper.control) as run:
        found = run.ask(ask="way", host="127.0.0.1", port=target)
        one = through(found)
        post(one, b"y" * 1_000_000)
        with talk(helper.control) as slow:
            client.begin(slow, fault("delay 200ms for 10m at 0s"))
            assert post(one) >= 0.2
            # a body that takes many packets is late once
            assert 0.2 <= post(one, b"y" * 1_000_000) < 2
        with talk(helper.control) as cut:
            client.begin(cut, fault("cut for 10m at 0s"))
            for connection in (one, through(found)):
                with closing(connection), pytest.raises(ConnectionError):
                    post(connection)

        def comes_through() -> bool:
            with closing(through(found)) as connection, suppress(ConnectionError):
                return post(connection) >= 0
            return False

        wait_until(comes_through, 10, "the cut is mended when it is over")
        with talk(helper.control) as other, pytest.raises(ChaosError, match="another run has its way here"):
            other.ask(ask="way", host="127.0.0.1", port=target)

    def is_gone() -> bool:
        try:
            socket.create_connection((found["host"], found["port"]), 1).close()
        except ConnectionRefusedError:
            return True
        except ConnectionError:
            return False
        return False

    wait_until(is_gone, 10, "the way ends with the run")


def test_a_way_leads_only_where_load_may_go(helper: Helper) -> None:
    for host in ("240.0.0.1", "shop.example.com", "0x7f000001"):
        with talk(helper.control) as held, pytest.raises(ChaosError, match=f"{host} is not allowed as a target"):
            held.ask(ask="way", host=host, port=9)
