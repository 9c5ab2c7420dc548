"""What the start form may say: its fields, one by one. What is not among them, or is written otherwise, starts nothing.

Locust itself takes any of its command line's options from the form, and writes files where it is told to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from werkzeug.datastructures import ImmutableMultiDict, MultiDict

from lab.knobs import whole_seconds

MANUAL = "Default"
"""What Locust calls a start without a plan."""
USERS, RATE, HOST, RUN_TIME, PLAN, CLASSES, PROFILE = (
    "user_count",
    "spawn_rate",
    "host",
    "run_time",
    "shape_class",
    "user_classes",
    "profile",
)
FIELDS = frozenset({USERS, RATE, HOST, RUN_TIME, PLAN, CLASSES, PROFILE})
_WHOLE = re.compile(r"[0-9]{1,9}")
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?|\.[0-9]{1,9}")
_HOST = re.compile(r"[!-;=?-~]*")
LONGEST_TEXT = 2000


class _Kind(NamedTuple):
    pattern: re.Pattern[str]
    words: str


_KINDS = {
    bool: _Kind(re.compile("true|false"), "true or false"),
    int: _Kind(re.compile(r"[+-]?[0-9]{1,18}"), "a whole number"),
    float: _Kind(re.compile(r"[+-]?([0-9]{1,18}(\.[0-9]{0,18})?|\.[0-9]{1,18})"), "a number"),
}


class FieldError(ValueError):
    """A field of the form that says what it cannot; its name is empty for what is no field."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(problem)
        self.name = name


@dataclass(frozen=True)
class Offer:
    """What may be asked for now."""

    plans: Sequence[str]
    classes: Sequence[str]
    options: Mapping[str, Mapping[str, Any]]
    """The custom parameters: of each its `default_value` and its `choices`, as Locust has them."""
    most_users: int
    most_rate: float
    users: int
    """Those of a plan whose start names none."""
    host: str
    running: str | None = None
    """The plan that goes on, by Locust's name; None where no run does."""
    present: tuple[str, ...] = ()
    """The classes of the run that goes on."""


@dataclass(frozen=True)
class Start:
    """What the form says, read."""

    plan: str
    users: int | None
    rate: float | None
    run_seconds: int | None
    host: str
    classes: tuple[str, ...]
    own: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The custom parameters, as text."""

    def form(self) -> ImmutableMultiDict[str, str]:
        """The form as Locust shall see it: what was read, in one spelling."""
        pairs = [(PLAN, self.plan), (HOST, self.host), *((CLASSES, each) for each in self.classes)]
        pairs += [(USERS, str(self.users))] if self.users is not None else []
        pairs += [(RATE, repr(self.rate))] if self.rate is not None else []
        pairs += [(RUN_TIME, f"{self.run_seconds}s")] if self.run_seconds is not None else []
        return ImmutableMultiDict(pairs + [(name, text) for name, texts in self.own.items() for text in texts])


def read(form: MultiDict[str, str], offer: Offer) -> Start:
    """What the form says. Raises FieldError at the first field that says what it cannot."""
    _check_names(form, offer)
    plan = form.get(PLAN, MANUAL)
    if plan != MANUAL and plan not in offer.plans:
        raise FieldError(PLAN, f"{shown(plan)} is no plan: it takes one of {', '.join((MANUAL, *offer.plans))}")
    own = {name: _own(form, name, option) for name, option in offer.options.items() if name in form}
    start = Start(
        plan,
        _users(form, offer, plan),
        _rate(form, offer, plan),
        _run_seconds(form),
        form.get(HOST) or offer.host,
        _classes(form, offer),
        {**own, **({PROFILE: (_text(form, PROFILE),)} if PROFILE in form else {})},
    )
    if not _HOST.fullmatch(start.host):
        raise FieldError(HOST, f"{shown(start.host)} is no URL such as http://api:5000")
    _check_running(start, offer)
    return start


def shown(text: str) -> str:
    """A text from outside as a message quotes it: short, and printable."""
    return repr(text if len(text) <= 60 else f"{text[:60]}…")


def _check_names(form: MultiDict[str, str], offer: Offer) -> None:
    many = {CLASSES, *(name for name, option in offer.options.items() if isinstance(option["default_value"], list))}
    for name in form:
        if name not in FIELDS and name not in offer.options:
            raise FieldError("", f"{shown(name)} is no field of the start form")
        if len(form.getlist(name)) > 1 and name not in many:
            raise FieldError(name, f"{name} is said twice")


def _check_running(start: Start, offer: Offer) -> None:
    """A run that goes on takes other numbers of users, and nothing else."""
    if offer.running is None:
        return
    if offer.running != MANUAL or start.plan != MANUAL:
        raise FieldError(USERS, "a plan goes on or is asked for, and says itself how many users there are: stop first")
    if start.host.rstrip("/") != offer.host.rstrip("/"):
        raise FieldError(HOST, "a run that goes on cannot be sent elsewhere: stop it first")
    if set(start.classes) != set(offer.present):
        raise FieldError(CLASSES, "a run that goes on keeps its classes of users: stop it first")


def _users(form: MultiDict[str, str], offer: Offer, plan: str) -> int | None:
    """The users; None where a plan shall take those of LOCUST_USERS."""
    text = form.get(USERS, "")
    if plan != MANUAL and re.fullmatch("0*", text):
        return None
    if not _WHOLE.fullmatch(text) or not int(text):
        raise FieldError(
            USERS, f"{shown(text)} is no number of users: it takes a whole number of 1 or more, such as 20"
        )
    if int(text) > offer.most_users:
        raise FieldError(USERS, f"{int(text)} users are more than LAB_MAX_USERS allows: {offer.most_users}")
    return int(text)


def _rate(form: MultiDict[str, str], offer: Offer, plan: str) -> float | None:
    """The users a second; None where a plan shall take those of LOCUST_SPAWN_RATE."""
    text = form.get(RATE, "")
    if plan != MANUAL and re.fullmatch("0*", text):
        return None
    if not _NUMBER.fullmatch(text) or not float(text):
        raise FieldError(RATE, f"{shown(text)} is no number of users a second: it takes a number above 0, such as 10")
    if float(text) > offer.most_rate:
        raise FieldError(RATE, f"{text} users a second are more than LAB_MAX_USERS allows: {offer.most_rate:g}")
    return float(text)


def _run_seconds(form: MultiDict[str, str]) -> int | None:
    text = form.get(RUN_TIME, "")
    try:
        return whole_seconds(text) if text else None
    except ValueError as error:
        raise FieldError(RUN_TIME, f"{shown(text)}: the run time takes {error}") from error


def _classes(form: MultiDict[str, str], offer: Offer) -> tuple[str, ...]:
    """The classes of users; none stands for all of them, and in a run for those that it has."""
    asked = tuple(form.getlist(CLASSES))
    for name in asked:
        if name not in offer.classes:
            raise FieldError(CLASSES, f"{shown(name)} is no class of users: it takes {', '.join(offer.classes)}")
    return asked or offer.present


def _own(form: MultiDict[str, str], name: str, option: Mapping[str, Any]) -> tuple[str, ...]:
    """A custom parameter, as text that Locust can turn into what its default is."""
    default, choices = option["default_value"], option["choices"]
    texts = tuple(form.getlist(name)) if isinstance(default, list) else (_text(form, name),)
    kind = type(default[0]) if isinstance(default, list) and default else type(default)
    for text in ",".join(texts).split(",") if isinstance(default, list) else texts:
        if choices and text and text not in map(str, choices):
            raise FieldError(name, f"{shown(text)}: {name} takes one of {', '.join(map(str, choices))}")
        if (wanted := _KINDS.get(kind)) and not wanted.pattern.fullmatch(text):
            raise FieldError(name, f"{shown(text)}: {name} takes {wanted.words}")
    return texts


def _text(form: MultiDict[str, str], name: str) -> str:
    text = form[name]
    if len(text) > LONGEST_TEXT:
        raise FieldError(name, f"{name} takes {LONGEST_TEXT} characters at most")
    return text
