"""`lab judge`: a finished run judged again from its folder. Nothing is run, and the run's own files stay."""

from __future__ import annotations

import json
from pathlib import Path

import click

from lab import limits
from lab.commands.parameters import RUN, run_folder
from lab.judging.verdict import ExitCode, Verdict, judge
from lab.limits import Limit, LimitError
from lab.results import files, judgement, kept


def judge_again(folder: Path, accepted: tuple[Limit, ...] | None) -> Verdict:
    """The verdict on the run in the folder, by these limits or, with None, by its own.

    Raises OSError where a file is missing and ValueError where one is not what a run leaves.
    """
    return judge(kept.evidence(folder, accepted))


@click.command
@click.argument("run", metavar=f"[{RUN}]", default=files.LATEST)
@click.option("--limits", "text", metavar="LIMITS", help="What is accepted instead of the run's own limits.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="A folder for the new verdict.json, junit.xml, summary.md."
)
@click.option("--json", "as_json", is_flag=True, help="Print the whole verdict as JSON.")
def command(run: str, text: str | None, out: Path | None, as_json: bool) -> ExitCode:
    """Judge a finished run again, by its own limits or by others.

    RUN is a folder, or the name of one in results/ or the beginning of it; `latest` where none is named.

    \b
    Examples:
      lab judge
      lab judge 2026-11-23T01 --limits "p99<=800ms fail<=1%" --out wider

    Exits with the verdict's code: 0 PASS, 3 FAIL, 4 INVALID, 5 interrupted; 1 where the run cannot be read.
    """
    folder = run_folder(run)
    try:
        verdict = judge_again(folder, None if text is None else limits.parse(text))
    except LimitError as error:
        raise click.BadParameter(str(error), param_hint="--limits") from error
    except (OSError, ValueError) as error:
        raise click.ClickException(f"cannot judge {folder}: {error}") from error
    if out:
        _write(verdict, out, folder)
    click.echo(json.dumps(verdict.document, indent=2) if as_json else verdict.sentence)
    return verdict.exit_code


def _write(verdict: Verdict, out: Path, folder: Path) -> None:
    if out.resolve() == folder.resolve():
        raise click.BadParameter("takes another folder than the run's own, whose verdict stays", param_hint="--out")
    try:
        out.mkdir(parents=True, exist_ok=True)
        judgement.write(out, verdict.document)
    except OSError as error:
        raise click.ClickException(f"cannot write to {out}: {error}") from error
