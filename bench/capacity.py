# ruff: noqa: T201 - a program that prints its table
"""How right is the capacity that the lab finds, and how fast? `make bench-capacity` prints a table; 1 if not enough.

Each service is searched and then ramped, again and again, a fresh one each time. With a hundred users and more, 5 % are
a question of five users and not of one. The limits lie just beyond the knee, where the percentile rises so fast that
its chance scatter in a step moves the capacity by a percent or two and not by five: of the slots-bound service, ten
seconds' p95 scatters as much as 1.8 % more or fewer users would change it. Times are long beside the millisecond that a
client in Python adds to each answer and to each pause.

The ramp gets what helps it: it is as slow as to be at the true capacity only when the search's time is up. Its error
does not depend on that: the whole run's percentile lags behind the load by the same share at every speed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.capacity_runs import CORES, WORKERS, Known, Outcome, Truth, find_truth, ramp, search
from bench.lateness import Sleeper
from tests.support.queueing import Model

SIXTEEN = Model(slots=16, service_seconds=0.020, think_seconds=(0.1, 0.3))
SERVICES = (
    Known("slots-bound", ("--slots", "16", "--service-time", "20ms"), "100ms-300ms", "90ms", 400, model=SIXTEEN),
    # A core of its own; other programs on it would be part of the truth.
    Known(
        "CPU-bound", ("--burn", "--service-time", "4ms"), "300ms-500ms", "60ms", 400, between=(70, 130), own_core=True
    ),
    Known(
        "a cliff",
        ("--slots", "1000", "--law", "even", "--service-time", "20ms", "--cliff", "20"),
        "100ms-300ms",
        "90ms",
        400,
        between=(100, 250),
    ),
    Known(
        "pauses",
        ("--slots", "16", "--service-time", "20ms", "--stall-at", "2s", "--stall-for", "300ms", "--stall-every", "5s"),
        "100ms-300ms",
        "200ms",
        400,
        between=(100, 350),
    ),
    Known(
        "not reached",
        ("--slots", "1000", "--service-time", "1ms"),
        "100ms-300ms",
        "50ms",
        80,
        wanted="not reached",
    ),
    Known(
        "drifting",
        ("--slots", "8", "--service-time", "20ms", "--drift", "0.0002"),
        "100ms-300ms",
        "90ms",
        400,
        wanted="drifted",
    ),
)
# Lanes run at the same time: a service that sleeps does not feel its neighbours, and the one that burns has its core.
LANES = (("slots-bound", "a cliff"), ("CPU-bound",), ("not reached", "drifting", "pauses"))
MOST_ERROR = 0.05
LEAST_SHARE = 0.9
MOST_LATE_MS = 3.0


@dataclass(frozen=True)
class Pair:
    """A search and the ramp that came after it, on the same kind of service."""

    known: Known
    repeat: int
    truth: Truth | None
    search: Outcome
    ramp: Outcome
    late_ms: float  # how late a sleeper was woken meanwhile: high where others use the machine


def error(outcome: Outcome, truth: Truth) -> float:
    """By how much the users that were told are off, as a ratio of the truth; all of it where none were told."""
    return (outcome.users or 0) / truth.users - 1


def interval_covers(outcome: Outcome, truth: Truth) -> bool:
    """Whether the interval of the requests a second holds the true rate."""
    return bool(outcome.interval and outcome.interval[0] <= truth.rps <= outcome.interval[1])


def bracket_covers(outcome: Outcome, truth: Truth) -> bool:
    """Whether the true capacity is between what was told to keep the limit and what was told to break it."""
    return (outcome.users or 0) <= truth.users < (outcome.breach_users or 0)


def compare(known: Known, repeats: int, folder: Path, sleeper: Sleeper) -> list[Pair]:
    """Search and ramp in turn, so often; says each as it comes."""
    pairs: list[Pair] = []
    truth: Truth | None = None
    for repeat in range(1, repeats + 1):
        began = time.monotonic()
        truth = find_truth(known, truth)
        under = folder / known.name.replace(" ", "-") / str(repeat)
        found = search(known, repeat, under / "search")
        ramped = ramp(known, repeat, under / "ramp", found.seconds, truth.users if truth else known.most_users)
        pairs.append(Pair(known, repeat, truth, found, ramped, sleeper.p95_late_ms(began)))
        print(row(pairs[-1]), flush=True)
    return pairs


HEAD = (
    f"{'service':<12}{'#':>2}{'true users':>11}{'= req/s':>9} |{'search':>10}{'error':>8}{'bracket':>10}"
    f"{'req/s interval':>19}{'covers':>7}{'s':>6}{'requests':>9} |{'ramp':>6}{'error':>8}{'s':>6}{'requests':>9}"
    f" |{'late ms':>8}"
)


def row(pair: Pair) -> str:
    """A pair as a line of the table."""
    truth, found, ramped = pair.truth, pair.search, pair.ramp
    true_users, true_rps = (f"{truth.users}", f"{truth.rps:.1f}") if truth else ("none", "-")
    errors = [f"{error(outcome, truth):+.1%}" if truth else "-" for outcome in (found, ramped)]
    told = found.word if found.users is None else str(found.users)
    interval = f"{found.interval[0]:.1f}-{found.interval[1]:.1f}" if found.interval else "-"
    covers = ("yes" if interval_covers(found, truth) else "no") if truth else "-"
    bracket = f"{found.users}-{found.breach_users}" if found.reached else f">={found.users}"
    bracket = bracket if found.users else "-"
    ramp_told = f"{ramped.users}" if ramped.reached else f">={ramped.users}"
    return (
        f"{pair.known.name:<12}{pair.repeat:>2}{true_users:>11}{true_rps:>9} |{told:>10}{errors[0]:>8}{bracket:>10}"
        f"{interval:>19}{covers:>7}{found.seconds:>6.0f}{found.requests:>9} |{ramp_told:>6}{errors[1]:>8}"
        f"{ramped.seconds:>6.0f}{ramped.requests:>9} |{pair.late_ms:>8.2f}"
    )


@dataclass(frozen=True)
class Wanted:
    """A figure that is wanted, and what came out."""

    text: str
    figure: str
    met: bool


def judge(pairs: Sequence[Pair]) -> list[Wanted]:
    """What is wanted of the search, held against the pairs."""
    late_ms = max(pair.late_ms for pair in pairs)
    wanted = [
        Wanted(
            f"the machine is quiet: p95 of a sleep at most {MOST_LATE_MS:g} ms late",
            f"{late_ms:.1f} ms",
            late_ms <= MOST_LATE_MS,
        )
    ]
    known = [(pair.search, pair.truth) for pair in pairs if pair.truth]
    if known:
        near = [abs(error(found, truth)) <= MOST_ERROR for found, truth in known]
        covered = [interval_covers(found, truth) for found, truth in known]
        wanted.append(_share("error within 5 % of the truth", near))
        wanted.append(_share("interval covers the true rate", covered))
    for name in dict.fromkeys(pair.known.name for pair in pairs):
        wanted += _judge_service(name, [pair for pair in pairs if pair.known.name == name])
    return wanted


def _judge_service(name: str, pairs: Sequence[Pair]) -> list[Wanted]:
    match pairs[0].known.wanted:
        case "drifted":
            return [_share(f"{name}: INVALID", [pair.search.word == "INVALID" for pair in pairs], 1.0)]
        case "not reached":
            said = [not pair.search.reached and pair.search.users == pair.known.most_users for pair in pairs]
            return [_share(f"{name}: said so", said, 1.0)]
    searched, ramped = (
        median(abs(error(outcome, pair.truth)) for pair in pairs if pair.truth for outcome in [getattr(pair, which)])
        for which in ("search", "ramp")
    )
    took, ramp_took = median(pair.search.seconds for pair in pairs), median(pair.ramp.seconds for pair in pairs)
    return [
        Wanted(
            f"{name}: median error at most half the ramp's", f"{searched:.1%} to {ramped:.1%}", 2 * searched <= ramped
        ),
        Wanted(f"{name}: median time at most the ramp's", f"{took:.0f} s to {ramp_took:.0f} s", took <= ramp_took),
    ]


def _share(text: str, claims: Sequence[bool], least: float = LEAST_SHARE) -> Wanted:
    return Wanted(f"{text}, {least:.0%}", f"{sum(claims)} of {len(claims)}", sum(claims) >= least * len(claims) - 1e-9)


def run(chosen: Sequence[Known], repeats: int, folder: Path) -> list[Pair]:
    """The pairs of all these services: lane beside lane, and in a lane one service after the other."""
    sleeper = Sleeper()

    def run_lane(names: Sequence[str]) -> list[Pair]:
        in_turn = (known for known in chosen if known.name in names)
        return [pair for known in in_turn for pair in compare(known, repeats, folder, sleeper)]

    with ThreadPoolExecutor(len(LANES)) as lanes:
        return [pair for pairs in lanes.map(run_lane, LANES) for pair in pairs]


def main() -> int:
    """Run the bench; 1 when something is not as wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--services", nargs="+", choices=[known.name for known in SERVICES], metavar="NAME")
    parser.add_argument("--folder", type=Path, help="where the runs' folders are kept, for whoever studies a miss")
    told = parser.parse_args()
    if len(CORES) > 1:  # the rest is the swarm's, and of the services that sleep
        os.sched_setaffinity(0, CORES[1:])
    chosen = [known for known in SERVICES if not told.services or known.name in told.services]
    print(f"{told.repeats} repeats, {WORKERS} workers, {len(CORES)} cores\n{HEAD}")
    with tempfile.TemporaryDirectory() as temporary:
        wanted = judge(run(chosen, told.repeats, told.folder or Path(temporary)))
    print()
    for each in wanted:
        print(f"{'met' if each.met else 'MISSED':<8}{each.text:<60}{each.figure}")
    return 0 if all(each.met for each in wanted) else 1


if __name__ == "__main__":
    sys.exit(main())
