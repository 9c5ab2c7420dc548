"""Jobs of `lab ab` whose truth is known: simulated runs with the noise that real ones have."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable
from typing import Any

from lab.ab.answers import Answer
from lab.ab.job import Budget, Job
from lab.history.past_runs import Past
from lab.results.record import Record

Noise = Callable[[random.Random, int], float]


def run_of(name: str, p95: float, cpu_ms: float = 2.0, word: str = "PASS", memory: float = 1e8) -> Past:
    """A run of plan steady with these figures."""
    limit = {"text": "p95<=450ms", "unit": "ms", "measured": p95, "kept": word == "PASS"}
    replica = {"cpu_cores": cpu_ms / 10, "rps": 100.0, "memory_bytes": memory}
    verdict: dict[str, Any] = {"verdict": word, "limits": [limit], "replicas": [replica], "complete": True}
    return Past(name, Record(plan="steady", verdict={**verdict, "measured": {"p99_ms": p95 * 2}}))


def capacity_of(name: str, rps: float | None, reached: bool = True) -> Past:
    """A search that found this capacity, or none."""
    found = {"users": 100, "rps": rps, "rps_interval": [rps * 0.99, rps * 1.01], "reached": reached} if rps else None
    return Past(name, Record(plan="capacity", verdict={"verdict": "PASS" if rps else "FAIL", "capacity": found}))


def job_of(run: Callable[[str], Past], pairs: int = 10, seconds: float = math.inf, ticks: float = 0.0) -> Job:
    """A job whose clock moves by so much with each look at it."""
    now = itertools.count()
    return Job(run, Budget(0.05, pairs, seconds), lambda _: None, clock=lambda: next(now) * ticks)


def simulated(slower: float, noise: Noise, seed: int) -> Answer:
    """The answer of a job whose B is so many times as slow and as costly, where a run is off by such factors."""
    chance, numbers = random.Random(seed), itertools.count()

    def run(side: str) -> Past:
        number = next(numbers)
        time, cost, memory = (noise(chance, number) for _ in range(3))
        factor = slower if side == "B" else 1.0
        return run_of(f"{side}{number}", 50 * factor * time, 2 * factor * cost, memory=1e8 * memory)

    return job_of(run).carry_out().answer


def by_stored_baseline(slower: float, noise: Noise, days: float, seed: int, accepted: float = 0.05) -> bool:
    """Whether one run is called worse than one that was kept, from a day or a runner that is off by such a factor."""
    chance = random.Random(seed)
    kept, today = math.exp(chance.gauss(0, days)) * noise(chance, 0), slower * noise(chance, 0)
    return today / kept > 1 / (1 - accepted)


def scatter(spread: float) -> Noise:
    return lambda chance, _: math.exp(chance.gauss(0, spread))


def drift(chance: random.Random, number: int) -> float:
    """A machine that gets slower with every run."""
    return (1 + 0.01 * number) * math.exp(chance.gauss(0, 0.02))


def neighbour(chance: random.Random, _: int) -> float:
    """A machine with a neighbour that at times burns a core."""
    return (1.5 if chance.random() < 0.15 else 1.0) * math.exp(chance.gauss(0, 0.03))
