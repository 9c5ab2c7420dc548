"""A run at whose ports somebody without the swarm's secret tries everything is the run that it was, and says so."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.support.attacker import HALF_REQUESTS, RAW_SOCKETS
from tests.support.running_service import PATIENT, ROOT, wait_until
from tests.support.swarm import Process

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.running_service import RunningService
    from tests.support.swarm import Swarm

pytestmark = pytest.mark.alone
MOST_GROWTH = 50_000_000
SHARE = float(os.environ.get("ATTACK_SHARE", "0.2"))
"""Of the whole attack; all of it takes a minute (`make long-attack`)."""


def test_an_attack_on_the_masters_ports_changes_nothing(swarm: Callable[..., Swarm], target: RunningService) -> None:
    running = swarm(target.url, 2, LAB_LIMITS=PATIENT)
    running.await_workers(2)
    running.post("/swarm", user_count=10, spawn_rate=50)
    running.await_users(10)
    master = psutil.Process(running.master.pid)
    before = most = master.memory_info().rss
    command = ["nice", "-n", "19", sys.executable, "-m", "tests.support.attacker", str(running.port), str(running.ui)]
    command.append(str(SHARE))
    with subprocess.Popen(command, cwd=ROOT, env=_importing(), stdout=subprocess.PIPE, text=True) as attack:
        while attack.poll() is None:
            most = max(most, master.memory_info().rss)
            time.sleep(0.1)
        assert attack.stdout
        raw, half = map(int, attack.stdout.read().split())
    assert raw > 0.9 * SHARE * RAW_SOCKETS
    assert half > 0.9 * SHARE * HALF_REQUESTS, "the attack was made"
    assert most - before < MOST_GROWTH, f"{(most - before) / 1e6:.0f} MB more; {running.log()}"
    running.post("/stop")
    verdict = running.verdict
    assert verdict["verdict"] == "PASS", verdict["sentence"]
    assert verdict["complete"], "what came ends no run"
    assert verdict["generator"]["workers"] == 2
    assert verdict["double_entry"]["agree"], verdict["double_entry"]
    (loss,) = verdict["generator"]["losses"]
    assert loss.startswith("Connections without the swarm's secret were refused ("), loss


def test_a_worker_with_another_secret_is_refused_and_both_say_why(
    swarm: Callable[..., Swarm], target: RunningService
) -> None:
    running = swarm(target.url, 1)
    running.await_workers(1)
    running.add_workers(1, Process(environ={"LAB_SWARM_SECRET": "the secret of somebody else"}))
    log = running.results.parent / "worker-1.log"
    wait_until(lambda: "does not listen to this worker" in log.read_text(), 30, "the worker's word")
    assert "same LAB_SWARM_SECRET" in log.read_text()
    wait_until(lambda: "without the swarm's secret were refused" in running.log(), 10, "the master's word")
    assert running.worker_count() == 1


def _importing() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{ROOT / 'locust'}:{ROOT}", "LOCUST_SKIP_MONKEY_PATCH": "1"}
