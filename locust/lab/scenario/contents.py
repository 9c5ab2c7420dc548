"""What is in a scenario: its classes of users, its own shapes, and why it cannot visit anybody."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from lab.arrivals import rates
from lab.arrivals.schedule import CLOSED, OPEN
from lab.arrivals.source import OpenArrivals
from lab.knobs import SettingsError

if TYPE_CHECKING:
    from locust import LoadTestShape, User


def user_classes(module: ModuleType, is_user_class: Callable[[Any], bool]) -> dict[str, type[User]]:
    """The classes of users that can visit, by their names in the scenario. Raises SettingsError where none can."""
    found: dict[str, type[User]] = {name: each for name, each in vars(module).items() if is_user_class(each)}
    file = Path(module.__file__ or "")
    if not found:
        raise SettingsError(f"{file}: has no class of users: one is a subclass of HttpUser, FastHttpUser or such")
    # where others have one, what dies of having none is counted as an exception
    if not (any(map(_has_task, found.values())) or _gives_tasks(file)):
        raise SettingsError(f"{file}: {_classes(found)} no task: a method becomes one by @task")
    if not any(each.weight > 0 or each.fixed_count > 0 for each in found.values()):
        raise SettingsError(f"{file}: {_classes(found)} weight 0: nobody would visit")
    for name, each in found.items():
        if problem := _problem(each):
            raise SettingsError(f"{file}: class {name}{problem}")
    return found


def _problem(each: type[User]) -> str | None:
    """What can be seen of a class without a user, and would end each of its tasks."""
    pause: Any = each.wait_time
    if not callable(pause):
        return f": wait_time = {pause!r} is no function: constant({pause!r}) makes one, as between(1, 3) does"
    for task in dict.fromkeys(each.tasks):
        if inspect.isfunction(task) and not inspect.signature(task).parameters:
            return f".{task.__name__} takes no argument: a task takes self"
    return None


def shape_classes(module: ModuleType, is_shape_class: Callable[[Any], bool]) -> dict[str, type[LoadTestShape]]:
    """The scenario's own shapes, by their names."""
    return {each.__name__: each for each in vars(module).values() if is_shape_class(each)}


def arriving(classes: Mapping[str, type[User]], arrivals: str, spacing: str) -> dict[str, type[User]]:
    """The classes as LAB_ARRIVALS wants them: with open arrivals each is made a source of them.

    Raises SettingsError where a class says otherwise: figures would be said of what they are not.
    """
    made: dict[str, type[User]] = {}
    own_rates = rates.of(classes, arrivals)
    for name, each in classes.items():
        own = getattr(each, "arrivals", None) if issubclass(each, OpenArrivals) else None
        if own is None and arrivals == OPEN:
            members = {"arrivals": OPEN, "arrival_spacing": spacing, "abstract": False, "__module__": each.__module__}
            made[name] = type(each.__name__, (OpenArrivals, each), members)
        elif (own or CLOSED) != arrivals:
            raise SettingsError(
                f"LAB_ARRIVALS={arrivals}: class {name} says arrivals = {own!r} itself, so its figures would not be of "
                f"{arrivals} arrivals; leave that out of the class, or set LAB_ARRIVALS={own}"
            )
        else:
            made[name] = each
        if rate := own_rates.get(name):
            rates.give(made[name], rate)
    return made


def _has_task(each: type[User]) -> bool:
    # those of Locust's tests by pytest, and of Markov chains, are no list
    return bool(each.tasks) or hasattr(each, "functions") or "run" in vars(each)


def _gives_tasks(file: Path) -> bool:
    """Whether something in it is done with `.tasks`: on_start or a listener may give a class its tasks.

    Users who have none in spite of that end in an exception each, which is counted.
    """
    tree = ast.parse(file.read_bytes())
    return any(isinstance(node, ast.Attribute) and node.attr == "tasks" for node in ast.walk(tree))


def _classes(names: Iterable[str]) -> str:
    names = list(names)
    return f"class {names[0]} has" if len(names) == 1 else f"classes {' and '.join(names)} have"
