"""Which traced requests are kept, how they are shown, and what LAB_TRACE and LAB_TRACE_URL take."""

from __future__ import annotations

from typing import Any

import pytest

from lab.exchanges.keeping import MOST_OF_A_KIND, MOST_TRACED, Keeping, Kept
from lab.exchanges.secrets import Known
from lab.knobs import SettingsError
from lab.report import exchanges
from lab.results.record import Record
from lab.settings import Settings

ENDPOINT = ("GET", "/tests")


def kept(*requests: tuple[float, str]) -> list[Any]:
    """What is kept of requests of these times and failures; ids count them."""
    keeping, found = Keeping(Known()), Kept()
    for number, (time_ms, failure) in enumerate(requests):
        keeping.take_traced(ENDPOINT, time_ms, failure, None, None, f"{number:032x}")
    while drained := keeping.drain():
        found.hear(drained)
    return list(found.all())


def test_the_slowest_are_kept_the_slowest_first() -> None:
    times = [float(time) for time in (5, 90, 3, 80, *range(10, 40), 70)]
    assert [each["time_ms"] for each in kept(*((time, "") for time in times))] == [
        *(90, 80, 70),
        *range(39, 39 - (MOST_TRACED - 3), -1),
    ]


def test_the_first_of_each_kind_of_failure_are_kept() -> None:
    found = kept(*[(9.0, "BadStatus 503")] * 5, (1.0, "BadStatus 404"))
    assert [each["failure"] for each in found] == ["BadStatus 503"] * MOST_OF_A_KIND + ["BadStatus 404"]
    assert found[0]["trace_id"] == "0" * 32


def test_a_traced_failure_takes_no_place_of_another() -> None:
    keeping = Keeping(Known())
    for _ in range(MOST_OF_A_KIND):
        keeping.take_traced(ENDPOINT, 9.0, "BadStatus 503", None, None, "ab" * 16)
        keeping.take_failed(ENDPOINT, 9.0, "BadStatus 503", None, None)
    found = Kept()
    found.hear(keeping.drain())
    assert sorted(each["kept_as"] for each in found.all()) == ["failure"] * 2 + ["traced"] * 2


@pytest.mark.parametrize(
    ("pattern", "link"),
    [
        ("https://tempo.internal/trace/{trace_id}?x=1", f"https://tempo.internal/trace/{'0' * 31}0?x=1"),
        ("", ""),
        ("javascript:alert(1)//{trace_id}", ""),
    ],
)
def test_a_trace_is_a_link_where_it_is_known_where_it_is_shown(pattern: str, link: str) -> None:
    record = Record(exchanges=kept((9.0, "")), environment={"knobs": {"LAB_TRACE_URL": pattern}})
    (shown,) = exchanges.panel(record)
    assert (shown["trace_id"], shown["trace_url"]) == ("0" * 32, link)
    assert shown["said"] == "traced, one of the slowest: 9 ms"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LAB_TRACE", "1"),
        ("LAB_TRACE", "101%"),
        ("LAB_TRACE_URL", "https://tempo.internal/trace/"),
        ("LAB_TRACE_URL", "javascript:{trace_id}"),
        ("LAB_TRACE_URL", "https://me:secret@tempo.internal/{trace_id}"),
        ("LAB_TRACE_URL", "https://tempo.in ternal/{trace_id}"),
    ],
)
def test_what_is_no_share_and_no_pattern_is_refused(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.read({name: value})


def test_a_tenth_of_a_percent_is_a_share() -> None:
    assert Settings.read({"LAB_TRACE": "0.1%"}).trace_share == pytest.approx(0.001)
