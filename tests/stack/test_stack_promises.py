"""What a load test promises, each promise kept by a real stack; README.md has the same lines of shell.

The breaking point, the expected peak, the time line, the load balancer, errors of function, sizing and the time between
failures are here; concurrency is in test_stack_runs.py, the hardware that gives first in test_stack_service.py.
"""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

from scaling import job
from scaling.stack import CPUS
from scaling.stack import Stack as Scaled
from tests.support.running_service import PATIENT, wait_until
from tests.support.stack import Stack, docker, stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]

SEARCH = {
    "LAB_PLAN": "capacity",
    "LAB_START_USERS": "60",
    "LAB_STEP_TIME": "2s-4s",
    "LAB_SETTLE": "1s",
    "LAB_RESOLUTION": "50%",
    "LAB_DEADLINE": "2m",
}
BUSY = {"LAB_RUN_TIME": "6s", "LAB_LIMITS": PATIENT, "LAB_SETTLE": "1s", "LAB_THINK_TIME": "10ms-30ms"}
TIMELINE = ("users", "requests", "p50_ms", "p95_ms", "p99_ms", "cpu_cores", "memory_bytes")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with stack(tmp_path_factory.mktemp("lab")) as made:
        yield made


@pytest.fixture(scope="module")
def peak(lab: Stack) -> Path:
    """The folder of a run that holds a peak."""
    knobs = {"LAB_PLAN": "peak", "LAB_PEAK_RPS": "100", "LAB_RUN_TIME": "6s", "LAB_SETTLE": "1s"}
    knobs |= {"LAB_LIMITS": PATIENT, "LOCUST_USERS": "100"}
    code, output = lab.run("--scale", "worker=2", **knobs)
    assert code == 0, output
    return (lab.results / "latest").resolve()


def test_the_expected_peak_is_held(peak: Path) -> None:
    verdict = json.loads((peak / "verdict.json").read_text())
    assert verdict["peak"] == {"users": None, "rps": 100, "headroom": None}
    assert 90 <= verdict["measured"]["rps"] <= 150


def test_response_times_throughput_and_resources_are_one_time_line(peak: Path) -> None:
    seconds = [row for row in time_line(peak) if row["step"]]
    assert len(seconds) >= 4
    assert all(float(row[name]) > 0 for row in seconds for name in TIMELINE), seconds


def test_a_service_name_is_no_load_balancer(lab: Stack) -> None:
    """Ten users who keep their connections cannot spread evenly over three replicas."""
    code, output = lab.run(
        *("--scale", "api=3", "--scale", "worker=2"),
        **BUSY,
        LAB_PLAN="steady",
        LOCUST_USERS="10",
        LOCUST_SPAWN_RATE="10",
    )
    assert code == 0, output
    verdict = lab.verdict()
    assert verdict["balance"]["balanced"] is False, verdict["balance"]
    assert verdict["balance"]["cv"] > 3 * verdict["balance"]["chance_cv"]


def test_an_answer_with_the_right_status_and_the_wrong_content_is_a_failure(lab: Stack) -> None:
    """Each gunicorn worker has a list of its own: what one has as its third item is another one in the next."""
    code, output = lab.run(
        *("--scale", "worker=2"),
        **BUSY,
        LAB_PLAN="steady",
        LAB_READ_BACK="100%",
        LAB_KEEP_ALIVE="false",
        API_DATABASE_URL="memory://",
        WEB_CONCURRENCY="4",
    )
    assert code == 3, output
    failures = lab.verdict()["failures"]
    assert failures.get("GET /tests/[id]: expected the testing type that was added there", 0) > 0, failures


def test_a_soak_tells_the_time_between_failures_and_to_repair(lab: Stack) -> None:
    lab.up(
        *("--scale", "worker=2"),
        LAB_PLAN="soak",
        LAB_RUN_TIME="30s",
        LAB_SETTLE="1s",
        LAB_FAILURE_TIME="2s",
        LOCUST_AUTOQUIT="0",
    )
    wait_until(lambda: measured_seconds(lab) >= 8, 60, "some seconds without a failure")
    (replica,) = lab.containers("api")
    docker("pause", replica)
    wait_until(lambda: measured_seconds(lab) >= 14, 60, "some seconds without an answer")
    docker("unpause", replica)
    docker("wait", lab.inspect("master")["Id"], seconds=120)
    soak = lab.verdict()["soak"]
    assert soak["count"] == 1, soak
    assert 3 <= soak["mttr_seconds"]["value"] <= 12, soak
    assert soak["mtbf_seconds"]["interval"][0] < soak["mtbf_seconds"]["value"], soak
    assert "1 failure in " in lab.verdict()["sentence"]


@pytest.mark.alone
def test_the_breaking_point_is_found_at_each_size_and_two_sizes_are_no_law(
    lab: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The verb would refuse two sizes before it runs one."""
    for name, value in {**lab.environment, **SEARCH}.items():
        monkeypatch.setenv(name, value)
    said: list[str] = []
    study, folder = job.carry_out(Scaled(lab.folder, CPUS, 2), job.Wanted([0.15, 0.4], 1), said.append)
    assert job.exit_code(study) == 4
    assert "2 sizes are too few" in " ".join(study.sentences())
    told = json.loads((folder / "scaling.json").read_text())
    (small,), (large,) = (row["rps"] for row in told["sizes"])
    assert large > 1.5 * small, said
    verdict = lab.verdict()
    capacity, breach = verdict["capacity"], verdict["breach"]
    assert (verdict["verdict"], capacity["rps"]) == ("PASS", pytest.approx(small)), "the largest was first"
    assert 60 <= capacity["users"] < breach["users"] < 2000
    assert capacity["rps_interval"][0] <= capacity["rps"] <= capacity["rps_interval"][1]
    assert f"up to {capacity['users']:,} users" in verdict["sentence"]
    assert verdict["binding"]["resource"] == "api cpu", verdict["binding"]


def time_line(folder: Path) -> list[dict[str, str]]:
    """The seconds of a run, also of one that has not ended."""
    with (folder / "samples.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def measured_seconds(lab: Stack) -> int:
    """How many seconds the newest run has told that are part of a step."""
    return sum(bool(row["step"]) for row in time_line(max(lab.results.glob("2*"))))
