"""A run that was started: what of its output is shown, how far it has come, and the code that it ended with."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Protocol

from lab.figures import three_digits
from lab.history import past_runs
from lab.judging.verdict import ExitCode
from lab.results import files
from lab.results.record import Fields, number
from lab.starting.ways import Way

LOG = "output.log"
"""What all of its processes said, in the run's folder."""
SIGNALS = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
LOOKS_EVERY_SECONDS = 0.2
UNSEEN_LINES = 12
_OF_A_PROCESS = re.compile(r"(?:[0-9:]{8} )?(?P<name>[a-z]+)[-.][0-9]+ +\| (?P<text>.*)")
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
"""What Compose writes for a terminal, though there is none."""
_OF_THE_SWARM = ("master", "worker")
_VERDICT = re.compile(r"(PASS|FAIL|INVALID)\b")
_TOLD_BY_COMPOSE = re.compile(r"exited \(2\)")
TAIL = 4096


class Shown(Protocol):
    """Where a person, or a log of CI, sees the run."""

    def line(self, text: str) -> None:
        """Shows a line for good."""

    def progress(self, text: str) -> None:
        """Shows how far the run is, in place of what was shown before."""


@dataclass
class Ended:
    """How it ended: the code, and the folder and the verdict of the run where there is one."""

    code: int
    folder: Path | None
    verdict: Fields
    unseen: list[str] = field(default_factory=list)  # the last lines that were not shown


def carry_out(way: Way, root: Path, show: Shown, *, is_verbose: bool) -> Ended:
    """Runs it to its end. A signal to this process ends the run in order: what there is is judged."""
    before = set(past_runs.names(way.results))
    environ = {**os.environ, **way.knobs}
    stop = _Stop(way)
    known = {one: signal.signal(one, stop.asked) for one in SIGNALS}
    process = subprocess.Popen(
        way.command,
        cwd=root,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # out of reach of the terminal's Ctrl-C, which is passed on
    )
    stop.passed_on_to(process)
    listener = _Listener(show, is_verbose=is_verbose)
    try:
        _attend(process, way.results, before, listener)
    finally:
        if way.down:
            show.progress("the stack is taken down")
            subprocess.run(way.down, cwd=root, env=environ, capture_output=True, check=False)
        for one, handler in known.items():
            signal.signal(one, handler)
    code = ExitCode.INTERRUPTED if stop.was_asked and process.returncode < 0 else process.returncode
    return _ended(code, past_runs.ended_since(way.results, before), listener)


class _Stop:
    """Passes a signal on to what was started, also one that came while it was."""

    def __init__(self, way: Way) -> None:
        self.was_asked = False
        self._way = way
        self._process: subprocess.Popen[str] | None = None

    def asked(self, _number: int, _frame: FrameType | None) -> None:
        self.was_asked = True
        if self._process:
            with suppress(ProcessLookupError):
                self._process.send_signal(self._way.ends_by)

    def passed_on_to(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        if self.was_asked:
            process.send_signal(self._way.ends_by)


class _Listener:
    """Hears all that is said, and shows what is for a person. It is called by two threads."""

    def __init__(self, show: Shown, *, is_verbose: bool) -> None:
        self.said: list[str] = []
        self.unseen: deque[str] = deque(maxlen=UNSEEN_LINES)
        self._show, self._is_verbose, self._lock = show, is_verbose, threading.Lock()

    def read(self, output: IO[str]) -> None:
        for line in output:
            self.said.append(text := _CONTROL.sub("", line.rstrip("\n")))
            if self._is_verbose or is_for_a_person(text):
                with self._lock:
                    self._show.line(text)
            else:
                self.unseen.append(text)

    def progress(self, text: str) -> None:
        with self._lock:
            self._show.progress(text)


def _attend(process: subprocess.Popen[str], results: Path, before: set[str], listener: _Listener) -> None:
    """Returns when the process has ended and all that it said was heard."""
    output = process.stdout
    assert output
    reader = threading.Thread(target=listener.read, args=(output,))
    reader.start()
    began, folder = time.monotonic(), None
    while process.poll() is None:
        time.sleep(LOOKS_EVERY_SECONDS)
        folder = folder or next((results / name for name in past_runs.names(results) if name not in before), None)
        listener.progress(progress(folder) if folder else f"starting, {time.monotonic() - began:.0f} s")
    reader.join()
    output.close()


def is_for_a_person(line: str) -> bool:
    """Whether a line is of the swarm, or a complaint of the service: not how images are built, nor the verdict itself.

    >>> is_for_a_person("master-1  | [...] vm/INFO/lab.engine.gate: 2 workers are there")
    True
    >>> is_for_a_person("10:00:01 api.1    | [INFO] Booting worker"), is_for_a_person(" Container lab-api-1 Created")
    (False, False)
    """
    found = _OF_A_PROCESS.fullmatch(line)
    if not found or _VERDICT.match(found["text"]):
        return False
    return bool(found["text"].strip()) and (found["name"] in _OF_THE_SWARM or "[INFO]" not in found["text"])


def progress(folder: Path) -> str:
    """How far the run in the folder is, by the last second that it has written."""
    try:
        with files.open_old(folder / "samples.csv") as file:
            head = file.readline().strip().split(",")
            file.seek(max(file.tell(), (folder / "samples.csv").stat().st_size - TAIL))
            rows = file.read().splitlines()
    except (OSError, ValueError):
        rows = []
    plan = folder.name[21:]
    if not rows or len(cells := rows[-1].split(",")) != len(head):
        return f"{plan}: begins"
    row = dict(zip(head, cells, strict=True))
    users, requests, p95 = (number(row.get(name)) for name in ("users", "requests", "p95_ms"))
    step = f", step {row['step']}" if row.get("step") else ""
    told = f"{users or 0:,.0f} users, {requests or 0:,.0f} req/s"
    return f"{plan}{step}: {told}" + (f", p95 {three_digits(p95)} ms" if p95 else "")


def _ended(code: int, folder: Path | None, heard: _Listener) -> Ended:
    if folder is None:
        # Compose ends with 1 as well where a part of it ended with 2
        by_usage = code == 1 and any(_TOLD_BY_COMPOSE.search(line) for line in heard.said)
        known = code if 0 < code <= ExitCode.INTERRUPTED else ExitCode.LAB_FAILED
        return Ended(ExitCode.WRONG_USAGE if by_usage else known, None, {}, list(heard.unseen))
    with suppress(OSError):
        files.write_text(folder / LOG, "\n".join(heard.said) + "\n")
    verdict: Fields = json.loads(files.read_text(folder / "verdict.json"))
    own = int(verdict["exit_code"])
    # no fault ends in 0
    failed = code if 0 < code <= ExitCode.INTERRUPTED else ExitCode.LAB_FAILED
    return Ended(own or (failed if code else 0), folder, verdict)
