"""What pages of metrics say, second by second: of a replica, of HAProxy, of any service, and over restarts."""

from __future__ import annotations

from typing import Any

import pytest

from lab.service import metrics
from lab.service.metrics import PROXY, NoMetrics, Scrape
from lab.service.series import Series

REPLICA_PAGE = """\
api_requests_total{method="GET",route="/tests",status="200"} 70.0
api_requests_total{method="POST",route="/tests",status="503"} 5.0
api_requests_total{method="DELETE",route="/tests",status="204"} 1.0
api_requests_total{method="GET",route="/metrics",status="200"} 9.0
api_requests_total{method="GET",route="/ready",status="200"} 9.0
api_requests_total{method="GET",route="unmatched",status="404"} 2.0
api_request_duration_seconds_sum{method="GET",route="/tests"} 0.5
api_request_duration_seconds_sum{method="DELETE",route="/tests"} 9.0
api_requests_in_flight 4.0
api_time_seconds 1000.5
api_worker_cpu_seconds_total{pid="7"} 1.0
api_worker_cpu_seconds_total{pid="8"} 2.0
process_cpu_seconds_total 3.5
process_start_time_seconds 900.0
container_cpu_limit_cores 0.5
api_store_info{store="sqlite",survives="power cut",setting="synchronous=FULL"} 1.0
"""
PROXY_PAGE = """\
haproxy_process_idle_time_percent 25
haproxy_frontend_http_requests_total{proxy="http"} 100
haproxy_frontend_http_requests_total{proxy="metrics"} 7
haproxy_frontend_intercepted_requests_total{proxy="http"} 0
haproxy_frontend_intercepted_requests_total{proxy="metrics"} 7
haproxy_backend_retry_warnings_total{proxy="api"} 3
"""


def test_only_what_is_load_is_counted_on_a_page_of_a_replica() -> None:
    reading = metrics.read(REPLICA_PAGE, at=5.0)
    assert reading.counters == {"served": 77, "errors": 5, "busy_seconds": 0.5, "cpu_seconds": 3.5}
    assert reading.gauges == {"in_flight": 3, "cpu_limit": 0.5}
    assert reading.workers == {"7": 1.0, "8": 2.0}
    assert (reading.at, reading.started) == (1000.5, 900.0)
    assert reading.durability == ("sqlite", "power cut", "synchronous=FULL")


def test_what_a_proxy_answers_by_itself_is_not_passed_on() -> None:
    reading = metrics.read(PROXY_PAGE, at=5.0)
    assert (reading.kind, reading.at) == (PROXY, 5.0)
    assert (reading.counters["proxied"], reading.counters["retries"], reading.gauges["busy"]) == (100, 3, 0.75)


@pytest.mark.parametrize("text", ["", "<html><body>404</body></html>", "[]", "a_metric_of_another_kind 1.0\n", "x{ 1"])
def test_a_page_that_says_nothing_known_is_no_metrics(text: str) -> None:
    with pytest.raises(NoMetrics):
        metrics.read(text, at=0.0)


def reading(at: float, served: float, started: float | None = 50.0, **more: Any) -> Scrape:
    return Scrape("replica", at, started, {"served": served, "cpu_seconds": served / 100}, {"cpu_limit": 1.0}, **more)


def series(*readings: Scrape, began: float = 100.0) -> Series:
    made = Series("api", began)
    for each in readings:
        made.add(each)
    return made


def served(made: Series, second: int) -> float | None:
    used = made.second(second)
    return None if used is None else used.sums["served"]


def test_a_second_is_what_lies_between_two_readings_wherever_they_fall() -> None:
    made = series(reading(99.5, 1000), reading(101.5, 1200), reading(102.5, 1260))
    assert [served(made, second) for second in (99, 100, 101, 102)] == [None, 100, pytest.approx(80), None]
    used = made.second(101)
    assert used
    assert used.cpu_used == pytest.approx(0.8)
    assert made.totals["served"] == 260


def test_a_late_page_that_is_older_than_the_last_changes_nothing() -> None:
    made = series(reading(99.5, 1000), reading(101.5, 1200), reading(100.5, 1100), reading(102.5, 1300))
    assert made.totals["served"] == 300


@pytest.mark.parametrize("started", [102.5, None])
def test_a_restart_begins_a_new_count_and_loses_none_of_the_old(started: float | None) -> None:
    first = 50.0 if started else None
    made = series(reading(99.5, 1000, first), reading(101.5, 1200, first), reading(103.5, 30, started))
    assert made.totals["served"] == 230
    assert made.restarts[0][0] == 101.5


def test_a_replica_that_comes_in_the_run_has_counted_nothing_else() -> None:
    assert series(reading(110.5, 40, started=109.0)).totals["served"] == 40
    assert series(reading(110.5, 40, started=60.0)).totals.get("served", 0) == 0


def test_a_replica_that_was_silent_for_long_has_a_gap_and_no_seconds_in_it() -> None:
    made = series(reading(100.0, 0), reading(101.0, 10), reading(110.0, 20), reading(111.0, 30))
    assert (served(made, 105), served(made, 110)) == (None, 10)
    assert (made.silences, made.restarts) == ([(101.0, 110.0)], [])


def test_workers_that_come_and_go_do_not_count_backwards() -> None:
    made = series(
        reading(100.0, 0, workers={"7": 5.0, "8": 5.0}),
        reading(101.0, 0, workers={"7": 5.5, "8": 5.75}),
        reading(102.0, 0, workers={"8": 6.0, "9": 0.25}),
    )
    first, second = made.second(100), made.second(101)
    assert first
    assert second
    assert [used.workers_busy for used in (first, second)] == pytest.approx([0.625, 0.25])
