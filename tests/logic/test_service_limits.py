"""Limits on what a service says of itself: taken from its page, held live, judged; never a PASS unmeasured."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from lab import limits
from lab.counts.timeline import Extremes, Step
from lab.judging.evidence import Search
from lab.judging.verdict import Verdict, judge
from lab.plans import sampling
from lab.plans.sampling import Stretch
from lab.plans.search import Goal, Purpose
from lab.service import both_ends, limited, metrics
from lab.service.both_ends import Observer, Service
from lab.service.limited import Read
from lab.service.metrics import NoMetrics
from lab.service.usage import Usage
from tests.support.searches import step
from tests.support.verdicts import answers, evidence_of, verdict_on

PAGE = """
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 12.5
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 1.048576e+08
# TYPE shop_requests_total counter
shop_requests_total{code="200",method="GET"} 90
shop_requests_total{code="500",method="GET"} 4
shop_requests_total{code="500",method="POST"} 6
# TYPE pool_free gauge
pool_free 7
# TYPE wait_seconds histogram
wait_seconds_bucket{le="+Inf"} 3
wait_seconds_sum 1.5
wait_seconds_count 3
"""
ERRORS = 'api.shop_requests_total{code="500"}<=5'


def used(cpu: float = 5.0, memory_mib: float = 100, seconds: int = 10, **more: Any) -> Usage:
    peaks = {"cpu_limit": 1.0, "resident_bytes": memory_mib * 2**20, "memory_limit_bytes": 400 * 2**20}
    usage = Usage("replica", "api", seconds, {"cpu_seconds": cpu}, peaks)
    for name, figures in more.items():
        getattr(usage, name).update(figures)
    return usage


def found(text: str, usages: Mapping[str, Usage], seconds: int = 10, *answered: str) -> float | None:
    accepted = limits.parse(text)
    (figure,) = limited.figures(accepted, Read(usages, seconds), frozenset(answered)).values()
    return figure


def test_what_a_limit_wants_is_taken_from_the_page_and_nothing_else() -> None:
    wanted = [
        limit.source for limit in limits.parse(f"{ERRORS} api.pool_free>=2 api.wait_seconds_sum<=1") if limit.source
    ]
    scrape = metrics.read(PAGE, 100.0, wanted)
    assert scrape.counters['series shop_requests_total{code="500"}'] == 10
    assert scrape.counters["series wait_seconds_sum"] == 1.5
    assert scrape.gauges["series pool_free"] == 7
    assert not [name for name in metrics.read(PAGE, 100.0).counters if name.startswith("series ")]
    only = "# TYPE pool_free gauge\npool_free 7\n"
    assert metrics.read(only, 100.0, wanted).gauges == {"series pool_free": 7}
    with pytest.raises(NoMetrics):
        metrics.read(only, 100.0)


def test_readings_become_what_a_step_used_of_it_also_before_its_seconds_are_settled() -> None:
    observer = Observer(99.0, None)
    (errors,) = (limit.source for limit in limits.parse(ERRORS))
    (free,) = (limit.source for limit in limits.parse("api.pool_free>=2"))
    for at, (count, left) in enumerate([(10, 7), (12, 3), (17, 5), (17, 6)]):
        page = f'# TYPE shop_requests counter\nshop_requests_total{{code="500"}} {count}\npool_free {left}\n'
        observer.read("a", "api", metrics.read(page, 100.0 + at, [each for each in (errors, free) if each]))
    observer.settle(100, 1)
    read = Read(observer.used(1, [101, 102]), 3)
    (asked,) = limits.parse(ERRORS)
    assert limited.figures(limits.parse(f"{ERRORS} api.pool_free>=2 api.pool_free<=9"), read) == {
        asked.key: 7,
        limits.parse("api.pool_free>=2")[0].key: 3,
        limits.parse("api.pool_free<=9")[0].key: 6,
    }


@pytest.mark.parametrize(
    ("text", "figure"),
    [
        ("api.cpu<=80%", 0.9),  # of two replicas the busier one
        ("api.cpu<=2", 0.9),
        ("api.memory<=400MiB", 120),
        ("api.memory<=50%", 0.3),
        ("api.errors_total<=5", 7),  # counted in both
        ("api.errors_total<=5/s", 0.7),
        ("api.pool_free>=2", 1),
        ("api.pool_free<=20", 9),
        ("api.pool_free<=20/s", None),  # it is no counter
        ("api.nothing<=1", None),
        ("shop.cpu<=80%", None),
    ],
)
def test_of_several_replicas_the_worst_counts_and_of_what_is_counted_the_sum(text: str, figure: float | None) -> None:
    one = used(9.0, 120, sums={"series errors_total": 3}, peaks={"series pool_free": 8}, lows={"series pool_free": 1})
    two = used(2.0, 90, sums={"series errors_total": 4}, peaks={"series pool_free": 9}, lows={"series pool_free": 4})
    assert found(text, {"a": one, "b": two}) == (None if figure is None else pytest.approx(figure))


def test_what_one_replica_does_not_say_is_not_known_of_the_service() -> None:
    silent = used()
    del silent.peaks["cpu_limit"]
    assert found("api.cpu<=80%", {"a": used(), "b": silent}) is None
    assert found("api.cpu<=1", {"a": used(), "b": silent}) == 0.5
    # c answered users, and nobody read its page
    assert found("api.cpu<=80%", {"a": used()}, 10, "a", "c") is None
    assert found("api.cpu<=80%", {"a": used()}, 10, "a") == 0.5
    # of 10 seconds, 4 were read
    assert found("api.cpu<=80%", {"a": used(seconds=4)}) is None


def test_a_service_without_a_name_goes_by_any_and_a_proxy_by_its_own() -> None:
    usage = used()
    usage.service = "service"
    proxy = Usage("proxy", "proxy", 10, {"busy": 4.0})
    assert found("api.cpu<=80%", {"127.0.0.1:5000": usage, "proxy": proxy}) == 0.5
    assert found("proxy.cpu<=80%", {"127.0.0.1:5000": usage, "proxy": proxy}) == 0.4
    assert found("shop.cpu<=80%", {"a": used(), "127.0.0.1:5000": usage}) is None


def held(text: str, *usages: Usage, **more: Any) -> Verdict:
    """The verdict on a run whose steps used this, each of ten seconds."""
    steps = [Step(users=20, started=100 + 10 * at, seconds=10) for at in range(len(usages))]
    for each in steps:
        each.endpoints["GET /tests"] = answers(10.0)
    service = Service(steps=[{"a": usage} for usage in usages]) if usages else None
    return verdict_on({}, text, steps=steps or [Step(20, 100, seconds=10)], service=service, **more)


@pytest.mark.parametrize(
    ("text", "word", "says"),
    [
        ("api.cpu<=95%", "PASS", "the api's cpu 90 % (api.cpu<=95%)"),
        ("api.cpu<=80%", "FAIL", "the api's cpu was 90 % where api.cpu<=80% is accepted, 1.12 times as much"),
        ("api.memory<=100MiB", "FAIL", "the api's memory was 120 MiB where api.memory<=100MiB is accepted"),
        ("api.errors_total<=6", "FAIL", "the api's errors_total was 7 where"),
        ("api.errors_total<=0.4/s", "PASS", "the api's errors_total 0.4/s (api.errors_total<=0.4/s)"),
        ("api.nothing<=6", "INVALID", "api.nothing<=6 could not be measured, because the service did not say it"),
        ("p95<=1ms api.nothing<=6", "FAIL", "p95 was 10 ms"),
    ],
)
def test_each_is_judged_by_the_worst_step_and_one_that_is_unknown_never_passes(text: str, word: str, says: str) -> None:
    verdict = held(text, used(9.0, sums={"series errors_total": 4}), used(2.0, 120, sums={"series errors_total": 3}))
    assert (verdict.verdict, says in verdict.sentence) == (word, True), verdict.sentence
    (row,) = (row for row in verdict.document["limits"] if row["text"].startswith("api."))
    assert row["kept"] is (word == "PASS")


def test_without_any_metrics_it_is_invalid_by_name() -> None:
    verdict = verdict_on({"GET /tests": answers(10.0)}, "p95<=450ms api.cpu<=80%")
    assert verdict.verdict == "INVALID"
    assert verdict.sentence.startswith("INVALID: api.cpu<=80% could not be measured")


def test_a_run_is_judged_again_by_what_its_service_said() -> None:
    service = Service(steps=[{"a": used(9.0, lows={"series pool_free": 1})}])
    again = both_ends.from_document(json.loads(json.dumps(service.document())))
    assert again.steps == service.steps
    document = service.document()
    del document["steps"][0]["a"]["lows"]  # as in runs of earlier versions
    assert both_ends.from_document(json.loads(json.dumps(document))).steps[0]["a"].lows == {}


@pytest.mark.parametrize(("text", "figure", "kept"), [("api.cpu<=80%", 0.7, True), ("api.cpu<=80%", 0.9, False)])
def test_a_search_is_led_by_it(text: str, figure: float, kept: bool) -> None:
    accepted = limits.parse(text)
    extremes = Extremes(0, used={accepted[0].key: figure})
    endpoints = {"GET /tests": answers(10.0, 1000)}
    assert sampling.is_kept(accepted, endpoints, 5, Stretch(5, 20, 2.58), extremes) is kept


def test_a_search_that_is_told_nothing_waits_breaks_nothing_and_is_invalid() -> None:
    accepted = limits.parse("p95<=450ms api.cpu<=80%")
    endpoints = {"GET /tests": answers(10.0, 1000)}
    kept = [sampling.is_kept(accepted, endpoints, seconds, Stretch(5, 20, 2.58)) for seconds in (5, 20)]
    assert kept == [None, True]
    steps = [step(88, Purpose.EXPLORE, 20, True), step(176, Purpose.EXPLORE, 900, False)]
    search = Search(Goal(88, 2000, 0.1))
    evidence = evidence_of(steps, "p95<=450ms api.cpu<=80%", plan="capacity", search=search)
    verdict = judge(evidence)
    assert verdict.verdict == "INVALID"
    assert "api.cpu<=80% could not be measured" in verdict.sentence
    assert "Apart from that, PASS: p95 stays within 450 ms" in verdict.sentence


def test_the_breach_of_a_search_may_be_the_services_cpu() -> None:
    steps = [step(88, Purpose.EXPLORE, 20, True), step(176, Purpose.EXPLORE, 30, False)]
    service = Service(steps=[{"a": used(5.0)}, {"a": used(9.0)}])
    accepted = "p95<=450ms api.cpu<=80%"
    evidence = evidence_of(steps, accepted, plan="capacity", search=Search(Goal(88, 2000, 0.1)), service=service)
    verdict = judge(evidence)
    assert verdict.verdict == "PASS"
    assert "up to 88 users" in verdict.sentence
    assert "at 176 users the api's cpu is 90 %" in verdict.sentence
