"""`lab new`: a locustfile from an OpenAPI document, a HAR, commands of curl, a Postman collection or an access log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from lab.asking.asker import OwnRequests
from lab.drafting import curl as curl_reader
from lab.drafting import documents, openapi_users, placing
from lab.drafting import har as har_reader
from lab.drafting import log as log_reader
from lab.drafting import postman as postman_reader
from lab.drafting.model import Draft, DraftError
from lab.knobs import SettingsError
from lab.scenario import place
from lab.settings import Settings

Function = TypeVar("Function", bound=Callable[..., Any])


@click.group("new", short_help="A locustfile from an OpenAPI document, a HAR, a curl, Postman or a log.")
def command() -> None:
    """Write a locustfile for a service: users by role, tasks named for operations, checks, ids for the ledger.

    It is written to scenario/locustfile.py, to be read and edited. Where a FILE is wanted, - is the standard input.
    With Docker a file must be in scenario/, or come that way.

    \b
    Examples:
      lab new openapi http://localhost:5000/openapi.json
      lab new har scenario/shop.har
      lab new curl 'curl -X POST http://localhost:3000/orders --json "{}"'
      lab new postman scenario/shop.postman_collection.json
      lab new log - < /var/log/nginx/access.log

    Exit codes: 0 written, 1 nothing can be made of it, 2 wrong usage, or a file is there already.
    """


def _places(function: Function) -> Function:
    """The options of every source."""
    function = click.option("--force", is_flag=True, help="Write over what is there.")(function)
    return click.option(
        "--output",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Where to, instead of scenario/locustfile.py.",
    )(function)


@command.command
@click.argument("source", metavar="URL|FILE")
@_places
def openapi(source: str, output: Path | None, force: bool) -> None:
    """From an OpenAPI document (2.0 to 3.1, JSON or YAML).

    \b
    Examples:
      lab new openapi http://localhost:5000/openapi.json
      lab new openapi api/openapi.yaml --output scenario/api.py
    """
    _write(
        lambda: openapi_users.draft(
            documents.parsed(source, documents.text(source)), source, f"openapi {_name_of(source)}"
        ),
        output,
        force=force,
    )


@command.command
@click.argument("sources", metavar="FILE...", nargs=-1, required=True)
@_places
def har(sources: tuple[str, ...], output: Path | None, force: bool) -> None:
    """From what a browser recorded: a role for each HAR, with its pauses and the ids that it passes on.

    \b
    Examples:
      lab new har scenario/shop.har
      lab new har scenario/visitor.har scenario/customer.har
    """
    _write(lambda: har_reader.draft(sources, f"har {' '.join(map(_name_of, sources))}"), output, force=force)


@command.command
@click.argument("commands", metavar="'curl …'...", nargs=-1, required=True)
@_places
def curl(commands: tuple[str, ...], output: Path | None, force: bool) -> None:
    """From commands, such as those that a browser copies: each is a task.

    \b
    Examples:
      lab new curl 'curl http://localhost:5000/tests'
      lab new curl "curl -H 'Accept: application/json' http://localhost:3000/orders" 'curl -X DELETE http://localhost:3000/cart'
    """
    _write(lambda: curl_reader.draft(commands, "curl"), output, force=force)


@command.command
@click.argument("source", metavar="FILE")
@_places
def postman(source: str, output: Path | None, force: bool) -> None:
    """From a Postman collection (v2.0 or v2.1): each folder is a task.

    \b
    Examples:
      lab new postman scenario/shop.postman_collection.json
    """
    _write(lambda: postman_reader.draft(source, f"postman {_name_of(source)}"), output, force=force)


@command.command
@click.argument("source", metavar="FILE")
@_places
def log(source: str, output: Path | None, force: bool) -> None:
    """From an access log (common or combined format): who asks for what how often, and with which pauses.

    \b
    Examples:
      lab new log /var/log/nginx/access.log
      tail -n 100000 /var/log/nginx/access.log | lab new log -
    """
    _write(lambda: log_reader.draft(source, f"log {_name_of(source)}"), output, force=force)


def _name_of(source: str) -> str:
    return source if source == "-" or "://" in source else Path(source).name


def _write(make: Callable[[], Draft], output: Path | None, *, force: bool) -> None:
    target = output or place.folder() / "locustfile.py"
    if target.suffix != ".py":
        raise click.BadParameter(f"{target} is no name of a Python file: it ends in .py", param_hint="--output")
    if not force and (there := placing.in_the_way(target)):
        raise click.UsageError(f"{there} is there already: --force writes over it, --output names another")
    try:
        knobs = Settings.read()
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    OwnRequests.set_up((), knobs.tls_verify, knobs.tls_ca)
    try:
        draft = make()
        written = placing.write(draft, target)
    except DraftError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{error.filename or target} cannot be written: {error.strerror}") from error
    click.echo(
        "\n".join(
            [
                *written,
                *placing.advice(draft, target, in_container=click.get_current_context().find_root().obj is not None),
            ]
        )
    )
