# ruff: noqa: T201 - a program that prints its table
"""What does a request cost the swarm? `make bench-generator` prints the tables; 1 where a wanted figure is missed.

Figures are CPU of the process itself, so that neighbours on the machine matter little, from real masters and workers
with all that the lab records. Rounds are interleaved, so that a machine that grows slower is met by all alike.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

import psutil

from bench import generator_runs as runs

CLIENTS = ("Http", "FastHttp", "LeanHttp")
TASKS = {"Get": "GET", "Read": "GET, checked", "Add": "POST JSON, checked"}
WANTED = {"FastHttp": 3.3, "Http": 10.0}
WIDTHS = (1, 2, 4, 8)
MOST_SPREAD = 0.10
MASTERED = (10, 100, 1000)
HALF_A_CORE = 0.5
LEAST_REPORTS = 0.95


def machine() -> str:
    """What the figures come from."""
    model = platform.processor() or "unknown CPU"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return f"{model}, {psutil.cpu_count()} cores; Python {platform.python_version()}"


def compare_clients(url: str, rounds: int) -> bool:
    """Requests per worker CPU-second, and whether ours makes as many more as is wanted."""
    found: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        for task in TASKS:
            for client in CLIENTS:
                (cost,) = runs.measure(url, client + task)
                found.setdefault((client, task), []).append(cost.per_cpu_second)
    print(f"requests per CPU-second of one worker, 20 users who do not think; medians of {rounds}")
    names = "".join(f"{client + 'User':>15}" for client in CLIENTS)
    print(f"{'':<20}{names}{'to Fast':>10}{'to Http':>10}")
    good = True
    for task, name in TASKS.items():
        rates = {client: median(found[client, task]) for client in CLIENTS}
        ratios = {
            other: median(a / b for a, b in zip(found["LeanHttp", task], found[other, task], strict=True))
            for other in WANTED
        }
        good = good and all(ratios[other] >= WANTED[other] for other in WANTED)
        print(
            f"{name:<20}{''.join(f'{rates[client]:>15,.0f}' for client in CLIENTS)}"
            f"{ratios['FastHttp']:>10.2f}{ratios['Http']:>10.2f}"
        )
    print(f"{'wanted':<65}{WANTED['FastHttp']:>10.1f}{WANTED['Http']:>10.1f}\n")
    return good


def compare_tools(folder: Path, url: str, rounds: int) -> None:
    """The same requests by other tools, round by round beside ours: how far we are from the limit."""
    print("requests per CPU-second beside tools that neither run tasks nor check answers; the same nginx")
    for posts, ours in ((False, "LeanHttpRead"), (True, "LeanHttpAdd")):
        lean: list[float] = []
        theirs: dict[str, list[float]] = {name: [] for name in runs.TOOLS}
        for _ in range(rounds):
            (cost,) = runs.measure(url, ours)
            lean.append(cost.per_cpu_second)
            for name, found in theirs.items():
                if told := runs.measure_tool(folder, name, url, posts=posts):
                    found.append(told.per_cpu_second)
        print(f"{'POST JSON' if posts else 'GET'}, checked by ours{median(lean):>15,.0f}")
        for name, found in theirs.items():
            if found:
                ratio = median(a / b for a, b in zip(lean, found, strict=True))
                print(f"  {name:<18}{median(found):>15,.0f}   ours is {ratio:.2f} of it")
            else:
                print(f"  {name:<18}{'not installed':>15}")
    print()


def compare_memory(url: str) -> bool:
    """Resident memory per 1,000 users, with a connection each, and whether ours take no more than FastHttpUser's."""
    print("memory of a worker per 1,000 users, MB")
    found = {}
    for client in CLIENTS:
        (cost,) = runs.measure(url, f"{client}Read", users=1000, seconds=4, think_seconds=1)
        found[client] = cost.resident_bytes / 1e6
        print(f"{client + 'User':<20}{found[client]:>15.1f}")
    print()
    return found["LeanHttp"] <= found["FastHttp"]


def compare_widths(url: str, rounds: int) -> bool:
    """CPU per request of swarms of several widths, each worker at the same load, and whether it stays the same."""
    found: dict[int, list[float]] = {}
    for _ in range(rounds):
        for width in WIDTHS:
            costs = runs.measure(url, "LeanHttpRead", users=50 * width, seconds=5, think_seconds=0.1, workers=width)
            spent = sum(cost.cpu_seconds for cost in costs) / sum(cost.requests for cost in costs) * 1e6
            found.setdefault(width, []).append(spent)
    print(f"CPU of the workers per request, us; 50 users and 500 requests a second on each; medians of {rounds}")
    for width, spent_us in found.items():
        print(f"{width} workers{median(spent_us):>26.1f}")
    medians = [median(spent_us) for spent_us in found.values()]
    spread = max(medians) / min(medians) - 1
    print(f"spread {spread:.1%}, at most {MOST_SPREAD:.0%}\n")
    return spread <= MOST_SPREAD


def weigh_master(folder: Path, url: str) -> None:
    """What the master takes for each worker: reports, heartbeats, judging and writing the run, once a second."""
    report = runs.capture_report(folder / "captured", url)
    print("CPU of the master, ms for each worker and second; reports of a real worker, from light senders")
    carried = 0.0
    for workers in MASTERED:
        used, reports = runs.weigh_master(folder / f"master-{workers}", url, report, workers, seconds=10)
        keeps_up = reports > LEAST_REPORTS * workers
        told = "" if keeps_up else f"  (it takes in {reports:,.0f} reports a second: it does not keep up)"
        print(f"{workers:>5} workers{used / workers * 1000:>23.2f}{used:>10.0%} of a core{told}")
        if keeps_up:
            carried = HALF_A_CORE / (used / workers)
    print(f"one master carries {carried:,.0f} workers with half a core\n")


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how often each client is measured")
    parser.add_argument("--only", choices=["clients", "tools", "memory", "widths", "master"], help="one table alone")
    arguments = parser.parse_args()
    if not shutil.which("nginx"):
        print("SKIPPED: there is no nginx to be the target (apt install nginx-light)", file=sys.stderr)
        return 2
    runs.raise_open_files()
    print(f"{machine()}\n")
    good = {}
    with tempfile.TemporaryDirectory() as folder, runs.target(Path(folder)) as url:
        if arguments.only in (None, "clients"):
            good["a request costs too much"] = compare_clients(url, arguments.rounds)
        if arguments.only in (None, "tools"):
            compare_tools(Path(folder), url, arguments.rounds)
        if arguments.only in (None, "memory"):
            good["a user takes too much memory"] = compare_memory(url)
        if arguments.only in (None, "widths"):
            good["a wider swarm costs more for each request"] = compare_widths(url, arguments.rounds)
        if arguments.only in (None, "master"):
            weigh_master(Path(folder), url)
    for missed in (what for what, is_good in good.items() if not is_good):
        print(f"MISSED: {missed}")
    return 0 if all(good.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
