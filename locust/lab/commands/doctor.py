"""`lab doctor`: what of this machine would be in the way of a run, and what helps."""

from __future__ import annotations

import json
import os
import textwrap

import click

from lab import settings
from lab.commands.parameters import ROOT
from lab.diagnosis import engine, machine
from lab.diagnosis.finding import Finding, State
from lab.judging.verdict import ExitCode
from lab.knobs import text_of
from lab.starting import ways

PORTS = {"LOCUST_WEB_PORT": "8089", "API_PORT": "5000", "LOCUST_MASTER_BIND_PORT": "5557"}


@click.command(short_help="What of this machine would be in the way of a run, and what helps.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> ExitCode:
    """Look at engine, Compose, cores, memory, disk, ports, file limits, clock, control groups and left-over containers.

    Nothing is changed. In a container it sees only what the container has: ./lab doctor sees the machine.

    \b
    Examples:
      lab doctor
      lab doctor --json

    Exit codes: 0 nothing is in the way of a run (a note is none), 1 something is.
    """
    found = look(is_inside=context.find_root().obj is not None)
    problems = [finding for finding in found if finding.state is State.PROBLEM]
    if as_json:
        rows = [{**vars(finding), "state": str(finding.state)} for finding in found]
        click.echo(json.dumps({"problems": len(problems), "findings": rows}, indent=2))
    else:
        click.echo(_text(found, len(problems)))
    return ExitCode.LAB_FAILED if problems else ExitCode.PASS


def look(*, is_inside: bool) -> list[Finding]:
    """All findings; from the inside of a container the engine is not seen, and ports are its own."""
    common = [
        machine.knobs(os.environ),
        # the quota of the container `lab` is not that of the swarm
        machine.cores(len(os.sched_getaffinity(0))) if is_inside else machine.cores(),
        machine.memory(),
        machine.disk(settings.results_folder()),
        machine.open_files(),
        machine.clock(),
        machine.control_groups(),
        machine.busy(),
    ]
    if is_inside:
        return [
            Finding("engine", State.UNSEEN, "from inside a container", "./lab doctor on the machine itself"),
            *common,
        ]
    docker = engine.engine()
    answers = all(finding.state is State.WELL for finding in docker)
    wanted = {knob: text_of(knob, port, os.environ) for knob, port in PORTS.items()}
    is_up = answers and ways.is_up(ROOT)
    left = engine.containers(ROOT) if answers else []
    return [*docker, *left, *machine.ports(wanted, is_ours=is_up), *common]


def _text(found: list[Finding], problems: int) -> str:
    name_width, state_width = (
        max(map(len, column)) for column in zip(*((f.name, f.state) for f in found), strict=True)
    )
    lines = []
    for finding in found:
        lines.append(f"{finding.state:<{state_width}}  {finding.name:<{name_width}}  {finding.said}")
        if finding.remedy:
            indent = " " * (state_width + name_width + 4)
            lines += textwrap.wrap(f"→ {finding.remedy}", 100, initial_indent=indent, subsequent_indent=f"{indent}  ")
    notes = sum(finding.state is State.NOTE for finding in found)
    told = f"{problems} problem{'' if problems == 1 else 's'}, {notes} note{'' if notes == 1 else 's'}"
    return "\n".join([*lines, "", f"{told}: {'mend what is marked' if problems else 'a run can start'}."])
