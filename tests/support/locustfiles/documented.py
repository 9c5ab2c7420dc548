"""What docs.locust.io shows of FastHttpUser, catch_response, name=, rest and the events, put together.

`http_user` is a module of the test's own, which says whose FastHttpUser this is. In the end what was asked, what failed
and which errors the users made is printed as JSON.
"""

from __future__ import annotations

import json
from typing import Any

import gevent
from http_user import FastHttpUser
from locust import TaskSet, constant, events, tag, task

RUN: dict[str, Any] = {}
ERRORS: set[str] = set()
SEEN: set[str] = set()


class QuickstartUser(FastHttpUser):
    wait_time = constant(0.02)
    default_headers = {"X-Client": "quickstart"}  # noqa: RUF012 - as Locust's documentation has it
    connection_timeout = 5.0
    network_timeout = 5.0
    fixed_count = 1

    def on_start(self) -> None:
        for step in (self.hello_world, self.view_items, self.validate, self.missing, self.write, self.use_rest):
            step()
        SEEN.add("every step")

    @task
    def hello_world(self) -> None:
        self.client.get("/hello")
        self.client.get("/world")

    @tag("items")
    @task(3)
    def view_items(self) -> None:
        for item_id in range(3):
            self.client.get(f"/item?id={item_id}", name="/item")

    @task
    def validate(self) -> None:
        with self.client.get("/hello", catch_response=True, name="caught") as response:
            if response.text != "Success":
                response.failure("Got wrong response")
        with self.client.get("/does_not_exist/", catch_response=True, name="forgiven") as response:
            if response.status_code == 404:
                response.success()
        with self.client.rename_request("/blog?id=[id]"):
            self.client.get("/item?id=7")

    @task
    def missing(self) -> None:
        self.client.get("/does_not_exist/")

    @task
    def write(self) -> None:
        self.client.post("/login", {"username": "foo", "password": "bar"})
        self.client.put("/json", data=json.dumps({"a": 1}), headers={"Content-Type": "application/json"})
        response = self.client.post("/json", json={"foo": 42, "bar": None})
        assert response.json() == {"foo": 42, "bar": None}, response.text
        self.client.delete("/json", auth=("me", "secret"))

    @task
    def use_rest(self) -> None:
        with self.rest("POST", "/json", json={"foo": 1}) as response:
            if response.js is None:
                pass
            elif "foo" not in response.js:
                response.failure(f"'foo' missing from response {response.text}")
            elif response.js["foo"] != 42:
                response.failure("Unexpected value of foo")
        with self.rest("GET", "/hello", name="no json") as response:
            pass
        with self.rest("GET", "/json", name="asserted") as response:
            assert response.js["bar"] == 1, "Unexpected value of bar in response"
        with self.rest("GET", "/json", name="raised") as response:
            response.js["no such key"]
        with self.rest_("GET", "/json?x=1") as response:
            assert response.js["foo"] == 42


class Forum(FastHttpUser):
    wait_time = constant(0.02)
    fixed_count = 1

    def on_start(self) -> None:
        self.client.post("/login", {"username": "foo"}, name="on_start")

    @task
    class Threads(TaskSet):
        @task
        def read(self) -> None:
            self.client.get("/hello", name="thread")
            self.interrupt(reschedule=False)


class Refused(FastHttpUser):
    wait_time = constant(0.05)
    fixed_count = 1

    @task
    def knock(self) -> None:
        response = self.client.get("http://127.0.0.1:1/", name="refused")
        assert (response.status_code, response.content, response.text) == (0, None, None)
        assert response.error is not None
        assert not response.headers


@events.init.add_listener
def remember(environment: Any, **_: Any) -> None:
    RUN["environment"] = environment


@events.request.add_listener
def seen(name: str, **_: Any) -> None:
    SEEN.add(name)
    if {"every step", "on_start", "thread", "refused"} <= SEEN:
        gevent.spawn(RUN["environment"].runner.quit)


@events.user_error.add_listener
def error(exception: Exception, **_: Any) -> None:
    ERRORS.add(repr(exception))


@events.quit.add_listener
def report(**_: Any) -> None:
    stats = RUN["environment"].stats
    requests = sorted({f"{method} {name}" for name, method in stats.entries})
    failures = sorted(failure.to_name() for failure in stats.errors.values())
    print(json.dumps({"requests": requests, "failures": failures, "errors": sorted(ERRORS)}))
