"""A run that goes on, in the shape of its files: what the live page shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lab.engine.keeper import Keeper
from lab.faults.words import rows
from lab.judging import belief
from lab.judging.evidence import Evidence
from lab.judging.reading import read
from lab.limits import Finding
from lab.service import limited


def snapshot(
    evidence: Evidence,
    used: Sequence[limited.Used],
    steps: Sequence[Mapping[str, Any]],
    keeper: Keeper,
    state: Mapping[str, Any],
) -> dict[str, Any]:
    """What is known so far, with what limits ask of the service in each step.

    `state` has the progress of its plan, and the document of the verdict, None before there is one.
    """
    reading = read(evidence)
    said = limited.so_far(evidence.limits, used)
    return {
        "plan": evidence.plan,
        "target": evidence.target,
        "limits": [_with(said, finding).row() for finding in reading.findings],
        "started": evidence.started,
        "steps": list(steps),
        "samples": keeper.samples,
        "replicas": keeper.replicas,
        "arrivals": evidence.arrivals,
        "generator": belief.document(reading),
        "faults": rows(reading.effects),
        "exchanges": list(keeper.exchanges.all()),
        **state,
    }


def _with(said: limited.Used, finding: Finding) -> Finding:
    figure = said.get(finding.limit.key) if finding.limit.source else None
    return finding if figure is None else Finding(finding.limit, figure, finding.limit.keeps(figure))
