"""Users of all three clients, who ask for something quick, something slow and something that fails."""

from __future__ import annotations

from typing import Any

from locust import FastHttpUser, HttpUser, constant

from lab.client import LeanHttpUser


def ask(user: Any) -> None:
    for path in ("/quick", "/slow", "/bad"):
        user.client.get(path, headers={"X-Class": type(user).__name__})


def ask_with_an_id_of_its_own(user: Any) -> None:
    user.client.get("/own", headers={"Traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})


TASKS: list[Any] = [ask, ask_with_an_id_of_its_own]


class Lean(LeanHttpUser):
    wait_time = constant(0.1)
    tasks = TASKS


class Fast(FastHttpUser):
    wait_time = constant(0.1)
    tasks = TASKS


class Plain(HttpUser):
    wait_time = constant(0.1)
    tasks = TASKS
