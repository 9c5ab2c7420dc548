"""Prometheus asks master and service while a run goes on; a password of the UI holds for it as well."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import pytest

from tests.support.running_service import wait_until
from tests.support.stack import docker, quiet_port, stack

IMAGE = "prom/prometheus:v2.53.3"
PASSWORD = "a password of the UI"
pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]


def asked(prometheus: str, query: str) -> list[dict[str, Any]]:
    """What Prometheus answers: each series with its labels and its value."""
    with urllib.request.urlopen(f"{prometheus}/api/v1/query?{urllib.parse.urlencode({'query': query})}") as answer:
        result: list[dict[str, Any]] = json.load(answer)["data"]["result"]
    return result


def test_prometheus_knows_swarm_service_and_verdict(tmp_path_factory: pytest.TempPathFactory) -> None:
    if not docker("images", "--quiet", IMAGE):
        pytest.skip(f"there is no image {IMAGE} here")
    port = quiet_port()
    prometheus = f"http://127.0.0.1:{port}"
    knobs = {"LAB_UI_PASSWORD": PASSWORD, "PROMETHEUS_PORT": str(port), "LOCUST_AUTOQUIT": "60"}
    with stack(tmp_path_factory.mktemp("lab")) as lab:
        services = ("api", "master", "worker", "prometheus")
        plan = {"LAB_PLAN": "steady", "LAB_RUN_TIME": "5s", "LAB_SETTLE": "1s", "LAB_LIMITS": "p95<=5s"}
        lab.up("--scale", "worker=2", *services, profiles=("monitoring",), **knobs, **plan)
        wait_until(lambda: bool(asked(prometheus, "lab_verdict == 1")), 60, "a verdict")
        verdict = lab.verdict()
        (series,) = asked(prometheus, "lab_verdict == 1")
        assert series["metric"]["verdict"] == verdict["verdict"] == "PASS"
        assert [each["value"][1] for each in asked(prometheus, "up")] == ["1", "1"]
        assert asked(prometheus, "lab_workers")[0]["value"][1] == "2"
        (requests,) = asked(prometheus, "sum(lab_requests_total)")
        assert int(requests["value"][1]) >= verdict["measured"]["requests"]
        assert len(asked(prometheus, 'api_requests_total{job="api"}')) > 0
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"{lab.ui}/metrics")
        shown = base64.b64encode(f":{PASSWORD}".encode()).decode()
        request = urllib.request.Request(f"{lab.ui}/metrics", headers={"Authorization": f"Basic {shown}"})
        with urllib.request.urlopen(request) as page:
            assert b"lab_users " in page.read()
