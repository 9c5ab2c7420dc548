"""A replica that died in a run, told from the seconds before and after; and how these seconds are kept."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from typing import Any

import pytest

from lab.service import outages
from lab.service.outages import Absence, Moment, Moments


def course(*rows: tuple[int, int, int]) -> Moments:
    """Seconds from 100 on: answers of the first and of the second replica, and failures."""
    moments = Moments()
    for at, (first, second, failed) in enumerate(rows):
        moments.append(Moment(100 + at, {"a": first, "b": second}, failed))
    return moments


KILLED = course((50, 50, 0), (50, 50, 0), (50, 30, 9), (95, 0, 3), (98, 0, 0), (100, 0, 0), (60, 40, 0), (50, 50, 0))


@pytest.mark.parametrize(
    ("since", "until", "told"),
    [
        (102.3, 105.9, {"failed": 12, "moved_after_seconds": 2, "back_after_seconds": 4}),
        (
            101.9,
            105.9,
            {"failed": 12, "moved_after_seconds": 2, "back_after_seconds": 4},
        ),  # its last reading was before
        (102.3, 102.9, {"failed": 12, "moved_after_seconds": 2, "back_after_seconds": 4}),  # its process was soon there
        (102.3, None, {"failed": 12, "moved_after_seconds": 2, "back_after_seconds": None}),
    ],
)
def test_a_killed_replica_is_told_by_its_failures_and_by_when_the_traffic_moved(
    since: float, until: float | None, told: dict[str, Any]
) -> None:
    row = outages.figures(Absence("b", since, until), KILLED)
    assert {name: row[name] for name in told} == told


def test_an_outage_in_which_nothing_moved_says_so() -> None:
    dead = course((0, 50, 0), (0, 50, 0), (0, 20, 30), (0, 0, 50), (0, 0, 50))
    row = outages.figures(Absence("b", 102.0, None), dead)
    assert (row["failed"], row["moved_after_seconds"], row["back_after_seconds"]) == (130, None, None)
    assert outages.sentence(row).endswith("130 requests failed, its traffic never moved, and it did not come back.")


def test_seconds_are_kept_as_they_were() -> None:
    given = [Moment(7, {}, 1), Moment(8, {"a": 5}, 0), Moment(11, {"b": 3}, 2)]
    kept = Moments()
    for moment in given:
        kept.append(moment)
    assert [(each.second, +Counter(each.answered), each.failed) for each in kept] == [
        (each.second, +Counter(each.answered), each.failed) for each in given
    ]
    assert kept[-2:] == [kept[1], kept[2]]


def test_a_day_of_seconds_is_no_weight() -> None:
    tracemalloc.start()
    kept = Moments()
    for second in range(86_400):
        kept.append(Moment(second, {"a": 500, "b": 500, "c": 500}, 0))
    weight, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert weight < 5_000_000
