"""Measures how capacity grows with the size of the service: `make scaling REPLICAS="1 2 3" WORKERS=4`.

It exits with 0 where the law was found (with --need: and a run of that load at the size found for it passed), 3 where
that run failed, 4 without a law or a size, 5 where a signal ended it, and 1 where the lab itself failed.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab.history import past_runs
from lab.history.past_runs import HistoryError
from lab.judging.verdict import ExitCode
from lab.results import files
from scaling.law import NoFitError
from scaling.page import page
from scaling.stack import DIMENSIONS, Stack, StackError, say
from scaling.study import Check, SizedRun, Study

ATTEMPTS = 2
"""How often a run without a capacity, such as an INVALID one, is tried."""
SIGNALS = signal.SIGINT, signal.SIGTERM
ROOT = Path(__file__).resolve().parent.parent


def measure(stack: Stack, sizes: Sequence[float], repeats: int) -> list[SizedRun]:
    """The capacity at each size, measured so often. Sizes take turns, so that a drifting machine biases none."""
    found = []
    for repeat in range(repeats):
        for size in sizes:
            for _ in range(ATTEMPTS):
                folder = stack.run(size, {"LAB_PLAN": "capacity"})
                found.append(measured := read(folder, size))
                outcome = measured.problem or f"{measured.rps:.4g} req/s"
                say(
                    f"{size:g} {stack.dimension.many}, run {repeat + 1} of {repeats}: {outcome} (results/{folder.name})"
                )
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
        return SizedRun(size, folder.name, None, 0.0, "it did not reach the capacity (LAB_MAX_USERS)")
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
    folder.mkdir(parents=True)
    files.write_json(folder / "scaling.json", study.document())
    files.write_text(folder / "scaling.html", page(study))


def table(study: Study) -> str:
    """The table of sizes for the terminal."""
    rows = [("size", "req/s measured", "by the law", "90 % interval", "efficiency"), *map(_cells, study.rows())]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(wide) for cell, wide in zip(row, widths, strict=True)).rstrip() for row in rows
    )


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


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(prog="python -m scaling", description="How does the capacity grow with the size?")
    sizes = parser.add_mutually_exclusive_group(required=True)
    for name, dimension in DIMENSIONS.items():
        sizes.add_argument(f"--{name}", nargs="+", type=float, help=f"run with so many {dimension.many}")
    parser.add_argument("--workers", type=int, default=4, help="of the swarm (4)")
    parser.add_argument("--repeats", type=int, default=2, help="runs at each size (2)")
    parser.add_argument("--need", type=float, help="requests a second: find the size for them, and check it by a run")
    options = parser.parse_args(arguments)
    name = next(name for name in DIMENSIONS if getattr(options, name))
    counts = getattr(options, name)
    if any(size <= 0 or (name != "cpus" and size % 1) for size in counts):
        parser.error(f"--{name} takes {'figures' if name == 'cpus' else 'whole numbers'} above 0")
    stack = Stack(root, DIMENSIONS[name], options.workers)
    started = datetime.now(UTC)
    # on Ctrl-C, or when a CI job is cancelled, the stack is taken down
    before = {one: signal.signal(one, lambda *_: sys.exit(ExitCode.INTERRUPTED)) for one in SIGNALS}
    try:
        study = Study(stack.dimension, measure(stack, counts, options.repeats), options.need)
        study = check(stack, study)
    except StackError as error:
        say(f"NO VERDICT: {error}")
        return ExitCode.LAB_FAILED
    finally:
        stack.down()
        for one, handler in before.items():
            signal.signal(one, handler)
    folder = stack.results / f"{started:%Y-%m-%dT%H-%M-%SZ}-scaling"
    keep(study, folder)
    say(f"\n{table(study)}\n\n{' '.join(study.sentences())} See results/{folder.name}/scaling.html")
    return exit_code(study)


if __name__ == "__main__":
    sys.exit(main())
