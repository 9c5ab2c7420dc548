"""The lab over IPv6 alone: workers find their master at [::1], and load a service that listens there."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.support.running_service import ROOT, free_port, wait_until
from tests.support.swarm import Process, Swarm, plan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOST = "[::1]"
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


def has_ipv6() -> bool:
    """Whether this machine has IPv6 on loopback."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.fixture
def target(tmp_path: Path) -> Iterator[str]:
    """The URL of a service that listens on IPv6 alone."""
    if not has_ipv6():
        pytest.skip("this machine has no IPv6 on loopback")
    bind = f"{HOST}:{free_port()}"
    own = {"API_BIND": bind, "API_DATABASE_URL": f"sqlite:///{tmp_path}/lab.db", "API_ALLOW_RESET": "true"}
    command = [sys.executable, "-m", "gunicorn", "-c", "api/gunicorn.conf.py"]
    with (tmp_path / "gunicorn.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | own, stdout=log, stderr=log)

    def answers() -> bool:
        try:
            with urllib.request.urlopen(f"http://{bind}/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    try:
        wait_until(answers, 30, f"the service at {bind}")
        yield f"http://{bind}"
    finally:
        process.terminate()
        process.wait(20)


def health_of(service: str, port: str, own_port: int) -> int:
    """What the health check of docker-compose.yml ends with here, where the master has a port of its own."""
    code = SERVICES[service]["healthcheck"]["test"][-1]
    assert port in code
    command = [sys.executable, "-ISc", code.replace(port, f"{own_port:04X}")]
    return subprocess.run(command, capture_output=True, check=False, timeout=20).returncode


@pytest.mark.alone
def test_a_run_over_ipv6_alone_passes_and_its_workers_are_well(target: str, tmp_path: Path) -> None:
    knobs = plan("steady", LAB_RUN_TIME="5s", LAB_WORKERS="2", LOCUST_USERS="10", LAB_THINK_TIME="0.5s-1s")
    running = Swarm(tmp_path, target, knobs, master=Process(host=HOST))
    try:
        assert health_of("worker", "15B5", running.port) == 1, "nobody is connected yet"
        running.add_workers(2, Process(host=HOST))
        running.await_workers(2)
        assert health_of("worker", "15B5", running.port) == 0
        assert running.await_exit() == 0, running.log()
    finally:
        running.end()
    verdict = running.verdict
    assert (verdict["verdict"], verdict["target"]) == ("PASS", target)
    assert [replica["name"] for replica in verdict["replicas"]], "its metrics are read over IPv6 as well"
    assert verdict["generator"]["workers"] == 2


def test_a_run_waits_for_the_workers_it_was_told_of_and_says_how_many_are_missing(target: str, tmp_path: Path) -> None:
    running = Swarm(tmp_path, target, plan("smoke", LAB_WORKERS="3", LAB_WORKERS_WAIT="4s"))
    try:
        running.add_workers(1)
        assert running.await_exit() == 1, running.log()
    finally:
        running.end()
    assert "1 of LAB_WORKERS=3 connected within 4 s" in running.last_line()
