"""verdict.schema.json says what verdict.json holds: of every kind of run, and nothing that contradicts itself."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from lab.judging.evidence import Interruption
from tests.support import sample_run

SCHEMA = json.loads((Path(__file__).parents[2] / "locust" / "lab" / "judging" / "verdict.schema.json").read_text())
VALIDATOR = jsonschema_rs.Draft202012Validator(SCHEMA, validate_formats=True)
WORKER: dict[str, Any] = {
    "worker": 1,
    "host": "a81b",
    "users": 88,
    "seconds": 20.0,
    "silent_seconds": 0.0,
    "stood_still_seconds": 0.0,
    "cpus": 0.5,
    "cpu": 0.4,
    "waited": 0.01,
    "throttled": 0.02,
    "lag_p50_ms": 0.0,
    "lag_p95_ms": 0.3,
    "lag_p99_ms": 1.2,
    "lag_max_ms": 9.0,
    "gc": 0.01,
    "gc_max_ms": 4.0,
    "intended": None,
    "started": None,
    "files": 100,
    "files_limit": 1024,
    "offset_ms": -0.4,
    "jump_ms": 0.0,
    "round_trip_ms": 0.2,
}
FULL: dict[str, Any] = {
    "schema": 1,
    "verdict": "PASS",
    "exit_code": 0,
    "complete": True,
    "interrupted_by": None,
    "sentence": "PASS: p95 stays within 450 ms up to 352 users = 118 req/s.",
    "plan": "capacity",
    "target": "http://api:5000",
    "started": "2026-11-22T18:10:54+00:00",
    "seconds": 180,
    "limits": [
        {"text": "p95<=450ms", "endpoint": None, "unit": "ms", "bound": 450.0, "measured": 431.0, "kept": True},
        {"text": "fail<=1%", "endpoint": None, "unit": "ratio", "bound": 0.01, "measured": None, "kept": False},
    ],
    "measured": {
        "seconds": 20,
        "requests": 2360,
        "failed": 0,
        "rps": 118.0,
        "avg_ms": 160.0,
        "p50_ms": 120.0,
        "p95_ms": 431.0,
        "p99_ms": None,
        "max_ms": 900.0,
        "closed_p50_ms": None,
        "closed_p95_ms": None,
        "closed_p99_ms": None,
    },
    "endpoints": {},
    "generator": {"believable": True, "reasons": [], "workers": 4, "losses": [], "figures": [WORKER]},
    "failures": {"GET /tests: no answer": 3},
    "search": {"start_users": 10, "max_users": 2000, "resolution": 0.1, "time_was_up": False},
    "capacity": {"users": 352, "rps": 118.2, "rps_interval": [116.0, 121.0], "reached": True},
    "breach": {"users": 384, "rps": 121.0, "broke": "p95<=450ms", "measured": 497.0, "unit": "ms"},
    "stationarity": {
        "endpoint": "GET /tests",
        "first_ms": 12.0,
        "repeated_ms": 12.2,
        "ratio": 1.02,
        "stationary": True,
    },
    "peak": {"users": 200, "rps": None, "headroom": 1.76},
    "arrivals": "closed",
    "binding": {
        "resource": "api cpu",
        "used": 0.99,
        "unit": "of 1.0 CPU",
        "gives": True,
        "next": {"resource": "api memory", "used": 0.3, "unit": "of 512 MiB"},
    },
    "littles_law": {"swarm": {"inside": 384.0, "expected": 380.1, "slack": 20.0, "agrees": True}, "service": None},
    "double_entry": {
        "swarm": 2360,
        "proxy": None,
        "replicas": 2361,
        "agree": False,
        "differences": [
            {"who": "replicas", "difference": 1, "explained": False, "because": "somebody else asked it too"}
        ],
    },
    "ledger": {
        **dict.fromkeys(("sent", "acknowledged", "audited", "found"), 41200),
        **dict.fromkeys(("refused", "unanswered", "read_back", "stale", "lost", "doubled", "phantom"), 0),
        **dict.fromkeys(("unanswered_found", "unanswered_not_found", "unknown"), 0),
        "seconds": 1.2,
        "not_audited": None,
        "remarks": [],
        "rule": None,
        "examples": [],
    },
    "replicas": [],
    "balance": {"cv": 0.01, "chance_cv": 0.02, "balanced": True, "because": "shares are even"},
    "outages": [
        {
            "replica": "c02d",
            "gone": "2026-11-22T18:11:54Z",
            "failed": 3,
            "moved_after_seconds": 1,
            "back_after_seconds": None,
        }
    ],
}


def test_the_schema_is_a_schema() -> None:
    jsonschema_rs.meta.validate(SCHEMA)


def test_a_full_document_is_valid() -> None:
    VALIDATOR.validate(FULL)


@pytest.mark.parametrize(
    "part",
    [
        "search",
        "capacity",
        "breach",
        "stationarity",
        "peak",
        "soak",
        "binding",
        "littles_law",
        "double_entry",
        "ledger",
        "replicas",
        "balance",
        "outages",
    ],
)
def test_what_a_run_does_not_have_is_null(part: str) -> None:
    VALIDATOR.validate({**FULL, part: None})


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"verdict": "MAYBE"}, "no such verdict"),
        ({"exit_code": 2}, "wrong usage leaves no verdict"),
        ({"exit_code": 3}, "a PASS that exits as FAIL"),
        ({"verdict": "FAIL", "sentence": "FAIL: no."}, "a FAIL that exits as PASS: a false green"),
        ({"complete": False}, "cut short, yet exit code 0"),
        ({"schema": 2}, "another version"),
        ({"sentence": "All is well."}, "the sentence begins with the verdict"),
        ({"started": "yesterday"}, "no time"),
        ({"limits": []}, "a run without limits cannot be judged"),
        ({"arrivals": "half-open"}, "no such load"),
        ({"capacity": {"users": 0, "rps": 0, "rps_interval": [0], "reached": True}}, "a made-up zero"),
        ({"breach": {**FULL["breach"], "unit": "min"}}, "another unit"),
        ({"measured": {**FULL["measured"], "p95": 1}}, "a figure without its unit in the name"),
        ({"ledger": {**FULL["ledger"], "not_audited": "no time was left"}}, "an audit that was none"),
        ({"ledger": {**FULL["ledger"], "lost": None}}, "an audit that does not tell"),
        ({"generator": {**FULL["generator"], "believable": False, "reasons": ["it was late"]}}, "PASS, though INVALID"),
        ({"generator": {**FULL["generator"], "reasons": ["it was late"]}}, "believed for no reason"),
        ({"surprise": 1}, "a part that nobody wrote down"),
    ],
)
def test_what_contradicts_itself_is_refused(change: dict[str, Any], why: str) -> None:
    assert not VALIDATOR.is_valid({**FULL, **change}), why


def test_every_part_that_is_required_is_missed() -> None:
    for part in SCHEMA["required"]:
        document = copy.deepcopy(FULL)
        del document[part]
        assert not VALIDATOR.is_valid(document), part


def test_every_property_is_described() -> None:
    for name, part in SCHEMA["properties"].items():
        assert part.get("description"), name


@pytest.mark.parametrize("make", sample_run.RUNS.values(), ids=sample_run.RUNS)
def test_what_the_lab_judges_is_valid(make: Callable[[Path], Path], tmp_path: Path) -> None:
    VALIDATOR.validate(json.loads((make(tmp_path) / "verdict.json").read_text()))


@pytest.mark.parametrize("interruption", [None, *Interruption])
@pytest.mark.parametrize("failing", [{}, sample_run.FAILURES, {"GET /tests": {"no answer": 1.0}}])
@pytest.mark.parametrize(
    ("plan", "phases"),
    [
        ("steady", [(20, "", 5)]),
        ("ramp", [(2, "", 3), (20, "", 3)]),
        ("capacity", []),
        ("capacity", [(20, "explore", 5)]),
        ("capacity", [(20, "explore", 5), (640, "explore", 5), (20, "confirm", 5), (20, "repeat", 5)]),
    ],
)
def test_every_end_of_a_run_is_valid(
    interruption: Interruption | None,
    failing: dict[str, dict[str, float]],
    plan: str,
    phases: list[sample_run.Phase],
) -> None:
    steps, samples = sample_run.run_of(phases, lambda _: 1.0, failing)
    document = sample_run.document(plan, steps, len(samples), interrupted_by=interruption, losses=["Worker 1 left."])
    VALIDATOR.validate(document)
