"""What cAdvisor says of Pods is read where they do not say it themselves: which containers count, and how often."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lab.counts.timeline import Answers
from lab.service import cadvisor
from lab.service.both_ends import Observer
from lab.service.cadvisor import Pod
from lab.service.metrics import REPLICA
from lab.service.series import Series

PAGE = (Path(__file__).parents[1] / "data" / "metrics" / "cadvisor.txt").read_text()
BEGAN, HEARD = 1795370000.0, 1795370015.0
FIRST, SECOND = Pod("api-7d9f-x2x4k", "api"), Pod("api-7d9f-zz9pq", "service")


def later(seconds: int, cpu_seconds: float) -> str:
    """The page so many seconds later: the first Pod used so much more CPU, and was throttled in half its periods."""
    page = re.sub(r" 17953700(\d\d)000$", lambda at: f" {1795370000 + int(at[1]) + seconds}000", PAGE, flags=re.M)
    page = page.replace('x2x4k"} 60 ', f'x2x4k"}} {60 + cpu_seconds} ')
    periods = 10 * seconds
    return page.replace("} 1200 ", f"}} {1200 + periods} ").replace("} 300 ", f"}} {300 + periods // 2} ")


def test_the_containers_of_each_pod_are_read() -> None:
    pods = cadvisor.read(PAGE, HEARD)
    assert pods.keys() == {FIRST, SECOND}
    first, second = pods[FIRST], pods[SECOND]
    assert first.counters == {"cpu_seconds": 60.0, "periods": 1200.0, "throttled_periods": 300.0}
    assert first.gauges == {"memory_bytes": 104857600.0, "memory_limit_bytes": 536870912.0, "cpu_limit": 0.5}
    assert (first.kind, first.at, first.started) == (REPLICA, 1795370010.0, 1795369900.0)
    assert second.counters == {"cpu_seconds": 50.0}
    assert second.gauges == {"memory_bytes": 62914560.0}
    assert (second.at, second.started) == (1795370012.0, None)


@pytest.mark.parametrize(
    "page",
    [
        "",
        "process_cpu_seconds_total 3\n",
        'container_cpu_usage_seconds_total{container="",pod=""} 3\n',
        'container_cpu_usage_seconds_total{container="api"} 3\n',
        'container_cpu_usage_seconds_total{container="api",pod="a"} NaN\n',
        'container_memory_working_set_bytes{container="api",pod="a"} 3\n',
        'container_cpu_usage_seconds_total{container="api",pod="a"\n',
        "container_cpu_cfs_periods_total 7\n",
    ],
)
def test_other_pages_are_none_of_it(page: str) -> None:
    assert cadvisor.read(page, HEARD) == {}


def test_a_time_that_has_not_come_is_the_time_when_it_was_heard() -> None:
    assert cadvisor.read(PAGE, 1795370011.0)[SECOND].at == 1795370011.0


def test_readings_ten_seconds_apart_are_enough_and_their_gaps_are_no_absence() -> None:
    series = Series("api", BEGAN)
    for number in range(4):
        series.add(cadvisor.read(later(10 * number, 2.0 * number), BEGAN + 60)[FIRST])
    used = series.second(1795370025)
    assert used is not None
    assert used.cpu_cores == pytest.approx(0.2)
    assert used.cpu_used == pytest.approx(0.4)
    assert used.throttled == pytest.approx(0.5)
    assert used.memory_used == pytest.approx(0.1953, abs=0.001)
    assert series.silences == []


def test_a_service_that_says_nothing_itself_is_judged_by_what_cadvisor_says() -> None:
    observer = Observer(BEGAN, None)
    began = int(BEGAN)
    for second in range(began, began + 40):
        if second % 10 == 0:
            seen = cadvisor.read(later(second - began, 0.45 * (second - began)), second + 20.0)
            observer.read(FIRST.name, FIRST.service, seen[FIRST])
        observer.hear([Answers(second, "GET /", {5.0: 20}, {}, 100.0, 5.0, FIRST.name)])
        if second >= began + 6:
            observer.settle(second - 6, 1)
    service = observer.conclude(1, 10, 0)
    assert service is not None
    (row,) = service.replicas
    assert (row["name"], row["requests"]) == (FIRST.name, 680)
    assert row["cpu_used"] == pytest.approx(0.9)
    assert service.outages == []
    assert service.double_entry is not None
    assert service.double_entry["agree"] is None, "cAdvisor counts no requests"
