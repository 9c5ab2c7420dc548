"""Where is the scenario? LAB_SCENARIO names it: a locustfile, or a folder that has one; without it, it is users.py."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from lab.knobs import SettingsError

HOME = Path(__file__).resolve().parents[2]
"""The folder of the lab's own locustfile, and of users.py."""
KNOB, LOCUSTS = "LAB_SCENARIO", "LOCUST_LOCUSTFILE"
STARTED_IN = Path.cwd()
"""To run, a scenario takes its own folder; what is relative in a knob is relative to this one."""
DEFAULT = HOME / "users.py"
VARIABLES = ".env"
"""The file beside a locustfile with variables of its own, secrets among them."""


def path(environment: Mapping[str, str] = os.environ) -> Path:
    """The scenario's file. Raises SettingsError where the knobs name none, or two.

    A relative path is looked for from the folder in which the lab is started, and from those of the lab.
    """
    named = {knob: text for knob in (KNOB, LOCUSTS) if (text := environment.get(knob, "").strip())}
    found = {knob: file for knob, text in named.items() if (file := _find(knob, text))}
    if len(set(found.values())) > 1:
        raise SettingsError(
            f"{KNOB}={named[KNOB]} and {LOCUSTS}={named[LOCUSTS]}: both name the scenario; set one of them"
        )
    return next(iter(found.values()), DEFAULT)


def _find(knob: str, text: str) -> Path | None:
    for candidate in (base / text for base in (STARTED_IN, HOME, HOME.parent)):
        file = candidate / "locustfile.py" if candidate.is_dir() else candidate
        if file.is_file():
            found = file.resolve()
            # the lab's own locustfile is what Locust loads in any case
            return None if found == HOME / "locustfile.py" else found
    raise SettingsError(
        f"{knob}={text}: takes a locustfile or a folder with a locustfile.py, and there is none (with Compose it is in "
        f"the folder scenario/, such as {KNOB}=scenario/locustfile.py)"
    )


def folder() -> Path:
    """The folder scenario/ of the clone, or of the container."""
    return next((each for base in (HOME, HOME.parent) if (each := base / "scenario").is_dir()), HOME.parent / "scenario")


def own_variables(file: Path) -> frozenset[str]:
    """The names of the variables in the scenario's own .env: their values are no part of any result."""
    found: set[str] = set()
    # with Compose, those in scenario/ reach any users, those of users.py as well
    for folder in {file.parent, *(base / "scenario" for base in (HOME, HOME.parent))}:
        with suppress(OSError):
            found.update(_names((folder / VARIABLES).read_text(encoding="utf-8").splitlines()))
    return frozenset(found)


def _names(lines: list[str]) -> Iterator[str]:
    for line in lines:
        name, sign, _ = line.strip().removeprefix("export ").partition("=")
        if sign and not name.startswith("#"):
            yield name.strip()
