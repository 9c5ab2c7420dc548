"""Reads the state of a service after a run, page by page, and finds the ids of the run's writes in it.

The service says where its state is read: its /openapi.json marks the GET operation with `x-lab-state`, whose value
holds the query parameters. Each page may name the next in `Link: <…>; rel="next"` (RFC 8288). A page only has to show
each id once: it may be JSON or any other text.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Iterable, Iterator
from math import inf
from typing import TypeVar
from urllib.parse import urlencode, urljoin

import gevent
from requests.utils import parse_header_links

from lab import reach
from lab.asking import target
from lab.asking.asker import Asker, AskFailed, LoginNeeded
from lab.ledger.books import Books
from lab.ledger.findings import Ledger
from lab.ledger.writes import ID_LENGTH, ids_of

STATE = "x-lab-state"
MOST_PAGE_BYTES = 256 * 1024 * 1024
"""Of a page, which is read part by part; what is kept of it are its ids."""
PATIENCE_SECONDS = 5.0
"""How long a failing page is retried: the service may be restarting."""
QUIET_SECONDS = 1.0
"""How long the service has to finish requests that were cut off."""
HAND_IN_SECONDS = 2.0
"""How long workers have to hand in their last answers after their users have stopped."""

LATE_SECONDS = 0.5
"""How long an audit whose time is up has to say so itself."""
LOOKS_EVERY_SECONDS = 0.1

Result = TypeVar("Result")
FoundWrites = Iterable[tuple[int, int]]
"""Found writes, each by worker and number."""
_NUMBER_BITS = 32


class NotAudited(Exception):  # noqa: N818 - its name is what the report shows
    """The state cannot be read, or not in time; the message says why. `is_due` is whether it should have been."""

    def __init__(self, reason: str, *, is_due: bool = True) -> None:
        super().__init__(reason)
        self.is_due = is_due


class Deadline:
    """Until when an audit may go on; it can only come nearer."""

    def __init__(self) -> None:
        self._at = inf

    def come(self, seconds: float) -> None:
        """It comes in so many seconds at the latest."""
        self._at = min(self._at, time.monotonic() + seconds)

    def seconds_left(self) -> float:
        """How many seconds are left; less than 0 afterwards."""
        return self._at - time.monotonic()


def audit(books: Books, url: str, timeout_seconds: float, seconds_left: Callable[[], float]) -> Ledger | None:
    """Reads the state into the books and returns the ledger; None where no write has an id. Never raises."""
    began = time.monotonic()
    if books.is_empty:
        return None
    while not books.handed_in and time.monotonic() - began < min(HAND_IN_SECONDS, seconds_left()):
        gevent.sleep(0.1)
    if books.ledger(0).unanswered:
        gevent.sleep(max(0.0, min(QUIET_SECONDS, seconds_left())))
    began = time.monotonic()
    reading = gevent.spawn(_read_into, books, url, timeout_seconds, seconds_left)
    # the time can be cut short while an answer is waited for
    while not reading.ready() and seconds_left() > -LATE_SECONDS:
        reading.join(LOOKS_EVERY_SECONDS)
    if not reading.ready():
        reading.kill()
        late = "the time was up while the service did not answer"
        return books.ledger(time.monotonic() - began, late, audit_due=True)
    if reason := reading.get():
        return books.ledger(time.monotonic() - began, str(reason), audit_due=reason.is_due)
    return books.ledger(time.monotonic() - began)


def _read_into(books: Books, url: str, timeout_seconds: float, seconds_left: Callable[[], float]) -> NotAudited | None:
    """Reads the state into the books; returns why it cannot be, or None."""
    try:
        for writes in read_state(books.run, url, timeout_seconds, seconds_left):
            books.find(writes)
            gevent.sleep(0)
    except NotAudited as reason:
        return reason
    except Exception as error:  # noqa: BLE001 - whatever the service does, the run has a verdict
        return NotAudited(f"its state cannot be read: {error!r}")
    return None


def read_state(run: str, url: str, timeout_seconds: float, seconds_left: Callable[[], float]) -> Iterator[FoundWrites]:
    """The run's writes that the service holds, page by page. Raises NotAudited."""
    with Asker(url) as asker:
        pages = _StateReader(run, asker, timeout_seconds, seconds_left)
        following: str | None = pages.first()
        while following:
            writes, following = pages.read(following)
            yield ((packed >> _NUMBER_BITS, packed & (1 << _NUMBER_BITS) - 1) for packed in writes)


class _StateReader:
    """Reads pages, as long as there is time."""

    def __init__(self, run: str, asker: Asker, timeout_seconds: float, seconds_left: Callable[[], float]) -> None:
        self._ids = ids_of(run)
        self._asker, self._url = asker, asker.url.rstrip("/")
        self._timeout_seconds, self._seconds_left = timeout_seconds, seconds_left
        self._read = 0

    def first(self) -> str:
        """The address of the first page."""
        found = self._persist(lambda: target.marked_operation(self._asker, STATE, self._wait()))
        if found is None:
            raise NotAudited(f"{self._url} marks no operation with {STATE} in its /openapi.json", is_due=False)
        method, path, query = found
        if method != "GET" or not isinstance(query, dict):
            raise NotAudited(
                f"{self._url} marks {method} {path} with {STATE}, which takes a GET and its query parameters"
            )
        return self._checked(f"{self._url}{path}{'?' if query else ''}{urlencode(query)}")

    def read(self, url: str) -> tuple[array[int], str | None]:
        """The writes on a page, and the address of the next."""
        return self._persist(lambda: self._page(url))

    def _page(self, url: str) -> tuple[array[int], str | None]:
        with self._asker.open(url, self._wait()) as (reply, parts):
            if reply.status >= 500:
                raise AskFailed(f"status {reply.status}")
            if reply.status != 200:
                raise NotAudited(f"GET {url} was answered with status {reply.status}{reply.login_advice}")
            links = parse_header_links(reply.headers.get("Link") or "")
            writes = self._found(parts)
        self._read += len(writes)
        following = next((link["url"] for link in links if link.get("rel") == "next"), None)
        return writes, None if following is None else self._checked(urljoin(url, following))

    def _found(self, parts: Iterable[bytes]) -> array[int]:
        """The writes whose ids are in the text, each as a number: that takes little room, whatever is sent."""
        writes, rest, length = array("Q"), b"", 0
        for part in parts:
            self._wait()
            if (length := length + len(part)) > MOST_PAGE_BYTES:
                raise NotAudited(f"a page of its state is longer than {MOST_PAGE_BYTES:,} bytes")
            text, end = rest + part, 0
            for found in self._ids.finditer(text):
                writes.append(int(found[1], 16) << _NUMBER_BITS | int(found[2], 16))
                end = found.end()
            # an id may be cut by the end of a part
            rest = text[max(end, len(text) - ID_LENGTH + 1) :]
        return writes

    def _checked(self, url: str) -> str:
        """The address of a page, which must be on the service itself. Raises NotAudited."""
        try:
            page = reach.parse(url, with_query=True)
            if page.origin == reach.parse(self._url).origin:
                return page.url
        except reach.WrongUrl as error:
            raise NotAudited(f"the address of a page of its state cannot be read: {error}") from error
        raise NotAudited(f"a page of its state is said to be on another host: {page.shown}")

    def _persist(self, ask: Callable[[], Result]) -> Result:
        """The result of `ask`, which is repeated for a while where the service fails."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return ask()
            except LoginNeeded as error:
                raise NotAudited(str(error), is_due=False) from error
            except target.WrongMark as error:
                raise NotAudited(str(error)) from error
            except AskFailed as error:
                if time.monotonic() >= until:
                    raise NotAudited(f"the service does not answer: {error}") from error
                gevent.sleep(max(0.0, min(0.25, self._seconds_left())))

    def _wait(self) -> float:
        """How long an answer may take now."""
        left = self._seconds_left()
        if left <= 0:
            raise NotAudited(f"the time was up after {self._read:,} of them were found")
        return max(0.05, min(self._timeout_seconds, left))
