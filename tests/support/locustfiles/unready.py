"""A scenario of which next to nothing would work under load."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

from locust import FastHttpUser, HttpUser, SequentialTaskSet, constant, task

PRICES = Path("prices.csv").read_text().split()


class Shopper(HttpUser):
    wait_time = constant(0)

    def on_start(self) -> None:
        self.client.post("/login", json={"user": "ann", "password": os.environ["SHOP_PASSWORD"]})

    @task(3)
    def look(self) -> None:
        self.client.get("/tests?limit=17", headers={"X-Shop": f"{os.environ['SHOP_PASSWORD']} of ours"})

    @task
    def buy(self) -> None:
        self.client.get("/tests/1", name="order 18/19")
        dict[str, Any]()["total"]

    @task
    def leave(self) -> None:
        self.client.get("http://0x7f000001:9/elsewhere")

    @task
    def compute(self) -> None:
        while True:
            pass

    @task
    def whisper(self) -> None:
        host, _, port = str(self.host).removeprefix("http://").partition(":")
        socket.create_connection((host, int(port))).close()


class Reader(FastHttpUser):
    @task
    class Browse(SequentialTaskSet):
        @task
        def first(self) -> None:
            self.client.get("/tests", name="list")

        @task
        def on_and_on(self) -> None:
            while True:
                self.client.get("/tests", name="again")


class Idle(FastHttpUser):
    wait_time = constant(3)

    @task
    def think(self) -> None:
        pass
