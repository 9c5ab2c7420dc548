"""Arrivals a second of each class of users, where the scenario says so: `rate = 5`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from lab.arrivals.schedule import OPEN
from lab.knobs import SettingsError

if TYPE_CHECKING:
    from locust import User

ATTRIBUTE = "rate"


def of(classes: Mapping[str, type[User]], arrivals: str) -> dict[str, int]:
    """The rate of each class that visits; empty where none has one, or users do not come by rates.

    Raises SettingsError where only some have one, or one is no whole number: a source makes one arrival a second.
    """
    if arrivals != OPEN:
        return {}
    visiting = {name: each for name, each in classes.items() if max(each.weight, each.fixed_count) > 0}
    rates = {name: rate for name, each in visiting.items() if (rate := getattr(each, ATTRIBUTE, None)) is not None}
    for name, rate in rates.items():
        if not _is_whole(rate):
            raise SettingsError(
                f"class {name} has rate = {rate!r}: takes a whole number of arrivals a second, from 1 on"
            )
        if visiting[name].fixed_count:
            raise SettingsError(f"class {name} has both a rate and a fixed_count: leave one of them out")
    if rates and (without := visiting.keys() - rates.keys()):
        raise SettingsError(f"class {min(without)} has no rate, and others have one: give one to each, or to none")
    return {name: int(rate) for name, rate in rates.items()}


def _is_whole(rate: object) -> bool:
    return isinstance(rate, (int, float)) and not isinstance(rate, bool) and rate >= 1 and rate == int(rate)


def total(classes: Iterable[type[User]]) -> int | None:
    """All their rates together; None where they have none."""
    return sum(_rate(each) for each in classes) or None


def give(each: type[User], rate: int) -> None:
    """Has so many of the class arrive a second: Locust deals users out by weight, and each makes one arrival."""
    each.weight = rate
    each.arrivals_a_second = rate  # type: ignore[attr-defined] # for `total`


def words(classes: Iterable[type[User]], arrivals: str) -> list[str]:
    """What becomes of the rates, for the log."""
    classes = list(classes)
    if arrivals != OPEN:
        found = [each.__name__ for each in classes if isinstance(getattr(each, ATTRIBUTE, None), (int, float))]
        return [
            f"class {name} has a rate, which is for LAB_ARRIVALS=open: here its users wait for answers"
            for name in found
        ]
    if rates := [f"{each.__name__} {_rate(each):,}" for each in classes if _rate(each)]:
        text = f"{', '.join(rates)}: {total(classes):,} arrivals a second in all, in place of LOCUST_USERS"
        return [f"{text}; another number of users is shared out in the same proportion"]
    return []


def _rate(each: type[User]) -> int:
    return int(getattr(each, "arrivals_a_second", 0))
