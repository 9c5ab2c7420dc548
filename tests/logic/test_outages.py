"""A replica that died in a run, told from the seconds before and after; and how these seconds are kept."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from typing import Any

import pytest

from lab.counts.health import Health
from lab.service import absences, outages
from lab.service.absences import Standstills
from lab.service.metrics import MACHINE
from lab.service.outages import Absence, Moment, Moments
from lab.service.series import Series


def course(*rows: tuple[int, int, int]) -> Moments:
    """Seconds from 100 on: answers of the first and of the second replica, and failures."""
    moments = Moments()
    for at, (first, second, failed) in enumerate(rows):
        moments.append(Moment(100 + at, {"a": first, "b": second}, failed))
    return moments


TIMEOUT_SECONDS = 3.0
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
        # its metrics were late to be read again
        (102.3, 107.2, {"failed": 12, "moved_after_seconds": 2, "back_after_seconds": 4}),
        (102.3, None, {"failed": 12, "moved_after_seconds": 2, "back_after_seconds": None}),
    ],
)
def test_a_killed_replica_is_told_by_its_failures_and_by_when_the_traffic_moved(
    since: float, until: float | None, told: dict[str, Any]
) -> None:
    row = outages.figures(Absence("b", since, until), KILLED, TIMEOUT_SECONDS)
    assert {**row, **told} == row


def test_an_outage_in_which_nothing_moved_says_so() -> None:
    dead = course((9, 50, 0), (9, 50, 0), (9, 20, 30), (9, 0, 50), (9, 0, 50))
    row = outages.figures(Absence("b", 102.0, None), dead, TIMEOUT_SECONDS)
    assert (row["failed"], row["moved_after_seconds"], row["back_after_seconds"]) == (130, None, None)
    assert outages.sentence(row).endswith("130 requests failed, its traffic never moved, and it did not come back.")


def test_failures_before_the_first_answer_of_the_next_life_are_of_the_outage() -> None:
    """It was killed in second 102, started in 103 and answered in the same second."""
    quick = course((0, 200, 0), (0, 200, 0), (0, 10, 190), (0, 150, 53), (0, 200, 0))
    row = outages.figures(Absence("b", 102.2, 103.3), quick, TIMEOUT_SECONDS)
    assert (row["gone"][11:19], row["failed"], row["back_after_seconds"]) == ("00:01:42", 243, 1)


PAUSED = course(
    (50, 50, 0), (50, 30, 0), (95, 0, 0), (98, 0, 0), (98, 0, 5), (98, 0, 3), (98, 0, 0), (50, 50, 0), (50, 50, 7)
)  # fmt: skip


def test_requests_that_hang_in_a_paused_replica_are_counted_when_they_fail() -> None:
    """The others have its traffic at once; the answers of the proxy for those that it took along come seconds later."""
    row = outages.figures(Absence("b", 101.3, 106.9), PAUSED, TIMEOUT_SECONDS)
    assert (row["failed"], row["moved_after_seconds"], row["back_after_seconds"]) == (8, 1, 6)
    assert outages.sentence(row).endswith(
        ": 8 requests failed, the others had its traffic after 1 s, and it was back after 6 s."
    )


ALONE = course((0, 50, 0), (0, 50, 0), (0, 20, 9), (0, 0, 30), (0, 0, 30), (0, 0, 0), (0, 70, 0), (0, 50, 0))
TOGETHER = course((9, 50, 0), (9, 20, 0), (0, 0, 9), (0, 0, 9), (9, 40, 0))
RESTARTED = course((0, 50, 0), (0, 50, 0), (0, 40, 2), (0, 50, 0))


@pytest.mark.parametrize(
    ("moments", "until", "told"),
    [
        # nobody else was there to have its traffic
        (ALONE, 106.4, "69 requests failed, and nothing answered for 4 s."),
        # its metrics were read again some seconds after it answered again
        (ALONE, 109.0, "69 requests failed, and nothing answered for 4 s."),
        # all replicas were paused together
        (TOGETHER, 104.0, "18 requests failed, and nothing answered for 3 s."),
        # it never came back
        (ALONE[:5], None, "69 requests failed, and it did not come back: nothing answered from then on."),
        # it was restarted, and answered in the next second
        (RESTARTED, 102.4, "2 requests failed, and it was back after 1 s."),
    ],
)  # fmt: skip
def test_where_there_are_no_others_it_says_for_how_long_nothing_answered(
    moments: list[outages.Moment], until: float | None, told: str
) -> None:
    since = 101.9 if moments[1].answered["a"] or until in {102.4} else 102.3
    row = outages.figures(Absence("b", since - 0.5, until), moments, TIMEOUT_SECONDS)
    assert outages.sentence(row).partition(" UTC: ")[2] == told, row


def test_an_outage_of_an_older_run_is_still_told() -> None:
    old: Any = {"replica": "b", "gone": "2026-01-02T03:04:05Z", "failed": 1}
    old |= {"moved_after_seconds": 2, "back_after_seconds": None}
    assert outages.sentence(old) == (
        "Replica b was gone at 03:04:05 UTC: 1 request failed, the others had its traffic after 2 s, "
        "and it did not come back."
    )


def _series(silences: dict[str, list[tuple[float, float]]]) -> dict[str, Series]:
    made = {}
    for name, kind in (("a", "replica"), ("b", "replica"), (MACHINE, MACHINE)):
        made[name] = Series(name, 90.0)
        made[name].kind, made[name].silences, made[name].last_at = kind, silences.get(name, []), 120.0
    return made


def standing(*seconds: int, workers: int = 2, of: int = 2) -> Standstills:
    """So many of the workers stood still in these seconds."""
    stood = Standstills()
    for worker in range(of):
        stood.examine(100, worker, Health(seconds=1.0))
    for second in seconds:
        for worker in range(workers):
            stood.examine(second, worker, Health(seconds=1.0, stood_still_seconds=1.0))
    return stood


TEN = range(105, 115)
USUAL, SILENT, HALF = (50, 50, 0), (0, 0, 0), (50, 0, 0)


@pytest.mark.parametrize(
    ("rows", "silences", "stood", "gone"),
    [
        # one of two is silent to both sides
        ([USUAL] * 5 + [HALF] * 10 + [USUAL] * 5, {"b": [(104.5, 115.2)]}, standing(), ["b"]),
        # a short pause, in which two hundred answers are missing
        ([USUAL] * 5 + [HALF] * 4 + [USUAL] * 5, {"b": [(104.5, 109.2)]}, standing(), ["b"]),
        # where few are asked for, a few seconds without any are chance
        ([(50, 1, 0)] * 5 + [HALF] * 4 + [USUAL] * 5, {"b": [(104.5, 109.2)]}, standing(), []),
        # the master stood still, and workers that do not hear from it asked nothing
        (
            [USUAL] * 5 + [SILENT] * 10 + [USUAL] * 5,
            {"a": [(104.5, 115.2)], "b": [(104.5, 115.2)], MACHINE: [(104.8, 115.0)]},
            standing(),
            [],
        ),
        # it was gone for long before the master stood still as well
        ([USUAL] * 5 + [HALF] * 20, {"b": [(104.5, 124.0)], MACHINE: [(112.0, 124.0)]}, standing(), ["b"]),
        # all workers stood still, and the replica was late to say how it is
        ([USUAL] * 5 + [SILENT] * 10 + [USUAL] * 5, {"b": [(104.5, 115.2)]}, standing(*TEN), []),
        # one of two did: the other would have heard of it
        ([USUAL] * 5 + [HALF] * 10 + [USUAL] * 5, {"b": [(104.5, 115.2)]}, standing(*TEN, workers=1), ["b"]),
        # it answered the swarm all the time
        ([USUAL] * 20, {"b": [(104.5, 115.2)]}, standing(), []),
    ],
)  # fmt: skip
def test_no_healthy_replica_is_blamed_for_what_nobody_could_hear(
    rows: list[tuple[int, int, int]],
    silences: dict[str, list[tuple[float, float]]],
    stood: Standstills,
    gone: list[str],
) -> None:
    found = absences.find(_series(silences), course(*rows), stood)
    assert [absence.replica for absence in found] == gone


@pytest.mark.parametrize(
    ("rows", "last_at", "gone"),
    [
        # killed 4 s before the end: two hundred answers are missing
        ([USUAL] * 16 + [HALF] * 4, 116.2, ["b"]),
        ([USUAL] * 10 + [HALF] * 10, 110.4, ["b"]),
        # where few are asked for, that may be chance, unless it is long
        ([(50, 1, 0)] * 16 + [HALF] * 4, 116.2, []),
        ([(50, 1, 0)] * 10 + [HALF] * 10, 110.4, ["b"]),
        # a reading was late
        ([USUAL] * 17 + [HALF] * 3, 117.5, []),
        # it answered the swarm
        ([USUAL] * 20, 116.2, []),
    ],
)
def test_who_falls_silent_before_the_end_has_not_come_back(
    rows: list[tuple[int, int, int]], last_at: float, gone: list[str]
) -> None:
    series = _series({})
    series["b"].last_at = last_at
    found = list(absences.find(series, course(*rows), standing()))
    assert [(absence.replica, absence.until) for absence in found] == [(name, None) for name in gone]


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
