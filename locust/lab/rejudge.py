"""Judges a finished run again from its folder: `python -m lab.rejudge results/latest --limits "p99<=1s"`.

It prints the sentence and exits with the verdict's code. Nothing is run and nothing is written.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lab import limits
from lab.counts.timeline import Step, Timeline
from lab.judging.evidence import Evidence, Interruption, Search
from lab.judging.verdict import ExitCode, Verdict, judge
from lab.ledger import findings
from lab.limits import Limit, LimitError
from lab.plans.search import Goal
from lab.results import steps_file
from lab.service import both_ends
from lab.service.both_ends import Service


def rejudge(folder: Path, accepted: tuple[Limit, ...] | None) -> Verdict:
    """The verdict on the run in the folder, by these limits or, with None, by its own.

    Raises OSError where a file is missing and ValueError where one is not what a run leaves.
    """
    document = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    counts = json.loads((folder / steps_file.FILE).read_text(encoding="utf-8"))
    try:
        evidence = _evidence(document, steps_file.steps(counts), accepted, _service(folder))
        evidence = replace(evidence, taken_back=steps_file.workers(counts["taken_back"]), not_held=counts["not_held"])
        if document["ledger"] is not None:
            kept = json.loads((folder / findings.FILE).read_text(encoding="utf-8"))
            evidence = replace(evidence, ledger=findings.from_document(kept))
        return judge(evidence)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{folder} holds no run of this version: {error!r}") from error


def _service(folder: Path) -> Service | None:
    try:
        return both_ends.from_document(json.loads((folder / both_ends.FILE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None  # it said nothing of itself


def _evidence(
    document: Mapping[str, Any], steps: list[Step], accepted: tuple[Limit, ...] | None, told: Service | None
) -> Evidence:
    accepted = accepted or limits.parse(" ".join(limit["text"] for limit in document["limits"]))
    timeline = Timeline(started=0)
    timeline.steps = steps
    measured_seconds, endpoints = timeline.measured()
    search, peak = document["search"], document["peak"] or {}
    if search:
        _judge_steps(steps, accepted)
    return Evidence(
        plan=document["plan"],
        target=document["target"],
        limits=accepted,
        started=document["started"],
        seconds=document["seconds"],
        steps=steps,
        measured_seconds=measured_seconds,
        endpoints=endpoints,
        workers=document["generator"]["workers"],
        losses=document["generator"]["losses"],
        interrupted_by=Interruption(document["interrupted_by"]) if document["interrupted_by"] else None,
        search=_search(search) if search else None,
        peak_users=peak.get("users"),
        peak_rps=peak.get("rps"),
        arrivals=document["arrivals"],
        soak=document.get("soak"),
        service=told,
    )


def _judge_steps(steps: list[Step], accepted: tuple[Limit, ...]) -> None:
    """Each step that the search judged is judged anew, by its figures."""
    for step in steps:
        if step.kept is not None:
            step.kept = limits.step_keeps(accepted, step.endpoints, step.seconds)


def _search(search: Mapping[str, Any]) -> Search:
    return Search(Goal(search["start_users"], search["max_users"], search["resolution"]), search["time_was_up"])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m lab.rejudge", description="Judge a finished run again.")
    parser.add_argument("folder", type=Path, help="the run, such as results/latest")
    parser.add_argument("--limits", help='what is accepted instead, such as "p99<=800ms fail<=1%%"')
    parser.add_argument("--json", action="store_true", help="print the whole verdict as JSON")
    options = parser.parse_args(arguments)
    try:
        verdict = rejudge(options.folder, limits.parse(options.limits) if options.limits is not None else None)
    except LimitError as error:
        parser.error(str(error))
    except (OSError, ValueError) as error:
        print(f"cannot judge {options.folder}: {error}", file=sys.stderr)  # noqa: T201 - it is a command
        return ExitCode.LAB_FAILED
    print(json.dumps(verdict.document, indent=2) if options.json else verdict.sentence)  # noqa: T201 - as above
    return verdict.exit_code


if __name__ == "__main__":
    sys.exit(main())
