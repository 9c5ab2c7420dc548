"""The runs of a study, one after the other, and what is kept and told of them."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab.history import past_runs
from lab.history.past_runs import HistoryError
from lab.judging.verdict import ExitCode
from lab.results import files
from lab.wording import columns
from scaling.law import NoFitError
from scaling.page import page
from scaling.stack import Stack
from scaling.study import Check, SizedRun, Study

ATTEMPTS = 2
"""How often a run without a capacity, such as an INVALID one, is tried."""
SIGNALS = signal.SIGINT, signal.SIGTERM
NOT_REACHED = "it did not reach the capacity (LAB_MAX_USERS, or LAB_DEADLINE)"


@dataclass(frozen=True)
class Wanted:
    """What shall be measured: the sizes, how often each, and the load for which a size is sought."""

    sizes: Sequence[float]
    repeats: int
    need: float | None = None


def carry_out(stack: Stack, wanted: Wanted, say: Callable[[str], None]) -> tuple[Study, Path]:
    """Runs all of it, and returns the study and its folder. Raises StackError."""
    started = datetime.now(UTC)
    # on Ctrl-C, or when a CI job is cancelled, the stack is taken down
    before = {one: signal.signal(one, lambda *_: sys.exit(ExitCode.INTERRUPTED)) for one in SIGNALS}
    try:
        study = check(stack, Study(stack.dimension, measure(stack, wanted, say), wanted.need))
    finally:
        stack.down()
        for one, handler in before.items():
            signal.signal(one, handler)
    folder = files.folder(stack.results, started, "scaling")
    keep(study, folder)
    return study, folder


def measure(stack: Stack, wanted: Wanted, say: Callable[[str], None]) -> list[SizedRun]:
    """The capacity at each size, measured so often.

    Sizes take turns, downwards and upwards, so that a drifting machine biases none. The largest is first: where its
    capacity is out of reach, no other run is worth its time.
    """
    found: list[SizedRun] = []
    for repeat in range(wanted.repeats):
        for size in sorted(wanted.sizes, reverse=repeat % 2 == 0):
            for _ in range(ATTEMPTS):
                folder = stack.run(size, {"LAB_PLAN": "capacity"})
                found.append(measured := read(folder, size))
                outcome = measured.problem or f"{measured.rps:.4g} req/s"
                which = f"{size:g} {stack.dimension.many}, run {repeat + 1} of {wanted.repeats}"
                say(f"{which}: {outcome} (results/{folder.name})")
                if len(found) == 1 and measured.problem == NOT_REACHED:
                    return found
                if measured.rps:
                    break
    return found


def read(folder: Path, size: float) -> SizedRun:
    """The capacity that the run in the folder found, or why there is none."""
    try:
        past = past_runs.read(folder)
    except HistoryError as error:
        return SizedRun(size, folder.name, None, 0.0, str(error))
    capacity = next(iter(past.figures().values()), None)
    if capacity is None:
        return SizedRun(size, folder.name, None, 0.0, "no load kept the limits")
    if capacity.at_least:
        return SizedRun(size, folder.name, None, 0.0, NOT_REACHED)
    return SizedRun(size, folder.name, capacity.value, capacity.unsure, None)


def check(stack: Stack, study: Study) -> Study:
    """The study with one run of the needed load at the size found for it."""
    needed = study.size_needed()
    if study.need is None or not isinstance(needed, tuple):
        return study
    folder = stack.run(needed[0], {"LAB_PLAN": "peak", "LAB_PEAK_RPS": f"{round(study.need)}", "LAB_PEAK_USERS": ""})
    verdict = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    return replace(study, check=Check(folder.name, verdict["verdict"], verdict["sentence"]))


def keep(study: Study, folder: Path) -> None:
    """Writes scaling.json and scaling.html."""
    folder.mkdir(parents=True, exist_ok=True)
    files.write_json(folder / "scaling.json", study.document())
    files.write_text(folder / "scaling.html", page(study))


def table(study: Study) -> str:
    """The table of sizes for the terminal."""
    rows = [("size", "req/s measured", "by the law", "90 % interval", "efficiency"), *map(_cells, study.rows())]
    return columns(rows)


def _cells(row: dict[str, Any]) -> tuple[str, str, str, str, str]:
    size, measured = f"{row['size']:g}", " ".join(f"{rps:.4g}" for rps in row["rps"]) or "none"
    if row["law_rps"] is None:
        return size, measured, "", "", ""
    interval = " to ".join("no end" if end is None else f"{end:.4g}" for end in row["law_interval"])
    return size, measured, f"{row['law_rps']:.4g}", interval, f"{row['efficiency']:.0%}"


def exit_code(study: Study) -> ExitCode:
    if isinstance(study.fitted, NoFitError) or (study.need is not None and study.check is None):
        return ExitCode.INVALID
    if study.check and study.check.verdict != "PASS":
        return ExitCode.FAIL if study.check.verdict == "FAIL" else ExitCode.INVALID
    return ExitCode.PASS
