"""A scenario with a plan, hosts and a client of its own, which also asks a host that is nobody's to load."""

from __future__ import annotations

import os
from types import SimpleNamespace

from locust import FastHttpUser, HttpUser, LoadTestShape, User, constant, task

from lab.client import LeanHttpUser

ELSEWHERE = "http://0x7f000001:9/elsewhere"
"""A name that is refused, and leads to this machine."""


class Own(LeanHttpUser):
    host = os.environ["OWN_HOST"]
    wait_time = constant(0.2)

    @task
    def ask(self) -> None:
        self.client.get("/tests", name=f"own {self.host}")
        self.client.get(ELSEWHERE, name="lean elsewhere")


class Fast(FastHttpUser):
    wait_time = constant(0.2)

    @task
    def ask(self) -> None:
        self.client.get("/tests", name=f"given {self.host}")
        self.client.get(ELSEWHERE, name="fast elsewhere")


class Plain(HttpUser):
    wait_time = constant(0.2)

    @task
    def ask(self) -> None:
        self.client.get(ELSEWHERE, name="plain elsewhere")


class Caller(User):
    wait_time = constant(0.2)

    @task
    def call(self) -> None:
        for response in (None, SimpleNamespace(status_code=200), SimpleNamespace(status_code="OK", headers=7)):
            self.environment.events.request.fire(
                request_type="RPC",
                name="call",
                response_time=1.0,
                response_length=None,
                exception=None,
                context={},
                response=response,
            )


class Spike(LoadTestShape):
    def tick(self) -> tuple[int, float] | None:
        return None if self.get_run_time() > 8 else (4, 10)
