"""The disk of the results is full, read-only, or has other things where the runs shall be."""

from __future__ import annotations

import time
import urllib.request
from typing import TYPE_CHECKING

from tests.support.faults import Fault, fact, logs, says
from tests.support.faults_disk import SmallDisk
from tests.support.running_service import wait_until
from tests.support.swarm import Process

if TYPE_CHECKING:
    from tests.support.faults_lab import Lab

OLD_RUNS = 5000


def _on(lab: Lab, disk: SmallDisk) -> None:
    """The master keeps its runs on this disk; LAB_RUN_TIME is short."""
    lab.closing.enter_context(disk)
    lab.serve()
    lab.begin(master=Process(prefix=disk.prefix), results=disk.outside, knobs={"LAB_RUN_TIME": "5s"})


def _served_before_the_end(lab: Lab) -> None:
    lab.finish()
    lab.facts["served"] = lab.served()


def read_only(lab: Lab) -> None:
    _on(lab, SmallDisk(lab.folder / "results", "32m", read_only=True))
    _served_before_the_end(lab)


def full_at_the_start(lab: Lab) -> None:
    disk = SmallDisk(lab.folder / "results", "32m")
    disk.fill()
    _on(lab, disk)
    _served_before_the_end(lab)


def full_in_the_run(lab: Lab) -> None:
    disk = SmallDisk(lab.folder / "results", "32m")
    _on(lab, disk)
    lab.await_measured(2)
    disk.fill()
    lab.finish()


def full_at_the_end(lab: Lab) -> None:
    """There is room for the rows of the seconds, and none for the report."""
    disk = SmallDisk(lab.folder / "results", "32m")
    _on(lab, disk)
    lab.await_measured(2)
    disk.fill(but=2_000_000)
    lab.finish()


def latest_is_a_folder(lab: Lab) -> None:
    (lab.folder / "results" / "latest").mkdir(parents=True)
    (lab.folder / "results" / "latest" / "kept").write_text("somebody's own")
    lab.serve()
    lab.begin(knobs={"LAB_RUN_TIME": "5s"})
    _served_before_the_end(lab)
    lab.facts["kept"] = (lab.folder / "results" / "latest" / "kept").exists()


def results_is_a_file(lab: Lab) -> None:
    (lab.folder / "results").write_text("no folder")
    lab.serve()
    lab.begin(knobs={"LAB_RUN_TIME": "5s"})
    _served_before_the_end(lab)


def many_old_runs(lab: Lab) -> None:
    """5,000 old runs, and among them torn, empty and strange ones."""
    results = lab.folder / "results"
    document = '{"schema": 1, "verdict": "PASS", "exit_code": 0, "plan": "steady", "sentence": "PASS: old."}'
    strange = ("", "{", "[]", "null", '{"verdict": 7, "started": []}', "\x00\xff" * 99)
    for number in range(OLD_RUNS):
        run = results / f"2026-01-{1 + number // 1440:02}T{number // 60 % 24:02}-{number % 60:02}-00Z-steady"
        run.mkdir(parents=True)
        (run / "verdict.json").write_text(strange[number // 50 % len(strange)] if number % 50 == 0 else document)
    (results / "2026-02-01T00-00-00Z-steady").write_text("a file where a run shall be")
    (results / "2026-02-02T00-00-00Z-steady").symlink_to("nowhere")
    lab.go(measured=2)
    seconds = []
    for _ in range(5):
        began = time.monotonic()
        for page in ("/lab", "/lab/data"):
            with urllib.request.urlopen(f"http://127.0.0.1:{lab.swarm.ui}{page}", timeout=20) as answer:
                answer.read()
        seconds.append(time.monotonic() - began)
    lab.facts["lab_ms"] = round(1000 * sorted(seconds)[2])
    lab.finish()
    lab.count_both_sides()


def not_writable_in_between(lab: Lab) -> None:
    """The folder of the run is taken away in the middle of it."""
    lab.go(measured=2, LAB_RUN_TIME="6s")
    (folder,) = (path for path in lab.results.iterdir() if path.is_dir() and not path.is_symlink())
    folder.rename(lab.folder / "taken-away")
    wait_until(lambda: not folder.exists(), 5, "the folder is away")
    lab.finish()


BEFORE = (says("results", "the folder"), fact("served", lambda count: count <= 2, "no load"))
TOLD = (logs("steady kept all its limits", "the verdict was printed"), says("results", "the folder"))
WITHOUT_KEEPING = ("none 1", "PASS 1")

FAULTS = (
    Fault("results/ is read-only", read_only, ("none 1",), BEFORE),
    Fault("the disk of results/ is full at the start", full_at_the_start, ("none 1",), BEFORE),
    Fault("the disk of results/ gets full in the run", full_in_the_run, WITHOUT_KEEPING, TOLD),
    Fault("the disk of results/ has no room for the report", full_at_the_end, WITHOUT_KEEPING, TOLD),
    Fault("the run's folder is taken away in the run", not_writable_in_between, WITHOUT_KEEPING, TOLD),
    Fault(
        "`latest` is somebody's folder",
        latest_is_a_folder,
        ("none 1",),
        (*BEFORE, says("latest", "`latest`"), fact("kept", bool, "what was in it is kept")),
    ),
    Fault("results/ is a file", results_is_a_file, ("none 1",), BEFORE),
    Fault(
        "5,000 old runs, torn and strange ones among them",
        many_old_runs,
        ("PASS 0",),
        (
            fact("lab_ms", lambda ms: ms <= 400, "/lab and its data in {} ms"),
            fact("missing", lambda missing: missing == 0, "both ends count the same"),
        ),
    ),
)
