"""A run's folder read back: the evidence that its verdict was made from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lab import limits
from lab.faults import deeds
from lab.judging.evidence import Evidence, Interruption, Search, Stop
from lab.ledger import findings
from lab.limits import Limit
from lab.plans.search import Goal
from lab.results import files, steps_file
from lab.service import both_ends
from lab.service.both_ends import Service


def evidence(folder: Path, accepted: tuple[Limit, ...] | None = None) -> Evidence:
    """The evidence of the run in the folder, with these limits or, with None, with its own.

    Raises OSError where a file is missing and ValueError where one is not what a run leaves.
    """
    document = _json(folder / "verdict.json")
    counts = _json(folder / steps_file.FILE)
    try:
        ledger = None if document["ledger"] is None else findings.from_document(_json(folder / findings.FILE))
        search, peak = document["search"], document["peak"] or {}
        return Evidence(
            plan=document["plan"],
            target=document["target"],
            limits=_limits(document["limits"], accepted),
            started=document["started"],
            seconds=document["seconds"],
            steps=steps_file.steps(counts),
            workers=document["generator"]["workers"],
            losses=document["generator"]["losses"],
            taken_back=steps_file.workers(counts["taken_back"]),
            not_held=counts["not_held"],
            undone=steps_file.undone(counts),
            interrupted_by=Interruption(document["interrupted_by"]) if document["interrupted_by"] else None,
            search=_search(search) if search else None,
            stopped=Stop(**document["stopped"]) if document.get("stopped") else None,
            peak_users=peak.get("users"),
            peak_rps=peak.get("rps"),
            arrivals=document["arrivals"],
            ledger=ledger,
            soak=document.get("soak"),
            service=_service(folder),
            faults=deeds.from_document(counts["faults"]) if counts.get("faults") else None,
            data=document.get("data") or (),
            accepts_neighbours=bool((document.get("machine") or {}).get("accepted")),
            part=document.get("part"),
            merged=document.get("merged"),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{folder} holds no run of this version: {error!r}") from error


def _limits(rows: Sequence[Mapping[str, Any]], accepted: tuple[Limit, ...] | None) -> tuple[Limit, ...]:
    """The run's own limits, or those that are given; what it accepted of outages and
    exceptions holds where they name none."""
    own = [replace(limits.parse(row["text"])[0], implied=row.get("implied", False)) for row in rows]
    if accepted is None:
        return tuple(own)
    kept = {limits.OUTAGE, limits.EXCEPTIONS} - {limit.measure for limit in accepted}
    return (*accepted, *(limit for limit in own if limit.measure in kept))


def _json(path: Path) -> Any:
    return json.loads(files.read_text(path))


def _service(folder: Path) -> Service | None:
    try:
        return both_ends.from_document(_json(folder / both_ends.FILE))
    except FileNotFoundError:
        return None  # it said nothing of itself


def _search(search: Mapping[str, Any]) -> Search:
    return Search(Goal(search["start_users"], search["max_users"], search["resolution"]), search["time_was_up"])
