"""The swarm as a whole, on loopback: a real master, real workers and the real service."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import signal
import subprocess
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.support.programs import printed_by
from tests.support.running_service import RunningService
from tests.support.swarm import Swarm, assert_complete, plan, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Finished(NamedTuple):
    """A run that came to its end by itself, and the names that the service has then."""

    run: Swarm
    names: list[str]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    """For all tests that only look at what a run left. Somebody had added a name before it."""
    folder = tmp_path_factory.mktemp("finished")
    knobs = {"API_DATABASE_URL": f"sqlite:///{folder}/lab.db", "API_ALLOW_RESET": "true", "WEB_CONCURRENCY": "1"}
    target = RunningService(folder, knobs)
    target.await_status("/ready", 200)
    target.add("left over by somebody")
    run = Swarm(folder, target.url, plan("steady", LAB_RUN_TIME="4s", LOCUST_USERS="8", LAB_READ_BACK="50%"))
    try:
        run.add_workers(2)
        assert run.await_exit() == 0, run.log()
        yield Finished(run, target.names())
    finally:
        run.end()
        target.stop()


def test_a_plan_runs_by_itself_and_ends_with_its_verdict(finished: Finished) -> None:
    run, names = finished
    verdict = run.verdict
    assert run.last_line().startswith("PASS: steady kept all its limits with 8 users")
    assert verdict["sentence"] in run.last_line()
    assert (verdict["complete"], verdict["generator"]["losses"], verdict["failures"]) == (True, [], {})
    assert set(verdict["endpoints"]) == {"GET /tests", "POST /tests", "GET /tests/[id]"}
    written = verdict["ledger"]
    assert written["sent"] == written["acknowledged"] == written["found"] == len(names) - 1 > 0
    assert written["read_back"] > written["stale"] == written["lost"] == written["doubled"] == 0
    assert 4 <= verdict["measured"]["seconds"] <= 6
    knobs = json.loads((run.results / "latest" / "environment.json").read_text())["knobs"]
    assert (knobs["LAB_READ_BACK"], knobs["LAB_READER_WEIGHT"]) == ("50%", "3"), "those of users.py, defaults as well"
    assert_complete(run.results / "latest")
    assert (run.results / "latest").resolve().name.endswith("Z-steady")
    assert "Traceback" not in run.log()


def test_what_the_swarm_counts_is_what_the_service_counts(finished: Finished) -> None:
    """Every answer is counted, those in flight at the end too: the service has what Locust's table says."""
    table = {(row["Type"], row["Name"]): row for row in rows(finished.run.results / "latest" / "locust_stats.csv")}
    assert len(finished.names) - 1 == int(table["POST", "/tests"]["Request Count"])
    samples = rows(finished.run.results / "latest" / "samples.csv")
    assert sum(int(row["requests"]) for row in samples) == int(table["", "Aggregated"]["Request Count"])
    measured = sum(int(row["requests"]) for row in samples if row["step"])
    assert measured == finished.run.verdict["measured"]["requests"]


def test_the_first_state_is_back_before_each_run(finished: Finished) -> None:
    assert finished.names[0] == "unit testing"
    assert "left over by somebody" not in finished.names


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
    assert not list(running.results.glob("*Z-*")), "no run was begun"


def test_a_target_that_is_not_ours_gets_not_one_request(swarm: Callable[..., Swarm]) -> None:
    running = swarm("http://example.com", **plan("smoke"))
    assert running.await_exit(30) == 1
    assert "example.com is not allowed as a target" in running.last_line()
    assert "Traceback" not in running.log()


def test_without_workers_the_master_gives_up(swarm: Callable[..., Swarm], target: RunningService) -> None:
    running = swarm(target.url, 0, **plan("smoke", LAB_WORKERS_WAIT="1s"))
    assert running.await_exit(30) == 1
    assert "no worker connected within 1 s" in running.last_line()


@pytest.mark.parametrize(
    ("knobs", "says"),
    [
        ({"LAB_PLAN": "smok"}, "LAB_PLAN=smok: takes one of manual, capacity"),
        ({"LAB_LIMITS": "p95<=450ms pfail<=1%"}, "             ^ a limit is a measure"),
        ({"LAB_READ_BACK": "101%"}, "LAB_READ_BACK=101%: takes a share from 0% to 100%"),
        ({"LAB_READER_WEIGHT": "0", "LAB_CONTRIBUTOR_WEIGHT": "0"}, "classes Reader and Contributor have weight 0"),
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
    assert printed_by("broken_shape") == "FAULT\nNone\n"


@pytest.mark.alone
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


def test_on_a_quiet_terminal_the_verdict_is_the_last_line_and_stands_once(
    swarm: Callable[..., Swarm], target: RunningService
) -> None:
    running = swarm(target.url, 1, **plan("smoke", LAB_RUN_TIME="2s", LAB_VERBOSE="false"))
    assert running.await_exit() == 0, running.log()
    said = [line for line in running.log().splitlines() if line.startswith("PASS: ")]
    assert said == [running.log().splitlines()[-1]]


def test_a_target_that_hangs_is_a_failure_in_the_time_a_user_waits(
    swarm: Callable[..., Swarm], target: RunningService
) -> None:
    running = swarm(target.url, 1, **plan("steady", LAB_RUN_TIME="6s", LAB_TIMEOUT="1s", LOCUST_USERS="4"))
    running.await_users(4, 30)
    for process in target.workers():
        process.suspend()
    assert running.await_exit() == 3, running.log()
    assert any("no answer" in message for message in running.verdict["failures"]), running.verdict["failures"]
