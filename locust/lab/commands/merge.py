"""`lab merge`: the runs of several masters as one run, judged as a run of one master is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from lab import report, settings
from lab.commands.parameters import RUN, judged_run
from lab.exchanges.keeping import Kept
from lab.judging.verdict import ExitCode, Verdict, judge
from lab.merging import parts, whole
from lab.merging.whole import Whole
from lab.results import files
from lab.results.run_folder import RunFolder


@click.command
@click.argument("runs", metavar=f"{RUN} {RUN}...", nargs=-1, required=True)
def command(runs: tuple[str, ...]) -> ExitCode:
    """Make one run of the runs of several masters, which were started with LAB_PART=1/2, LAB_PART=2/2 and so on.

    RUN is a folder, or the name of one in results/ or the beginning of it. The merged run is a new one in results/.

    \b
    Examples:
      lab merge 2026-11-23T01-00-00Z-steady 2026-11-23T01-00-01Z-steady
      lab merge first/results/latest second/results/latest

    Exits with the merged run's code: 0 PASS, 3 FAIL, 4 INVALID, 5 interrupted; 1 where the runs are not parts of one
    or nothing can be written, 2 wrong usage.
    """
    folders = [judged_run(run) for run in runs]
    try:
        merged = whole.merge([parts.read(folder) for folder in folders])
        verdict = judge(merged.evidence)
    except (OSError, ValueError) as error:
        raise click.ClickException(f"cannot merge: {error}") from error
    folder = _write(merged, verdict, settings.results_folder())
    click.echo(folder)
    click.echo(verdict.sentence)
    return verdict.exit_code


def _write(merged: Whole, verdict: Verdict, results: Path) -> Path:
    try:
        files.check(results)
        folder = files.folder(results, datetime.now(UTC), "merged")
        written = RunFolder(folder, Kept(), lambda _: dict(merged.environment))
        for sample, replicas in merged.samples:
            written.add(sample, replicas)
        written.close()
        written.write(verdict, merged.evidence, merged.steps, list(merged.workers), is_last=True)
        report.write(folder)
    except (OSError, files.ResultsError) as error:
        raise click.ClickException(f"cannot write the merged run: {error}") from error
    return folder
