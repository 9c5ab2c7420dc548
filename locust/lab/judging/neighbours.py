"""Did other work on the machine hold the service back? What was seen of it where a limit broke. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypedDict

from lab import wording
from lab.counts.timeline import Step
from lab.judging import tolerances
from lab.judging.reading import Reading, Searched
from lab.limits import Finding
from lab.plans.search import Purpose
from lab.plans.stages import PEAK
from lab.service import usage
from lab.service.metrics import MACHINE
from lab.service.usage import Usage

_REMEDY = "Stop what else runs there, or measure on a machine of its own."


class MachineRow(TypedDict):
    """The machine as verdict.json holds it: shares of its CPUs, at the steps that decide.

    `others` is None where other work cannot be told from the service, or the service is on another machine. `accepted`
    is whether other work makes no verdict INVALID (LAB_NEIGHBOURS).
    """

    cpus: int
    used: float
    others: float | None
    steal: float | None
    seconds: int
    crowded_seconds: int
    accepted: bool


def row(reading: Reading) -> MachineRow | None:
    """What was seen of the machine at the steps that decide; None where nothing was."""
    machine = _together(reading, reading.deciding)
    if machine is None or machine.cpu_used is None:
        return None
    cpus, told, steal = (
        machine.peaks["cpu_limit"],
        machine.sums.get("told_seconds"),
        machine.per_second("steal_seconds"),
    )
    return {
        "cpus": round(cpus),
        "used": round(machine.cpu_used, 4),
        "others": round(machine.sums["others_seconds"] / told / cpus, 4) if told else None,
        "steal": None if steal is None else round(steal / cpus, 4),
        "seconds": machine.seconds,
        "crowded_seconds": round(machine.sums.get("crowded_seconds", 0.0)),
        "accepted": reading.evidence.accepts_neighbours,
    }


def accusation(reading: Reading) -> str | None:
    """Why what broke is not the service's own doing; None where nothing broke, or others did not matter there.

    Limits that were kept in spite of others are kept.
    """
    if reading.evidence.accepts_neighbours:
        return None
    found = [(_crowding(usage), where) for where, usage in _broken(reading) if _is_crowded(usage)]
    if not found:
        return None
    share, where = max(found)
    what = "the capacity" if reading.searched else _what_broke(reading.findings)
    used = wording.whole_percent_text(share)
    return f"Other work used {used} of this machine {where}, so {what} is not the service's own. {_REMEDY}"


def _what_broke(findings: Iterable[Finding]) -> str:
    """The limits that broke with their figures; nothing but that where only a single step broke them."""
    broken = [
        f"{wording.measured(finding.limit, finding.measured)} ({wording.accepted(finding.limit)})"
        for finding in findings
        if not finding.kept
    ]
    return ", ".join(broken) or "what broke"


def remark(reading: Reading) -> str | None:
    """That limits were kept in spite of others; None where they did not matter."""
    machine = None if accusation(reading) else _together(reading, reading.deciding)
    if machine is None or not _is_crowded(machine):
        return None
    return f"Other work used {wording.whole_percent_text(_crowding(machine))} of this machine in {_seconds(machine)}."


def in_repetition(reading: Reading, searched: Searched) -> list[str]:
    """That others held the service back while the first step was repeated; nothing where they did not."""
    repeated = [step for step in searched.judged if step.purpose == Purpose.REPEAT]
    machine = _together(reading, repeated)
    if machine is None or not _is_crowded(machine):
        return []
    return [f"other work used {wording.whole_percent_text(_crowding(machine))} of this machine meanwhile"]


def _broken(reading: Reading) -> list[tuple[str, Usage]]:
    """Where limits broke: the steps of a search that decide, or of other plans each long one and all together."""
    if reading.searched:
        return _broken_in_search(reading, reading.searched)
    if not (_is_any_broken(reading.findings) or _is_short_of_peak(reading)):
        return []
    long = [step for step in reading.steps if step.seconds >= tolerances.WINDOW_SECONDS]
    alone = [[step] for step in long if _is_any_broken(reading.found(step))]
    machines = [_together(reading, steps) for steps in [reading.steps, *alone]]
    return [(f"in {_seconds(machine)}", machine) for machine in machines if machine]


def _broken_in_search(reading: Reading, searched: Searched) -> list[tuple[str, Usage]]:
    """The deciding steps that broke a limit, and the repetition that was not as the first step."""
    broken = [
        step for step in reading.deciding if not step.kept or (searched.drifted and step.purpose == Purpose.REPEAT)
    ]
    named = [
        (f"at {wording.load(step.users, reading.evidence.arrivals)}", _together(reading, [step])) for step in broken
    ]
    return [(where, machine) for where, machine in named if machine]


def _is_any_broken(findings: Iterable[Finding]) -> bool:
    return any(not finding.kept for finding in findings)


def _is_short_of_peak(reading: Reading) -> bool:
    evidence = reading.evidence
    if evidence.plan != PEAK or not evidence.peak_rps or not reading.seconds:
        return False
    return reading.whole.successes / reading.seconds < evidence.peak_rps


def _together(reading: Reading, steps: Sequence[Step]) -> Usage | None:
    """The machine's usage in these steps; None where it was not read."""
    known = reading.evidence.service.steps if reading.evidence.service else ()
    return usage.together(known[step.number - 1] for step in steps if step.number <= len(known)).get(MACHINE)


def _is_crowded(machine: Usage) -> bool:
    crowded = machine.sums.get("crowded_seconds", 0.0)
    return crowded >= max(tolerances.CROWDED_SECONDS, tolerances.CROWDED_SHARE * machine.seconds)


def _crowding(machine: Usage) -> float:
    """What others used of the machine in the seconds in which they held the service back."""
    return machine.sums["crowding_seconds"] / machine.sums["crowded_seconds"] / machine.peaks["cpu_limit"]


def _seconds(machine: Usage) -> str:
    return f"{round(machine.sums.get('crowded_seconds', 0.0))} of {machine.seconds} s"
