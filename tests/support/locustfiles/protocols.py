"""Users of four protocols as strangers write them: HTTP by Locust's client; WebSocket, gRPC and SQL by packages."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import grpc  # type: ignore[import-untyped]
import grpc.experimental.gevent as grpc_gevent  # type: ignore[import-untyped]
import psycopg
import websocket
from locust import HttpUser, User, constant, events, task

grpc_gevent.init_gevent()


class Notebook:
    """A listener that is an object, and another that is a partial of it."""

    def __call__(self, request_type: str, **_: Any) -> None:
        assert request_type

    def note(self, _where: str, exception: BaseException | None, **_: Any) -> None:
        assert exception is None or str(exception)


events.request.add_listener(Notebook())
events.request.add_listener(partial(Notebook().note, "here"))


class Reporting(User):
    """A user whose client is none of Locust's, so that it reports each request itself."""

    abstract = True
    wait_time: Callable[..., float] = constant(0.05)

    @contextmanager
    def request(self, kind: str, name: str) -> Iterator[dict[str, Any]]:
        """Times what is done within, and reports it; what is raised there is its failure."""
        report: dict[str, Any] = {"request_type": kind, "name": name, "response_length": 0, "exception": None}
        began = time.perf_counter()
        try:
            yield report
        except (grpc.RpcError, psycopg.Error, websocket.WebSocketException) as error:
            report["exception"] = error
        report["response_time"] = (time.perf_counter() - began) * 1000
        self.environment.events.request.fire(**report)


class Reader(HttpUser):
    """Asks for a page."""

    wait_time: Callable[..., float] = constant(0.05)

    @task
    def look(self) -> None:
        self.client.get("/page", name="page")


class Talker(Reporting):
    """Says something on a WebSocket that stays open."""

    def on_start(self) -> None:
        assert self.host
        self.socket = websocket.create_connection(self.host.replace("http", "ws", 1) + "/echo", timeout=5)

    @task
    def talk(self) -> None:
        with self.request("WS", "message") as report:
            self.socket.send("hello")
            report["response_length"] = len(self.socket.recv())

    def on_stop(self) -> None:
        self.socket.close()


class Caller(Reporting):
    """Calls by gRPC, and reports the call as the response, as it came."""

    def on_start(self) -> None:
        self.channel = grpc.insecure_channel(os.environ["OWN_GRPC"])
        self.call = self.channel.unary_unary("/lab.Many/Call")

    @task
    def ask(self) -> None:
        with self.request("gRPC", "call") as report:
            report["response"], _ = self.call.with_call(b"do", timeout=5)

    def on_stop(self) -> None:
        self.channel.close()


class Clerk(Reporting):
    """Writes into a database."""

    def on_start(self) -> None:
        self.connection = psycopg.connect(os.environ["OWN_DATABASE"], autocommit=True)

    @task
    def write(self) -> None:
        with self.request("SQL", "insert") as report:
            report["response"] = self.connection.execute("INSERT INTO notes (text) VALUES ('hello')")

    def on_stop(self) -> None:
        self.connection.close()
