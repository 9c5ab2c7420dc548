"""A locustfile as Locust's documentation has it, on FastHttpUser and on ours: only the import is another."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.running_service import ROOT
from tests.support.scripted_server import ScriptedServer, Talk, answer

if TYPE_CHECKING:
    from pathlib import Path

IMPORTS = {"theirs": "from locust import FastHttpUser", "ours": "from lab.client import LeanHttpUser as FastHttpUser"}
# What docs.locust.io shows of FastHttpUser, catch_response, name=, rest and the events, put together.
DOCUMENTED = """
import json, time
import gevent
from locust import TaskSet, between, constant, events, tag, task

class QuickstartUser(FastHttpUser):
    wait_time = constant(0.02)
    default_headers = {"X-Client": "quickstart"}
    connection_timeout = 5.0
    network_timeout = 5.0
    fixed_count = 1

    def on_start(self):
        for step in (self.hello_world, self.view_items, self.validate, self.missing, self.write, self.use_rest):
            step()
        SEEN.add("every step")

    @task
    def hello_world(self):
        self.client.get("/hello")
        self.client.get("/world")

    @task(3)
    def view_items(self):
        for item_id in range(3):
            self.client.get(f"/item?id={item_id}", name="/item")

    @task
    def validate(self):
        with self.client.get("/hello", catch_response=True, name="caught") as response:
            if response.text != "Success":
                response.failure("Got wrong response")
        with self.client.get("/does_not_exist/", catch_response=True, name="forgiven") as response:
            if response.status_code == 404:
                response.success()
        with self.client.rename_request("/blog?id=[id]"):
            self.client.get("/item?id=7")

    @task
    def missing(self):
        self.client.get("/does_not_exist/")

    @task
    def write(self):
        self.client.post("/login", {"username": "foo", "password": "bar"})
        self.client.put("/json", data=json.dumps({"a": 1}), headers={"Content-Type": "application/json"})
        response = self.client.post("/json", json={"foo": 42, "bar": None})
        assert response.json() == {"foo": 42, "bar": None}, response.text
        self.client.delete("/json", auth=("me", "secret"))

    @task
    def use_rest(self):
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

    def on_start(self):
        self.client.post("/login", {"username": "foo"}, name="on_start")

    @task
    class Threads(TaskSet):
        @task
        def read(self):
            self.client.get("/hello", name="thread")
            self.interrupt(reschedule=False)

class Refused(FastHttpUser):
    wait_time = constant(0.05)
    fixed_count = 1
    @task
    def knock(self):
        response = self.client.get("http://127.0.0.1:1/", name="refused")
        assert (response.status_code, response.content, response.text) == (0, None, None)
        assert response.error is not None and not response.headers

@events.quit.add_listener
def tell(environment=None, **_):
    stats = TOLD.stats
    print(json.dumps({
        "requests": sorted({f"{method} {name}" for name, method in stats.entries}),
        "failures": sorted(error.to_name() for error in stats.errors.values()),
        "errors": sorted(ERRORS),
    }))

ERRORS, SEEN = set(), set()

@events.init.add_listener
def remember(environment, **_):
    global TOLD
    TOLD = environment

@events.request.add_listener
def seen(name, **_):
    SEEN.add(name)
    if SEEN >= {"every step", "on_start", "thread", "refused"}:
        gevent.spawn(TOLD.runner.quit)

@events.user_error.add_listener
def error(exception, **_):
    ERRORS.add(repr(exception))
"""


def serve(talk: Talk) -> None:
    while request := talk.request():
        path = request.split(b" ")[1]
        if path.startswith(b"/json"):
            body = request.partition(b"\r\n\r\n")[2] if b"null" in request else b'{"foo": 42, "bar": null}'
            talk.send(answer(body, "200 OK", "Content-Type: application/json"))
        elif path.startswith(b"/does_not"):
            talk.send(answer(b"", "404 Not Found"))
        else:
            talk.send(answer(b"Success", "200 OK", "Content-Type: text/plain"))


def run(folder: Path, imports: str) -> dict[str, Any]:
    (folder / "locustfile.py").write_text(IMPORTS[imports] + "\n" + DOCUMENTED)
    with ScriptedServer(*[serve] * 50) as server:
        command = [sys.executable, "-m", "locust", "--headless", "--skip-log", "--only-summary", "--host", server.url]
        done = subprocess.run(
            [*command, "--users", "3", "--spawn-rate", "100", "--run-time", "30s", "--stop-timeout", "2"],
            cwd=folder,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "locust")},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert imports == "theirs" or server.connections == 2, "one for each user who got there"
        assert all(b"X-Client: quickstart" in one for one in server.requests if b" /item" in one)
    line = next((line for line in done.stdout.splitlines() if line.startswith("{")), None)
    assert line, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(line)
    return told


def test_the_documented_locustfile_runs_with_only_the_import_changed(tmp_path: Path) -> None:
    told = {}
    for imports in IMPORTS:
        folder = tmp_path / imports
        folder.mkdir()
        told[imports] = run(folder, imports)
    theirs, ours = told["theirs"], told["ours"]
    assert ours["requests"] == theirs["requests"]
    assert len(ours["requests"]) > 15
    assert ours["errors"] == theirs["errors"] == []
    # the same failures at the same requests; what the network did has a name of its own here
    assert [one.partition(":")[0] for one in ours["failures"]] == [one.partition(":")[0] for one in theirs["failures"]]
    assert "GET refused: ConnectionRefused" in ours["failures"]
    assert "GET /does_not_exist/: BadStatus 404" in ours["failures"]
    same = ("asserted", "POST /json")
    assert [one for one in ours["failures"] if any(name in one for name in same)] == [
        one for one in theirs["failures"] if any(name in one for name in same)
    ]


@pytest.mark.parametrize("imports", IMPORTS)
def test_a_user_without_a_host_says_so(tmp_path: Path, imports: str) -> None:
    (tmp_path / "locustfile.py").write_text(
        f"{IMPORTS[imports]}\nfrom locust import task\nclass Nowhere(FastHttpUser):\n    @task\n    def t(self): pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "locust", "--headless", "--users", "1", "--run-time", "1s"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "locust")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "--host" in done.stderr
