"""Four buyers a second beside sixteen readers, whatever LOCUST_USERS says."""

from __future__ import annotations

from locust import FastHttpUser, HttpUser, constant, task


class Buyer(HttpUser):
    rate = 4
    weight = 10
    wait_time = constant(60)

    @task
    def buy(self) -> None:
        self.client.get("/tests?limit=2")


class Reader(FastHttpUser):
    rate = 16
    wait_time = constant(60)

    @task
    def read(self) -> None:
        self.client.get("/tests?limit=1")
