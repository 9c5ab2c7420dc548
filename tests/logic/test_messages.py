"""What the master takes for a message of a worker: what workers send, and nothing beyond their types and bounds."""

from __future__ import annotations

import math
from typing import Any

import msgpack
import pytest

from lab.counts import health
from lab.counts.marks import Mark
from lab.counts.names import MOST_LETTERS
from lab.counts.timeline import Answers
from lab.engine import link, reports
from lab.engine.message_types import MOST_ROWS, Batch, MarkRow, Report, Row, Silence, Vitals
from lab.engine.refusals import Refused
from tests.support import lean  # noqa: F401 - Locust is asked not to patch this process
from tests.support.fuzzing import put
from tests.support.sample_messages import MESSAGES, NOW, RUN, WORKER, entry, packed, report

# after `lean`, on purpose
from lab.engine import frames  # isort: skip

NAME = WORKER.encode()


@pytest.mark.parametrize("kind", MESSAGES)
def test_what_a_worker_says_is_heard_as_it_said_it(kind: str) -> None:
    message = frames.read(NAME, frames.parts_of(packed(kind, MESSAGES[kind])))
    assert (message.type, message.node_id) == (kind, WORKER)
    assert msgpack.loads(msgpack.dumps(message.data), strict_map_key=False) == msgpack.loads(
        msgpack.dumps(MESSAGES[kind]), strict_map_key=False
    )


def test_what_a_listener_of_a_person_adds_to_a_report_comes_through() -> None:
    assert frames.read(NAME, [packed("stats", {**report(), "mine": {"a": [1]}})]).data["mine"] == {"a": [1]}


def test_the_types_have_the_names_of_what_is_sent() -> None:
    assert Row._fields == Answers._fields
    assert MarkRow._fields == Mark._fields
    assert Report.__annotations__.keys() == link.Report.__annotations__.keys()
    assert Silence.__annotations__.keys() == link.Silence.__annotations__.keys()
    assert Vitals.__annotations__.keys() | {"answered", "unreached"} == health.Health.__annotations__.keys()
    assert Batch.__annotations__.keys() == report()["lab"]["batches"][0][1].keys()


NO_MESSAGES = {
    "nothing": b"",
    "a torn byte": b"\xc1\xc1\xc1",
    "a number": msgpack.dumps(5),
    "two items": msgpack.dumps(["stats", {}]),
    "four items": msgpack.dumps(["stats", {}, WORKER, 1]),
    "half a message": packed("stats", report())[:-9],
    "more than a message": packed("quit", None) + b"\xc0",
    "no text": b"\x93\xa4quit\xc0\xa1\xff",
    "5 MB of nesting": b"\x93\xa4mine" + b"\x91" * 5_000_000,
    "9 MB": packed("mine", bytes(9_000_000)),
    "a long list that is not there": b"\xdd\xff\xff\xff\xff",
    "another sender": packed("quit", None, "host_other"),
    "a kind that is none": packed("x" * 1000, None),
    "a bad datetime": packed("client_ready", {"__datetime__": True, "as_str": "yesterday"}),
    "a bad heartbeat": packed("heartbeat", {"state": "running", "current_cpu_usage": "much"}),
    "no heartbeat": packed("heartbeat", None),
    "a state that is none": packed("heartbeat", {**MESSAGES["heartbeat"], "state": "missing"}),
    "less than no users": packed("spawning_complete", {"user_classes_count": {"Reader": -3}, "user_count": 3}),
    "no report": packed("stats", 7),
    "a report without Locust's part": packed("stats", {"lab": report()["lab"]}),
    "a big part of somebody's own": packed("stats", {**report(), "mine": bytes(300_000)}),
}


@pytest.mark.parametrize("what", NO_MESSAGES)
def test_what_is_no_message_is_refused(what: str) -> None:
    with pytest.raises(reports.NotReadable):
        frames.read(NAME, frames.parts_of(NO_MESSAGES[what]))


@pytest.mark.parametrize(("name", "parts"), [(b"\xff", [packed("quit", None)]), (NAME, []), (NAME, [b"", b"", b"x"])])
def test_frames_around_no_message_are_refused(name: bytes, parts: list[bytes]) -> None:
    with pytest.raises(reports.NotReadable):
        frames.read(name, parts)


ANSWER, WRITES = ("lab", "batches", 0, 1, "answers", 0), ("lab", "batches", 0, 1, "writes")
VITALS, MARK = ("lab", "batches", 0, 1, "health", 0, 1), ("lab", "batches", 0, 1, "marks", 0)
LIES: dict[str, tuple[tuple[Any, ...], Any]] = {
    "a negative count": ((*ANSWER, 2), {5.0: -1}),
    "a count beyond any worker": ((*ANSWER, 2), {5.0: 10**9}),
    "a count that is true": ((*ANSWER, 2), {5.0: True}),
    "a time before it was asked": ((*ANSWER, 2), {-5.0: 1}),
    "a time that is none": ((*ANSWER, 2), {math.nan: 1}),
    "a sum that is none": ((*ANSWER, 4), math.nan),
    "a time without end": ((*ANSWER, 5), math.inf),
    "a second before all time": ((*ANSWER, 0), -1),
    "a second beyond all time": ((*ANSWER, 0), 2**63),
    "an endpoint of 10,000 letters": ((*ANSWER, 1), "x" * 10_000),
    "a replica of 60 KB": ((*ANSWER, 6), "x" * 60_000),
    "52 failures": ((*ANSWER, 3), {str(number): 1 for number in range(52)}),
    "300,000 endpoints": (
        ("lab", "batches", 0, 1, "answers"),
        [list(Answers(NOW, "e", {}, {}, 0, 0, "", {}, {}, ""))] * 300_000,
    ),
    "a class of 10,000 letters": ((*ANSWER, 9), "x" * 10_000),
    "a mark that is none": ((*MARK, 1), "CLASS Buyer"),
    "a mark without a kind": ((*MARK, 1), "checkout"),
    "a mark of less than none": ((*MARK, 2), {-1.0: 1}),
    "a sum of marks that is none": ((*MARK, 4), math.nan),
    "52 failures of a journey": ((*MARK, 3), {str(number): 1 for number in range(52)}),
    "300,000 marks": (("lab", "batches", 0, 1, "marks"), [list(Mark(NOW, "JOURNEY e", {}, {}, 0, 0))] * 300_000),
    "too many rows for Locust": (("stats",), [entry()] * (MOST_ROWS + 1)),
    "a negative count for Locust": (("stats", 0, "num_requests"), -1),
    "an endless sum for Locust": (("stats_total", "total_response_time"), math.inf),
    "a long name for Locust": (("stats", 0, "name"), "x" * (MOST_LETTERS + 1)),
    "less than no users": (("user_count",), -1),
    "batches twice": (("lab", "batches", 1, 0), 1),
    "a batch that is none": (("lab", "batches", 0), 5),
    "a billion writes of no one": ((*WRITES, "sent"), 10**10),
    "another worker": ((*WRITES, "worker"), 70_000),
    "an answer that is both": ((*WRITES, "answers", 0, 1), 3),
    "half a number": ((*WRITES, "answers", 0, 3), b"\0\0\0"),
    "a write that was not sent": ((*WRITES, "answers", 0, 3), b"\3\0\0\0"),
    "a read back of none": ((*WRITES, "stale_reads", 0, 1), 3),
    "less than no CPU": ((*VITALS, "cpu_seconds"), -1.0),
    "a lateness that is none": ((*VITALS, "lags"), {"nan": 1}),
    "no run": (("lab", "run"), None),
    "no build": (("lab", "build"), 5),
}


@pytest.mark.parametrize("lie", LIES)
def test_what_no_worker_can_have_counted_is_refused_as_a_whole(lie: str) -> None:
    where, value = LIES[lie]
    data = put(report(), where, value)
    with pytest.raises(reports.NotReadable) as refused:
        frames.read(NAME, frames.parts_of(packed("stats", data)))
    assert refused.value.what is Refused.REPORT


@pytest.mark.parametrize(
    ("number", "now", "is_taken"), [(0, NOW, True), (1, NOW, False), (0, NOW - reports.FUTURE_SECONDS - 1, False)]
)
def test_a_report_is_of_its_own_worker_and_of_a_time_that_has_come(number: int, now: int, is_taken: bool) -> None:
    heard = frames.read(NAME, [packed("stats", report())]).data["lab"]
    assert heard["run"] == RUN
    if is_taken:
        reports.check_in_place(heard, number, now)
        return
    with pytest.raises(reports.NotReadable):
        reports.check_in_place(heard, number, now)
