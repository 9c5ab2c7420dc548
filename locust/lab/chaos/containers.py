"""Faults done to containers of this Compose project, and to no others, through the engine's socket.

Five calls of the Engine API, spelled out over the standard library: who holds the socket owns the machine, so what can
be asked of it here is in one short list. The API is not pinned to a version: these calls are the same in all.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from lab.chaos.hands import ChaosError
from lab.faults.fault import KILL, PAUSE, STOP

SOCKET = "/var/run/docker.sock"
PROJECT, SERVICE, NUMBER, ONE_OFF = (
    f"com.docker.compose.{name}" for name in ("project", "service", "container-number", "oneoff")
)
NEVER = ("master", "chaos")
STOPS_WITHIN_SECONDS = 10
ENDS_WITHIN_SECONDS = 10.0
ANSWERS_WITHIN_SECONDS = 20.0
BEGIN = {KILL: "kill?signal=KILL", PAUSE: "pause", STOP: f"stop?t={STOPS_WITHIN_SECONDS}"}
END = {KILL: "start", PAUSE: "unpause", STOP: "start"}


class _Connection(http.client.HTTPConnection):
    """HTTP over the engine's socket."""

    def __init__(self, path: str) -> None:
        super().__init__("engine", timeout=ANSWERS_WITHIN_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Containers:
    """The containers of the project that `own`, this program's own container, belongs to."""

    def __init__(self, own: str, path: str = SOCKET) -> None:
        """Raises ChaosError where the engine does not answer, or the container is of no project."""
        self._path = path
        labels = self._labels(own)
        if not labels.get(PROJECT):
            raise ChaosError(f"{own} is no container of a Compose project")
        self.project = labels[PROJECT]

    async def services(self) -> list[str]:
        """The running services, and each of their containers as service-number."""
        found = await asyncio.to_thread(self._running)
        return sorted({name for labels in found.values() for name in _names(labels)})

    async def begin(self, verb: str, service: str) -> list[str]:
        """Does it to all running containers of that name, and returns their ids when they are as they shall be."""
        found = await asyncio.to_thread(self._running)
        chosen = [container for container, labels in found.items() if service in _names(labels)]
        if not chosen:
            raise ChaosError(f"no container of {service} runs in project {self.project}")
        await asyncio.gather(*(asyncio.to_thread(self._do, container, BEGIN[verb]) for container in chosen))
        if verb != PAUSE:
            await asyncio.gather(*(asyncio.to_thread(self._await_running, container, False) for container in chosen))
        return [container[:12] for container in chosen]

    async def end(self, verb: str, parts: list[str]) -> None:
        """Starts what was killed or stopped, and lets go on what was paused."""
        await asyncio.gather(*(asyncio.to_thread(self._do, container, END[verb]) for container in parts))
        if verb != PAUSE:
            await asyncio.gather(*(asyncio.to_thread(self._await_running, container, True) for container in parts))

    def _do(self, container: str, action: str) -> None:
        """Does one thing to one container, once it is seen to belong to this project and to be no part of the lab."""
        labels = self._labels(container)
        if labels.get(PROJECT) != self.project or labels.get(SERVICE) in NEVER:
            raise ChaosError(f"container {container[:12]} is none that a fault may be done to")
        self._ask("POST", f"/containers/{container}/{action}", (204, 304))

    def _await_running(self, container: str, wanted: bool) -> None:
        deadline = time.monotonic() + ENDS_WITHIN_SECONDS
        while self._inspect(container)["State"]["Running"] is not wanted:
            if time.monotonic() > deadline:
                raise ChaosError(f"container {container[:12]} is {'not ' * wanted}running still")
            time.sleep(0.02)

    def _running(self) -> dict[str, Mapping[str, str]]:
        """The labels of each running container of the project that faults can be done to."""
        filters = json.dumps({"label": [f"{PROJECT}={self.project}"], "status": ["running"]})
        found = self._ask("GET", f"/containers/json?{urlencode({'filters': filters})}", (200,))
        return {
            one["Id"]: one["Labels"]
            for one in found
            if one["Labels"].get(PROJECT) == self.project
            and one["Labels"].get(SERVICE) not in NEVER
            and one["Labels"].get(ONE_OFF, "False") == "False"
        }

    def _labels(self, container: str) -> dict[str, str]:
        return self._inspect(container)["Config"]["Labels"] or {}

    def _inspect(self, container: str) -> Any:
        return self._ask("GET", f"/containers/{container}/json", (200,))

    def _ask(self, method: str, path: str, wanted: Sequence[int]) -> Any:
        connection = _Connection(self._path)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise ChaosError(f"the engine does not answer at {self._path}: {error}") from error
        finally:
            connection.close()
        try:
            document = json.loads(text) if text else None
        except ValueError:
            document = None
        if answer.status not in wanted:
            said = document.get("message") if isinstance(document, dict) else None
            raise ChaosError(
                f"the engine refused {method} {path.partition('?')[0]}: {answer.status} {said or ''}".rstrip()
            )
        return document


def _names(labels: Mapping[str, str]) -> list[str]:
    """What a container is called in a fault: its service, or its service with its number."""
    return [labels[SERVICE], f"{labels[SERVICE]}-{labels.get(NUMBER, '1')}"]
