"""The master's /metrics: what it says, that it only grows, that it is bounded, and who may read it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from lab.counts.answers import Answers
from lab.counts.health import Health
from lab.counts.names import OTHERS
from lab.counts.totals import MOST_NAMES, Totals
from tests.support import sample_run
from tests.support.ui import PASSWORD, BuiltUI, StubRun, built

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
GET = {"endpoint": "GET /tests"}


def scraped(ui: BuiltUI) -> Samples:
    """Every sample of the page, by its name and labels; none is there twice."""
    answer = ui.client().get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=")
    found = [
        ((sample.name, frozenset(sample.labels.items())), sample.value)
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    ]
    assert len(dict(found)) == len(found)
    return dict(found)


def at(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((name, frozenset(labels.items())))


def test_before_the_first_run_nothing_is_made_up(tmp_path: Path) -> None:
    with built(tmp_path) as ui:
        found = scraped(ui)
    assert {name for name, _ in found} == {"lab_users", "lab_users_wanted", "lab_workers"}
    assert set(found.values()) == {0.0}


def test_answers_are_counted_by_endpoint_and_in_the_buckets_of_their_times(tmp_path: Path) -> None:
    with built(tmp_path) as ui:
        totals = ui.conductor.runner.totals
        times = {0.9: 1, 1.0: 2, 250.0: 3, 251.0: 4, 20_000.0: 5}
        row = Answers(5, "GET /tests", times, {"500": 6, "cut off": 1}, 1500.0, 20_000.0, exceptions={"KeyError": 2})
        totals.add([row])
        before = scraped(ui)
        totals.add([row])
        after = scraped(ui)
    assert at(before, "lab_requests_total", **GET) == 22
    assert at(before, "lab_failures_total", **GET) == 7
    assert at(before, "lab_dead_tasks_total", **GET) == 2
    assert at(before, "lab_response_time_seconds_count", **GET) == 15
    assert at(before, "lab_response_time_seconds_sum", **GET) == 1.5
    bounds = {"0.001": 3, "0.1": 3, "0.25": 6, "0.5": 10, "10": 10, "+Inf": 15}
    assert {le: at(before, "lab_response_time_seconds_bucket", **GET, le=le) for le in bounds} == bounds
    assert before.keys() == after.keys()
    assert all(after[sample] >= value for sample, value in before.items())
    assert at(after, "lab_requests_total", **GET) == 44


def test_no_set_of_urls_makes_more_series_than_are_allowed(tmp_path: Path) -> None:
    totals = Totals()
    for run in range(3):
        totals.add(Answers(1, f'GET /{run}/{number}/"\n\\', {1.0: 1}, {}, 1.0, 1.0) for number in range(1000))
    assert len(totals.endpoints) == MOST_NAMES + 1
    assert totals.endpoints[OTHERS].requests == 3000 - MOST_NAMES
    with built(tmp_path) as ui:
        ui.conductor.runner.totals = totals
        assert len(scraped(ui)) < 30 * MOST_NAMES


def test_a_worker_is_shown_with_what_it_said_of_itself_while_a_run_goes_on(tmp_path: Path) -> None:
    with built(tmp_path) as ui:
        runner, run = ui.conductor.runner, StubRun(tmp_path, sample_run.snapshot(sample_run.capacity(tmp_path), 5, 60))
        run.said["verdict"] = None
        states = {"vm_a": "running", "vm\x1b_b": "running", "vm_c": "missing"}
        runner.clients.all = [SimpleNamespace(id=name, state=state, user_count=7) for name, state in states.items()]
        runner.user_count, runner.target_user_count, ui.conductor.run = 14, 20, run
        said = Health(seconds=2, cpu_seconds=1, waited_seconds=0.5, periods=20, throttled=5, lags={2.0: 99, 40.0: 1})
        run.hearing.vitals = {"vm_a": said}
        found = scraped(ui)
        run.finished.set()
        later = scraped(ui)
    first, second = {"worker": "1", "host": "vm"}, {"worker": "2", "host": "vm\\x1b"}
    assert [at(found, name) for name in ("lab_users", "lab_users_wanted", "lab_workers")] == [14, 20, 2]
    assert [at(found, "lab_worker_users", **worker) for worker in (first, second)] == [7, 7]
    shares = {"cpu_share": 0.5, "waited_share": 0.25, "throttled_share": 0.25, "lag_seconds": 0.002}
    assert {name: at(found, f"lab_worker_{name}", **first) for name in shares} == shares
    assert at(found, "lab_worker_cpu_share", **second) is None
    assert at(later, "lab_worker_cpu_share", **first) is None
    assert at(later, "lab_worker_users", **first) == 7


def test_verdict_and_limits_are_gauges(tmp_path: Path) -> None:
    folder = sample_run.capacity(tmp_path)
    with built(tmp_path) as ui:
        ui.conductor.run = StubRun(folder, sample_run.snapshot(folder, 5, 60, {"step": 6}))
        going = scraped(ui)
        ui.conductor.run = run = StubRun(folder, sample_run.snapshot(folder, 99, 999))
        done = scraped(ui)
    words = ("PASS", "FAIL", "INVALID")
    assert [at(going, "lab_verdict", verdict=word) for word in words] == [0, 0, 0]
    assert [at(done, "lab_verdict", verdict=word) for word in words].count(1) == 1
    assert [at(going, "lab_run_goes_on"), at(done, "lab_run_goes_on")] == [1, 0]
    rows = run.said["verdict"]["limits"]
    assert len(rows) == 2
    # as long as nothing was measured, a limit is neither kept nor broken
    assert {name for name, _ in going if name.startswith("lab_limit")} == {"lab_limit_bound"}
    for row in rows:
        labels = {"limit": row["text"], "endpoint": row["endpoint"] or "", "unit": row["unit"]}
        assert at(done, "lab_limit_kept", **labels) == row["kept"]
        assert at(done, "lab_limit_bound", **labels) == row["bound"]
        assert at(done, "lab_limit_measured", **labels) == row["measured"]


@pytest.mark.parametrize(("shown", "status"), [(None, 401), ("wrong", 401), (PASSWORD, 200)])
def test_the_password_of_the_ui_holds_for_it(shown: str | None, status: int, tmp_path: Path) -> None:
    with built(tmp_path, LAB_UI_PASSWORD=PASSWORD) as ui:
        basic = ("prometheus", shown) if shown else None
        assert ui.client().get("/metrics", auth=basic).status_code == status
        assert ui.client("a.stranger.example").get("/metrics", auth=basic).status_code == 403
