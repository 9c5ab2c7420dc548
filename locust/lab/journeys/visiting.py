"""Who is it that runs now: a user of which class, on which journeys? Locust does not say so with a request.

A user has a greenlet, and may start others, each of which knows the one that it was started by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import TYPE_CHECKING, Any

import gevent

if TYPE_CHECKING:
    from locust import User

_CLASS, _JOURNEYS = "lab_class", "lab_journeys"
"""Attributes of a greenlet."""
MOST_GENERATIONS = 10


class Open:
    """A journey that somebody is on, and the first thing that went wrong on it."""

    def __init__(self) -> None:
        self.reason: str | None = None

    def fail(self, reason: str) -> None:
        """Notes the reason, unless there is one already."""
        self.reason = self.reason or reason


def visiting() -> str:
    """The name of the class of users that the present greenlet is of; empty where no user has started it."""
    here: Any = gevent.getcurrent()
    known = getattr(here, _CLASS, None)
    if known is None:
        known = next((name for each in _generations(here) if (name := getattr(each, _CLASS, ""))), "")
        note(known)
    return str(known)


def note(name: str) -> None:
    """Says that the present greenlet is of that class of users."""
    setattr(gevent.getcurrent(), _CLASS, name)


def note_classes(classes: Iterable[type[User]]) -> None:
    """Has every user of these classes note its own before it does anything."""
    for each in classes:
        for name in ("run", "on_start"):
            setattr(each, name, _noting(getattr(each, name)))


def _noting(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def noting(self: User, *arguments: Any, **options: Any) -> Any:
        note(type(self).__name__)
        return method(self, *arguments, **options)

    return noting


def begin(journey: Open) -> None:
    """The present greenlet goes on the journey."""
    here: Any = gevent.getcurrent()
    setattr(here, _JOURNEYS, (*getattr(here, _JOURNEYS, ()), journey))


def end(journey: Open) -> None:
    """The journey is over."""
    here: Any = gevent.getcurrent()
    setattr(here, _JOURNEYS, tuple(each for each in getattr(here, _JOURNEYS, ()) if each is not journey))


def fail_open_journeys(reason: str) -> None:
    """Says that something failed for whoever runs now: each journey has failed that it, or who started it, is on."""
    for greenlet in _generations(gevent.getcurrent()):
        for each in getattr(greenlet, _JOURNEYS, ()):
            each.fail(reason)


def _generations(greenlet: Any) -> Iterator[Any]:
    """The greenlet, the one that started it, and so on."""
    for _ in range(MOST_GENERATIONS):
        if greenlet is None:
            return
        yield greenlet
        # gevent holds it weakly, and its hub and the main greenlet have none
        started_by = getattr(greenlet, "spawning_greenlet", None)
        greenlet = started_by() if started_by else None
