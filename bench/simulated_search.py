# ruff: noqa: T201 - a program that prints its table
"""How right would the search be, over hundreds of runs? The real search and sampling on simulated answers, in seconds.

    PYTHONPATH=locust python -m bench.simulated_search --runs 60

`make bench-capacity` is the proof, with a real swarm; this is where a change of lab/plans/search.py or sampling.py
is tried first. Services are those of known truth (tests/support/queueing.py); each step starts afresh, and is glanced
at and settles as lab/shapes/capacity.py has it.
"""

from __future__ import annotations

import argparse
import random
from collections import defaultdict
from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from math import inf
from statistics import fmean, median, pstdev

from lab import limits
from lab.counts.endpoints import Endpoints
from lab.counts.timeline import Step, Tally, together
from lab.judging.evidence import Evidence, Search
from lab.judging.reading import trials
from lab.judging.verdict import judge
from lab.limits import Limit
from lab.plans import sampling, search, settling
from lab.plans.sampling import Stretch
from lab.plans.search import Goal, Purpose
from lab.shapes.capacity import GLANCE_SECONDS, GLANCE_SETTLE_SECONDS, MOST_SURENESS, SURENESS, TRY_TO_SETTLE
from tests.support import queueing
from tests.support.queueing import Law, Model, Slots

STEP_OVERHEAD_SECONDS = 1.2  # for users to come, and for reports, as in searches with a real swarm
CLIENT_SECONDS = 0.001  # what a client in Python adds to an answer
Case = tuple[str, Model, float, Goal, tuple[float, float], int]  # the last is LAB_SETTLE
CASES: tuple[Case, ...] = (
    ("slots-bound", Model(16, 0.020, (0.1, 0.3)), 90, Goal(10, 400, 0.05), (2, 8), 1),
    ("CPU-bound", Model(1, 0.0042, (0.3, 0.5), Law.EVEN), 60, Goal(10, 400, 0.05), (2, 8), 1),
    ("fewer slots", Model(8, 0.010, (0.05, 0.15)), 50, Goal(10, 400, 0.05), (2, 8), 1),
    ("defaults, 4 slots", Model(4, 0.100, (0.5, 1.5)), 450, Goal(10, 2000, 0.10), (5, 20), 3),
    ("defaults, CPU", Model(1, 0.010, (0.5, 1.5), Law.EVEN), 450, Goal(10, 2000, 0.10), (5, 20), 3),
)


def seconds_at(model: Model, users: int, chance: random.Random, hiccups: float) -> Iterator[Tally]:
    """What so many users are answered, second by second, from where the first may count.

    With the chance `hiccups`, nothing is answered for up to a second, some time soon.
    """
    stands_still = chance.uniform(GLANCE_SETTLE_SECONDS, 10) if chance.random() < hiccups else inf
    goes_on = stands_still + chance.uniform(0.3, 1.0)
    slots, (shortest, longest) = Slots(model.slots), model.think_seconds
    arrivals = [(chance.uniform(0, longest), user) for user in range(users)]
    heapify(arrivals)
    second, tallies = 0, defaultdict[int, Tally](Tally)
    while True:
        now, user = heappop(arrivals)
        while now >= GLANCE_SETTLE_SECONDS + second + 1:
            yield tallies.pop(second, Tally())
            second += 1
        spread = chance.expovariate(1) if model.law is Law.EXPONENTIAL else 1.0
        end = slots.serve(now, model.service_seconds * spread)
        if stands_still <= end < goes_on:
            end = goes_on
        if end >= GLANCE_SETTLE_SECONDS:
            tallies[int(end - GLANCE_SETTLE_SECONDS)].succeed((end - now + CLIENT_SECONDS) * 1000)
        heappush(arrivals, (end + CLIENT_SECONDS + chance.uniform(shortest, longest), user))


def run(case: Case, seed: int, hiccups: float) -> tuple[list[Step], float]:
    """One whole search: its steps, and about how many seconds it would have taken."""
    _name, model, _limit_ms, goal, _step_seconds, _settle = case
    chance, steps, took = random.Random(seed), list[Step](), 0.0
    while asked := search.ask(goal, trials(steps)):
        answers: list[Tally] = []
        glances = asked.purpose is Purpose.EXPLORE and bool(steps) and bool(steps[-1].kept)
        for tally in seconds_at(model, asked.load, chance, hiccups):
            answers.append(tally)
            if step := _judged(case, asked.purpose, answers, glances=glances):
                step.users, step.number = asked.load, len(steps) + 1
                steps.append(step)
                break
            glances = glances and len(answers) < GLANCE_SECONDS
        took += GLANCE_SETTLE_SECONDS + len(answers) + STEP_OVERHEAD_SECONDS
    return steps, took


def _judged(case: Case, purpose: Purpose, answers: list[Tally], *, glances: bool) -> Step | None:
    """The step that was answered so, second by second; None where it goes on."""
    _name, _model, limit_ms, _goal, (at_least, at_most), settle = case
    longer = 2 if purpose is Purpose.CONFIRM else 1
    at_least, skipped = longer * at_least, 0
    if glances:
        if len(answers) < GLANCE_SECONDS:
            return None
        at_least = min(GLANCE_SECONDS, at_least)
    elif unsettled := settle - int(GLANCE_SETTLE_SECONDS):
        if len(answers) < unsettled + settling.TRIED_SECONDS:
            return None
        skipped = _unsettled(purpose, answers, unsettled)
    counted = answers[skipped:]
    accepted, sums = _limits(limit_ms), Endpoints({"GET /tests": together(counted)})
    stretch = Stretch(at_least, longer * at_most, SURENESS.get(purpose, MOST_SURENESS))
    kept = sampling.is_kept(accepted, sums, len(counted), stretch)
    excess = limits.excess(limits.judge(accepted, sums, len(counted)))
    if kept is None or (glances and not (kept and search.is_far(excess))):
        return None
    successes = [tally.successes for tally in counted]
    return Step(0, 0, str(purpose), kept, len(counted), successes, sums, excess=excess)


def _unsettled(purpose: Purpose, answers: list[Tally], unsettled: int) -> int:
    """How many of the first seconds are left out, as it was decided when they were first looked at."""
    early, late = answers[:unsettled], answers[unsettled : unsettled + settling.TRIED_SECONDS]
    alike = settling.are_alike(together(early), len(early), together(late), len(late))
    return 0 if alike and purpose in TRY_TO_SETTLE else unsettled


def _limits(limit_ms: float) -> tuple[Limit, ...]:
    return limits.parse(f"p95<={limit_ms:g}ms")


def study(case: Case, runs: int, hiccups: float) -> None:
    """Print how right so many searches are."""
    name, model, limit_ms, goal, _step_seconds, _settle = case
    truth = queueing.capacity(model, 95, limit_ms / 1000, goal.most)
    assert truth
    errors, covered, seconds, counts = list[float](), list[bool](), list[float](), list[int]()
    for seed in range(runs):
        steps, took = run(case, seed, hiccups)
        evidence = Evidence("capacity", "", _limits(limit_ms), "", 1, steps, 2, search=Search(goal))
        found = judge(evidence).document["capacity"]
        errors.append(found["users"] / truth.users - 1 if found else -1.0)
        low, high = found["rps_interval"] if found else (1.0, 0.0)
        covered.append(low <= truth.rps <= high)
        seconds.append(took)
        counts.append(len(steps))
    near = sum(abs(error) <= goal.resolution for error in errors) / runs
    print(
        f"{name:<18}{truth.users:>6}{truth.rps:>8.1f}{near:>8.0%}{median(map(abs, errors)):>8.1%}{fmean(errors):>+8.1%}"
        f"{pstdev(errors):>7.1%}{sum(covered) / runs:>8.0%}{fmean(seconds):>6.0f}{max(seconds):>6.0f}"
        f"{fmean(counts):>7.1f}",
        flush=True,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--hiccups", type=float, default=0.0, help="the share of steps in which all stands still once")
    told = parser.parse_args()
    print(
        f"{'service':<18}{'users':>6}{'req/s':>8}{'within':>8}{'|error|':>8}{'bias':>8}{'sd':>7}{'covers':>8}", end=""
    )
    print(f"{'s':>6}{'most':>6}{'steps':>7}")
    for case in CASES:
        study(case, told.runs, told.hiccups)


if __name__ == "__main__":
    main()
