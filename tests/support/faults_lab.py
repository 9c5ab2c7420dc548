"""A lab of real processes on loopback for one trial of a fault: service, master, workers, and what is put between."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import time
import urllib.request
from math import ceil
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import psutil
from prometheus_client.parser import text_string_to_metric_families

from tests.support.faults import Seen
from tests.support.running_service import PATIENT, RunningService, wait_until
from tests.support.swarm import Process, Swarm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

QUICK = {
    "LAB_PLAN": "steady",
    "LOCUST_AUTOQUIT": "0",
    "LAB_LIMITS": PATIENT,
    "LAB_RUN_TIME": "10s",
    "LAB_WORKERS_SETTLE": "2s",
    "LAB_AUDIT_TIME": "5s",
}
PLAIN = Process()
NOTHING: Mapping[str, str] = MappingProxyType({})
VERDICTS = ("PASS", "FAIL", "INVALID")
AUDITED_PER_PAGE = 1000
"""As the service's /openapi.json asks for (x-lab-state)."""
SENTENCE = re.compile(r"(PASS|FAIL|INVALID|NO VERDICT): ")


class Lab:
    """Starts what a trial asks for, answers what it wants to know, and leaves nothing behind."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.facts: dict[str, Any] = {}
        self.recovered_after: float | None = None
        self.exit_code: int | None = None
        self.closing = contextlib.ExitStack()
        self._service: RunningService | None = None
        self._swarm: Swarm | None = None
        self._results: Path | None = None
        self._said: str | None = None

    @property
    def service(self) -> RunningService:
        """The service, once it was started."""
        assert self._service
        return self._service

    @property
    def swarm(self) -> Swarm:
        """Master and workers, once they were started."""
        assert self._swarm
        return self._swarm

    @property
    def results(self) -> Path:
        """Where the runs are, as this process sees it."""
        return self._results or self.folder / "results"

    def serve(self, app: str = "", prefix: Sequence[str] = (), ready: str = "/ready", **environ: str) -> RunningService:
        """Starts the service on a SQLite file of its own, with one worker process unless `environ` says otherwise."""
        defaults = {"API_DATABASE_URL": f"sqlite:///{self.folder}/lab.db", "API_ALLOW_RESET": "true"}
        more = {"WEB_CONCURRENCY": "1", "API_REPLICA": "api-1"}
        self._service = RunningService(self.folder, {**defaults, **more, **environ}, app, prefix)
        self.closing.callback(_end, self._service)
        if ready:
            self._service.await_status(ready, 200)
        return self._service

    def begin(
        self,
        workers: int = 2,
        users: int = 20,
        *,
        target: str = "",
        master: Process = PLAIN,
        results: Path | None = None,
        knobs: Mapping[str, str] = NOTHING,
    ) -> Swarm:
        """Starts the master and so many workers at the target, which is the service unless said; plan steady of 10 s.

        `results` is where this process finds the runs if the master writes them to a disk of its own.
        """
        self._results = results
        if self._service:  # its pages are read where it is, whatever lies between it and the users
            knobs = {"LAB_METRICS_URLS": f"{self._service.url}/metrics", **knobs}
        given = {**QUICK, "LOCUST_USERS": str(users), **knobs}
        self._swarm = Swarm(self.folder, target or self.service.url, given, master=master)
        self.closing.callback(self._swarm.end)
        self._swarm.add_workers(workers)
        return self._swarm

    def go(self, workers: int = 2, users: int = 20, measured: float = 2, target: str = "", **knobs: str) -> None:
        """Service and swarm, until the plan has measured so many seconds."""
        if not self._service:
            self.serve()
        self.begin(workers, users, target=target, knobs=knobs)
        self.await_measured(measured)

    def await_measured(self, seconds: float, within: float = 60) -> None:
        """Waits until the plan has measured so many seconds."""
        wait_until(lambda: self.measured_seconds() >= seconds, within, f"{seconds:g} s measured; {self.swarm.log()}")

    def measured_seconds(self) -> float:
        """How many seconds the steps have measured so far; 0 where the master does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.swarm.ui}/lab/steps.csv", timeout=5) as answer:
                rows = list(csv.DictReader(io.StringIO(answer.read().decode())))
        except OSError:
            return 0
        return sum(float(row["seconds"] or 0) for row in rows)

    def finish(self, seconds: float = 60) -> int:
        """Waits for the end of the master, and returns its exit code."""
        self.exit_code = self.swarm.master.wait(seconds)
        return self.exit_code

    def time(self, condition: Callable[[], bool], seconds: float, what: str) -> float:
        """How long it takes until the condition holds, in seconds; fails where that is too long."""
        began = time.monotonic()
        wait_until(condition, seconds, what)
        return time.monotonic() - began

    def served(self) -> int:
        """How many requests of users the service has answered, by its own count."""
        text = self.service.get("/metrics").body.decode()
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        return round(
            sum(
                sample.value
                for sample in samples
                if sample.name == "api_requests_total"
                and sample.labels["route"].startswith("/tests")
                and sample.labels["method"] in ("GET", "POST")
            )
        )

    def load(self, seconds: float = 1.0) -> float:
        """Requests a second that the service answers now."""
        before, began = self.served(), time.monotonic()
        time.sleep(seconds)
        return (self.served() - before) / (time.monotonic() - began)

    def count_both_sides(self) -> None:
        """Finds out what is missing: how many requests the service has answered that the swarm does not know of."""
        served, audited = self.served(), (self.verdict().get("ledger") or {}).get("audited")
        # the audit reads all that is there, page by page
        pages = ceil(len(self.service.names()) / AUDITED_PER_PAGE) if audited is not None else 0
        self.facts["served"] = served - pages
        self.facts["counted"] = (self.verdict().get("double_entry") or {}).get("swarm", 0)
        self.facts["missing"] = self.facts["served"] - self.facts["counted"]

    def take_over(self, results: Path, said: str) -> None:
        """The runs and the words of a master that was started elsewhere."""
        self._results, self._said = results, said

    def note_folders(self) -> None:
        """Finds out which runs have a folder and whether each is marked as complete, and what in them is torn."""
        folders, torn = {}, []
        for folder in sorted(self.results.glob("20*")):
            document: dict[str, Any] = {}
            try:
                document = json.loads((folder / "verdict.json").read_text())
                folders[folder.name] = document["complete"]
            except (OSError, ValueError, KeyError):
                torn.append(f"{folder.name}/verdict.json")
            torn += [f"{folder.name}/{path.name}" for path in folder.glob(".*")]
            for path in folder.glob("*.json"):
                with contextlib.suppress(ValueError):
                    json.loads(path.read_text())
                    continue
                torn.append(f"{folder.name}/{path.name}")
            # a master that does not come to its end leaves what it knew, without a report
            ended = "master" not in str(document.get("interrupted_by"))
            if ended and not (folder / "report.html").exists():
                torn.append(f"{folder.name}/report.html")
        self.facts["folders"], self.facts["torn"] = folders, torn

    def verdict(self) -> dict[str, Any]:
        """The newest verdict.json; {} where there is none."""
        try:
            document: dict[str, Any] = json.loads((self.results / "latest" / "verdict.json").read_text())
        except (OSError, ValueError):
            return {}
        return document

    def seen(self) -> Seen:
        """What the trial left."""
        said = self._said if self._said is not None else self._swarm.log() if self._swarm else ""
        log = said + "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))
        sentence = next((line for line in reversed(said.splitlines()) if SENTENCE.search(line)), "")
        sentence = sentence[found.start() :] if (found := SENTENCE.search(sentence)) else sentence
        word = sentence.partition(":")[0]
        return Seen(
            verdict=word if word in VERDICTS else "none",
            exit_code=self.exit_code,
            sentence=sentence,
            document=self.verdict(),
            facts=self.facts,
            log=log,
            recovered_after=self.recovered_after,
        )

    def end(self) -> None:
        """Ends what still runs."""
        self.closing.close()


def _end(service: RunningService) -> None:
    """Kills the service with all its children, paused ones too, if it was started again too."""
    process = service.process
    if process.poll() is not None:
        return
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    process.wait(10)
