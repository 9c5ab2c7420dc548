"""The ledger: what workers note, what the books find in a state, and what the verdict says of it."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from lab.judging.evidence import Interruption
from lab.judging.verdict import ExitCode
from lab.ledger import findings
from lab.ledger.books import Books
from lab.ledger.findings import Ledger, from_document
from lab.ledger.writes import ALL_UNTIL, Reply, Writes, ids_of, number_at, reply_of, slot, slots, write_id
from tests.support.verdicts import answers, part, verdict_on

RUN = "5f3a9c21"


def a_worker(number: int = 0) -> Writes:
    writes = Writes()
    writes.begin(RUN, number)
    return writes


def write(writes: Writes, status: int = 204, replica: str = "api-1") -> tuple[int, int]:
    """A write that is answered so; as an audit finds it."""
    sent = writes.new_id()
    writes.note({"write": sent}, status, replica, is_wrong=status != 204)
    return as_found(sent)


def as_found(sent: str) -> tuple[int, int]:
    (found,) = ids_of(RUN).findall(sent.encode())
    return int(found[0], 16), int(found[1], 16)


def audited(workers: list[Writes], found: list[tuple[int, int]], hand_in: bool = True) -> Ledger:
    books = Books(RUN)
    for worker in workers:
        if hand_in:
            worker.hand_in()
        books.hear(worker.drain())
    books.find(found)
    return books.ledger(0.5)


def counts(told: Ledger) -> dict[str, Any]:
    return {name: count for name, count in told.document().items() if count and isinstance(count, int)}


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
    assert {status: reply_of(status).name for status in (200, 302, 404, 429, 500)} == {
        200: "ACKNOWLEDGED",
        302: "ACKNOWLEDGED",
        404: "REFUSED",
        429: "REFUSED",
        500: "REFUSED",
    }


def test_the_rule_of_sampling_is_one_for_worker_books_and_audit() -> None:
    places = [place for number in range(ALL_UNTIL * 11) if (place := slot(number)) is not None]
    assert places == list(range(len(places)))
    for place in (0, ALL_UNTIL - 1, ALL_UNTIL, *range(ALL_UNTIL, len(places), 9973)):
        assert slot(number_at(place)) == place
    for count in (0, 1, ALL_UNTIL, ALL_UNTIL + 1, ALL_UNTIL + 11, ALL_UNTIL * 10 + 1):
        assert slots(count) == sum(slot(number) is not None for number in range(count))


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


def test_a_lost_or_doubled_write_fails_a_run_that_kept_its_limits() -> None:
    worker = a_worker()
    lost, doubled = write(worker), write(worker)
    verdict = verdict_on({"GET /tests": answers(12)}, ledger=audited([worker], [doubled, doubled]))
    assert (verdict.verdict, verdict.exit_code) == ("FAIL", ExitCode.FAIL)
    assert verdict.sentence.startswith(
        f"FAIL: 1 of 2 acknowledged writes is lost and 1 doubled (for example {write_id(RUN, *lost)} of "
    )
    assert " UTC, answered by api-1). Apart from that, PASS: steady kept all its limits" in verdict.sentence
    assert part(verdict, "ledger")["lost"] == 1


def test_a_lost_write_is_told_though_the_swarm_was_lost_as_well() -> None:
    worker = a_worker()
    write(worker)
    lost = audited([worker], [])
    verdict = verdict_on({"GET /tests": answers(12)}, ledger=lost, interrupted_by=Interruption.NO_WORKERS)
    assert verdict.verdict == "INVALID"
    assert "Known all the same: 1 of 1 acknowledged writes is lost (for example " in verdict.sentence


def test_a_ledger_in_order_changes_no_word_of_the_sentence() -> None:
    worker = a_worker()
    found = write(worker)
    write(worker, 503)
    worker.new_id()
    endpoints = {"GET /tests": answers(12)}
    assert verdict_on(endpoints, ledger=audited([worker], [found])).sentence == verdict_on(endpoints).sentence


def test_without_an_audit_nothing_is_said_to_be_found() -> None:
    worker, books = a_worker(), Books(RUN)
    write(worker)
    books.hear(worker.drain())
    told = books.ledger(3.0, "the service does not answer: Connection refused")
    verdict = verdict_on({"GET /tests": answers(12)}, ledger=told)
    assert verdict.verdict == "PASS"
    assert verdict.sentence.endswith(
        "The 1 acknowledged write was not audited: the service does not answer: Connection refused."
    )
    document = part(verdict, "ledger")
    unknown = ("audited", "found", "lost", "doubled", "phantom", "unanswered_found", "unanswered_not_found", "unknown")
    assert [document[name] for name in unknown] == [None] * 8
    assert document["acknowledged"] == 1


@pytest.mark.parametrize(
    ("due", "acknowledged", "word"),
    [
        (True, 1, "INVALID"),  # the service shows its state, or has fallen silent
        (False, 1, "PASS"),  # a service of one's own that shows none
        (True, 0, "PASS"),  # nothing was acknowledged, so nothing is missing
    ],
)
def test_writes_that_were_due_an_audit_and_had_none_never_pass(due: bool, acknowledged: int, word: str) -> None:
    worker, books = a_worker(), Books(RUN)
    write(worker, 204 if acknowledged else 503)
    books.hear(worker.drain())
    told = books.ledger(3.0, "the service does not answer: Connection refused", audit_due=due)
    verdict = verdict_on({"GET /tests": answers(12)}, ledger=told)
    assert (verdict.verdict, verdict.exit_code) == (word, ExitCode[word])
    missing = "acknowledged write was not audited: the service does not answer: Connection refused."
    assert verdict.sentence.count(missing) == acknowledged
    if word == "INVALID":
        assert verdict.sentence.startswith(f"INVALID: 1 {missing} Apart from that, PASS: steady kept all its limits")
    failed = verdict_on({"GET /tests": answers(900)}, ledger=told)
    assert failed.verdict == "FAIL"
    assert failed.sentence.count(missing) == acknowledged


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
