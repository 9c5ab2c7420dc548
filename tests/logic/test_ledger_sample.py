"""The sample of writes that a long run audits: which ones, and that it says so."""

from __future__ import annotations

import pytest

from lab.ledger import findings
from lab.ledger.books import Books
from lab.ledger.writes import ALL_UNTIL, number_at, slot, slots
from tests.support.ledgers import RUN, a_worker, write


def test_the_rule_of_sampling_is_one_for_worker_books_and_audit() -> None:
    places = [place for number in range(ALL_UNTIL * 11) if (place := slot(number)) is not None]
    assert places == list(range(len(places)))
    for place in (0, ALL_UNTIL - 1, ALL_UNTIL, *range(ALL_UNTIL, len(places), 9973)):
        assert slot(number_at(place)) == place
    for count in (0, 1, ALL_UNTIL, ALL_UNTIL + 1, ALL_UNTIL + 11, ALL_UNTIL * 10 + 1):
        assert slots(count) == sum(slot(number) is not None for number in range(count))


@pytest.mark.parametrize(
    ("number", "place"),
    [
        (0, 0),
        (ALL_UNTIL - 1, ALL_UNTIL - 1),
        (ALL_UNTIL, ALL_UNTIL),  # from here on each tenth
        (ALL_UNTIL + 1, None),
        (ALL_UNTIL + 10, ALL_UNTIL + 1),
        (10 * ALL_UNTIL - 10, ALL_UNTIL + 9 * ALL_UNTIL // 10 - 1),
        (10 * ALL_UNTIL, ALL_UNTIL + 9 * ALL_UNTIL // 10),  # and from here on each hundredth
        (10 * ALL_UNTIL + 10, None),
        (10 * ALL_UNTIL + 100, ALL_UNTIL + 9 * ALL_UNTIL // 10 + 1),
    ],
)
def test_the_sample_thins_out_with_the_numbers(number: int, place: int | None) -> None:
    assert slot(number) == place
    if place is not None:
        assert number_at(place) == number
        assert slots(number) == place
        assert slots(number + 1) == place + 1


def test_a_long_run_is_sampled_and_says_so() -> None:
    """Each write beyond the sample is counted and not audited: neither found nor missed."""
    worker, books = a_worker(), Books(RUN)
    number = ALL_UNTIL + 100
    found = [write(worker) for _ in range(number)]
    worker.hand_in()
    books.hear(worker.drain())
    missing = {ALL_UNTIL + 7, ALL_UNTIL + 10, 5}
    books.find(one for one in found if one[1] not in missing)
    told = books.ledger(0)
    assert told.audit
    assert (told.acknowledged, told.audit.acknowledged, told.audit.lost) == (number, ALL_UNTIL + 10, 2)
    assert told.rule
    assert "acknowledged writes that were audited are lost" in (findings.accusation(told) or "")
