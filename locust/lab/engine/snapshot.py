"""A run that goes on, in the shape of its files: what the live page shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lab.engine.keeper import Keeper
from lab.faults.words import rows
from lab.judging import belief
from lab.judging.evidence import Evidence
from lab.judging.reading import read


def snapshot(
    evidence: Evidence,
    steps: Sequence[Mapping[str, Any]],
    keeper: Keeper,
    progress: Mapping[str, Any] | None,
    document: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """What is known so far; `document` is that of the verdict, None before there is one."""
    reading = read(evidence)
    return {
        "plan": evidence.plan,
        "target": evidence.target,
        "limits": [finding.row() for finding in reading.findings],
        "started": evidence.started,
        "steps": list(steps),
        "samples": keeper.samples,
        "replicas": keeper.replicas,
        "arrivals": evidence.arrivals,
        "generator": belief.document(reading),
        "faults": rows(reading.effects),
        "exchanges": list(keeper.exchanges.all()),
        "progress": progress,
        "verdict": document,
    }
