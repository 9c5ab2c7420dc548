"""`lab report`: report.html written again, such as after an update of the lab."""

from __future__ import annotations

import click

from lab.commands.parameters import RUN, judged_run
from lab.report import FILE, render
from lab.results import files


@click.command
@click.argument("runs", metavar=f"[{RUN}]...", nargs=-1)
def command(runs: tuple[str, ...]) -> None:
    """Write report.html again into the folders of finished runs.

    RUN is a folder, or the name of one in results/ or the beginning of it; `latest` where none is named.

    \b
    Examples:
      lab report
      lab report before-1 before-2
    """
    for folder in [judged_run(run) for run in runs or (files.LATEST,)]:
        files.write_text(folder / FILE, render(folder))
        click.echo(folder / FILE)
