"""Faults to containers act on those of this Compose project alone: held against a stand-in of the engine."""

from __future__ import annotations

import asyncio
import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from lab.chaos.containers import Containers
from lab.chaos.hands import ChaosError

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"


def container(project: str, service: str, number: int, **labels: str) -> dict[str, Any]:
    named = {PROJECT: project, SERVICE: service, "com.docker.compose.container-number": str(number), **labels}
    return {"Id": f"{project}-{service}-{number}".ljust(64, "0"), "Labels": named}


class Engine(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Knows some containers, and notes what is done to them. It forgets its filters: the helper must look itself."""

    daemon_threads = True

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), Talking)
        self.containers = [
            container("lab", "api", 1),
            container("lab", "api", 2),
            container("lab", "master", 1),
            container("lab", "chaos", 1),
            container("lab", "api", 9, **{"com.docker.compose.oneoff": "True"}),
            container("other", "api", 1),
            {"Id": "stranger".ljust(64, "0"), "Labels": {}},
        ]
        self.done: list[str] = []
        self.refuses = False
        self.moves: dict[str, str] = {}  # containers that have another project once they are looked at


class Talking(BaseHTTPRequestHandler):
    server: Any

    def address_string(self) -> str:
        return "master"

    def log_message(self, *_: object) -> None: ...

    def _say(self, status: int, document: object = None) -> None:
        body = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        if self.path.startswith("/containers/json"):
            return self._say(200, self.server.containers)
        name = self.path.split("/")[2]
        for one in self.server.containers:
            if one["Id"].startswith(name):
                labels = dict(one["Labels"])
                labels.update({PROJECT: self.server.moves[one["Id"]]} if one["Id"] in self.server.moves else {})
                verbs = [each.split()[1] for each in self.server.done if each.startswith(one["Id"].rstrip("0"))]
                runs = not verbs or verbs[-1] not in ("kill", "stop")
                return self._say(200, {"Config": {"Labels": labels}, "State": {"Running": runs}})
        return self._say(404, {"message": f"No such container: {name}"})

    def do_POST(self) -> None:
        _, _, name, action = self.path.split("/")
        if self.server.refuses:
            return self._say(409, {"message": "it is not possible now"})
        self.server.done.append(f"{name.rstrip('0')} {action.partition('?')[0]}")
        return self._say(204)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(tmp_path / "engine.sock") as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def hands(engine: Engine) -> Containers:
    return Containers("lab-chaos-1", str(engine.server_address))


def test_the_services_of_this_project_are_known_without_the_labs_own(hands: Containers) -> None:
    assert hands.project == "lab"
    assert asyncio.run(hands.services()) == ["api", "api-1", "api-2"]


@pytest.mark.parametrize(("verb", "undone"), [("kill", "start"), ("stop", "start"), ("pause", "unpause")])
def test_a_fault_is_done_to_all_replicas_of_this_project_and_undone(
    engine: Engine, hands: Containers, verb: str, undone: str
) -> None:
    parts = asyncio.run(hands.begin(verb, "api"))
    assert sorted(engine.done) == [f"lab-api-1 {verb}", f"lab-api-2 {verb}"]
    engine.done.clear()
    asyncio.run(hands.end(verb, [part.rstrip("0") for part in parts]))
    assert sorted(engine.done) == [f"lab-api-1 {undone}", f"lab-api-2 {undone}"]


def test_one_replica_can_be_named(engine: Engine, hands: Containers) -> None:
    asyncio.run(hands.begin("kill", "api-2"))
    assert engine.done == ["lab-api-2 kill"]


@pytest.mark.parametrize("service", ["master", "chaos", "postgres", "api-9", "api-3", ""])
def test_whatever_else_is_asked_for_is_not_touched(engine: Engine, hands: Containers, service: str) -> None:
    with pytest.raises(ChaosError, match=f"no container of {service} runs in project lab"):
        asyncio.run(hands.begin("kill", service))
    assert engine.done == []


def test_the_project_is_looked_at_again_before_each_action(engine: Engine, hands: Containers) -> None:
    engine.moves["lab-api-1".ljust(64, "0")] = "other"
    with pytest.raises(ChaosError, match="none that a fault may be done to"):
        asyncio.run(hands.begin("kill", "api-1"))
    assert engine.done == []


def test_what_the_engine_refuses_is_said_with_its_words(engine: Engine, hands: Containers) -> None:
    engine.refuses = True
    with pytest.raises(ChaosError, match=r"the engine refused POST /containers/lab-api-1.* 409 it is not possible now"):
        asyncio.run(hands.begin("pause", "api-1"))


def test_outside_of_a_project_it_does_not_start(engine: Engine) -> None:
    with pytest.raises(ChaosError, match="stranger is no container of a Compose project"):
        Containers("stranger", str(engine.server_address))
    with pytest.raises(ChaosError, match="404 No such container"):
        Containers("nobody", str(engine.server_address))
