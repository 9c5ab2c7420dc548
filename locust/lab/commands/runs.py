"""`lab runs`: what results/ holds, the newest first, and `lab runs prune`, which removes old ones."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from lab import settings
from lab.history import changes, shelf
from lab.history.changes import Course
from lab.history.shelf import Shelved
from lab.judging.verdict import ExitCode
from lab.report import courses, run_list
from lab.report.charts import DASH
from lab.wording import columns, size_text

_AGES = {"h": 1, "d": 24, "w": 168}


class Age(click.ParamType[timedelta]):
    """A time such as 12h, 30d or 4w."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        if not (found := re.fullmatch(r"([0-9]{1,5})([hdw])", str(value))):
            self.fail(f"{value!r} is not an age such as 12h, 30d or 4w", param, ctx)
        return timedelta(hours=int(found[1]) * _AGES[found[2]])


@click.group("runs", invoke_without_command=True, short_help="List finished runs, the newest first; prune old ones.")
@click.option("--most", type=click.IntRange(1), default=20, help="How many are listed (20).")
@click.option("--changes", "of_changes", is_flag=True, help="When did their figures change, and by how much?")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON, with their sentences.")
@click.pass_context
def command(context: click.Context, most: int, of_changes: bool, as_json: bool) -> ExitCode | None:
    """List the runs in results/, the newest first: verdict, plan, capacity or throughput, target, size.

    \b
    Examples:
      lab runs
      lab runs --most 100 --json
      lab runs --changes
      lab runs prune --keep 20
      lab runs prune --older 30d --yes
    """
    if context.invoked_subcommand:
        return None
    results = settings.results_folder()
    if of_changes:
        found = changes.courses(results)
        click.echo(json.dumps([each.document() for each in found], indent=2) if as_json else _told(found, results))
        return ExitCode.PASS
    runs = shelf.shelf(results)
    if as_json:
        click.echo(json.dumps([_document(run) for run in runs[:most]], indent=2))
    elif not runs:
        click.echo(f"There is no run in {results}: ./lab run --plan smoke makes one.")
    else:
        click.echo(_table(runs[:most]))
        more = f"{len(runs) - most} older ones are not listed (--most). " if len(runs) > most else ""
        click.echo(f"\n{more}{_count(len(runs))}, {size_text(sum(run.bytes for run in runs))} in {results}")
    return ExitCode.PASS


@command.command
@click.option("--keep", type=click.IntRange(0), help="Keep so many of the newest.")
@click.option("--older", type=Age(), metavar="AGE", help="Remove those that began longer ago, such as 30d.")
@click.option("--yes", is_flag=True, help="Remove them: without it, they are only listed.")
def prune(keep: int | None, older: timedelta | None, yes: bool) -> ExitCode:
    """List the runs that would go, and with --yes remove them. With both options a run goes where both say so.

    What stays: a run that is going on, the one that `latest` points to, folders with a name of their own, and folders
    with a file that is not the lab's.

    \b
    Examples:
      lab runs prune --keep 20
      lab runs prune --older 30d
      lab runs prune --keep 5 --older 2w --yes

    Exit codes: 0 done, 1 a folder could not be removed, 2 wrong usage.
    """
    if keep is None and older is None:
        raise click.UsageError("it takes --keep N, --older AGE (such as 30d), or both")
    going, staying = shelf.to_go(shelf.shelf(settings.results_folder()), keep, older, datetime.now(UTC))
    for kept in staying:
        click.echo(f"stays: {kept.run.name}: {kept.reason}", err=True)
    failed = 0
    for run in going:
        try:
            if yes:
                shelf.remove(run)
        except OSError as error:
            failed += 1
            click.echo(f"not removed: {run.name}: {error.strerror}", err=True)
        else:
            click.echo(f"{'removed' if yes else 'would go'}: {run.name} ({size_text(run.bytes)})")
    told = f"{_count(len(going) - failed)}, {size_text(sum(run.bytes for run in going))}"
    click.echo(f"{told}: removed." if yes else f"{told}: nothing was removed; --yes removes them.")
    return ExitCode.LAB_FAILED if failed else ExitCode.PASS


def _told(found: Sequence[Course], results: Path) -> str:
    """The changes of each group of runs that were made alike, or that there are none."""
    if not found:
        return f"There is no run in {results} whose figures can be compared."
    return "\n\n".join("\n".join(_of_course(each)) for each in courses.rows(found))


def _of_course(course: dict[str, Any]) -> list[str]:
    lines = [f"{course['title']}, {course['count']} made alike: {course['first']} to {course['last']}"]
    found = [
        f"  {row['figure']}: {row['before']} to {row['after']} {row['unit']} ({row['change']}; {row['interval']})"
        f" since {row['since']}"
        for row in course["rows"]
    ]
    return [*lines, *(found or [f"  {course['said']}"])]


def _table(runs: Sequence[Shelved]) -> str:
    rows = [("run", "verdict", "plan", "capacity or throughput", "target", "size"), *map(_row, runs)]
    return columns(rows)


def _row(run: Shelved) -> tuple[str, ...]:
    (row,) = run_list.rows([(run.name, run.verdict)])
    word = "running" if run.is_running else row["word"]
    return run.name, word, row["plan"], row["load"], str(run.verdict.get("target") or DASH), size_text(run.bytes)


def _document(run: Shelved) -> dict[str, Any]:
    known = {name: run.verdict.get(name) for name in ("verdict", "exit_code", "complete", "sentence", "plan", "target")}
    measured = {name: run.verdict.get(name) for name in ("started", "capacity", "measured")}
    return {"name": run.name, "running": run.is_running, **known, **measured, "bytes": run.bytes}


def _count(number: int) -> str:
    return f"{number:,} run{'' if number == 1 else 's'}"
