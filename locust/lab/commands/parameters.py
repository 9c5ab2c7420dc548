"""What a person may type for a run or a share, and what it is read as."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lab import settings
from lab.knobs import percent
from lab.results import naming

ROOT = Path(__file__).resolve().parents[3]
"""The folder of docker-compose.yml, local.sh, and the package `scaling`."""
RUN = "RUN"
"""How help calls the name of a run."""


class Percent(click.ParamType[float]):
    """A ratio, written in percent, with or without its sign: 10% or 10."""

    name = "percent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        try:
            return percent(value if value.endswith("%") else f"{value}%")
        except ValueError as error:
            self.fail(f"{value!r} is not {error}", param, ctx)


def run_folder(name: str) -> Path:
    """The folder of the run that is meant. Raises ClickException, with what there is, where it is none or several."""
    try:
        return naming.find(name, settings.results_folder())
    except naming.UnknownRunError as error:
        raise click.ClickException(str(error)) from error


def judged_run(name: str) -> Path:
    """The folder of the run that is meant. Raises ClickException where there is none with a verdict."""
    folder = run_folder(name)
    if not (folder / "verdict.json").is_file():
        raise click.ClickException(f"{folder} holds no run that has ended")
    return folder


class Repeating(click.Command):
    """Takes several values after one option, as a shell leaves them: `--baseline results/before-*`."""

    many: tuple[str, ...] = ()

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        spelled: list[str] = []
        option = ""
        for word in args:
            if word.startswith("-"):
                option = word if word in self.many else ""
            elif option and spelled[-1] != option:
                spelled.append(option)
            spelled.append(word)
        return super().parse_args(ctx, spelled)
