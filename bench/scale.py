# ruff: noqa: T201 - a program that prints its figures
"""make bench-scale: several masters make one load of thousands of light workers, and `lab merge` makes one run of it.

The workers are light: each speaks Locust's protocol and reports once a second what a real worker reported, so what is
measured is what masters and merging take. A master that cannot keep up with its workers says so in its verdict.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from bench import generator_runs as runs
from tests.support.running_service import ROOT, RunningService, free_port, wait_until
from tests.support.swarm import Swarm, plan

USERS_OF_A_WORKER = 10
THINK_TIME = "0.5s-1.5s"
READY_SECONDS = 180
SETTLES_SECONDS = 4


class Workers(NamedTuple):
    """How many light workers a master has, and how many seconds are between two reports of each."""

    there: int
    every: int


class Mastered(NamedTuple):
    """What a master took a second while its plan measured, and what it wrote."""

    cpu_seconds: float
    resident_mb: float
    journal_mb: float
    verdict: dict[str, Any]
    folder: Path


class Master:
    """A master with its light workers."""

    def __init__(self, folder: Path, report: Path, workers: Workers, part: str, knobs: dict[str, str]) -> None:
        folder.mkdir()
        users = str(workers.there * USERS_OF_A_WORKER)
        whole = {**knobs, "LAB_PART": part, "LOCUST_USERS": users, "LAB_MAX_USERS": users, "LOCUST_SPAWN_RATE": users}
        self.swarm = Swarm(folder, knobs["LOCUST_HOST"], whole)
        self._process = psutil.Process(self.swarm.master.pid)
        command = [sys.executable, "-m", "bench.light_workers", str(self.swarm.port), str(workers.there), str(report)]
        command.append(str(workers.every))
        self._light = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT / "locust")})

    @property
    def has_begun(self) -> bool:
        if self.swarm.master.poll() is not None:
            sys.exit(f"a master ended before its run: {self.swarm.last_line()}")
        return any(self.swarm.results.glob("*-steady/seconds.jsonl"))

    @property
    def cpu_seconds(self) -> float:
        times = self._process.cpu_times()
        return times.user + times.system

    @property
    def resident_mb(self) -> float:
        return self._process.memory_info().rss / 1e6

    def finish(self, used: float, resident_mb: float) -> Mastered:
        """Waits for its verdict."""
        self.swarm.master.wait(READY_SECONDS)
        folder = (self.swarm.results / "latest").resolve()
        journal = (folder / "seconds.jsonl").stat().st_size / 1e6
        return Mastered(used, resident_mb, journal, self.swarm.verdict, folder)

    def end(self) -> None:
        self._light.kill()
        self._light.wait(10)
        self.swarm.end()


def measure(masters: list[Master], seconds: float) -> list[Mastered]:
    """What each takes in the middle of the plan, all at the same time."""
    for master in masters:
        wait_until(lambda: master.has_begun, READY_SECONDS, f"a run; {master.swarm.log()}")  # noqa: B023 - at once
    time.sleep(SETTLES_SECONDS)
    before, began = [master.cpu_seconds for master in masters], time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - began
    used = [(master.cpu_seconds - then) / took for master, then in zip(masters, before, strict=True)]
    resident = [master.resident_mb for master in masters]
    return [master.finish(*figures) for master, *figures in zip(masters, used, resident, strict=True)]


def raise_open_files(least: int) -> None:
    """Each worker is a connection. Ends the program where that many cannot be had."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < least:
        sys.exit(f"{least:,} open files are needed, and {hard:,} may be had (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (least, hard))


def merge(folder: Path, masters: list[Mastered]) -> tuple[dict[str, Any], float]:
    """The merged run's verdict.json, and how long merging took."""
    environ = {**os.environ, "LAB_RESULTS": str(folder / "merged"), "PYTHONPATH": str(ROOT / "locust")}
    began = time.monotonic()
    command = [sys.executable, "-m", "lab", "merge", *(str(master.folder) for master in masters)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=600)
    if not (folder / "merged" / "latest").is_dir():
        sys.exit(f"the runs could not be merged: {done.stderr}")
    took = time.monotonic() - began
    verdict: dict[str, Any] = json.loads((folder / "merged" / "latest" / "verdict.json").read_text())
    return verdict, took


def main() -> int:
    """Measure, print, and return the exit code: 1 where what was merged is not the sum of what it was merged of."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=4000, help="light workers of all masters together")
    parser.add_argument("--masters", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=60, help="measured by each master")
    parser.add_argument("--every", type=int, default=4, help="seconds between two reports of a worker; real ones: 1")
    asked = parser.parse_args()
    each = asked.workers // asked.masters
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("it was ended"))  # and so is all that it has started
    raise_open_files(4 * each + 1000)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        environ = {"API_DATABASE_URL": "memory://", "WEB_CONCURRENCY": "1"}
        (folder / "service").mkdir()
        service = RunningService(folder / "service", environ)
        stack.callback(service.stop)
        service.await_status("/ready", 200)
        report = runs.capture_report(folder / "captured", service.url, USERS_OF_A_WORKER, LAB_THINK_TIME=THINK_TIME)
        # nobody asks the service, so what it would say of itself is left out
        knobs = plan("steady", LAB_METRICS_URLS=f"http://127.0.0.1:{free_port()}/metrics", LOCUST_HOST=service.url)
        knobs |= {
            "LAB_THINK_TIME": THINK_TIME,
            "LAB_RUN_TIME": f"{asked.seconds}s",
            "LAB_WORKERS_SETTLE": "20s",
            "LAB_WORKERS_WAIT": "120s",
        }
        masters = []
        for number in range(1, asked.masters + 1):
            part = f"{number}/{asked.masters}"
            masters.append(
                master := Master(folder / f"master-{number}", report, Workers(each, asked.every), part, knobs)
            )
            stack.callback(master.end)
        print(f"{asked.masters} masters, {each:,} light workers each, {USERS_OF_A_WORKER} users a worker")
        print(f"each worker reports every {asked.every} s; what it says of a second: {report.stat().st_size:,} bytes")
        found = measure(masters, asked.seconds / 4)
        for at, mastered in enumerate(found, 1):
            show(at, mastered, each)
        return show_merged(found, *merge(folder, found))


def show(number: int, master: Mastered, workers: int) -> None:
    """A master's figures and its sentence."""
    per_worker = master.cpu_seconds / workers * 1000
    print(
        f"master {number}: {master.cpu_seconds:.0%} of a core, {per_worker:.2f} ms for each worker and second; "
        f"{master.resident_mb:.0f} MB; seconds.jsonl {master.journal_mb:.1f} MB"
    )
    print(f"  {master.verdict['sentence'][:240]}")


def show_merged(found: list[Mastered], verdict: dict[str, Any], took: float) -> int:
    """The merged run's figures; the exit code."""
    workers, measured = verdict["generator"]["workers"], verdict["measured"]
    print(
        f"merged in {took:.1f} s: {workers:,} workers, {measured['requests']:,} requests in {measured['seconds']} s, "
        f"{verdict['merged']['left_out_seconds']} s left out"
    )
    print(f"  {verdict['sentence'][:240]}")
    good = workers == sum(master.verdict["generator"]["workers"] for master in found)
    good = good and len(verdict["generator"]["figures"]) == workers
    rates = [master.verdict["measured"]["rps"] or 0.0 for master in found]
    good = good and abs(measured["rps"] - sum(rates)) < 0.05 * sum(rates)
    print(f"requests a second: {' + '.join(f'{rate:,.0f}' for rate in rates)}, merged {measured['rps']:,.0f}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
