"""Arrivals a second of each class of users: what takes one, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest

from lab.knobs import SettingsError
from tests.support import lean

# after it, on purpose
from lab.arrivals import rates  # isort: skip
from lab.scenario import contents  # isort: skip


def made(name: str, **members: Any) -> Any:
    return type(name, (lean.HttpUser,), {"tasks": [lambda _: None], "__module__": __name__, **members})


def classes(*of: Any) -> dict[str, Any]:
    return {each.__name__: each for each in of}


def test_users_are_dealt_out_by_rate_and_there_are_as_many_as_all_rates_together() -> None:
    given = classes(made("Buyer", rate=5, weight=3), made("Reader", rate=50.0))
    arriving = contents.arriving(given, "open", "even").values()
    assert [(each.__name__, each.weight) for each in arriving] == [("Buyer", 5), ("Reader", 50)]
    assert rates.total(arriving) == 55
    (said,) = rates.words(arriving, "open")
    assert said.startswith("Buyer 5, Reader 50: 55 arrivals a second in all, in place of LOCUST_USERS; another number ")


def test_without_rates_all_is_as_it_was() -> None:
    arriving = contents.arriving(classes(made("Buyer", weight=3), made("Reader")), "open", "even").values()
    assert [each.weight for each in arriving] == [3, 1]
    assert (rates.total(arriving), rates.words(arriving, "open")) == (None, [])


def test_users_who_wait_for_answers_have_no_rate_and_that_is_said() -> None:
    arriving = contents.arriving(classes(made("Buyer", rate=5, weight=3), made("Reader")), "closed", "even").values()
    assert ([each.weight for each in arriving], rates.total(arriving)) == ([3, 1], None)
    (said,) = rates.words(arriving, "closed")
    assert said == "class Buyer has a rate, which is for LAB_ARRIVALS=open: here its users wait for answers"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([made("Buyer", rate=5), made("Reader")], "class Reader has no rate, and others have one"),
        ([made("Buyer", rate=0)], "class Buyer has rate = 0: takes a whole number of arrivals a second, from 1 on"),
        ([made("Buyer", rate=0.5)], "class Buyer has rate = 0.5: takes a whole number"),
        ([made("Buyer", rate="5/s")], "class Buyer has rate = '5/s': takes a whole number"),
        ([made("Buyer", rate=True)], "class Buyer has rate = True: takes a whole number"),
        ([made("Buyer", rate=5, fixed_count=2)], "class Buyer has both a rate and a fixed_count"),
    ],
)
def test_rates_that_cannot_be_kept_are_refused(given: list[Any], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        contents.arriving(classes(*given), "open", "even")


def test_a_class_that_does_not_visit_needs_none() -> None:
    given = classes(made("Buyer", rate=5), made("Later", weight=0))
    assert rates.total(contents.arriving(given, "open", "even").values()) == 5
