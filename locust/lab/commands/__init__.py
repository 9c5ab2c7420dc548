"""The verbs of `lab`: what there is beside `up`. A module a verb, loaded when the verb is asked for: its `command`.

A verb returns its exit code; a click.ClickException is the lab's own failure (1), wrong usage ends with 2.
"""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import click

VERBS = {
    "run": "One run from its start to its verdict, without a browser.",
    "new": "Write a locustfile from an OpenAPI document, a HAR, curl, Postman or a log.",
    "check": "Look at the scenario without load: does each task work?",
    "judge": "Judge a finished run again, by its own limits or by others.",
    "merge": "Make one run of the runs of several masters (LAB_PART).",
    "compare": "Has it become worse? Compares finished runs.",
    "ab": "Has a change made the service better or worse? Runs both in turn.",
    "runs": "List finished runs, the newest first; prune old ones.",
    "doctor": "What of this machine would be in the way of a run, and what helps.",
    "scaling": "How does the capacity grow with the size of a service?",
    "report": "Write report.html again into the folders of finished runs.",
}
"""What `lab --help` says of each, in its order. It loads none: Locust, which one of them needs, patches what others
have imported."""


class Verbs(click.Group):
    """Loads only the verb that is asked for: what one of them needs is not waited for by the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's interface
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        if cmd_name not in VERBS:
            return None
        command: click.Command = importlib.import_module(f"{__name__}.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - as above
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


def _become_owner(context: click.Context, _parameter: click.Parameter, folder: Path | None) -> None:
    context.obj = folder  # verbs see by it that they are in a container
    if folder and os.geteuid() == 0:
        found = folder.stat()
        os.setgroups([])
        os.setgid(found.st_gid)
        os.setuid(found.st_uid)


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.option(
    "--as-owner-of",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    callback=_become_owner,
    expose_value=False,
    is_eager=True,
    hidden=True,  # for docker-compose.yml: what a container writes belongs to the person whose folder it is
)
def lab() -> None:
    """Everything that is not `docker compose up`.

    \b
    Examples:
      lab new openapi http://localhost:5000/openapi.json
      lab check
      lab judge latest --limits "p99<=800ms"
      lab compare --baseline before-1 before-2 --candidate after-1 after-2
      lab VERB --help

    With Docker: docker compose run --rm lab VERB. Without: ./lab VERB.
    """


@lab.result_callback()
@click.pass_context
def _end(context: click.Context, code: int | None) -> None:
    context.exit(code or 0)
