"""How often `lab ab` says what, of jobs whose truth is known: `make bench-ab`, or BENCH=50 for so many jobs a row.

Each job is simulated: its runs take no time, and are off by the noise that is named. What a real run costs is on top.
"""

from __future__ import annotations

import sys
from collections import Counter

from lab.ab.answers import Answer
from tests.support.ab_jobs import Noise, by_stored_baseline, drift, neighbour, scatter, simulated

SLOWER = (1.0, 1.02, 1.05, 1.10, 1.30)
NOISES: dict[str, Noise] = {
    "1 %": scatter(0.01),
    "2 %": scatter(0.02),
    "3 %": scatter(0.03),
    "5 %": scatter(0.05),
    "10 %": scatter(0.10),
    "2 %, and a machine that slows down by 1 % a run": drift,
    "3 %, and 1 run of 7 half as slow again": neighbour,
}


def _head(slower: float) -> str:
    return "A" if slower == 1 else f"{slower - 1:.0%} slower"


def write(*cells: str) -> None:
    sys.stdout.write(f"| {' | '.join(cells)} |\n")
    sys.stdout.flush()


def main(jobs: int) -> None:
    """Prints the table, in Markdown."""
    write("noise", *(_head(slower) for slower in SLOWER))
    write(*["---"] * (len(SLOWER) + 1))
    for name, noise in NOISES.items():
        cells = []
        for slower in SLOWER:
            counts = Counter(simulated(slower, noise, seed) for seed in range(jobs))
            cells.append(", ".join(f"{counts[answer] / jobs:.1%} {answer}" for answer in Answer if counts[answer]))
        write(name, *cells)
    stored(jobs)


def stored(jobs: int) -> None:
    """Prints what a stored baseline would say: how often one run is called worse than one of another day."""
    write("noise, and other days or runners", *(_head(slower) for slower in SLOWER))
    write(*["---"] * (len(SLOWER) + 1))
    for days in (0.03, 0.10, 0.30):
        for_each = [
            sum(by_stored_baseline(slower, NOISES["2 %"], days, seed) for seed in range(jobs)) for slower in SLOWER
        ]
        write(f"2 %, {days:.0%}", *(f"{count / jobs:.1%} worse" for count in for_each))


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 200)
