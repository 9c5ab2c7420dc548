"""Users who wait for ever between two tasks: closed, each asks once."""

from __future__ import annotations

from locust import HttpUser, constant, task


class Waiting(HttpUser):
    wait_time = constant(1000)

    @task
    def ask(self) -> None:
        self.client.get("/tests/1")
