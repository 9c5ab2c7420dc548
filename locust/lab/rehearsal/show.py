"""A whole rehearsal: from the scenario's file to what was found, told line by line as it goes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from locust import User, argument_parser, events
from locust.env import Environment

from lab.engine import start, targets
from lab.engine.targets import Targets
from lab.exchanges.exchange import Exchange
from lab.exchanges.secrets import Known
from lab.rehearsal import findings, packages, telling
from lab.rehearsal.ears import Ears, addresses
from lab.rehearsal.findings import Finding
from lab.rehearsal.stage import Stage
from lab.rehearsal.turn import Role, Turn
from lab.scenario import digest, place
from lab.settings import Settings

WAIT_SECONDS = 3.0
"""How long the target may take to be there: nothing is started for a look."""


class Outcome(NamedTuple):
    """What a rehearsal came to."""

    roles: list[Role]
    found: list[Finding]

    @property
    def problems(self) -> int:
        """How many things would not work under load."""
        return sum(finding.is_problem for finding in self.found)


def rehearse(host: str, tell: Callable[[str], None], *, is_short: bool) -> Outcome:
    """Has each task of the scenario done once; `host` is for classes without one.

    Raises SettingsError where scenario or knobs are wrong, TargetError where the target is not to be had.
    """
    ears, file = Ears(), place.path()
    ears.listen()
    settings, classes, _ = start.read(file)
    tell(f"{digest.name(file)}: {len(classes)} class{'' if len(classes) == 1 else 'es'} of users")
    os.chdir(file.parent)
    environment = _environment(classes, host)
    _look_at_targets(Targets(environment), host, settings)
    known = Known.of(os.environ, place.own_variables(file))
    roles = _play(environment, classes, Stage(environment, known, ears, _teller(tell, is_short=is_short)), host, tell)
    for line in telling.data(files := ears.data(file.parent, place.HOME), file.parent):
        tell(line)
    asked = addresses(named.url for role in roles for turn in role.turns for named in turn.names if named.url)
    found = findings.of_roles(roles, grouped=settings.group_names, asked=asked)
    return Outcome(roles, [*found, *_beside(file, files)])


def _environment(classes: Mapping[str, type[User]], host: str) -> Environment:
    options = argument_parser.get_parser(default_config_files=[]).parse_known_args([])[0]
    environment = Environment(
        user_classes=list(classes.values()),
        events=events,
        host=host,
        parsed_options=options,
        tags=options.tags,
        exclude_tags=options.exclude_tags,
    )
    environment.create_local_runner()
    return environment


def _look_at_targets(hosts: Targets, host: str, settings: Settings) -> None:
    found = hosts.of(host)
    hosts.check(found, settings.allowed_hosts)
    hosts.await_all(found, min(settings.target_wait_seconds, WAIT_SECONDS))
    targets.hold_to(settings.allowed_hosts)


def _teller(tell: Callable[[str], None], *, is_short: bool) -> Callable[[Turn, Exchange | None], None]:
    def say(turn: Turn, exchange: Exchange | None) -> None:
        # most classes have nothing to do before and after their tasks
        if turn.is_a_task == (exchange is None) and len(turn.exchanges) <= 1:
            tell(telling.turn(turn))
        for line in telling.exchange(exchange, is_short=is_short) if exchange else ():
            tell(line)

    return say


def _play(
    environment: Environment,
    classes: Mapping[str, type[User]],
    stage: Stage,
    host: str,
    tell: Callable[[str], None],
) -> list[Role]:
    roles = []
    events.init.fire(environment=environment, runner=environment.runner, web_ui=None)
    events.test_start.fire(environment=environment)
    for name, each in classes.items():
        each.host = each.host or host
        role = Role(name, _kind(each), each.host or "", _weight(each, classes), _think_seconds(each))
        roles.append(role)
        tell(telling.role(role))
        stage.play(role, each)
    stage.close()
    events.test_stop.fire(environment=environment)
    return roles


def _kind(each: type[User]) -> str:
    """The class that its client comes from."""
    names = [base.__name__ for base in each.__mro__]
    return next((name for name in ("LeanHttpUser", "FastHttpUser", "HttpUser") if name in names), "a client of its own")


def _weight(each: type[User], classes: Mapping[str, type[User]]) -> str:
    if each.fixed_count:
        return f"{each.fixed_count} users"
    whole = sum(other.weight for other in classes.values() if not other.fixed_count)
    return f"{each.weight / whole:.0%} of the users" if whole else "nobody"


def _think_seconds(each: type[User]) -> float | None:
    """One of its pauses; None where the class has none to tell without a user."""
    with suppress(Exception):
        return float(each.wait_time(None))  # type: ignore[arg-type] # most need no user
    return None


def _beside(file: Path, files: list[Path]) -> Iterator[Finding]:
    """What is on this machine, and would not be in a container."""
    for path in files:
        if not path.is_relative_to(file.parent):
            text = "is not in the scenario's folder: a container does not have it"
            yield Finding(str(path), text, is_problem=False)
    requirements = file.parent / "requirements.txt"
    for package in packages.missing(digest.code(file), [place.HOME / "requirements.txt", requirements]):
        text = f"is on this machine and not in the image: name it in {requirements.parent.name}/requirements.txt"
        yield Finding(f"package {package}", text, is_problem=False)
