"""Journeys, figures, classes of users and the service's own figures in a real run: judged by each, and judged again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lab import limits
from lab.commands.judge import judge_again
from tests.support.programs import LOCUSTFILES
from tests.support.running_service import RunningService
from tests.support.swarm import Swarm, plan

OF_MARKS = "JOURNEY checkout:p95<=5s items:p50>=1 CLASS Buyer:fail<=0%"
OF_SERVICE = "api.memory<=4GiB api.api_requests_total<=9999/s"
AGAIN = {
    "": "PASS",
    "JOURNEY checkout:p95<=0.01ms": "FAIL",
    "items:p50>=1000": "FAIL",
    "CLASS Reader:fail<=1%": "FAIL",
    "api.memory<=1MiB": "FAIL",
    "api.cpu_of_nobody<=1": "INVALID",
}
"""Limits by which the run is judged once more, and how."""


def assert_each_by_itself(verdict: dict[str, Any]) -> None:
    journeys, classes, endpoints = verdict["journeys"], verdict["classes"], verdict["endpoints"]
    failed = {name: row["failed"] == row["count"] for name, row in journeys.items()}
    assert failed == {"checkout": False, "look": False, "lost": True}
    assert list(journeys["lost"]["failures"]) == ["GET /nowhere: 404 Client Error: NOT FOUND for url: /nowhere"]
    # by class or by endpoint, they are the same requests
    assert set(classes) == {"Buyer", "Looker", "Reader"}
    asked = sum(row["requests"] for row in endpoints.values())
    assert sum(row["requests"] for row in classes.values()) == asked == verdict["measured"]["requests"]
    # each journey of a buyer is two requests; the first and the last second cut some in two
    assert abs(2 * journeys["checkout"]["count"] - classes["Buyer"]["requests"]) <= 12
    assert verdict["measures"]["looks"]["p50"] == 1


def test_each_is_counted_by_itself_and_judged(swarm: Callable[..., Swarm], target: RunningService) -> None:
    knobs = {"LAB_RUN_TIME": "4s", "LOCUST_USERS": "6", "LAB_SCENARIO": str(LOCUSTFILES / "shop.py")}
    running = swarm(target.url, 2, **plan("steady", **{**knobs, "LAB_LIMITS": f"fail<=50% {OF_MARKS} {OF_SERVICE}"}))
    assert running.await_exit(120) == 0, running.log()
    verdict = running.verdict
    assert_each_by_itself(verdict)
    assert verdict["double_entry"]["agree"], "the service has counted other requests"
    measured = {row["text"]: row["measured"] for row in verdict["limits"]}
    assert min(measured[text] for text in OF_SERVICE.split()) > 10

    latest = running.results / "latest"
    again = {text: judge_again(latest, limits.parse(text) if text else None) for text in AGAIN}
    assert {text: verdict.verdict for text, verdict in again.items()} == AGAIN


def test_each_class_arrives_at_its_own_rate(swarm: Callable[..., Swarm], target: RunningService) -> None:
    knobs = {"LAB_RUN_TIME": "4s", "LOCUST_USERS": "3", "LAB_SCENARIO": str(LOCUSTFILES / "rated.py")}
    knobs |= {"LAB_ARRIVALS": "open", "LAB_ARRIVAL_SPACING": "even"}
    running = swarm(target.url, 2, **plan("steady", **knobs))
    assert running.await_exit(120) == 0, running.log()
    verdict = running.verdict
    assert "with 20 arrivals/s" in verdict["sentence"]
    counts = {name: row["requests"] for name, row in verdict["classes"].items()}
    # a source is one arrival in each second; the bounds of the four seconds may cut one off, or let one in
    assert abs(counts["Buyer"] - 16) <= 4
    assert abs(counts["Reader"] - 64) <= 16
