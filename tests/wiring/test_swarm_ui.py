"""What a person can do in the UI, and what it refuses: a real master, real workers and the real service."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener, urlopen

import pytest

from tests.support.running_service import ROOT, free_port, wait_until
from tests.support.swarm import LOCUST, assert_complete

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.running_service import RunningService
    from tests.support.swarm import Swarm


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


REFUSED = [
    ({"host": "http://example.com"}, "example.com is not allowed as a target"),
    ({"host": "http://127.0.0.1:1"}, "cannot be reached: Connection refused"),
    ({"limits": "p95<450"}, "p95 is given in us or ms or s"),
    ({"limits": "rps>=1", "shape_class": "Capacity"}, "plan capacity takes at least one limit on response times"),
    ({"user_count": "999999999"}, "999999999 users are more than LAB_MAX_USERS allows: 2000"),
    ({"host": "http://api@8.8.8.8"}, "8.8.8.8 is not allowed as a target"),
    ({"host": "http://127.0.0.1\\@api"}, "is no target"),
    *(({"spawn_rate": each}, "is no number of users a second") for each in ("nan", "0", "-1", "1e999", "", "1,5")),
    *(({"user_count": each}, "is no number of users") for each in ("-1", "x", "1.5", "")),
    *(({"run_time": each}, "the run time takes") for each in ("x", "5 m", "1e3")),
]


def test_the_ui_refuses_a_start_with_its_reason(swarm: Callable[..., Swarm], target: RunningService) -> None:
    """Nothing is asked of the target, and nothing in it is reset, before every other check has passed."""
    running = swarm(target.url, 1)
    running.await_workers(1)
    target.add("not to be wiped")
    for form, says in REFUSED:
        status, answer = running.post("/swarm", None, **{"user_count": "1", "spawn_rate": "1", **form})
        assert (status, answer["success"]) == (200, False), form
        assert says in answer["message"]
        assert running.get("/stats/requests")["state"] == "ready"
    assert "not to be wiped" in target.names()
    update = json.dumps({"user_class_name": "Reader", "host": "http://8.8.8.8"}).encode()
    with pytest.raises(HTTPError, match="403"):
        urlopen(f"http://127.0.0.1:{running.ui}/user", update, timeout=30)


def test_a_running_test_cannot_be_sent_elsewhere(swarm: Callable[..., Swarm], target: RunningService) -> None:
    running = swarm(target.url, 1)
    running.await_workers(1)
    running.post("/swarm", user_count=2, spawn_rate=50)
    running.await_users(2)
    for host in ("http://example.com", "http://localhost:1"):
        _, answer = running.post("/swarm", user_count=2, spawn_rate=50, host=host)
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


def test_with_a_password_nothing_goes_without_it_and_a_session_outlives_the_master(
    swarm: Callable[..., Swarm], target: RunningService, tmp_path: Path
) -> None:
    password = "a password of the tests"
    running = swarm(target.url, 1, LAB_UI_PASSWORD=password)
    running.await_workers(1)
    nobody = {"Authorization": ""}
    assert [running.post(path, nobody)[0] for path in ("/swarm", "/stop", "/user", "/lab/logout")] == [401] * 4
    visitor = build_opener(HTTPCookieProcessor())
    place = f"http://127.0.0.1:{running.ui}"
    with visitor.open(f"{place}/lab/login", urlencode({"password": password, "to": "/lab"}).encode()) as page:
        assert (page.url, page.status) == (f"{place}/lab", 200)
    running.post("/swarm", user_count=2, spawn_rate=50)
    running.await_users(2)
    assert running.post("/stop")[1]["success"] is True
    running.master.kill()
    running.master.wait(10)
    running.start_master()

    def is_in() -> bool:
        try:
            with visitor.open(f"{place}/lab/data") as kept:
                return bool(kept.status == 200)
        except URLError as error:
            return isinstance(error, HTTPError) and pytest.fail(str(error))

    wait_until(is_in, 30, "the next master")
    left = [file for file in tmp_path.rglob("*") if file.is_file() and not file.is_symlink()]
    assert len(left) > 10
    assert [file for file in left if password in file.read_text(errors="ignore")] == []


def test_a_ui_that_is_open_to_others_does_not_start(tmp_path: Path) -> None:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("LAB_", "LOCUST_"))}
    ports = ["--master-bind-host", "127.0.0.1", "--master-bind-port", str(free_port()), "--web-port", str(free_port())]
    done = subprocess.run(
        [*LOCUST, "--master", *ports],
        cwd=ROOT / "locust",
        env={**inherited, "LAB_RESULTS": str(tmp_path), "LOCUST_HOST": "http://127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if "/INFO/" not in line]
    assert line.startswith("the UI is open to all who reach any address of this machine: set LAB_UI_PASSWORD")


def test_a_target_that_no_start_will_be_allowed_for_is_named_at_once(swarm: Callable[..., Swarm]) -> None:
    running = swarm("http://orders.example.com", 0)
    told = "No start will be allowed: orders.example.com is not allowed as a target"
    wait_until(lambda: told in running.log(), 30, "the master's word")
