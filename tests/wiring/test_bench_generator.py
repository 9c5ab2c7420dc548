"""The bench of the generator measures what it says: real workers that count, and light ones that report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench import generator_runs
from bench.generator_runs import BODY
from tests.support.scripted_server import ScriptedServer, Talk, answer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.running_service import RunningService


def serve(talk: Talk) -> None:
    while talk.request():
        talk.send(answer(BODY.encode(), "200 OK", "Content-Type: application/json"))


def test_a_worker_tells_what_it_did_with_its_cpu() -> None:
    with ScriptedServer(*[serve] * 9) as server:
        costs = generator_runs.measure(server.url, "LeanHttpRead", users=6, seconds=1, think_seconds=0.02, workers=2)
        asked = len(server.requests)
    assert len(costs) == 2
    for cost in costs:
        assert 0 < cost.requests < asked
        assert 0 < cost.cpu_seconds < 1.5
        assert cost.resident_bytes > 0


def test_light_workers_report_to_a_real_master_each_second(
    tmp_path: Path, service: Callable[..., RunningService]
) -> None:
    url = service(WEB_CONCURRENCY="1").url
    report = generator_runs.capture_report(tmp_path / "captured", url)
    used, reports = generator_runs.weigh_master(tmp_path / "master", url, report, 5, seconds=2)
    assert 0 < used < 1
    assert 3 < reports < 6.5
