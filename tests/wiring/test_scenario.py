"""A locustfile of a stranger's own, unchanged, is measured and judged as users.py is, and nothing of it is dropped."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab.results import kept
from tests.support.programs import LOCUSTFILES
from tests.support.running_service import ROOT, RunningService
from tests.support.swarm import LOCUST, Swarm, plan

Start = Callable[..., Swarm]


def scenario(name: str, plan_name: str = "steady", **knobs: str) -> dict[str, str]:
    known = {"LAB_RUN_TIME": "5s", "LOCUST_USERS": "4", "LAB_SCENARIO": str(LOCUSTFILES / f"{name}.py")}
    return plan(plan_name, **{**known, **knobs})


def test_work_left_undone_is_a_failure_and_the_verdict_has_the_last_word(swarm: Start, target: RunningService) -> None:
    running = swarm(target.url, 2, **scenario("stranger"))
    assert running.await_exit() == 3, running.log()
    verdict = running.verdict
    assert set(verdict["endpoints"]) == {"GET /tests", "GET /tests?limit=[id]"}
    died = verdict["exceptions"]
    assert set(died) == {"Steady.buy: KeyError: 'total of 200'", "Smoke.on_stop: ValueError: no way out"}
    assert died["Smoke.on_stop: ValueError: no way out"] == 2
    evidence = kept.evidence(running.results / "latest")
    whole = [step.endpoints["TASK Steady.buy"].died for step in evidence.steps]
    assert sum(whole) == died["Steady.buy: KeyError: 'total of 200'"] > 10
    assert "exceptions<=0" in verdict["sentence"]
    assert "asked for exit code 0: it stays 3" in running.log()
    assert running.last_line().startswith("FAIL: ")
    assert_kept(json.loads((running.results / "latest" / "exchanges.json").read_text())["exchanges"])


def assert_kept(exchanges: list[dict[str, Any]]) -> None:
    died_in = {each["endpoint"] for each in exchanges if "answer.status_code" in each["trace"]}
    slowest = {each["endpoint"]: each["answer"]["line"] for each in exchanges if each["kept_as"] == "slowest"}
    assert died_in == {"TASK Steady.buy"}
    assert slowest == {"GET /tests": "200 OK", "GET /tests?limit=[id]": "200 OK"}


def test_hosts_plans_and_clients_of_its_own_are_kept_and_no_other_host_is_asked(
    swarm: Start, target: RunningService
) -> None:
    own_host = target.url.replace("127.0.0.1", "localhost")
    running = swarm(target.url, 1, **scenario("elsewhere", "ownspike", OWN_HOST=own_host, LAB_LIMITS="fail<=99%"))
    assert running.await_exit() == 0, running.log()
    verdict = running.verdict
    assert (verdict["plan"], verdict["double_entry"]) == ("ownspike", None)
    assert set(verdict["target"].split()) == {own_host, target.url}
    failed = {name: figures["failed"] == figures["requests"] for name, figures in verdict["endpoints"].items()}
    assert failed == {
        f"GET own {own_host}": False,
        f"GET given {target.url}": False,
        "GET lean elsewhere": True,
        "GET fast elsewhere": True,
        "GET plain elsewhere": True,
        "RPC call": False,
    }
    assert all("HostRefused: 0x7f000001 is not allowed as a target" in message for message in verdict["failures"])
    assert verdict["endpoints"]["RPC call"]["requests"] % 3 == 0


def test_open_arrivals_are_open_whatever_the_class(swarm: Start, target: RunningService) -> None:
    running = swarm(target.url, 1, **scenario("waiting", LAB_ARRIVALS="open", LAB_LIMITS="p95<=10s fail<=100%"))
    assert running.await_exit() == 0, running.log()
    verdict = running.verdict
    assert verdict["arrivals"] == "open"
    assert list(verdict["endpoints"]) == ["GET /tests/[id]"]
    # four a second in five seconds; closed, there would be four in all, and none of them measured
    assert verdict["measured"]["requests"] > 8


def test_a_scenario_that_asks_for_nothing_is_said_to_and_soon(swarm: Start, target: RunningService) -> None:
    began = time.monotonic()
    running = swarm(target.url, 1, **scenario("silent", LAB_RUN_TIME="10m"))
    assert running.await_exit() == 2, running.log()
    assert time.monotonic() - began < 60
    assert running.verdict["sentence"].startswith("INVALID: no user asked for anything: ")


def test_a_run_that_the_scenario_ends_says_so(swarm: Start, target: RunningService) -> None:
    running = swarm(target.url, 2, **scenario("quitting", LAB_RUN_TIME="10m"))
    assert running.await_exit() == 5, running.log()
    assert "by the scenario itself, which called runner.quit()" in running.verdict["sentence"]


@pytest.mark.parametrize("role", ["--master", "--worker"])
@pytest.mark.parametrize(
    ("text", "says"),
    [("", "has no class of users"), ("import nowhere_to_be_found", "No module named 'nowhere_to_be_found'")],
)
def test_a_scenario_that_cannot_start_ends_with_its_reason(role: str, text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "shop.py"
    file.write_text(text)
    environ = {"PATH": "/usr/bin:/bin", "LAB_SCENARIO": str(file)}
    ended = subprocess.run(
        [*LOCUST, role], cwd=ROOT / "locust", env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, says in ended.stderr) == (2, True), ended.stderr


@pytest.mark.parametrize(
    ("event", "code", "says"), [("test_start", 1, "NO VERDICT: the scenario ended"), ("quit", 3, "FAIL: ")]
)
def test_a_scenario_that_ends_the_master_by_itself_does_not_choose_the_exit_code(
    swarm: Start, target: RunningService, event: str, code: int, says: str
) -> None:
    running = swarm(target.url, 1, **scenario("leaves", LAB_RUN_TIME="3s", LEAVES_AT=event))
    assert running.master.wait(60) == code, running.log()
    assert says in running.log()


def test_a_scenario_that_replaces_the_clocks_does_not_start(swarm: Start, target: RunningService) -> None:
    running = swarm(target.url, 1, **scenario("timeless"))
    assert running.await_exit() == 2
    assert "the scenario has replaced a clock of Python's" in running.log()
