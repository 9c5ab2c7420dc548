"""The books: examples are few and of every kind, and what is rewarded with an example is what is wrong."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from lab.ledger import books as books_module
from lab.ledger import findings
from lab.ledger.books import Books
from lab.ledger.findings import Example, Found, Ledger
from lab.ledger.writes import Writes, write_id
from tests.support.ledgers import RUN, a_worker, write


def written(worker: Writes, count: int, status: int = 204) -> list[tuple[int, int]]:
    """So many writes that were answered so, as an audit finds them."""
    return [write(worker, status) for _ in range(count)]


@pytest.mark.parametrize(
    ("lost", "named"),
    [
        ((2, 0), [(1, 0), (1, 1)]),
        ((3, 3), [(1, 0), (1, 1), (1, 2)]),  # as many as are named at most, of all workers together
        ((2, 2), [(1, 0), (1, 1), (2, 0)]),
        ((0, 4), [(2, 0), (2, 1), (2, 2)]),
    ],
)
def test_of_each_kind_so_many_are_named_whoever_sent_them(
    monkeypatch: pytest.MonkeyPatch, lost: tuple[int, int], named: list[tuple[int, int]]
) -> None:
    monkeypatch.setattr(books_module, "MOST_EXAMPLES", 3)
    books = Books(RUN)
    for number, count in enumerate(lost):
        worker = a_worker(number)
        written(worker, count)
        worker.new_id()
        worker.hand_in()
        books.hear(worker.drain())
    told = books.ledger(0.5)
    assert [(one.worker, one.id) for one in told.examples] == [(at, write_id(RUN, at - 1, one)) for at, one in named]
    assert told.audit
    assert told.audit.lost == sum(lost)


def test_of_more_than_was_sent_so_many_are_named_and_all_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books_module, "MOST_EXAMPLES", 3)
    books, worker = Books(RUN), a_worker(0)
    written(worker, 1)
    worker.hand_in()
    books.hear(worker.drain())
    books.find([(0, 0), *((0, number) for number in range(10, 15))])
    told = books.ledger(0.5)
    assert told.audit
    assert told.audit.phantom == 5
    assert [one.id for one in told.examples] == [write_id(RUN, 0, number) for number in (10, 11, 12)]


def test_a_write_found_three_times_is_doubled_once() -> None:
    books, worker = Books(RUN), a_worker(0)
    (one,) = written(worker, 1)
    worker.hand_in()
    books.hear(worker.drain())
    books.find([one] * 5)
    told = books.ledger(0.5)
    assert told.audit
    assert (told.audit.doubled, told.audit.found, told.audit.lost, told.audit.acknowledged) == (1, 0, 0, 1)


def test_all_other_replicas_share_a_name_where_there_are_very_many() -> None:
    books, worker = Books(RUN), a_worker(0)
    for number in range(300):
        worker.note({"write": worker.new_id()}, 204, f"api-{number}", is_wrong=False)
    worker.hand_in()
    books.hear(worker.drain())
    replicas = Counter(one.replica for one in books.ledger(0).examples)
    assert replicas["(other replicas)"] == 300 - 254  # one of a byte's values is for none, and one for the others
    assert replicas["api-0"] == replicas["api-253"] == 1


def test_what_is_told_of_another_run_is_left_aside() -> None:
    books, other = Books(RUN), Writes()
    other.begin("00000000", 0)
    other.new_id()
    books.hear(other.drain())
    books.hear(None)
    assert books.is_empty


def found(**counts: int) -> Found:
    zero = dict.fromkeys(("acknowledged", "found", "lost", "doubled", "phantom", "unknown"), 0)
    more = {"unanswered_found": 0, "unanswered_not_found": 0, "seconds": 0.5}
    return Found(**{**zero, **more, **counts})  # type: ignore[arg-type]


def ledger(audit: Found | None, **more: object) -> Ledger:
    example = Example("lost", "lab-1", "2026-01-02T18:10:54Z", 1, "api-1")
    counts = dict.fromkeys(findings.COUNTS, 0)
    told = {"audit": audit, "not_audited": None, "remarks": (), "rule": None, "examples": (example,), **counts, **more}
    return Ledger(**told)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (ledger(found(acknowledged=9, found=9)), None),
        (ledger(found(acknowledged=9, found=9, phantom=3)), None),  # that is no write that was acknowledged
        (ledger(None), None),
        (
            ledger(found(acknowledged=4120, lost=2)),
            "2 of 4,120 acknowledged writes are lost (for example lab-1 of 18:10:54 UTC, answered by api-1)",
        ),
        (
            ledger(found(acknowledged=4120, doubled=1)),
            "1 of 4,120 acknowledged writes is doubled (for example lab-1 of 18:10:54 UTC, answered by api-1)",
        ),
        (
            ledger(found(acknowledged=4120, lost=1, doubled=1200), rule="each tenth"),
            (
                "1 of 4,120 acknowledged writes that were audited is lost and 1,200 doubled (for example lab-1 of "
                "18:10:54 UTC, answered by api-1)"
            ),
        ),
        (
            ledger(found(acknowledged=1, lost=1), examples=(Example("lost", "lab-7", None, 1, None),)),
            "1 of 1 acknowledged writes is lost (for example lab-7)",
        ),
    ],
)
def test_an_accusation_has_its_numbers_and_an_example(told: Ledger, words: str | None) -> None:
    assert findings.accusation(told) == words


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (ledger(None, not_audited="no time", acknowledged=1), ["The 1 acknowledged write was not audited: no time."]),
        (ledger(None, not_audited="x", acknowledged=1200), ["The 1,200 acknowledged writes were not audited: x."]),
        (ledger(None, not_audited="x", acknowledged=0), ["The 0 acknowledged writes were not audited: x."]),
        (ledger(found(), remarks=("One.", "Two.")), ["One.", "Two."]),
        (ledger(found()), []),
    ],
)
def test_what_stays_unknown_is_said(told: Ledger, words: list[str]) -> None:
    assert findings.proviso(told) == words


def test_five_of_each_kind_are_shown() -> None:
    examples = tuple(Example("lost", f"lab-{at}", None, 1, None) for at in range(9))
    document = ledger(found(acknowledged=9, lost=9), examples=examples).document()
    assert [one["id"] for one in document["examples"]] == [f"lab-{at}" for at in range(5)]


def test_of_a_worker_that_was_lost_it_is_known_until_when_it_told() -> None:
    books, worker = Books(RUN), a_worker(0)
    worker.new_id()
    books.hear(worker.drain())
    lost = "Worker 1 was lost before it handed in its last writes: what it sent and was answered{} is unknown."
    assert books.ledger(0).remarks == (lost.format(""),)
    worker.note({"write": worker.new_id()}, 204, "api-1", is_wrong=False)
    drained = worker.drain()
    assert drained
    drained["answers"][0][0] = 1795370000
    books.hear(drained)
    assert books.ledger(0).remarks == (lost.format(" after 2026-11-22T17:53:20Z"),)


def test_a_document_names_so_many_of_each_kind() -> None:
    examples = tuple(Example(what, f"lab-{at}", None, 1, None) for what in ("lost", "doubled") for at in range(4))
    document = ledger(found(acknowledged=8, lost=4, doubled=4), examples=examples).document(3)
    assert Counter(one["what"] for one in document["examples"]) == {"lost": 3, "doubled": 3}
    assert json.loads(json.dumps(document)) == document


@pytest.mark.parametrize(
    ("statuses", "twice", "says"),
    [
        ((204,), 0, []),
        ((503,), 0, []),
        ((503, 204), 1, ["1 write was answered more than once", "2 answers came to 1 writes"]),
        ((204, 204), 1, ["1 write was answered more than once", "2 answers came to 1 writes"]),
        ((0, 204), 0, []),  # no answer, and then one: it was asked again
    ],
)
def test_two_answers_for_one_write_contradict_each_other(
    statuses: tuple[int, ...], twice: int, says: list[str]
) -> None:
    books, worker = Books(RUN), a_worker(0)
    one = worker.new_id()
    for status in statuses:
        worker.note({"write": one}, status, "api-1", is_wrong=False)
        books.hear(worker.drain())
    told = books.ledger(0.5)
    assert told.answered_twice == twice
    assert findings.contradictions(told) == says


def test_what_is_acknowledged_and_not_named_contradicts_itself() -> None:
    books, worker = Books(RUN), a_worker(0)
    written(worker, 3)
    drained = worker.drain()
    assert drained
    books.hear({**drained, "acknowledged": 5, "sent": 9})
    said = "the workers counted 5 acknowledged writes, and named 3 of them"
    assert findings.contradictions(books.ledger(0.5)) == [said]


@pytest.mark.parametrize(("rule", "audited", "is_sound"), [(None, 99, False), ("r", 99, True), ("r", 101, False)])
def test_by_the_rule_fewer_are_audited_than_acknowledged_and_never_more(
    rule: str | None, audited: int, is_sound: bool
) -> None:
    told = ledger(found(acknowledged=audited, found=audited), sent=100, acknowledged=100, rule=rule)
    assert (findings.contradictions(told) == []) is is_sound


def test_what_an_old_report_does_not_count_is_none() -> None:
    books = Books(RUN)
    nothing = {"run": RUN, "worker": 0, "handed_in": True, "sent": 0, "answers": [], "stale_reads": []}
    books.hear(nothing)
    assert {name: count for name, count in books.ledger(0).document().items() if name in findings.COUNTS} == (
        dict.fromkeys(findings.COUNTS, 0)
    )
