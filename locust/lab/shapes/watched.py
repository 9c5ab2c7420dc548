"""How a search goes, for whoever watches: the present step so far, and how the last one went."""

from __future__ import annotations

from typing import Any

from lab import limits, wording
from lab.counts.timeline import Step, together
from lab.figures import three_digits
from lab.shapes.base import ShapeRun


def so_far(run: ShapeRun, step: Step) -> tuple[dict[str, Any], float | None]:
    """What the step measured so far: successes a second, for each limit on time its figure in ms; and its excess."""
    until = run.reported_until()
    seconds, endpoints = run.timeline.so_far(step, until)
    findings = limits.judge(run.limits, endpoints, seconds, run.extremes(step, until))
    figures = {
        "rps": together(endpoints.values()).successes / seconds if seconds else None,
        "figures": {
            wording.name(finding.limit): finding.measured for finding in findings if finding.limit.unit == "ms"
        },
    }
    return figures, limits.excess(findings)


def outcome(run: ShapeRun) -> str:
    """How the last step went, for the terminal; empty before there is one."""
    judged = [step for step in run.timeline.steps if step.kept is not None]
    if not judged:
        return ""
    step = judged[-1]
    until = run.reported_until()
    seconds, endpoints = run.timeline.so_far(step, until)
    finding = limits.worst(limits.judge(run.limits, endpoints, seconds, run.extremes(step, until)))
    rps = three_digits(together(endpoints.values()).successes / seconds)
    figure = wording.measured(finding.limit, finding.measured)
    load, outcome = wording.load(step.users, run.settings.arrivals), "kept" if step.kept else "broken"
    return f"{load} = {rps} req/s, {figure} ({outcome}: {finding.limit.text}). Next "
