"""`lab compare`: has it become worse? Compares finished runs, better with repeats of both."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from lab.commands.parameters import RUN, Percent, Repeating, judged_run
from lab.history import groups, past_runs
from lab.history.comparison import Outcome
from lab.history.groups import Comparison
from lab.history.past_runs import HistoryError, Past
from lab.judging.verdict import ExitCode
from lab.wording import columns


class Sides(Repeating):
    """Takes several runs after one option."""

    many = ("--baseline", "--candidate")


@click.command(cls=Sides, short_help="Has it become worse? Compares finished runs.")
@click.argument("runs", metavar=f"[{RUN} {RUN}]", nargs=-1)
@click.option("--baseline", metavar=f"{RUN}...", multiple=True, help="Runs before, repeated.")
@click.option("--candidate", metavar=f"{RUN}...", multiple=True, help="Runs after, repeated.")
@click.option("--accept", type=Percent(), default=groups.ACCEPTED, help="Worse by that much is accepted (10%).")
@click.option("--spread", type=Percent(), help="By how much repeated runs are known to differ, such as 5%.")
@click.option("--anyway", is_flag=True, help="Judge also runs that were not made alike.")
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON.")
def command(  # noqa: PLR0913, PLR0917 - a parameter an option
    runs: tuple[str, ...],
    baseline: tuple[str, ...],
    candidate: tuple[str, ...],
    accept: float,
    spread: float | None,
    anyway: bool,
    as_json: bool,
) -> ExitCode:
    """Has it become worse? Compares finished runs, considering the noise of repeated runs.

    RUN is a folder, or the name of one in results/ or the beginning of it.

    \b
    Examples:
      lab compare before-1 latest --spread 5%
      lab compare --baseline results/before-* --candidate results/after-*

    Exit codes: 0 no worse, 1 a run cannot be read, 2 wrong usage, 3 worse, 4 unknown.
    """
    sides = [[judged_run(run) for run in side] for side in _sides(runs, baseline, candidate)]
    before, after = (_read(side) for side in sides)
    if not before or not after:
        click.echo(f"{Outcome.UNKNOWN}: no run is left to compare with.")
        return ExitCode.INVALID
    compared = groups.compare(before, after, accept, spread, anyway)
    click.echo(json.dumps(compared.document(), indent=2) if as_json else _text(compared))
    return compared.exit_code


def _sides(
    runs: tuple[str, ...], baseline: tuple[str, ...], candidate: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the runs of each side."""
    if len(runs) == 2 and not (baseline or candidate):
        return runs[:1], runs[1:]
    if runs or not (baseline and candidate):
        raise click.UsageError("it takes two runs, or --baseline RUN... and --candidate RUN...")
    return baseline, candidate


def _read(folders: Sequence[Path]) -> list[Past]:
    """The runs that can be compared; each of the others is reported as left out."""
    found = []
    for folder in folders:
        try:
            found.append(past_runs.read(folder))
        except HistoryError as error:
            click.echo(f"left out: {error}", file=sys.stderr)
    return found


def _text(compared: Comparison) -> str:
    rows = [("", "baseline", "candidate", "change", "90 % interval"), *groups.table(compared)]
    lines = [columns(rows)]
    for difference in compared.differences:
        weight = "" if difference.matters else " (does not matter here)"
        lines.append(f"not the same: {difference.name} {' vs '.join(difference.values)}{weight}")
    return "\n".join([compared.sentence, "", *lines])
