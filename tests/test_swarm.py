"""The swarm as a whole, on loopback: a real master, real workers and the real service."""

from __future__ import annotations

import contextlib
import csv
import http.server
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import ROOT
from tests.swarm import plan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import RunningService
    from tests.swarm import Swarm

COMPLETE = {
    "environment.json",
    "ledger.json",
    "locust.html",
    "locust_exceptions.csv",
    "locust_failures.csv",
    "locust_stats.csv",
    "locust_stats_history.csv",
    "report.html",
    "replicas.csv",
    "samples.csv",
    "service.json",
    "steps.csv",
    "steps.json",
    "verdict.json",
}


def assert_complete(folder: Path, *missing: str) -> None:
    assert {path.name for path in folder.iterdir()} == COMPLETE - set(missing)
    assert all(path.stat().st_size for path in folder.iterdir())


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_plan_runs_by_itself_and_ends_with_its_verdict(swarm: Callable[..., Swarm], target: RunningService) -> None:
    running = swarm(target.url, **plan("steady", LAB_RUN_TIME="4s", LOCUST_USERS="8", LAB_READ_BACK="50%"))
    assert running.await_exit() == 0, running.log()
    verdict = running.verdict
    assert running.last_line().startswith("PASS: steady kept all its limits with 8 users")
    assert verdict["sentence"] in running.last_line()
    assert (verdict["complete"], verdict["generator"]["losses"], verdict["failures"]) == (True, [], {})
    assert set(verdict["endpoints"]) == {"GET /tests", "POST /tests", "GET /tests/[id]"}
    written = verdict["ledger"]
    assert written["sent"] == written["acknowledged"] == written["found"] == len(target.names()) - 1 > 0
    assert written["read_back"] > written["stale"] == written["lost"] == written["doubled"] == 0
    assert 4 <= verdict["measured"]["seconds"] <= 6
    assert_complete(running.results / "latest")
    assert (running.results / "latest").resolve().name.endswith("Z-steady")
    assert "Traceback" not in running.log()


def test_what_the_swarm_counts_is_what_the_service_counts(swarm: Callable[..., Swarm], target: RunningService) -> None:
    """Every answer is counted, those in flight at the end too: the service has what Locust's table says."""
    running = swarm(target.url, **plan("steady", LAB_RUN_TIME="3s", LOCUST_USERS="10"))
    assert running.await_exit() == 0, running.log()
    table = {row["Type"]: row for row in rows(running.results / "latest" / "locust_stats.csv")}
    assert len(target.names()) - 1 == int(table["POST"]["Request Count"])
    samples = rows(running.results / "latest" / "samples.csv")
    assert sum(int(row["requests"]) for row in samples) == int(table[""]["Request Count"])
    measured = sum(int(row["requests"]) for row in samples if row["step"])
    assert measured == running.verdict["measured"]["requests"]


def test_the_first_state_is_back_before_each_run(swarm: Callable[..., Swarm], target: RunningService) -> None:
    target.add("left over by somebody")
    running = swarm(target.url, **plan("smoke", LAB_RUN_TIME="1s"))
    assert running.await_exit() == 0, running.log()
    assert target.names()[0] == "unit testing"
    assert "left over by somebody" not in target.names()


def test_a_broken_limit_ends_in_3_and_says_which_and_where(swarm: Callable[..., Swarm], target: RunningService) -> None:
    running = swarm(target.url, **plan("smoke", LAB_RUN_TIME="2s", LAB_LIMITS="p95<=1us fail<=1%"))
    assert running.await_exit() == 3
    assert running.last_line().startswith("FAIL: p95 was ")
    assert "where p95<=1us is accepted" in running.last_line()
    assert "worst at " in running.last_line()


def test_a_dead_target_ends_in_1_and_says_so(swarm: Callable[..., Swarm]) -> None:
    running = swarm("http://127.0.0.1:1", **plan("smoke", LAB_TARGET_WAIT="1s"))
    assert running.await_exit(30) == 1
    assert "the target http://127.0.0.1:1 cannot be reached: Connection refused" in running.last_line()
    assert not running.results.exists()


def test_a_target_that_is_not_ours_gets_not_one_request(swarm: Callable[..., Swarm]) -> None:
    running = swarm("http://example.com", **plan("smoke"))
    assert running.await_exit(30) == 1
    assert "example.com is not allowed as a target" in running.last_line()


def test_without_workers_the_master_gives_up(swarm: Callable[..., Swarm], target: RunningService) -> None:
    running = swarm(target.url, 0, **plan("smoke", LAB_WORKERS_WAIT="1s"))
    assert running.await_exit(30) == 1
    assert "no worker connected within 1 s" in running.last_line()


@pytest.mark.parametrize(
    ("knobs", "says"),
    [
        ({"LAB_PLAN": "smok"}, "LAB_PLAN=smok: takes one of manual, capacity"),
        ({"LAB_LIMITS": "p95<=450ms pfail<=1%"}, "             ^ a limit is a measure"),
    ],
)
def test_a_wrong_knob_ends_in_2_without_a_traceback(
    swarm: Callable[..., Swarm], knobs: dict[str, str], says: str
) -> None:
    running = swarm("http://127.0.0.1:1", 0, **knobs)
    assert running.await_exit(30) == 2
    assert says in running.log()
    assert "Traceback" not in running.log()


def test_results_that_cannot_be_written_end_in_1(
    swarm: Callable[..., Swarm], target: RunningService, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    running = swarm(target.url, **plan("smoke", LAB_RESULTS=str(tmp_path / "file" / "results")))
    assert running.await_exit(30) == 1, running.log()
    assert "the results cannot be written to" in running.last_line()


def test_a_disk_that_is_full_from_the_start_ends_in_1(
    swarm: Callable[..., Swarm], target: RunningService, tmp_path: Path
) -> None:
    disk = tmp_path / "small"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small tmpfs is not permitted here")
    try:
        with contextlib.suppress(OSError), (disk / "fill").open("wb", buffering=0) as file:
            while file.write(b"x" * 4096):
                pass
        running = swarm(target.url, **plan("smoke", LAB_RUN_TIME="1s", LAB_RESULTS=str(disk)))
        assert running.await_exit(60) == 1, running.log()
        assert "NO VERDICT: the results cannot be written to" in running.last_line()
        assert "No space left on device" in running.last_line()
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_plan_that_fails_ends_the_test() -> None:
    """Locust's own runner would let the load go on for ever."""
    program = (
        "from types import SimpleNamespace\n"
        "from lab.shapes import LabShape\n"
        "class Broken(LabShape):\n"
        "    def load(self):\n"
        "        raise ValueError('no')\n"
        "LabShape.conductor = SimpleNamespace(run=None, interrupted_by=None)\n"
        "print(Broken().tick(), LabShape.conductor.interrupted_by.name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT / "locust", capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "None FAULT\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_a_complete_folder_in_time(
    swarm: Callable[..., Swarm], target: RunningService, number: signal.Signals
) -> None:
    running = swarm(target.url, **plan("steady", LAB_RUN_TIME="60s", LOCUST_USERS="8"))
    running.await_users(8)
    target.await_status("/ready", 200)
    assert running.stop(number) == 5
    assert "Cut short after" in running.last_line()
    assert running.verdict["complete"] is False
    assert_complete(running.results / "latest")
    assert "Traceback" not in running.log()


def test_a_signal_before_the_plan_began_is_no_success(swarm: Callable[..., Swarm], target: RunningService) -> None:
    running = swarm(target.url, 0, **plan("smoke"))
    running.await_workers(0)
    assert running.stop() == 5
    assert "interrupted before it began" in running.last_line()


def test_a_person_starts_edits_and_stops_in_the_ui(swarm: Callable[..., Swarm], target: RunningService) -> None:
    running = swarm(target.url)
    running.await_workers(2)
    status, answer = running.post("/swarm", user_count=6, spawn_rate=50, limits="p95<=10s")
    assert (status, answer["success"]) == (200, True), answer
    running.await_users(6)
    running.post("/swarm", user_count=12, spawn_rate=50)
    running.await_users(12)
    assert running.post("/stop")[1]["success"] is True
    assert_complete(running.results / "latest")
    verdict = running.verdict
    assert (verdict["plan"], verdict["complete"], verdict["limits"][0]["text"]) == ("manual", True, "p95<=10s")
    # at once again, now a plan of the class picker
    assert running.post("/swarm", user_count=6, spawn_rate=50, shape_class="Smoke")[1]["success"] is True
    running.await_users(4)
    assert running.post("/stop")[1]["success"] is True
    assert (running.verdict["plan"], running.verdict["complete"]) == ("smoke", False)
    assert len(list(running.results.glob("*Z-*"))) == 2


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"host": "http://example.com"}, "example.com is not allowed as a target"),
        ({"host": "http://127.0.0.1:1"}, "cannot be reached: Connection refused"),
        ({"limits": "p95<450"}, "p95 is given in us or ms or s"),
        ({"limits": "rps>=1", "shape_class": "Capacity"}, "plan capacity takes at least one limit on response times"),
        ({"user_count": "999999999"}, "999999999 users are more than LAB_MAX_USERS allows: 2000"),
    ],
)
def test_the_ui_refuses_a_start_with_its_reason(
    swarm: Callable[..., Swarm], target: RunningService, form: dict[str, str], says: str
) -> None:
    running = swarm(target.url, 1)
    running.await_workers(1)
    status, answer = running.post("/swarm", None, **{"user_count": "1", "spawn_rate": "1", **form})
    assert (status, answer["success"]) == (200, False)
    assert says in answer["message"]
    assert running.get("/stats/requests")["state"] == "ready"


def test_a_running_test_cannot_be_sent_elsewhere(swarm: Callable[..., Swarm], target: RunningService) -> None:
    running = swarm(target.url, 1)
    running.await_workers(1)
    running.post("/swarm", user_count=2, spawn_rate=50)
    running.await_users(2)
    _, answer = running.post("/swarm", user_count=2, spawn_rate=50, host="http://example.com")
    assert (answer["success"], answer["host"]) == (False, target.url)


def test_another_sites_page_cannot_start_or_stop_a_test(swarm: Callable[..., Swarm], target: RunningService) -> None:
    running = swarm(target.url, 1)
    running.await_workers(1)
    for path in ("/swarm", "/stop", "/user"):
        assert running.post(path, {"Origin": "http://evil.example"}, user_count=1, spawn_rate=1)[0] == 403
    rebound = {"Origin": "http://evil.example", "Host": "evil.example"}  # a name pointed at this machine
    assert running.post("/swarm", rebound, user_count=1, spawn_rate=1)[0] == 403
    own = {"Origin": f"http://127.0.0.1:{running.ui}"}
    assert running.post("/swarm", own, user_count=1, spawn_rate=1)[1]["success"] is True


def test_users_are_kept_while_workers_come_and_go(swarm: Callable[..., Swarm], target: RunningService) -> None:
    """The second worker that leaves took its users with it in Locust 2.47: lab/dispatch.py."""
    running = swarm(target.url, 4)
    running.await_workers(4)
    running.post("/swarm", user_count=12, spawn_rate=50)
    running.await_users(12)
    for left in (3, 2, 1):
        running.workers[left].send_signal(signal.SIGTERM)
        running.await_workers(left)
        running.await_users(12)
    running.add_workers(2)
    running.await_workers(3)
    running.await_users(12)
    running.post("/stop")
    posted = {row["Type"]: int(row["Request Count"]) for row in rows(running.results / "latest" / "locust_stats.csv")}
    assert posted["POST"] == len(target.names()) - 1, "a worker that leaves hands all its counts in"
    assert len(running.verdict["generator"]["losses"]) == 3


def test_a_killed_worker_is_replaced_by_the_others_and_named(
    swarm: Callable[..., Swarm], target: RunningService
) -> None:
    running = swarm(target.url, 4, **plan("steady", LAB_RUN_TIME="8s", LOCUST_USERS="12"))
    running.await_users(12, 30)
    running.workers[0].kill()
    running.await_workers(3)
    assert running.await_users(12) <= 15
    assert running.master.wait(60) == 0, running.log()
    (loss,) = running.verdict["generator"]["losses"]
    assert "stopped answering at" in loss
    assert loss in running.last_line()


def test_a_swarm_that_is_lost_ends_the_run_and_passes_nothing(
    swarm: Callable[..., Swarm], target: RunningService
) -> None:
    running = swarm(target.url, 2, **plan("steady", LAB_RUN_TIME="60s"))
    running.await_users(20, 30)
    for worker in running.workers:
        worker.kill()
    assert running.master.wait(30) == 1
    assert running.last_line().startswith("INVALID: the swarm itself was lost")


class Wrong(http.server.BaseHTTPRequestHandler):
    """A service that answers 200 to everything, and never what was agreed."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *arguments: object) -> None:
        """Not on the terminal."""


def test_a_wrong_answer_is_a_failure_that_says_what_was_expected(swarm: Callable[..., Swarm]) -> None:
    server: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Wrong)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        running = swarm(f"http://127.0.0.1:{server.server_port}", 1, **plan("smoke", LAB_RUN_TIME="2s"))
        assert running.await_exit() == 3, running.log()
    finally:
        server.shutdown()
        server.server_close()
    assert set(running.verdict["failures"]) == {
        "GET /tests: expected an array with at least one testing type",
        "POST /tests: expected status 204, got 200",
    }


def test_a_target_that_hangs_is_a_failure_in_the_time_a_user_waits(
    swarm: Callable[..., Swarm], target: RunningService
) -> None:
    running = swarm(target.url, 1, **plan("steady", LAB_RUN_TIME="6s", LAB_TIMEOUT="1s", LOCUST_USERS="4"))
    running.await_users(4, 30)
    for process in target.workers():
        process.suspend()
    assert running.await_exit() == 3, running.log()
    assert any("no answer" in message for message in running.verdict["failures"]), running.verdict["failures"]
