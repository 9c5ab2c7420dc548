"""The binding resource, Little's law and the balance: from figures, without a service."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab.counts.health import Health
from lab.counts.timeline import Step, Tally
from lab.judging import binding, causes, littles_law
from lab.judging.binding import Resource
from lab.judging.reading import read
from lab.service import balance
from lab.service.both_ends import Service
from lab.service.metrics import MACHINE, PROXY
from lab.service.usage import Usage, from_document
from tests.support.verdicts import evidence_of

SECONDS = 10


def usage(**used: float) -> Usage:
    """Ten seconds of an api replica of 1 CPU, 100 MiB and two workers."""
    names = {"cpu": "cpu_seconds", "workers": "worker_cpu_seconds", "busy": "busy_seconds", "store": "store_seconds"}
    peaks = {"cpu_limit": 1.0, "memory_limit_bytes": 100 * 2**20, "workers": 2.0, "resident_bytes": 30 * 2**20}
    sums = {"served": 1000.0, "periods": 100.0, "throttled_periods": 0.0, "in_flight": 0.0}
    for name, figure in used.items():
        if name in ("resident_bytes", "cpu_limit", "workers_count"):
            peaks[name] = figure
        else:
            sums[names.get(name, name)] = figure
    return Usage(service="api", seconds=SECONDS, sums=sums, peaks=peaks)


def proxy(busy: float) -> Usage:
    return Usage(kind=PROXY, service="proxy", seconds=SECONDS, sums={"busy": busy * SECONDS})


CONNECTIONS = ("proxy connections", 1.0, "api cpu")


def machine(cpu: float) -> Usage:
    return Usage(MACHINE, "machine", SECONDS, {"cpu_seconds": cpu}, {"cpu_limit": 4.0})


@pytest.mark.parametrize(
    ("usages", "slow_seconds", "resource", "used", "following"),
    [
        ([usage(cpu=9.9, throttled_periods=99.0)], 0.5, "api cpu", 0.99, "api memory"),
        ([usage(cpu=9.9), proxy(0.7)], 0.5, "api cpu", 0.99, "proxy cpu"),
        ([usage(cpu=5, throttled_periods=80)], 0.5, "api throttling", 0.8, "api cpu"),
        ([usage(cpu=5, throttled_periods=40)], 0.5, binding.NONE, None, "api cpu"),
        ([usage(cpu=19, cpu_limit=4.0, workers=19)], 0.5, "api workers", 0.95, "api cpu"),
        ([usage(cpu=1, resident_bytes=99 * 2**20)], 0.5, "api memory", 0.99, "api cpu"),
        ([usage(cpu=1), proxy(0.99)], 0.5, "proxy cpu", 0.99, "api memory"),
        ([usage(cpu=7), replace(proxy(0.1), peaks={"connections": 4e3, "connections_limit": 4e3})], 0.5, *CONNECTIONS),
        ([usage(cpu=7), machine(39.6)], 0.5, "machine cpu", 0.99, "api cpu"),
        ([usage(cpu=9.9), machine(39.6)], 0.5, "api cpu", 0.99, "machine cpu"),
        ([usage(cpu=2, store=400)], 0.5, "api store", 0.8, "api memory"),
        ([usage(cpu=9.9, store=400)], 0.5, "api cpu", 0.99, "api memory"),  # a busy loop looks like a slow store
        (
            [usage(cpu=2, store=400)],
            None,
            binding.NONE,
            None,
            "api memory",
        ),  # nothing broke: the store may take its time
        ([usage(cpu=2, store=10)], 0.5, binding.NONE, None, "api memory"),
        ([usage(cpu=2), usage(cpu=9)], 0.5, "api cpu", 0.9, "api memory"),  # the busiest replica counts
    ],
)
def test_the_resource_that_gives_first_is_named_with_the_next_one_behind_it(
    usages: list[Usage], slow_seconds: float | None, resource: str, used: float | None, following: str
) -> None:
    found = binding.find(usages, slow_seconds)
    assert found
    row = found.row()
    assert (row["resource"], row["used"]) == (resource, used if used is None else pytest.approx(used))
    assert row["next"]
    assert row["next"]["resource"] == following


def test_the_sentence_says_what_gives_and_what_is_nearest() -> None:
    gives = binding.find([usage(cpu=9.9)], 0.5)
    idle = binding.find([usage(cpu=4.0)], 0.5)
    assert gives
    assert idle
    assert gives.sentence(broke=True) == (
        "The api's CPU gives first: 99 % of 1.0 CPU (next: the api's memory, 30 % of 100 MiB)."
    )
    assert idle.sentence(broke=False) == "Nearest to its limit: the api's CPU, 40 % of 1.0 CPU."
    assert idle.sentence(broke=True) == (
        "None of the measured resources gives, so it waits on something outside; nearest is the api's CPU, "
        "40 % of 1.0 CPU."
    )


def test_sentence_and_document_round_alike() -> None:
    """Rounded to a whole percent at once it would be 77."""
    found = binding.find([usage(cpu=7.74981)], 0.5)
    assert found
    assert found.row()["next"] == {"resource": "api cpu", "used": 0.775, "unit": "of 1.0 CPU"}
    assert "78 % of 1.0 CPU" in found.sentence(broke=False)


def test_what_others_measured_takes_part() -> None:
    generator = Resource("generator cpu", "the generator's CPU", 0.98, "of one core", 0.9)
    found = binding.find([usage(cpu=4.0)], 0.5, [generator])
    assert found
    assert found.first is generator
    assert binding.find([], None) is None


def test_a_service_of_ones_own_without_limits_gives_no_made_up_ratio() -> None:
    own = Usage(seconds=SECONDS, sums={"cpu_seconds": 9.9}, peaks={"resident_bytes": 1e8})
    assert own.cpu_cores == pytest.approx(0.99)
    assert binding.find([own], 0.5) is None


def test_usage_survives_its_file_and_adds_up() -> None:
    twice = usage(cpu=4.0)
    twice.add(from_document(usage(cpu=8.0).document()))
    assert twice.seconds == 20
    assert twice.cpu_used == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("users", "requests", "response_seconds", "agrees"),
    [
        (100, 1000, 0.0, True),
        (100, 1000, 0.05, True),
        (100, 500, 1.0, True),
        (100, 500, 0.1, False),
        (100, 2000, 0, False),
    ],
)
def test_users_are_what_waits_and_what_thinks(users: int, requests: int, response_seconds: float, agrees: bool) -> None:
    row = littles_law.of_swarm(users, requests, SECONDS, response_seconds, think_seconds=1.0)
    assert row
    assert row["agrees"] is agrees, row


@pytest.mark.parametrize(
    ("in_flight", "busy", "agrees"), [(300, 300, True), (0, 5, True), (900, 300, False), (0, 300, False)]
)
def test_what_is_inside_the_service_is_what_comes_times_how_long_it_stays(
    in_flight: float, busy: float, agrees: bool
) -> None:
    row = littles_law.of_service([usage(in_flight=in_flight, busy=busy)])
    assert row
    assert row["agrees"] is agrees, row


def shares(*counts: int) -> list[balance.ReplicaRow]:
    answered = {f"r{at}": Tally({10.0: count} if count else {}) for at, count in enumerate(counts)}
    return balance.rows(answered, {}, {}, SECONDS)


@pytest.mark.parametrize(
    ("counts", "balanced", "because"),
    [
        ((1000, 1010, 990), True, "shares are between 33 % and 33.7 %, where 33.3 % is even"),
        ((8, 12), True, "shares are between 40 % and 60 %, where 50 % is even"),  # as chance may have it
        ((2980, 3250, 3770), False, "r2 answered 37.7 % and r0 29.8 %, where 33.3 % is even"),
        ((800, 1200), False, "r1 answered 60 % and r0 40 %, where 50 % is even"),
        ((1000, 0), False, "r1 answered nothing, and r0 100 %, where 50 % is even"),
    ],
)
def test_shares_are_balanced_or_not_and_it_is_said_why(counts: tuple[int, ...], balanced: bool, because: str) -> None:
    judged = balance.judge(shares(*counts))
    assert judged
    assert (judged["balanced"], judged["because"]) == (balanced, because)


def test_one_replica_has_no_balance() -> None:
    assert balance.judge(shares(1000)) is None
    assert balance.judge([]) is None


def test_the_busiest_worker_of_the_swarm_takes_part() -> None:
    step = Step(users=10, started=100, seconds=10)
    for worker, cpu_seconds in ((1, 2.0), (2, 9.7)):
        step.health[worker] = Health(seconds=10.0, cpu_seconds=cpu_seconds)
    step.endpoints["GET /tests"].succeed(600)
    service = Service(steps=[{"a": usage(cpu=5.0)}], mean_think_seconds=1.0)
    evidence = evidence_of([step], "p95<=450ms", workers=2, service=service)
    cause = causes.find(read(evidence), "FAIL", waits=True)
    (sentence,) = cause.sentences
    assert sentence.startswith("The swarm's CPU gives first: 97 % of a core in the busiest of 2 workers (next: ")
    assert cause.parts["binding"]
    assert cause.parts["binding"]["resource"] == "generator cpu"
    assert causes.find(read(replace(evidence, service=None)), "FAIL", waits=True).sentences == ()
