"""The master's own /metrics, for Prometheus: what it knows already, read when it is asked for (docs/dashboards.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple, get_args

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from lab.counts import histogram
from lab.counts.health import Health
from lab.counts.totals import BOUNDS_SECONDS, Total
from lab.judging.document import Word
from lab.pages.live import RunHolder

_BOUNDS = (*(f"{bound:g}" for bound in BOUNDS_SECONDS), "+Inf")


class Worker(NamedTuple):
    """A worker that is connected; `health` is what it last said of itself, None where no run goes on."""

    number: int
    host: str
    users: int
    health: Health | None


class Moment(NamedTuple):
    """The swarm as it is now, and what it has counted since the master has started."""

    users: int
    wanted: int
    workers: Sequence[Worker]
    endpoints: Mapping[str, Total]


def add_metrics(blueprint: Blueprint, conductor: RunHolder, moment: Callable[[], Moment]) -> None:
    """Adds the page. Login, names and policies hold for it as for every other."""
    registry = CollectorRegistry()
    registry.register(LabCollector(conductor, moment))

    def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    blueprint.add_url_rule("/metrics", "metrics", metrics)


class LabCollector(Collector):
    """Makes the figures when they are asked for: nothing is paid for by a request of a run."""

    def __init__(self, conductor: RunHolder, moment: Callable[[], Moment]) -> None:
        self._conductor, self._moment = conductor, moment

    def describe(self) -> Iterator[Metric]:
        """Nothing: the registry need not read a run to know that the names are free."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """The swarm, its workers, the endpoints, and how the present run stands, or the last one."""
        moment, run = self._moment(), self._conductor.run
        yield GaugeMetricFamily("lab_users", "Users that are there now.", moment.users)
        yield GaugeMetricFamily("lab_users_wanted", "Users that the plan wants now.", moment.wanted)
        yield GaugeMetricFamily("lab_workers", "Workers that are connected.", len(moment.workers))
        yield from _workers(moment.workers)
        yield from _endpoints(moment.endpoints)
        if run:
            yield from _run(run.snapshot())


def _workers(workers: Sequence[Worker]) -> Iterator[Metric]:
    figures: tuple[tuple[str, str, Callable[[Health], float | None]], ...] = (
        ("cpu_share", "CPU that it used, of what it could have used.", lambda health: health.cpu_share),
        ("waited_share", "Of its time it was ready to run, and was not let.", lambda health: health.waited_share),
        (
            "throttled_share",
            "Periods of its CPU quota in which it was held back.",
            lambda health: health.throttled_share,
        ),
        ("lag_seconds", "How late its event loop woke, p99.", _lag_seconds),
    )
    users = _gauge("lab_worker_users", "Users of the worker.", "worker", "host")
    families = [(_gauge(f"lab_worker_{name}", text, "worker", "host"), read) for name, text, read in figures]
    for worker in workers:
        labels = (str(worker.number), worker.host)
        users.add_metric(labels, worker.users)
        for family, read in families:
            if worker.health and (figure := read(worker.health)) is not None:
                family.add_metric(labels, figure)
    yield users
    yield from (family for family, _ in families)


def _lag_seconds(health: Health) -> float | None:
    late_ms = histogram.percentile(health.lags, 99)
    return None if late_ms is None else late_ms / 1000


def _endpoints(endpoints: Mapping[str, Total]) -> Iterator[Metric]:
    requests = CounterMetricFamily("lab_requests", "Requests that ended, failures too.", labels=["endpoint"])
    failures = CounterMetricFamily("lab_failures", "Requests that failed.", labels=["endpoint"])
    died = CounterMetricFamily("lab_dead_tasks", "Tasks that died of an exception.", labels=["endpoint"])
    times = HistogramMetricFamily("lab_response_time_seconds", "Response times of successes.", labels=["endpoint"])
    for name, total in endpoints.items():
        requests.add_metric([name], total.requests)
        failures.add_metric([name], total.failed)
        died.add_metric([name], total.died)
        times.add_metric([name], list(zip(_BOUNDS, accumulate(total.counts), strict=True)), total.seconds)
    yield from (requests, failures, died, times)


def _run(snapshot: Mapping[str, Any]) -> Iterator[Metric]:
    """How the run stands: its verdict, or that it goes on, and each of its limits."""
    document = snapshot["verdict"]
    yield GaugeMetricFamily("lab_run_goes_on", "Whether the run has no verdict yet.", int(document is None))
    info = _gauge("lab_run_info", "Which run it is: the present one, or the last.", "plan", "started")
    info.add_metric([str(snapshot["plan"]), str(snapshot["started"])], 1)
    yield info
    verdict = _gauge("lab_verdict", "1 for the verdict of the run; all are 0 while it goes on.", "verdict")
    for word in get_args(Word):
        verdict.add_metric([word], int(document is not None and document["verdict"] == word))
    yield verdict
    yield from _limits(document["limits"] if document else snapshot["limits"])


def _limits(rows: Sequence[Mapping[str, Any]]) -> Iterator[Metric]:
    labels = ("limit", "endpoint", "unit")
    kept = _gauge("lab_limit_kept", "Whether the limit is kept, so far.", *labels)
    bound = _gauge("lab_limit_bound", "What is accepted, in the limit's unit.", *labels)
    measured = _gauge("lab_limit_measured", "What was measured for the limit, in its unit.", *labels)
    # by their labels: a limit that is written twice is one series, and two of the same would fail the scrape
    for names, row in {
        tuple(str(row[part] or "") for part in ("text", "endpoint", "unit")): row for row in rows
    }.items():
        bound.add_metric(names, row["bound"])
        # before anything was measured a limit is neither kept nor broken
        if row["measured"] is not None:
            kept.add_metric(names, int(row["kept"]))
            measured.add_metric(names, row["measured"])
    yield from (kept, bound, measured)


def _gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=labels)
