"""The audit: a state is read however it is cut into pages, and what cannot be read is not audited, with the reason."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lab.asking.asker import Asker
from lab.ledger import audit
from lab.ledger.audit import NotAudited, read_state
from lab.ledger.books import Books
from lab.ledger.writes import ID_LENGTH, Writes, write_id
from tests.support.told_pages import Page, Pages, marked, servers, states

RUN = "5f3a9c21"
UNREADABLE = "the address of a page of its state cannot be read: "
ELSEWHERE = "a page of its state is said to be on another host: "


@pytest.fixture
def server() -> Iterator[Callable[[Pages], Any]]:
    with servers() as start:
        yield start


def page(*numbers: int) -> Page:
    items = [{"name": f"order {write_id(RUN, 1, number)}", "n": number} for number in numbers]
    return 200, {}, json.dumps(items).encode()


def read(url: str, seconds: float = 20) -> list[int]:
    until = time.monotonic() + seconds
    pages = read_state(RUN, url, 10, lambda: until - time.monotonic())
    return [number for writes in pages for _, number in writes]


def test_every_page_is_read_from_the_marked_one_on(server: Callable[[Pages], Any]) -> None:
    listening = server(states(page(0, 1), page(), page(2, 3), page(3)))
    assert read(listening.url + "/") == [0, 1, 2, 3, 3]
    assert listening.asked == ["/openapi.json", "/orders?limit=2", "/1", "/2", "/3"]


def test_a_list_is_read_part_by_part_and_no_id_is_missed_or_met_twice() -> None:
    """Every way in which an id can lie across the border of two parts."""
    text = b"".join(b" " * (number % 7) + write_id(RUN, 1, number).encode() for number in range(9))
    with Asker("http://127.0.0.1:1") as asker:
        reader = audit._StateReader(RUN, asker, 10, lambda: 20)
        for size in range(1, 3 * ID_LENGTH):
            parts = [text[at : at + size] for at in range(0, len(text), size)]
            assert [packed & 0xFFFFFFFF for packed in reader._found(parts)] == list(range(9))


def test_a_whole_list_in_one_answer_is_read(server: Callable[[Pages], Any]) -> None:
    body = b"".join(b" " * 100 + write_id(RUN, 1, number).encode() for number in range(5000))
    assert read(server(states((200, {}, body))).url) == list(range(5000))


@pytest.mark.parametrize("body", [b"<li>{}</li><li>{}", b'"{}","{}"', b"{}{}", b"{}\n{}\n"])
def test_any_text_will_do(server: Callable[[Pages], Any], body: bytes) -> None:
    text = body.replace(b"{}", write_id(RUN, 1, 0).encode(), 1).replace(b"{}", write_id(RUN, 1, 1).encode())
    assert read(server(states((200, {}, text))).url) == [0, 1]


@pytest.mark.parametrize(
    ("pages", "reason"),
    [
        (lambda _path, _time: (404, {}, b""), "{url} marks no operation with x-lab-state in its /openapi.json"),
        (
            lambda _path, _time: marked(True),
            "{url} marks GET /orders with x-lab-state, which takes a GET and its query parameters",
        ),
        (
            lambda _path, _time: marked({}, "delete"),
            "{url} marks DELETE /orders with x-lab-state, which takes a GET and its query parameters",
        ),
        (
            states((403, {}, b"")),
            "GET {url}/orders?limit=2 was answered with status 403. LAB_HEADERS can hold the Authorization for it",
        ),
        (states((404, {}, b"")), "GET {url}/orders?limit=2 was answered with status 404"),
        (states((302, {"Location": "/"}, b"")), "GET {url}/orders?limit=2 was answered with status 302"),
        (
            states((200, {"Link": '<http://example.com/>; rel="next"'}, b""), page()),
            f"{ELSEWHERE}http://example.com",
        ),
        (
            states((200, {"Link": '<//127.0.0.2/1>; rel="next"'}, b"")),
            f"{ELSEWHERE}http://127.0.0.2/1",
        ),
        (states((200, {"Link": '<http://127.0.0.1:1@8.8.8.8/>; rel="next"'}, b"")), f"{ELSEWHERE}http://8.8.8.8"),
        (
            states((200, {"Link": '</\\8.8.8.8/1>; rel="next"'}, b"")),
            f"{UNREADABLE}{{url}}/\\8.8.8.8/1 is no target: it takes a URL such as http://api:5000",
        ),
        (
            states((200, {"Content-Encoding": "gzip"}, b"")),
            "the service does not answer: it answers in gzip, though it was asked for plain content",
        ),
    ],
)
def test_a_state_that_cannot_be_read_is_told_with_the_reason(
    server: Callable[[Pages], Any], pages: Pages, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "PATIENCE_SECONDS", 0.0)
    url = server(pages).url
    with pytest.raises(NotAudited) as told:
        read(url)
    assert str(told.value) == reason.format(url=url)
    assert told.value.is_due is ("marks no operation" not in reason)


def test_a_page_that_fails_at_first_is_asked_for_again_and_counts_once(server: Callable[[Pages], Any]) -> None:
    good = states(page(0, 1), page(2))

    def at_first_down(path: str, time: int) -> Page:
        if path == "/1" and time == 2:
            return 200, {"Content-Length": "9999", "Connection": "close"}, page(2)[2]  # cut off half way
        return (503, {}, b"") if time < 3 and path != "/orders?limit=2" else good(path, time)

    assert read(server(at_first_down).url) == [0, 1, 2]


def test_a_service_that_is_not_there_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "PATIENCE_SECONDS", 0.3)
    with pytest.raises(NotAudited, match="the service does not answer: Connection refused"):
        read("http://127.0.0.1:1")


def test_pages_without_end_are_read_until_the_time_is_up(server: Callable[[Pages], Any]) -> None:
    """A list whose last page leads to its first accuses nobody of doubling."""

    def round_and_round(path: str, _time: int) -> Page:
        return marked({}) if path == "/openapi.json" else (200, {"Link": '</orders>; rel="next"'}, page(0)[2])

    with pytest.raises(NotAudited, match="the time was up after"):
        read(server(round_and_round).url, 0.5)


def test_an_audit_says_what_it_found_and_nothing_without_ids(server: Callable[[Pages], Any]) -> None:
    url = server(states(page(0, 1), page(1))).url
    assert audit.audit(Books(RUN), url, 10, lambda: 20) is None
    writes, books = Writes(), Books(RUN)
    writes.begin(RUN, 1)
    for _ in range(3):
        writes.note({"write": writes.new_id()}, 204, "", is_wrong=False)
    writes.hand_in()
    books.hear(writes.drain())
    told = audit.audit(books, url, 10, lambda: 20)
    assert told
    assert told.audit
    assert (told.audit.found, told.audit.doubled, told.audit.lost) == (1, 1, 1)


def test_without_time_nothing_is_asked(server: Callable[[Pages], Any]) -> None:
    listening = server(states(page(0)))
    with pytest.raises(NotAudited, match="the time was up after 0 of them"):
        read(listening.url, 0)
    assert listening.asked == []


def test_without_query_parameters_the_marked_operation_is_asked_as_it_is(server: Callable[[Pages], Any]) -> None:
    listening = server(lambda path, _time: marked({}) if path == "/openapi.json" else page(4))
    assert read(listening.url) == [4]
    assert listening.asked == ["/openapi.json", "/orders"]


@pytest.mark.parametrize(
    ("handed_in_after", "unanswered", "seconds_left", "waits"),
    [
        (0, 0, 20.0, []),  # nobody has anything to hand in, and no request was cut off
        (3, 0, 20.0, [0.1, 0.1, 0.1]),  # until the last worker has
        (0, 2, 20.0, [audit.QUIET_SECONDS]),  # what was cut off has time to come to its end
        (3, 2, 20.0, [0.1, 0.1, 0.1, audit.QUIET_SECONDS]),
        (0, 2, 0.4, [0.4]),  # as far as there is time
        (99, 0, 0.0, []),
    ],
)
def test_an_audit_waits_for_workers_and_for_requests_that_were_cut_off(
    server: Callable[[Pages], Any],
    monkeypatch: pytest.MonkeyPatch,
    *,
    handed_in_after: int,
    unanswered: int,
    seconds_left: float,
    waits: list[float],
) -> None:
    writes, books, waited = Writes(), Books(RUN), list[float]()
    writes.begin(RUN, 1)
    writes.note({"write": writes.new_id()}, 204, "", is_wrong=False)
    for _ in range(unanswered):
        writes.new_id()

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == handed_in_after:
            writes.hand_in()
            books.hear(writes.drain())

    if not handed_in_after:
        writes.hand_in()
    books.hear(writes.drain())
    monkeypatch.setattr("lab.ledger.audit.gevent.sleep", sleep)
    audit.audit(books, server(states(page(0))).url, 10, lambda: seconds_left)
    assert [seconds for seconds in waited if seconds] == waits
