# ruff: noqa: T201 - a program that prints its figures
"""Do drafted users find the capacity that users.py finds? `python -m bench.drafted` runs both in turn, with Compose.

`lab new openapi` drafts a locustfile from the service of the lab, which has a small share of a CPU and so gives first.
The exit code is 1 where the two capacities are more than a tenth apart.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from math import exp, log
from pathlib import Path
from statistics import fmean

from tests.support.stack import Stack, stack

MOST_APART, TRIES = 0.10, 3
KNOBS = {"LAB_PLAN": "capacity", "LAB_RESOLUTION": "5%", "LAB_DEADLINE": "2m", "WEB_CONCURRENCY": "1"}
SCENARIOS = {"users.py": "", "drafted": "scenario/locustfile.py"}


def main() -> int:
    """Prints the capacities; says by its exit code whether they agree."""
    parser = argparse.ArgumentParser(prog="python -m bench.drafted", description=__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="how many searches of each")
    parser.add_argument("--cpus", default="0.1", help="what the service gets")
    options = parser.parse_args()
    found: dict[str, list[float]] = {name: [] for name in SCENARIOS}
    with tempfile.TemporaryDirectory() as folder, stack(Path(folder)) as lab:
        draft(lab)
        for _ in range(options.repeats):
            for name, scenario in SCENARIOS.items():
                found[name].append(capacity(lab, LAB_SCENARIO=scenario, API_CPUS=options.cpus))
    means = {name: exp(fmean(map(log, figures))) for name, figures in found.items()}
    apart = means["drafted"] / means["users.py"] - 1
    for name, figures in found.items():
        print(f"{name}: {', '.join(f'{figure:.1f}' for figure in figures)} req/s")
    print(f"drafted users find {apart:+.1%}")
    return int(abs(apart) > MOST_APART)


def draft(lab: Stack) -> None:
    """Writes scenario/locustfile.py from the service's own document."""
    lab.up("api")
    done = lab.compose("run", "--rm", "-T", "lab", "new", "openapi", "http://api:5000/openapi.json")
    assert done.returncode == 0, done.stdout
    print(done.stdout)


def capacity(lab: Stack, **knobs: str) -> float:
    """The capacity that a search finds, in requests a second. One that cannot be believed is repeated."""
    for _ in range(TRIES):
        lab.run("--scale", "worker=2", **KNOBS, **knobs)
        verdict = lab.verdict()
        print(verdict["sentence"], flush=True)
        if verdict["verdict"] != "INVALID" and verdict["capacity"]:
            return float(verdict["capacity"]["rps"])
    sys.exit(f"no search of {TRIES} could be believed: run it on a machine with nothing else to do")


if __name__ == "__main__":
    sys.exit(main())
