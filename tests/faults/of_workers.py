"""Workers that are killed, paused, sent home, strange to the lab, or never there."""

from __future__ import annotations

import shutil
import signal
import time
from typing import TYPE_CHECKING

from tests.support.faults import Fault, fact, never_says, part, says, says_number
from tests.support.running_service import ROOT, wait_until
from tests.support.swarm import Process

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.faults_lab import Lab

WORKERS, USERS, RPS = 4, 24, 240
OLD_LOCUST = """\
from importlib import metadata
version = metadata.version
metadata.version = lambda name: "2.30.0" if name == "locust" else version(name)
"""


def _lose_one(lab: Lab, how: signal.Signals) -> None:
    """Takes one of four workers away in the middle of the plan, and times until its users are with the others."""
    lab.go(workers=WORKERS, users=USERS, measured=4, LAB_RUN_TIME="16s")
    lab.swarm.workers[0].send_signal(how)
    lab.facts["noticed_after"] = lab.time(lambda: lab.swarm.worker_count() == WORKERS - 1, 15, "one worker less")
    held = lab.time(lambda: lab.swarm.users() == USERS, 20, f"{USERS} users again")
    lab.recovered_after = lab.facts["noticed_after"] + held


def worker_killed(lab: Lab) -> None:
    _lose_one(lab, signal.SIGKILL)
    lab.finish()
    lab.count_both_sides()


def worker_sent_home(lab: Lab) -> None:
    _lose_one(lab, signal.SIGTERM)
    lab.finish()
    lab.count_both_sides()


def worker_paused(lab: Lab) -> None:
    """It stands still for 10 s, is given up, and comes back with users that the others have taken over."""
    _lose_one(lab, signal.SIGSTOP)
    time.sleep(max(0.0, 10 - lab.recovered_after) if lab.recovered_after else 0)
    lab.swarm.workers[0].send_signal(signal.SIGCONT)
    lab.swarm.await_workers(WORKERS)
    lab.swarm.await_users(USERS)
    lab.facts["most_load"] = max(lab.load() for _ in range(3))
    lab.finish()
    lab.count_both_sides()


def worker_hiccups(lab: Lab) -> None:
    """It stands still for 2 s: too short to be given up."""
    lab.go(workers=2, measured=4)
    lab.swarm.workers[0].send_signal(signal.SIGSTOP)
    time.sleep(2)
    lab.swarm.workers[0].send_signal(signal.SIGCONT)
    lab.finish()
    lab.count_both_sides()


def worker_comes(lab: Lab) -> None:
    lab.go(workers=2, measured=4, LAB_RUN_TIME="20s")
    lab.swarm.add_workers(1)
    lab.swarm.await_workers(3)
    lab.swarm.await_users(20)
    lab.finish()
    lab.count_both_sides()


def workers_come_and_go(lab: Lab) -> None:
    """Two become four, and then one is left."""
    lab.go(workers=2, measured=3, LAB_RUN_TIME="20s")
    lab.swarm.add_workers(2)
    lab.swarm.await_workers(4)
    lab.swarm.await_users(20)
    for worker in lab.swarm.workers[:3]:
        worker.terminate()
    lab.swarm.await_workers(1)
    lab.recovered_after = lab.swarm.await_users(20)
    lab.facts["users"] = lab.swarm.users()
    lab.finish()
    lab.count_both_sides()


def all_killed(lab: Lab) -> None:
    lab.go(workers=2, measured=4, LAB_RUN_TIME="60s")
    for worker in lab.swarm.workers:
        worker.kill()
    lab.recovered_after = lab.time(lambda: lab.swarm.master.poll() is not None, 40, "the master's end")
    lab.finish()


def none_comes(lab: Lab) -> None:
    lab.serve()
    lab.begin(workers=0, knobs={"LAB_WORKERS_WAIT": "2s"})
    wait_until(lambda: bool(lab.swarm.log()), 60, "the master's first line")
    lab.recovered_after = lab.time(lambda: lab.swarm.master.poll() is not None, 40, "the master's end")
    lab.finish()


def _home(lab: Lab) -> Path:
    """A copy of locust/ with another users.py: its users hardly think."""
    home = lab.folder / "other"
    shutil.copytree(ROOT / "locust", home, ignore=shutil.ignore_patterns("__pycache__"))
    with (home / "users.py").open("a") as users:
        users.write("\n\nReader.wait_time = Contributor.wait_time = lambda _: 0.002\n")
    return home


def _two_and_two(lab: Lab, how: Callable[[], Process]) -> None:
    """Two workers as they should be, and two that are strange from the start."""
    lab.serve()
    lab.begin(workers=2, knobs={"LAB_RUN_TIME": "6s"})
    lab.swarm.add_workers(2, how())
    lab.finish()


def other_users(lab: Lab) -> None:
    _two_and_two(lab, lambda: Process(home=_home(lab)))


def other_knobs(lab: Lab) -> None:
    _two_and_two(lab, lambda: Process(environ={"LAB_THINK_TIME": "0.4s-0.6s"}))


def _old_locust(lab: Lab) -> Process:
    (lab.folder / "sitecustomize.py").write_text(OLD_LOCUST)
    return Process(environ={"PYTHONPATH": str(lab.folder)})


def old_locust(lab: Lab) -> None:
    _two_and_two(lab, lambda: _old_locust(lab))


def stranger_comes(lab: Lab) -> None:
    """A worker with another users.py connects in the middle of the plan."""
    lab.go(workers=2, measured=4, LAB_RUN_TIME="14s")
    lab.swarm.add_workers(1, Process(home=_home(lab)))
    began = time.monotonic()
    most = 0
    while time.monotonic() - began < 7:
        workers = lab.swarm.get("/stats/requests")["workers"]
        most = max(most, *(worker["user_count"] for worker in workers[2:]), 0)
        time.sleep(0.3)
    lab.facts["users_of_the_stranger"] = most
    lab.finish()
    lab.count_both_sides()


NAMES_IT = says(r"worker \d", "which worker")
EXACT = fact("missing", lambda missing: missing == 0, "both ends count the same")
BELIEVED = ("PASS 0",)

FAULTS = (
    Fault(
        "one of four workers is killed",
        worker_killed,
        BELIEVED,
        (
            NAMES_IT,
            fact("noticed_after", lambda seconds: seconds <= 5, "noticed after {:.1f} s"),
            fact(
                "missing", lambda missing: 0 <= missing <= RPS / WORKERS * 1.2 + USERS / WORKERS, "{} answers missing"
            ),
            says_number("missing", within=USERS // WORKERS),
            never_says("somebody else"),
            part("double_entry.differences", lambda rows: "in flight" not in str(rows), "not taken for in flight"),
        ),
        within_seconds=8,
    ),
    Fault(
        "one of four workers is sent home (SIGTERM)",
        worker_sent_home,
        BELIEVED,
        (NAMES_IT, EXACT),
        within_seconds=8,
    ),
    Fault(
        "one of four workers stands still for 10 s, and comes back",
        worker_paused,
        ("PASS 0", "INVALID 4"),
        (
            NAMES_IT,
            fact("most_load", lambda load: load <= RPS * 1.1, "{:.0f} req/s at most after its return"),
            fact("missing", lambda missing: -1 <= missing <= RPS / WORKERS * 1.2 + 6, "{} answers missing"),
            never_says("somebody else"),
        ),
        within_seconds=8,
    ),
    Fault("a worker stands still for 2 s", worker_hiccups, ("INVALID 4",), (NAMES_IT, EXACT)),
    Fault("a worker more comes in the middle", worker_comes, BELIEVED, (EXACT,)),
    Fault(
        "two workers become four, and then one is left",
        workers_come_and_go,
        BELIEVED,
        (EXACT, fact("users", lambda users: users == 20, "{} users held")),
        within_seconds=8,
    ),
    Fault(
        "all workers are killed",
        all_killed,
        ("INVALID 1",),
        (says("swarm .* lost", "that the swarm was lost"),),
        within_seconds=15,
    ),
    Fault("no worker ever comes", none_comes, ("none 1",), (says("no worker", "why"),), within_seconds=15),
    Fault(
        "two of four workers have another users.py",
        other_users,
        ("none 1",),
        (says("refused.* users .* instead of", "both"),),
    ),
    Fault(
        "two of four workers have another think time",
        other_knobs,
        ("none 1",),
        (says("LAB_THINK_TIME", "the knob"),),
    ),
    Fault(
        "two of four workers have Locust 2.30",
        old_locust,
        ("none 1",),
        (says(r"2\.30", "both versions"),),
    ),
    Fault(
        "a worker with another users.py comes in the middle",
        stranger_comes,
        BELIEVED,
        (fact("users_of_the_stranger", lambda users: users == 0, "it had {} users"), EXACT),
    ),
)
