"""`lab check`: a look at the scenario without load. Each task is done once, and what would not work is said."""

from __future__ import annotations

import os
import time

import click

# before the lab's own: it puts gevent's sockets in the place of Python's
import locust  # noqa: F401

from lab.asking.target import TargetError
from lab.judging.verdict import ExitCode
from lab.knobs import SettingsError
from lab.rehearsal import telling
from lab.rehearsal.show import Outcome, rehearse


@click.command(short_help="Look at the scenario without load: does each task work?")
@click.option("--short", is_flag=True, help="A line for each request instead of all that was sent and received.")
def command(short: bool) -> ExitCode:
    """Do each task of the scenario once, show what was asked and answered, and say what would not work under load.

    It takes seconds and makes no load; what a task writes is written. Secrets are hidden. The scenario is that of
    LAB_SCENARIO, the service that of LOCUST_HOST.

    \b
    Examples:
      lab check
      LAB_SCENARIO=scenario/locustfile.py lab check --short

    Exit codes: 0 all would work, 1 the service cannot be reached or may not be loaded, 2 the scenario or a knob is
    wrong, 3 something would not work.
    """
    began = time.monotonic()
    try:
        outcome = rehearse(_host(), click.echo, is_short=short)
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    except TargetError as error:
        raise click.ClickException(str(error)) from error
    return _conclude(outcome, time.monotonic() - began)


def _host() -> str:
    """LOCUST_HOST, or where `make local` has the lab's own service."""
    return os.environ.get("LOCUST_HOST", "") or f"http://127.0.0.1:{os.environ.get('API_PORT') or 5000}"


def _conclude(outcome: Outcome, seconds: float) -> ExitCode:
    for line in telling.findings(outcome.found):
        click.echo(line)
    tasks = sum(turn.is_a_task for role in outcome.roles for turn in role.turns)
    requests = sum(len(turn.exchanges) for role in outcome.roles for turn in role.turns)
    counts = f"{_count(len(outcome.roles), 'role')}, {_count(tasks, 'task')}, {_count(requests, 'request')}"
    said = f"{_count(outcome.problems, 'thing')} would not work under load" if outcome.problems else "all would work"
    click.echo(f"\n{'NOT READY' if outcome.problems else 'READY'}: {said} ({counts} in {seconds:.1f} s).")
    return ExitCode.FAIL if outcome.problems else ExitCode.PASS


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
