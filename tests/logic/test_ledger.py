"""The ledger: what workers note, what the books find in a state, and what the verdict says of it."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from lab.ledger import findings
from lab.ledger.books import MOST_UNHEARD, Books
from lab.ledger.findings import from_document
from lab.ledger.writes import MOST_STALE, Reply, Writes, ids_of, reply_of, write_id
from tests.support.ledgers import RUN, a_worker, as_found, audited, counts, write


def test_a_write_that_is_there_once_is_found_and_all_others_are_told_apart() -> None:
    worker = a_worker()
    kept, lost, doubled, refused, phantom = (write(worker, status) for status in (204, 201, 204, 422, 503))
    cut_off, in_flight = as_found(worker.new_id()), as_found(worker.new_id())
    told = audited([worker], [doubled, kept, phantom, cut_off, doubled])
    assert counts(told) == {
        "sent": 7,
        "acknowledged": 3,
        "refused": 2,
        "unanswered": 2,
        "audited": 3,
        "found": 1,
        "lost": 1,
        "doubled": 1,
        "phantom": 1,
        "unanswered_found": 1,
        "unanswered_not_found": 1,
    }
    named = {example.what: (example.id, example.worker, example.replica) for example in told.examples}
    assert named == {
        "lost": (write_id(RUN, *lost), 1, "api-1"),
        "doubled": (write_id(RUN, *doubled), 1, "api-1"),
        "phantom": (write_id(RUN, *phantom), 1, "api-1"),
    }
    assert refused != in_flight


@pytest.mark.parametrize("status", [0, 502, 504])
def test_a_write_without_an_answer_is_neither_lost_nor_kept(status: int) -> None:
    worker = a_worker()
    write(worker, status)
    told = audited([worker], [])
    assert counts(told) == {"sent": 1, "unanswered": 1, "unanswered_not_found": 1}
    assert findings.accusation(told) is None


def test_the_writes_of_other_runs_and_other_people_are_not_seen() -> None:
    text = f"unit testing {write_id('00000000', 0, 0)} {RUN} lab-{RUN}-0001 {write_id(RUN, 1, 7)}"
    assert ids_of(RUN).findall(text.encode()) == [(b"0001", b"00000007")]
    worker = Writes()
    worker.begin("00000000", 0)
    write_of_other = worker.new_id()
    worker.note({"write": write_of_other}, 204, "", is_wrong=False)
    books = Books(RUN)
    books.hear(worker.drain())
    assert books.is_empty


def test_what_is_there_and_was_never_sent_is_a_phantom() -> None:
    worker = a_worker()
    write(worker)
    told = audited([worker], [(0, 0), (0, 1)])
    assert counts(told) == {"sent": 1, "acknowledged": 1, "audited": 1, "found": 1, "phantom": 1}
    assert told.examples[0].time is None


def test_the_writes_of_a_worker_that_was_lost_are_unknown_and_no_phantoms() -> None:
    """What it told before still counts: a write that it reported as acknowledged can be lost."""
    books = Books(RUN)
    lost, well = a_worker(0), a_worker(1)
    reported = [write(lost) for _ in range(3)]
    books.hear(lost.drain())
    unheard = [write(lost) for _ in range(5)]
    found = [write(well)]
    well.hand_in()
    books.hear(well.drain())
    assert not books.handed_in
    books.find([*reported[1:], *unheard, *found, (7, 0)])
    told = books.ledger(0.1)
    assert counts(told) == {"sent": 4, "acknowledged": 4, "audited": 4, "found": 3, "lost": 1, "unknown": 6}
    assert [remark[:20] for remark in told.remarks] == ["Worker 1 was lost be", "Worker 8 was lost be"]
    assert "is unknown" in told.remarks[0]


def test_a_read_of_ones_own_write_that_misses_it_is_stale_and_one_that_fails_says_nothing() -> None:
    worker = a_worker()
    sent = worker.new_id()
    for status, is_wrong in ((200, False), (200, True), (404, True), (503, True), (0, True)):
        worker.note({"read_back": sent}, status, "api-2", is_wrong=is_wrong)
    told = audited([worker], [])
    assert (told.read_back, told.stale) == (3, 2)
    assert {(example.what, example.id, example.replica) for example in told.examples} == {("stale", sent, "api-2")}


@pytest.mark.parametrize("context", [{}, {"write": None}, {"write": 3}, {"write": "lab"}, {"write": "x" * 26}])
def test_a_request_that_is_no_write_of_the_ledger_is_left_alone(context: dict[str, Any]) -> None:
    worker = a_worker()
    worker.note(context, 204, "", is_wrong=False)
    assert worker.drain() is None


def test_without_ids_there_is_no_ledger() -> None:
    books = Books(RUN)
    books.hear(a_worker().drain())
    assert books.is_empty


def test_a_worker_that_joins_its_run_again_goes_on_and_one_of_a_new_run_begins_anew() -> None:
    worker = a_worker()
    first = worker.new_id()
    worker.hand_in()
    worker.begin(RUN, 0)
    assert worker.new_id() != first
    report = worker.drain()
    assert report
    assert report["handed_in"] is False
    worker.begin("00000000", 0)
    assert worker.new_id() == write_id("00000000", 0, 0)


def test_every_status_has_its_answer() -> None:
    assert {status: reply_of(status).name for status in (200, 302, 399, 400, 404, 429, 500)} == {
        200: "ACKNOWLEDGED",
        302: "ACKNOWLEDGED",
        399: "ACKNOWLEDGED",
        400: "REFUSED",
        404: "REFUSED",
        429: "REFUSED",
        500: "REFUSED",
    }


def test_what_is_planted_in_a_big_state_is_found_exactly() -> None:
    chance, workers = random.Random(5), [a_worker(number) for number in range(3)]
    statuses = (*(204,) * 20, 503, 0)
    sent = [write(worker, chance.choice(statuses)) for worker in workers for _ in range(20_000)]
    acknowledged = set[tuple[int, int]]().union(*map(_acknowledged, workers))
    times = {one: _times(chance.random(), one in acknowledged) for one in sent}
    state = [one for one in sent for _ in range(times[one])]
    chance.shuffle(state)
    told = audited(workers, state)
    assert told.audit
    planted = Counter(times[one] for one in acknowledged)
    assert (told.audit.lost, told.audit.doubled) == (planted[0], planted[2])
    assert planted[0] > 20
    assert planted[2] > 20


def _times(fate: float, is_acknowledged: bool) -> int:
    """How often a write is there: of the acknowledged ones, one in a thousand is lost and one doubled."""
    if not is_acknowledged:
        return int(fate < 0.5)
    return 0 if fate < 0.001 else 2 if fate < 0.002 else 1


def _acknowledged(worker: Writes) -> set[tuple[int, int]]:
    """As the worker has told, which this puts back as it was."""
    report = worker.drain()
    assert report
    told = set()
    for second, what, replica, packed in report["answers"]:
        for at in range(0, len(packed), 4):
            number = int.from_bytes(packed[at : at + 4], "little")
            worker._answers[second, what, replica].append(number)
            if what == Reply.ACKNOWLEDGED:
                told.add((report["worker"], number))
    return told


def test_a_ledger_is_read_back_from_its_file_as_it_was(tmp_path: Path) -> None:
    worker = a_worker()
    for _ in range(20):
        write(worker)
    worker.new_id()
    for told in (audited([worker], []), Books(RUN).ledger(0, "no time was left", audit_due=True)):
        path = tmp_path / findings.FILE
        path.write_text(json.dumps(told.document(findings.MOST_EXAMPLES)))
        again = from_document(json.loads(path.read_text()))
        assert again == told
        assert again.document() == told.document()
        assert again.examples == told.examples


def test_of_what_has_no_answer_none_is_handed_over_and_of_stale_reads_so_many() -> None:
    worker = a_worker()
    sent = worker.new_id()
    worker.note({"write": sent}, 0, "", is_wrong=True)
    for _ in range(MOST_STALE + 5):
        worker.note({"read_back": sent}, 404, "api-1", is_wrong=True)
    report = worker.drain()
    assert report
    assert (report["answers"], report["stale"], len(report["stale_reads"])) == ([], MOST_STALE + 5, MOST_STALE)


def test_what_was_drained_is_not_drained_again_and_counts_go_on() -> None:
    worker = a_worker()
    write(worker)
    first = worker.drain()
    write(worker, 503)
    second = worker.drain()
    assert first
    assert second
    assert (first["handed_in"], first["sent"], first["acknowledged"], first["refused"]) == (False, 1, 1, 0)
    assert (second["sent"], second["acknowledged"], second["refused"]) == (2, 1, 1)
    assert [row[1] for row in (*first["answers"], *second["answers"])] == [Reply.ACKNOWLEDGED, Reply.REFUSED]
    assert Writes().drain() is None


def test_workers_that_a_service_invents_take_no_room_and_are_told_together() -> None:
    worker = a_worker()
    found = write(worker, 204)
    told = audited([worker], [found, *((invented, 0) for invented in range(2, 60_000))])
    assert counts(told)["found"] == 1
    assert told.audit
    assert told.audit.unknown == 60_000 - 2
    assert len(told.remarks) <= MOST_UNHEARD + 1
    assert "The state has writes of more than 20 workers that have reported none: they are unknown." in told.remarks
