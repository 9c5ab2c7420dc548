"""`lab ab`: has this change made the service better or worse? Both sides in turn, on this machine, in one job."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import click

from lab import settings
from lab.ab import job as jobs
from lab.ab import sides
from lab.ab.answers import Judged
from lab.ab.calm import PATIENCE, Calm
from lab.ab.job import EXIT, Budget, Job, SideError
from lab.ab.sides import Commit, Image, Lab, Side, Url
from lab.commands.parameters import ROOT, Percent
from lab.figures import three_digits
from lab.history.past_runs import Past
from lab.judging.verdict import ExitCode
from lab.knobs import duration, text_of
from lab.results import files
from lab.results.plain import markdown
from lab.wording import columns

PLANS = ("steady", "peak", "capacity")


class Duration(click.ParamType[float]):
    """A time such as 90s, 30m or 1h30m."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            return value if isinstance(value, float) else duration(str(value))
        except ValueError as error:
            self.fail(f"{value!r} is not {error}", param, ctx)


@click.command(short_help="Has a change made the service better or worse? Runs both in turn.")
@click.option("--a", "before", required=True, metavar="SIDE", help="What was before: a commit, an image or a URL.")
@click.option("--b", "after", required=True, metavar="SIDE", help="What is there now; the same kind.")
@click.option("--plan", type=click.Choice(PLANS), default="steady", help="What each run does (steady).")
@click.option("--accept", type=Percent(), default=0.05, help="By how much B may be worse (5%).")
@click.option("--pairs", type=click.IntRange(2, 50), default=10, help="Runs of each side, at most (10).")
@click.option("--budget", type=Duration(), default="30m", help="Time after which no pair begins (30m).")
@click.option("--warm", type=Duration(), default="10s", help="Time of each run that is not measured (10s).")
@click.option("--workers", type=click.IntRange(1), default=2, help="Workers of the swarm (2).")
@click.option("--service", default="api", help="The service of the Compose file whose image the sides are (api).")
@click.option(
    "--file", "overlays", type=click.Path(path_type=Path, exists=True), multiple=True, help="A Compose file more."
)
@click.option("--repository", type=click.Path(path_type=Path), default=".", help="Where commits are from (here).")
@click.option("--dockerfile", default="Dockerfile.api", help="What builds a commit's service (Dockerfile.api).")
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON.")
def command(  # noqa: PLR0913, PLR0917 - a parameter an option
    before: str, after: str, plan: str, accept: float, pairs: int, budget: float, warm: float, workers: int,
    service: str, overlays: tuple[Path, ...], repository: Path, dockerfile: str, as_json: bool,
) -> ExitCode:  # fmt: skip
    """Has a change made the service better or worse? Runs A and B in turn until the answer is sure.

    Knobs such as LAB_LIMITS, LAB_RUN_TIME, LOCUST_USERS and LAB_SCENARIO hold for both.

    \b
    Examples:
      lab ab --a main --b HEAD
      lab ab --a shop:1.4 --b shop:1.5 --plan capacity --budget 2h
      lab ab --a http://127.0.0.1:3000 --b http://127.0.0.1:3001 --accept 10%

    Exit codes: 0 BETTER or SAME, 1 the lab failed, 2 wrong usage, 3 WORSE, 4 CANNOT TELL, 5 interrupted.
    """
    overlay = [file.absolute() for file in overlays]
    both = [_side(name, service, overlay, repository, dockerfile) for name in (before, after)]
    if type(both[0]) is not type(both[1]):
        raise click.UsageError(f"{before} and {after} are not of one kind: two commits, two images, or two URLs")
    # nobody wants twenty notices of one job
    knobs = {"LAB_PLAN": plan, "LAB_SETTLE": f"{warm:g}s", "LAB_NOTIFY": "", "LAB_NOTIFY_FILE": ""}
    folder = files.folder(settings.results_folder(), datetime.now(UTC), "ab")
    lab = Lab(folder, workers, knobs)

    def say(text: str) -> None:
        click.echo(text, err=True)

    accepts = text_of("LAB_NEIGHBOURS", settings.ACCUSE) == settings.ACCEPT
    calm = Calm(0.0 if accepts else budget * PATIENCE, say)

    def run(side: str) -> Past:
        calm()
        past = sides.measure(both["AB".index(side)], lab)
        subject, figure = next(iter(past.figures().items()), (None, None))
        measured = f"{subject.name} {three_digits(figure.value)} {subject.unit}, " if subject and figure else ""
        say(f"{side}: {measured}{past.verdict['verdict']} ({past.name})")
        return past

    job = Job(run, Budget(accept, pairs, budget), say)
    code = _carry_out(job, both)
    judged = job.judge()
    document = jobs.document(job, judged) | {"a": before, "b": after, "plan": plan}
    files.write_json(folder / "ab.json", document)
    files.write_text(folder / "summary.md", _summary(job, judged, before, after))
    click.echo(json.dumps(document, indent=2) if as_json else _text(job, judged, folder))
    return EXIT[judged.answer] if code is ExitCode.PASS else code


def _carry_out(job: Job, both: Sequence[Side]) -> ExitCode:
    """Runs the job, and takes away what was made for it; INTERRUPTED where a signal ended it."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    known = signal.signal(signal.SIGTERM, interrupt)
    try:
        for side in both:
            side.prepare()
        job.carry_out()
    except KeyboardInterrupt:
        job.given_up = "it was interrupted"
        return ExitCode.INTERRUPTED
    except SideError as error:
        raise click.ClickException(str(error)) from error
    finally:
        for side in both:
            side.clear()
        signal.signal(signal.SIGTERM, known)
    return ExitCode.PASS


def _side(name: str, service: str, overlays: list[Path], repository: Path, dockerfile: str) -> Side:
    if name.startswith(("http://", "https://")):
        return Url(name)
    if not (ROOT / "docker-compose.yml").is_file():
        raise click.UsageError(f"{name} takes Compose: call ./lab ab on the machine itself; here it takes URLs")
    if sides.is_commit(repository, name):
        return Commit(name, ROOT, service, overlays, repository.absolute(), dockerfile)
    return Image(name, ROOT, service, overlays)


def _text(job: Job, judged: Judged, folder: Path) -> str:
    rows = [jobs.head(judged), *jobs.table(judged)]
    return "\n".join([jobs.sentence(job, judged), "", columns(rows), "", f"See {os.path.relpath(folder)}"])


def _summary(job: Job, judged: Judged, before: str, after: str) -> str:
    """The same in Markdown, for CI."""
    rows = [
        jobs.head(judged),
        ["---"] * len(jobs.head(judged)),
        *([markdown(cell) for cell in row] for row in jobs.table(judged)),
    ]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    sentence = markdown(jobs.sentence(job, judged))
    return f"### {judged.answer}: {markdown(after)} beside {markdown(before)}\n\n> {sentence}\n\n{table}\n"
