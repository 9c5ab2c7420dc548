"""Engines of several machines, joined to one Docker Swarm by whoever runs the tests, and the lab's stack on them.

LAB_NODES names them: a DOCKER_HOST each, apart by spaces, the manager first. LAB_NODES_CUT, LAB_NODES_HEAL and
LAB_NODES_KILL are commands that take a node off its network, put it back, and kill its engine; each is called with the
node's number, from 1 on.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.running_service import wait_until
from tests.support.stack import KNOBS, PARTS, ROOT, needs_engine

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLES = ("LAB_NODES", "LAB_NODES_CUT", "LAB_NODES_HEAL", "LAB_NODES_KILL")
PROJECT = "labnodes"
IMAGES = (f"{PROJECT}-api", f"{PROJECT}-locust")
ASKS_EVERY_SECONDS = 1.5
ASK = """
import sys, urllib.request
asked = urllib.request.Request("http://swarm-master:8089/stats/requests", headers={"Host": "localhost:8089"})
print(urllib.request.urlopen(asked, timeout=5).read().decode())
"""


@dataclass(frozen=True)
class Node:
    """An engine: its number from 1 on, its address, and its id in the Swarm."""

    number: int
    host: str
    id: str

    def docker(self, *words: str, seconds: float = 60) -> str:
        """What a docker command prints there; fails the test with its error output when it fails."""
        done = subprocess.run(
            ["docker", "--host", self.host, *words], capture_output=True, text=True, check=False, timeout=seconds
        )
        assert done.returncode == 0, f"docker {' '.join(words)} on node {self.number}: {done.stderr}"
        return done.stdout.strip()

    def containers(self, service: str) -> list[str]:
        """Running containers of a service of the stack there."""
        label = f"label=com.docker.swarm.service.name={PROJECT}_{service}"
        return self.docker("ps", "--quiet", "--filter", label).split()


class Nodes:
    """All of them, the manager first, and what takes one away."""

    def __init__(self, hosts: list[str]) -> None:
        info = "{{.Swarm.NodeID}}"
        self.all = [
            Node(number, host, Node(number, host, "").docker("info", "--format", info))
            for number, host in enumerate(hosts, 1)
        ]
        self.manager = self.all[0]
        self._commands = {name: shlex.split(os.environ[name]) for name in VARIABLES[1:]}

    def load_images(self) -> None:
        """Builds the images in the engine of this machine, and hands them to each node."""
        environment = os.environ | {"COMPOSE_PROJECT_NAME": PROJECT}
        subprocess.run(["docker", "compose", "build", "--quiet"], cwd=ROOT, env=environment, check=True, timeout=280)
        with tempfile.NamedTemporaryFile() as packed:
            subprocess.run(["docker", "save", "--output", packed.name, *IMAGES], check=True, timeout=120)
            for node in self.all:
                node.docker("load", "--quiet", "--input", packed.name, seconds=180)

    def label(self, node: Node, role: str, *, on: bool = True) -> None:
        """Says what a node is for, or that it is not for that any more."""
        change = ["--label-add", f"lab.{role}=true"] if on else ["--label-rm", f"lab.{role}"]
        self.manager.docker("node", "update", *change, node.id)

    def drain(self, node: Node, *, on: bool = True) -> None:
        """Moves all tasks away from a node, or lets them come again."""
        self.manager.docker("node", "update", "--availability", "drain" if on else "active", node.id)

    def is_ready(self, node: Node) -> bool:
        """Whether the manager hears of the node."""
        return self.manager.docker("node", "inspect", "--format", "{{.Status.State}}", node.id) == "ready"

    def cut(self, node: Node) -> None:
        """Takes a node off its network."""
        self._call("LAB_NODES_CUT", node)

    def heal(self, node: Node) -> None:
        """Puts it back."""
        self._call("LAB_NODES_HEAL", node)

    def kill(self, node: Node) -> None:
        """Kills its engine."""
        self._call("LAB_NODES_KILL", node)

    def _call(self, name: str, node: Node) -> None:
        subprocess.run([*self._commands[name], str(node.number)], cwd=ROOT, check=True, timeout=30)

    def left(self) -> dict[int, str]:
        """What is left of the stack on each node that answers: containers, networks, services, secrets."""
        label = f"label=com.docker.stack.namespace={PROJECT}"
        found = {}
        for node in self.all:
            kinds = [("ps", "--all"), ("network", "ls")]
            kinds += [("service", "ls"), ("secret", "ls")] if node is self.manager else []
            with suppress(AssertionError):  # a node whose engine was killed
                found[node.number] = " ".join(
                    node.docker(*kind, "--quiet", "--filter", label) for kind in kinds
                ).strip()
        return {number: text for number, text in found.items() if text}


class Run:
    """A run of the stack: `deploy/swarm/run` in a folder of its own, as a person would start it."""

    def __init__(self, nodes: Nodes, folder: Path, workers: int, **knobs: str) -> None:
        self.nodes, self.folder = nodes, folder
        for part in PARTS:
            (folder / part).symlink_to(ROOT / part)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(KNOBS)}
        own = {"COMPOSE_PROJECT_NAME": PROJECT, "DOCKER_HOST": nodes.manager.host, "LAB_NEIGHBOURS": "accept", **knobs}
        command = [str(folder / "deploy" / "swarm" / "run"), "--no-build", "--scale", f"worker={workers}"]
        self._printed = folder / "printed"
        with self._printed.open("wb") as printed:
            self.process = subprocess.Popen(command, cwd=folder, env=inherited | own, stdout=printed, stderr=printed)

    @property
    def printed(self) -> str:
        """All that it has said."""
        return self._printed.read_text()

    def stats(self) -> dict[str, Any]:
        """What the UI says of the moment; empty where it says nothing."""
        # asking costs a Python in the master's container each time: too often, and it is what the run is short of
        time.sleep(ASKS_EVERY_SECONDS)
        masters = self.nodes.manager.containers("master")
        try:
            read: dict[str, Any] = json.loads(self.nodes.manager.docker("exec", *masters, "python", "-c", ASK))
        except (AssertionError, json.JSONDecodeError):
            return {}
        return read

    def workers(self) -> int:
        """How many workers are connected and have users."""
        return len([worker for worker in self.stats().get("workers", []) if worker["state"] == "running"])

    def await_users(self, users: int, workers: int | None, seconds: float) -> float:
        """Waits until so many users are on so many workers; how long that took, in seconds."""
        began = time.monotonic()

        def there() -> bool:
            assert self.process.poll() is None, self.printed
            running = [worker for worker in self.stats().get("workers", []) if worker["state"] == "running"]
            shared = sum(worker["user_count"] for worker in running) == users
            return shared and workers in (None, len(running))

        wait_until(there, seconds, f"{users} users on {workers or 'all'} workers; {self.printed}")
        return time.monotonic() - began

    def await_exit(self, seconds: float) -> int:
        """The exit code where the command was given."""
        return self.process.wait(seconds)

    @property
    def results(self) -> Path:
        """Where its results came to."""
        return self.folder / "results"

    @property
    def verdict(self) -> dict[str, Any]:
        """Its verdict.json."""
        read: dict[str, Any] = json.loads((self.results / "latest" / "verdict.json").read_text())
        return read

    def end(self) -> None:
        """Ends it, and removes the stack and its volumes."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(20)
        manager = self.nodes.manager
        with suppress(AssertionError):
            manager.docker("stack", "rm", PROJECT)
        with suppress(pytest.fail.Exception):
            wait_until(lambda: not self.nodes.left(), 40, "the stack is gone")
        for node in self.nodes.all:
            with suppress(AssertionError):
                names = node.docker("volume", "ls", "--quiet", "--filter", f"name={PROJECT}_").split()
                if names:
                    node.docker("volume", "rm", *names)


def nodes_of_environment() -> Iterator[Nodes]:
    """The nodes with the images, each with what it is for: workers on the first two, the service on the third."""
    if missing := [name for name in VARIABLES if not os.environ.get(name)]:
        pytest.skip(f"needs three engines in one Swarm: {', '.join(missing)} not set (tests/support/nodes.py)")
    needs_engine()
    nodes = Nodes(os.environ["LAB_NODES"].split())
    assert len(nodes.all) == 3, "LAB_NODES: takes three"
    nodes.load_images()
    for node, role in zip(nodes.all, ("swarm", "swarm", "target"), strict=True):
        nodes.label(node, role)
    yield nodes
