"""Real containers: replicas behind the proxy, networks that are taken away, and `docker compose stop`."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from tests.support.faults import Check, Fault, Seen, Trial, fact, never_says, part, says
from tests.support.running_service import PATIENT, wait_until
from tests.support.stack import PROJECT, Stack, docker, stack

if TYPE_CHECKING:
    from tests.support.faults_lab import Lab


RUN = {
    "LAB_PLAN": "steady",
    "LAB_SETTLE": "1s",
    "LOCUST_AUTOQUIT": "0",
    "LOCUST_SPAWN_RATE": "50",
    "LAB_THINK_TIME": "0.1s-0.3s",
    "LAB_LIMITS": PATIENT,
}
THROUGH_PROXY = {"LOCUST_HOST": "http://proxy:8080"}


def _up(lab: Lab, seconds: int, *scale: str, workers: int = 2, proxy: bool = False) -> Stack:
    """A stack whose plan of so many seconds has measured some of them."""
    folder = lab.folder / "stack"
    folder.mkdir()
    made = lab.closing.enter_context(stack(folder))
    knobs = {**RUN, **(THROUGH_PROXY if proxy else {}), "LAB_RUN_TIME": f"{seconds}s"}
    scales = [part for each in (*scale, f"worker={workers}") for part in ("--scale", each)]
    made.up(*scales, profiles=("proxy",) if proxy else (), **knobs)
    wait_until(lambda: made.users() == 20, 60, f"20 users; {made.logs('master')}")
    time.sleep(4)
    return made


def _finish(lab: Lab, made: Stack) -> None:
    lab.exit_code = int(docker("wait", made.inspect("master")["Id"], seconds=120))
    lab.take_over(made.results, made.logs("master"))
    failures = lab.verdict().get("failures", {})
    lab.facts["failed"] = sum(failures.values())


def replica_paused(lab: Lab) -> None:
    """One of two replicas stands still for 12 s: the proxy answers for it with 504 after 8 s."""
    made = _up(lab, 25, "api=2", proxy=True)
    replica = made.containers("api")[0]
    docker("pause", replica)
    time.sleep(12)
    docker("unpause", replica)
    _finish(lab, made)


def replica_killed(lab: Lab) -> None:
    made = _up(lab, 14, "api=2", proxy=True)
    docker("kill", made.containers("api")[0])
    _finish(lab, made)


def replicas_come(lab: Lab) -> None:
    """One replica becomes three, in the middle of the run."""
    made = _up(lab, 25, "api=1", proxy=True)
    done = made.compose("--profile", "proxy", "up", "--detach", "--no-recreate", "--scale", "api=3", "api")
    assert done.returncode == 0, done.stdout
    _finish(lab, made)


def service_without_network(lab: Lab) -> None:
    """The service's network is taken away for 5 s: connections hang, and its name is gone."""
    made = _up(lab, 20)
    (replica,) = made.containers("api")
    docker("network", "disconnect", f"{PROJECT}_service", replica)
    time.sleep(5)
    docker("network", "connect", "--alias", "api", f"{PROJECT}_service", replica)
    _finish(lab, made)


def worker_without_network(lab: Lab) -> None:
    """One of three workers is off the network for 8 s, and comes back."""
    made = _up(lab, 22, workers=3)
    worker = made.containers("worker")[0]
    for network in ("swarm", "service"):
        docker("network", "disconnect", f"{PROJECT}_{network}", worker)
    began = time.monotonic()
    wait_until(lambda: made.users_of_workers(2) == 20, 20, "20 users on two workers")
    lab.recovered_after = time.monotonic() - began
    time.sleep(max(0.0, 8 - lab.recovered_after))
    for network in ("swarm", "service"):
        docker("network", "connect", f"{PROJECT}_{network}", worker)
    _finish(lab, made)


def compose_stop(lab: Lab) -> None:
    made = _up(lab, 60)
    began = time.monotonic()
    made.compose("stop")
    lab.recovered_after = time.monotonic() - began
    _finish(lab, made)
    lab.note_folders()


def compose_down(lab: Lab) -> None:
    made = _up(lab, 60)
    began = time.monotonic()
    made.compose("--profile", "*", "down")
    lab.recovered_after = time.monotonic() - began
    lab.take_over(made.results, "")
    lab.note_folders()


def _exact_failures(seen: Seen) -> str:
    failed = seen.facts["failed"]
    told = [int(count.replace(",", "")) for count in re.findall(r"([\d,]+) requests? failed", seen.sentence)]
    assert not told or told == [failed], f"the sentence says {told} failed, {failed} did"
    return f"{failed} failed"


MARKED = (
    fact("torn", lambda torn: not torn, "nothing torn"),
    fact("folders", lambda folders: list(folders.values()) == [False], "one folder, marked"),
)
AGREES: Check = part("double_entry.agree", lambda agree: agree is True, "all sides count the same")


def _row(
    name: str, trial: Trial, wanted: tuple[str, ...], exact: tuple[Check, ...], within: float | None = None
) -> Fault:
    """A row that is alone: containers take both cores of a small machine."""
    return Fault(name, trial, wanted, exact, within, alone=True, timeout_seconds=300)


FAULTS = (
    _row(
        "a replica behind the proxy stands still for 12 s",
        replica_paused,
        ("PASS 0", "FAIL 3"),
        (fact("failed", lambda count: count > 0, ""), _exact_failures, AGREES, never_says(r"\b0 requests failed")),
    ),
    _row(
        "a replica behind the proxy is killed",
        replica_killed,
        ("PASS 0",),
        (_exact_failures, says("Replica .* gone", "which and when"), AGREES),
    ),
    _row(
        "one replica becomes three",
        replicas_come,
        ("PASS 0",),
        (
            part(
                "replicas", lambda rows: len([row for row in rows if row["requests"] > 30]) == 3, "all three had load"
            ),
            AGREES,
        ),
    ),
    _row(
        "the service is off the network for 5 s",
        service_without_network,
        ("FAIL 3",),
        (says(r"gone at .*(back after|nothing answered for) \d+ s", "when, and how long"), _exact_failures),
    ),
    _row(
        "a worker is off the network for 8 s",
        worker_without_network,
        ("PASS 0", "INVALID 4"),
        (says(r"worker \d", "which worker"), never_says(r"\bclock|NTP|somebody else")),
        within=8,
    ),
    _row("docker compose stop", compose_stop, ("PASS 5", "INVALID 5"), MARKED, within=12),
    _row("docker compose down", compose_down, (), MARKED, within=14),
)
