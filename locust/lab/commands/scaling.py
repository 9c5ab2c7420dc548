"""`lab scaling`: how does the capacity grow with the size of a service? Runs the capacity plan at each size."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from lab.commands.parameters import ROOT, Repeating
from lab.judging.verdict import ExitCode
from lab.results.files import ResultsError

DIMENSIONS = ("replicas", "cpus", "processes")


class Sizes(Repeating):
    """Takes several sizes after one option: --replicas 1 2 3."""

    many = tuple(f"--{name}" for name in DIMENSIONS)


@click.command(cls=Sizes, short_help="How does the capacity grow with the size of a service?")
@click.option("--replicas", type=click.IntRange(1), multiple=True, metavar="N...", help="Run with so many replicas.")
@click.option(
    "--cpus", type=click.FloatRange(0, min_open=True), multiple=True, metavar="CPUS...", help="With so many CPUs."
)
@click.option(
    "--processes", type=click.IntRange(1), multiple=True, metavar="N...", help="With so many processes in it."
)
@click.option("--service", default="api", help="The service of the Compose file that grows (api).")
@click.option(
    "--file", "overlays", type=click.Path(path_type=Path, exists=True), multiple=True, help="A Compose file more."
)
@click.option("--knob", default="WEB_CONCURRENCY", help="The variable that sets the processes (WEB_CONCURRENCY).")
@click.option("--workers", type=click.IntRange(1), default=4, help="Workers of the swarm (4).")
@click.option("--repeats", type=click.IntRange(1), default=2, help="Runs at each size (2).")
@click.option("--need", type=click.FloatRange(0, min_open=True), help="Requests a second: find the size, and check it.")
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON.")
def command(  # noqa: PLR0913, PLR0917 - a parameter an option
    replicas: tuple[int, ...], cpus: tuple[float, ...], processes: tuple[int, ...], service: str,
    overlays: tuple[Path, ...], knob: str, workers: int, repeats: int, need: float | None, as_json: bool,
) -> ExitCode:  # fmt: skip
    """How does the capacity grow with the size of a service? Runs the capacity plan at each size, and fits a law.

    Any scenario will do (LAB_SCENARIO). What cannot end in a law is refused before anything runs.

    \b
    Examples:
      lab scaling --replicas 1 2 3 --need 500
      lab scaling --cpus 0.2 0.4 0.8 --repeats 3
      LOCUST_HOST=http://balancer lab scaling --file shop.yml --service shop --replicas 1 2 4

    Exit codes: 0 a law (with --need: and the size found passed), 1 the lab failed, 2 wrong usage, 3 the size found did
    not pass, 4 no law or no size, 5 interrupted.
    """
    given = {name: sizes for name, sizes in zip(DIMENSIONS, (replicas, cpus, processes), strict=True) if sizes}
    if len(given) != 1:
        raise click.UsageError(
            "it takes the sizes of one kind: --replicas 1 2 3, --cpus 0.2 0.4 0.8 or --processes 1 2 4"
        )
    if not (ROOT / "docker-compose.yml").is_file():
        raise click.UsageError("a container starts no others: call ./lab scaling on the machine itself")
    # the package is beside the lab, and not in its image
    from scaling import job, refusals, stack  # noqa: PLC0415

    ((name, sizes),) = given.items()
    if problem := refusals.refusal(sizes, repeats, need, os.environ):
        raise click.UsageError(problem)
    files = [file.absolute() for file in overlays]
    grown = stack.Stack(ROOT, stack.DIMENSIONS[name], workers, service, files, knob)
    try:
        grown.check()
        study, folder = job.carry_out(grown, job.Wanted(sizes, repeats, need), lambda text: click.echo(text, err=True))
    except stack.UsageError as error:
        raise click.UsageError(str(error)) from error
    except (stack.StackError, ResultsError) as error:
        raise click.ClickException(str(error)) from error
    sentence = f"{' '.join(study.sentences())} See results/{folder.name}/scaling.html"
    click.echo(json.dumps(study.document(), indent=2) if as_json else f"{job.table(study)}\n\n{sentence}")
    return job.exit_code(study)
