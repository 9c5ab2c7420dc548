"""The dashboard for Grafana asks for figures that master and service have, by labels that these have."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

from lab.counts.answers import Answers
from lab.counts.health import Health
from lab.service.metrics import COUNTERS, GAUGES
from tests.support import sample_run
from tests.support.ui import StubRun, built

ROOT = Path(__file__).resolve().parents[2]
MONITORING = ROOT / "monitoring"
DASHBOARD = MONITORING / "grafana" / "dashboards" / "lab.json"
BY_PROMETHEUS = {"job", "instance"}
"""Labels that it adds to every series it scrapes."""
OF_THE_SERVICE = dict.fromkeys([*COUNTERS, *GAUGES], BY_PROMETHEUS) | {
    "api_requests_total": BY_PROMETHEUS | {"route", "method", "status"}
}
OPERATORS = {"and", "or", "unless"}


def of_the_master(folder: Path) -> dict[str, set[str]]:
    """Each series of its page, with its labels, where there is something to say of everything."""
    with built(folder) as ui:
        runner = ui.conductor.runner
        runner.clients.all = [SimpleNamespace(id="vm_a", state="running", user_count=7)]
        runner.totals.add([Answers(5, "GET /", {1.0: 1}, {"500": 1}, 1.0, 1.0)])
        ui.conductor.run = run = StubRun(folder, sample_run.snapshot(sample_run.capacity(folder), 99, 999))
        said = Health(seconds=2, cpu_seconds=1, waited_seconds=0.5, periods=20, throttled=5, lags={2.0: 99})
        run.hearing.vitals = {"vm_a": said}
        page = ui.client().get("/metrics").text
    samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
    return {sample.name: {*sample.labels} | BY_PROMETHEUS for sample in samples}


def asked(query: str) -> tuple[set[str], set[str]]:
    """The series that an expression of PromQL reads, and the labels that it names."""
    groups = re.findall(r"\bby \(([^)]*)\)", query)
    matchers = re.findall(r"\{([^}]*)\}", query)
    labels = {label.strip() for group in groups for label in group.split(",")}
    labels |= {label for matcher in matchers for label in re.findall(r"(\w+)\s*[=!]", matcher)}
    bare = re.sub(r"\bby \([^)]*\)|\{[^}]*\}|\[[^\]]*\]", "", query)
    return set(re.findall(r"\b([a-z]\w*)\b(?!\s*\()", bare)) - OPERATORS, labels


def targets() -> list[dict[str, Any]]:
    board = json.loads(DASHBOARD.read_text())
    return [*board["annotations"]["list"], *(target for panel in board["panels"] for target in panel["targets"])]


def test_what_an_expression_reads_is_found() -> None:
    query = 'sum by (le, a) (rate(x_bucket{job="api"}[$__rate_interval])) / y > 0 and z == 1'
    assert asked(query) == ({"x_bucket", "y", "z"}, {"le", "a", "job"})


def test_each_expression_reads_figures_and_labels_that_exist(tmp_path: Path) -> None:
    known = OF_THE_SERVICE | of_the_master(tmp_path)
    found = [(target, *asked(target["expr"])) for target in targets()]
    assert len(found) == 25
    assert {name for _, names, _ in found for name in names} - known.keys() == set()
    for target, names, labels in found:
        shown = set(re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", "")))
        for name in names:
            assert (labels | shown) <= known[name], f"{target['expr']}: {name} has only the labels {known[name]}"
        groups = re.findall(r"\bby \(([^)]*)\)", target["expr"])
        assert all(shown <= set(re.split(r",\s*", group)) for group in groups), f"{target['expr']} drops {shown}"


def test_no_series_of_the_master_is_left_out_but_what_only_describes(tmp_path: Path) -> None:
    shown = {name for target in targets() for name in asked(target["expr"])[0]}
    left_out = {name for name in of_the_master(tmp_path) if name not in shown}
    assert left_out == {"lab_response_time_seconds_count", "lab_response_time_seconds_sum", "lab_run_info"}


def test_its_panels_do_not_lie_over_each_other() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) == 23
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_prometheus_asks_services_that_there_are_in_networks_that_it_is_in() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    jobs = yaml.safe_load((MONITORING / "prometheus.yml").read_text())["scrape_configs"]
    named = {name for job in jobs for each in job.get("dns_sd_configs", ()) for name in each["names"]}
    (master,) = (target for job in jobs for each in job.get("static_configs", ()) for target in each["targets"])
    assert master == f"{services['master']['networks']['swarm']['aliases'][0]}:8089"
    assert all("service" in services[name]["networks"] for name in named)
    assert {"swarm", "service"} <= set(services["prometheus"]["networks"])
