"""Every request is counted once, whatever a client says of it, and under a name that stands for its kind."""

from __future__ import annotations

from typing import Any

import pytest

from lab.counts.names import MOST_LETTERS
from lab.counts.recorder import Recorder
from lab.counts.templates import Templates, template
from lab.counts.timeline import together
from lab.reach import HostRefused
from tests.support import lean
from tests.support.verdicts import answers, verdict_on

# after it, on purpose
from lab.engine.answers import describe, replica_of, status_of  # isort: skip
from lab.engine.counting import NO_TIME, NOT_ITS_CLOCKS, Counting  # isort: skip


def test_a_refusal_is_found_in_the_words_of_any_client() -> None:
    wrapped = RuntimeError("<Connection object at 0x7f00>: failed")
    assert describe(wrapped) == "<Connection>: failed"
    wrapped.__context__ = HostRefused("8.8.8.8 is not allowed")
    assert describe(wrapped) == "HostRefused: 8.8.8.8 is not allowed"
    assert describe("a text") == "a text"


class Odd:
    status_code = "OK"

    @property
    def headers(self) -> object:
        raise RuntimeError


@pytest.mark.parametrize("response", [None, object(), Odd(), type("R", (), {"status_code": 200})(), 7, "text"])
def test_any_object_may_be_a_response(response: object) -> None:
    assert replica_of(response) in (None, "")
    assert status_of(response) in (0, 200)


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("/orders/17", "/orders/[id]"),
        ("/orders/17/lines/4", "/orders/[id]/lines/[id]"),
        ("/users/0b2f5a4e-1c57-4c9a-9d6e-2f1f6d6f5a10", "/users/[id]"),
        ("/blobs/b1946ac92492d2347c6235b4d2611184", "/blobs/[id]"),
        ("/items?page=2&sort=name", "/items?page=[id]&sort=name"),
        ("/v1/orders", "/v1/orders"),
        ("/facade/decade", "/facade/decade"),
        ("/tests", "/tests"),
    ],
)
def test_ids_are_grouped(name: str, group: str) -> None:
    assert template(name) == group


def test_a_name_that_is_given_stays_and_a_knob_leaves_all_as_they_are() -> None:
    grouped, ungrouped = Templates(grouped=True), Templates(grouped=False)
    assert grouped.of("/orders/17", "http://a/v2/orders/17?limit=3") == "/orders/[id]"
    assert grouped.of("order 17", "http://a/orders/17") == "order 17"
    assert grouped.of("/orders/17", None) == "/orders/17"
    assert ungrouped.of("/orders/17", "http://a/orders/17") == "/orders/17"


def test_too_many_names_are_said_with_the_advice() -> None:
    verdict = verdict_on({"GET /a": answers(10.0), "(others)": answers(10.0)})
    assert 'give what belongs together one name, such as name="/orders/[id]".' in verdict.sentence


@pytest.mark.parametrize(
    ("event", "failure"),
    [
        ({"response": None}, None),
        ({"response": Odd()}, None),
        ({"response_length": None}, None),
        ({"exception": ""}, None),  # falsy is no failure to Locust either
        ({"exception": "refused"}, "refused"),
        ({"exception": ValueError("refused"), "response": Odd()}, "refused"),
        ({"response_time": None}, NO_TIME),
        ({"response_time": "12"}, NO_TIME),
        ({"response_time": -1.0}, NO_TIME),
        ({"response_time": float("nan")}, NO_TIME),
        ({"response_length": -5}, None),
    ],
)
def test_every_event_is_one_request(event: dict[str, Any], failure: str | None) -> None:
    recorder, stats = Recorder(), lean.locust_stats.RequestStats(use_response_times_cache=False)
    counting = Counting(recorder, stats, Templates(grouped=True))
    counting.on_request(**{"request_type": "RPC", "name": "x", "response_time": 1.0, "response_length": 10, **event})
    whole = together(tally for second in recorder.drain().values() for tally in second.values())
    assert (whole.requests, whole.failures) == (1, {failure: 1} if failure else {})


def test_the_longest_type_and_the_longest_name_make_an_endpoint_that_the_master_takes() -> None:
    recorder, stats = Recorder(), lean.locust_stats.RequestStats(use_response_times_cache=False)
    counting = Counting(recorder, stats, Templates(grouped=True))
    counting.on_request("T" * 500, "n" * 5000, 1.0)
    ((request_type, name, *_),) = next(iter(recorder.drain().values()))
    assert len(f"{request_type} {name}") == MOST_LETTERS


def frozen() -> float:
    """A clock that freezegun or a scenario puts in the place of Python's."""
    return 5.0


@pytest.mark.parametrize("clock", ["perf_counter", "monotonic", "time"])
def test_what_is_measured_by_a_clock_that_the_scenario_has_replaced_is_no_success(
    monkeypatch: pytest.MonkeyPatch, clock: str
) -> None:
    recorder, stats = Recorder(), lean.locust_stats.RequestStats(use_response_times_cache=False)
    counting = Counting(recorder, stats, Templates(grouped=True))
    with monkeypatch.context() as replaced:
        replaced.setattr(f"time.{clock}", frozen)
        counting.on_request("GET", "/x", 0.016)
    counting.on_request("GET", "/x", 5.0)
    whole = together(tally for second in recorder.drain().values() for tally in second.values())
    assert (whole.successes, whole.failures) == (1, {NOT_ITS_CLOCKS: 1})
