"""The master stands still, dies, or is started again while its workers live."""

from __future__ import annotations

import csv
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from tests.support.faults import Fault, fact, never_says, part, says
from tests.support.running_service import ROOT, wait_until
from tests.support.swarm import LOCUST

if TYPE_CHECKING:
    from tests.support.faults_lab import Lab

USERS, RPS = 20, 200


SEARCH = {"LAB_PLAN": "capacity", "LAB_START_USERS": "5", "LAB_MAX_USERS": "20", "LAB_STEP_TIME": "2s-3s"}


def _paused(lab: Lab, seconds: float) -> None:
    lab.go(measured=4, LAB_RUN_TIME="20s")
    _pause_master(lab, seconds)


def _pause_master(lab: Lab, seconds: float) -> None:
    """Pauses the master for so long, and waits for the run's end."""
    master = lab.swarm.master
    master.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    master.send_signal(signal.SIGCONT)
    lab.finish(90)
    lab.count_both_sides()


def master_paused_4(lab: Lab) -> None:
    _paused(lab, 4)


def master_paused_14(lab: Lab) -> None:
    _paused(lab, 14)


def master_paused_35(lab: Lab) -> None:
    """Longer than its workers wait for it: they have left when it goes on."""
    _paused(lab, 35)


def master_paused_in_a_search(lab: Lab) -> None:
    lab.serve()
    lab.begin(knobs=SEARCH)
    wait_until(lambda: "step 2:" in lab.swarm.log(), 40, "a second step")
    _pause_master(lab, 6)


def master_killed(lab: Lab) -> None:
    lab.go(measured=4, LAB_RUN_TIME="40s")
    lab.swarm.master.kill()
    lab.recovered_after = lab.time(lambda: lab.load(0.5) < 1, 40, "no load any more")
    wait_until(lambda: all(worker.poll() is not None for worker in lab.swarm.workers), 40, "the workers' end")
    lab.facts["workers_exit"] = sorted(worker.returncode for worker in lab.swarm.workers)
    folders = [path for path in lab.results.iterdir() if path.is_dir() and not path.is_symlink()]
    lab.facts["latest"] = (lab.results / "latest").exists()
    with (folders[0] / "samples.csv").open(newline="") as file:
        lab.facts["rows"] = len(list(csv.DictReader(file)))
    command = [sys.executable, "-m", "lab", "judge", str(folders[0])]
    done = subprocess.run(command, cwd=ROOT / "locust", capture_output=True, text=True, check=False, timeout=30)
    lab.facts["rejudged"] = done.returncode
    lab.exit_code = lab.swarm.master.wait(1)


def master_started_again(lab: Lab) -> None:
    """It is killed, and started again with workers of its own for the same plan, while its old workers work on."""
    lab.go(measured=4, LAB_RUN_TIME="10s")
    lab.swarm.master.kill()
    lab.swarm.master.wait(10)
    lab.swarm.start_master()
    lab.swarm.add_workers(2)
    lab.finish(120)


def second_master(lab: Lab) -> None:
    """A second master is started on the port of the first, in the middle of the plan."""
    lab.go(measured=3)
    arguments = ["--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", str(lab.swarm.port)]
    with (lab.folder / "second.log").open("ab") as log:
        command = [*LOCUST, *arguments, "--web-host", "127.0.0.1", "--web-port", str(lab.swarm.ui + 1)]
        second = subprocess.Popen(command, cwd=ROOT / "locust", env=lab.swarm.environ, stdout=log, stderr=log)
    lab.closing.callback(second.kill)
    lab.facts["second"] = second.wait(30)
    lab.finish()
    lab.count_both_sides()


BELIEVED_OR_NOT = ("PASS 0", "INVALID 4")
NAMES_ITSELF = says("the master stood still for", "the master")
MEASURED_ANEW = (
    part("measured.seconds", lambda seconds: seconds >= 20, "{} s measured all the same"),
    fact("missing", lambda missing: missing == 0, "both ends count the same"),
)

FAULTS = (
    Fault("the master stands still for 4 s", master_paused_4, BELIEVED_OR_NOT, (NAMES_ITSELF, *MEASURED_ANEW)),
    Fault(
        "the master stands still for 14 s",
        master_paused_14,
        BELIEVED_OR_NOT,
        (NAMES_ITSELF, *MEASURED_ANEW, never_says("by a signal"), never_says("Replica")),
    ),
    Fault(
        "the master stands still for 6 s in a search",
        master_paused_in_a_search,
        BELIEVED_OR_NOT,
        (NAMES_ITSELF, part("capacity.users", lambda users: users == 20, "found {} users"), MEASURED_ANEW[1]),
    ),
    Fault(
        "the master stands still for 35 s, until its workers have left",
        master_paused_35,
        ("INVALID 1",),
        (NAMES_ITSELF, says("swarm .* lost", "that the swarm was lost"), never_says("by a signal")),
    ),
    Fault(
        "the master is killed: the load ends",
        master_killed,
        (),
        (fact("workers_exit", lambda codes: 0 not in codes, "workers exit with {}"),),
        within_seconds=5.5,
    ),
    Fault(
        "the master is killed: what is left of the run",
        master_killed,
        (),
        (
            fact("latest", bool, "latest points to it"),
            fact("rows", lambda rows: rows >= 4, "{} seconds in samples.csv"),
            part("complete", lambda complete: complete is False, "marked as not complete"),
            fact("rejudged", lambda code: code == 5, "judged as far as it goes"),
        ),
    ),
    Fault(
        "the master is killed and started again, its old workers alive",
        master_started_again,
        ("PASS 0", "none 1"),
        (
            part("measured.rps", lambda rps: rps is None or rps < RPS * 1.05, "{} req/s"),
            part("double_entry.agree", lambda agree: agree is not False, "both ends agree"),
        ),
    ),
    Fault(
        "a second master on the same port",
        second_master,
        ("PASS 0",),
        (
            fact("second", lambda code: code != 0, "the second exits with {}"),
            fact("missing", lambda missing: missing == 0, "both ends count the same"),
        ),
    ),
)
