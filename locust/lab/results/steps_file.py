"""steps.json: the steps of a run with all their counts, from which any figure can be told and the run judged again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lab.judging.evidence import Evidence
from lab.figures import utc
from lab.counts import health, tally
from lab.counts.endpoints import Endpoints, marks_of
from lab.counts.timeline import Step, Tally, Workers

FILE = "steps.json"

Row = Mapping[str, Any]


def document(evidence: Evidence) -> dict[str, Any]:
    """The file's content."""
    return {
        "schema": 1,
        "not_held": evidence.not_held,
        "taken_back": _workers_document(evidence.taken_back),
        "undone": {task: died.exceptions for task, died in sorted(evidence.undone.items())},
        **({"faults": evidence.faults.document()} if evidence.faults else {}),
        "steps": [_step_document(step) for step in evidence.steps],
    }


def steps(document: Row) -> list[Step]:
    """The steps in it. Raises KeyError, TypeError, ValueError or AttributeError where it is not what a run leaves."""
    return [_step(number, row) for number, row in enumerate(document["steps"], 1)]


def undone(document: Row) -> dict[str, Tally]:
    """The tasks that died where no step was measured."""
    return {task: Tally(exceptions=dict(counts)) for task, counts in document.get("undone", {}).items()}


def workers(document: Row) -> Workers:
    """What workers measured of themselves, from their part of it. Raises as `steps` does."""
    return {int(worker): health.from_document(figures) for worker, figures in document.items()}


def _step_document(step: Step) -> dict[str, Any]:
    return {
        "users": step.users,
        "purpose": step.purpose,
        "started": utc(step.started),
        "seconds": step.seconds,
        "kept": step.kept,
        "successes": step.successes,
        "silent_seconds": step.silent_seconds,
        "windows": step.windows,
        "counts_exceptions": step.counts_exceptions,
        "endpoints": tally.documents(step.endpoints),
        "marks": tally.documents(marks_of(step.endpoints)),
        "workers": _workers_document(step.health),
    }


def _workers_document(workers: Workers) -> dict[str, Any]:
    return {str(worker): health.document() for worker, health in sorted(workers.items())}


def _step(number: int, row: Row) -> Step:
    return Step(
        row["users"],
        int(datetime.fromisoformat(row["started"]).timestamp()),
        row["purpose"],
        row["kept"],
        row["seconds"],
        list(row["successes"]),
        Endpoints(tally.from_documents(row["endpoints"]), tally.from_documents(row.get("marks", {}))),
        health=workers(row["workers"]),
        number=number,
        # folders of earlier runs have none of these
        silent_seconds=row.get("silent_seconds"),
        windows=dict(row.get("windows", {})),
        counts_exceptions=row.get("counts_exceptions", False),
    )

