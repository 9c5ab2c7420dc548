"""`lab run`: one run from its start to its verdict, without a browser: for a shell, a script, or CI."""

from __future__ import annotations

import json
import os
import sys
import time
from urllib.parse import urlsplit

import click

from lab import settings
from lab.commands.parameters import ROOT
from lab.knobs import SettingsError
from lab.pages.origin import is_loopback
from lab.plans import stages
from lab.starting import watching, ways
from lab.starting.ways import Way

LINES_EVERY_SECONDS = 10.0


class Terminal:
    """On a terminal, a line that changes in place; elsewhere one line now and then. All of it on standard error."""

    def __init__(self) -> None:
        self._is_live, self._told_at, self._there = sys.stderr.isatty(), time.monotonic(), ""

    def line(self, text: str) -> None:
        self._clear()
        click.echo(text, err=True)

    def progress(self, text: str) -> None:
        if self._is_live:
            if text != self._there:
                self._clear()
                click.echo(text, err=True, nl=False)
                self._there = text
        elif time.monotonic() - self._told_at >= LINES_EVERY_SECONDS:
            self._told_at = time.monotonic()
            click.echo(text, err=True)

    def _clear(self) -> None:
        if self._there:
            click.echo("\r\x1b[K", err=True, nl=False)
            self._there = ""

    def close(self) -> None:
        self._clear()


@click.command(short_help="One run from its start to its verdict, without a browser.")
@click.option("--plan", help="What the load does: steady, capacity, … (LAB_PLAN, or steady).")
@click.option("--target", metavar="URL", help="A service of your own in place of the lab's (LOCUST_HOST).")
@click.option("--limits", help='What is accepted, such as "p95<=450ms fail<=1%" (LAB_LIMITS).')
@click.option("--users", type=click.IntRange(1), help="Users, where the plan takes a number (LOCUST_USERS).")
@click.option("--time", "run_time", metavar="TIME", help="How long it measures, such as 2m (LAB_RUN_TIME).")
@click.option("--scenario", metavar="FILE", help="Whose users visit (LAB_SCENARIO).")
@click.option("--workers", type=click.IntRange(1), default=2, envvar="WORKERS", help="Workers (WORKERS, or 2).")
@click.option(
    "--docker/--no-docker", default=None, help="By Compose, or as processes; Compose where an engine answers."
)
@click.option("--profile", "profiles", multiple=True, help="A profile of the Compose file, such as proxy.")
@click.option("--verbose", is_flag=True, help="Show all that the processes say.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole verdict as JSON.")
def command(  # noqa: PLR0913, PLR0917 - a parameter an option
    plan: str | None, target: str | None, limits: str | None, users: int | None, run_time: str | None,
    scenario: str | None, workers: int, docker: bool | None, profiles: tuple[str, ...], verbose: bool, as_json: bool,
) -> int:  # fmt: skip
    """Run a plan to its end and print the verdict, which goes to standard output; what happens goes to standard error.

    All other knobs are those of .env and of the shell.

    \b
    Examples:
      lab run
      lab run --plan capacity --workers 4
      lab run --target http://127.0.0.1:3000 --users 50 --time 2m --limits "p99<=800ms fail<=1%"
      lab run --plan smoke --no-docker --json

    Exits with the verdict's code: 0 PASS, 1 the lab failed, 2 wrong usage, 3 FAIL, 4 INVALID, 5 interrupted.
    """
    if not (ROOT / "docker-compose.yml").is_file():
        raise click.UsageError(
            "a container starts no others: call ./lab run on the machine itself, or LAB_PLAN=steady LOCUST_AUTOQUIT=0 "
            "docker compose up --scale worker=2 --exit-code-from master"
        )
    if plan == stages.MANUAL:
        raise click.UsageError("--plan manual: that one a person starts in the UI (docker compose up)")
    plan = plan or os.environ.get("LAB_PLAN") or stages.MANUAL
    asked = {"LOCUST_HOST": target, "LAB_LIMITS": limits, "LAB_RUN_TIME": run_time, "LAB_SCENARIO": scenario}
    knobs = {name: value for name, value in asked.items() if value} | ({"LOCUST_USERS": str(users)} if users else {})
    knobs |= {"LAB_PLAN": "steady" if plan == stages.MANUAL else plan, "LOCUST_AUTOQUIT": "0"}
    knobs |= {"LAB_VERBOSE": "true"} if verbose else {}
    way = _way(workers, knobs, profiles, docker, target or os.environ.get("LOCUST_HOST", ""))
    terminal = Terminal()
    ended = watching.carry_out(way, ROOT, terminal, is_verbose=verbose)
    terminal.close()
    return _conclude(ended, as_json=as_json)


def _is_by_compose(docker: bool | None, target: str) -> bool:
    """Whether Compose runs it: a target on loopback is one of this machine, and no container reaches it."""
    is_here = is_loopback(urlsplit(target).hostname or "")
    if docker and is_here:
        raise click.UsageError(
            f"{target} is a container's own loopback: name this machine as host.docker.internal, or use --no-docker"
        )
    if docker is False or is_here:
        return False
    if not ways.has_compose():
        if docker:
            raise click.ClickException("no engine with Compose answers: lab doctor says why, --no-docker does without")
        return False
    if ways.is_up(ROOT):
        raise click.ClickException("a lab of this folder runs already: docker compose down ends it")
    return True


def _way(workers: int, knobs: dict[str, str], profiles: tuple[str, ...], docker: bool | None, target: str) -> Way:
    has_target = urlsplit(target).hostname not in (None, *ways.OWN_TARGETS)
    if _is_by_compose(docker, target):
        chaos = ("chaos",) if os.environ.get("LAB_FAULT") else ()
        return ways.compose(ROOT, workers, knobs, [*profiles, *chaos], has_target=has_target)
    if profiles:
        raise click.UsageError("--profile is for Compose: without Docker there is the plain service alone")
    _check(knobs)
    return ways.processes(ROOT, settings.results_folder(), workers, knobs, has_target=has_target)


def _check(knobs: dict[str, str]) -> None:
    """Says that a knob is wrong before anything is started; plans of the scenario itself are known only then."""
    try:
        read = settings.Settings.read({**os.environ, **knobs})
        problem = read.contradiction()
    except SettingsError as error:
        problem = str(error)
    if problem:
        raise click.UsageError(problem)


def _conclude(ended: watching.Ended, *, as_json: bool) -> int:
    if ended.folder is None:
        click.echo("\n".join(ended.unseen), err=True)
        click.echo(f"NO VERDICT: the lab ended with exit code {ended.code}, see above", err=True)
        return ended.code
    if as_json:
        click.echo(json.dumps(ended.verdict, indent=2))
    else:
        click.echo(f"{ended.verdict['sentence']} See {os.path.relpath(ended.folder)}")
    if ended.code != ended.verdict["exit_code"]:
        click.echo(f"the lab itself ended with exit code {ended.code}: see {ended.folder / watching.LOG}", err=True)
    return int(ended.code)
