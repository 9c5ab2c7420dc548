"""Buyers and readers with journeys and figures of their own, in three clients."""

from __future__ import annotations

from locust import FastHttpUser, HttpUser, constant, task

from lab.arrivals.visitor import Visitor
from lab.client import LeanHttpUser
from lab.journeys import Journeys, journey, measure


class Buyer(Visitor, LeanHttpUser):
    """Two requests and a figure on one journey."""

    @task
    def buy(self) -> None:
        with self.journey("checkout"):
            answer = self.client.get("/tests")
            self.client.get("/tests?limit=2")
        self.measure("items", len(answer.json()))


class Reader(Journeys, HttpUser):
    """A journey that always fails, because a request inside does; what fails is accepted by a limit of its own."""

    wait_time = constant(0.1)

    @task
    def read(self) -> None:
        with self.journey("lost"):
            self.client.get("/nowhere", name="/nowhere")


class Looker(FastHttpUser):
    """Knows the two as functions alone."""

    wait_time = constant(0.1)

    @task
    def look(self) -> None:
        with journey("look"):
            self.client.get("/tests?limit=1")
        measure("looks", 1)
