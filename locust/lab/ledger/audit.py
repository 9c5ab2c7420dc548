"""Reads the state of a service after a run, page by page, and finds the ids of the run's writes in it.

The service says where its state is read: its /openapi.json marks the GET operation with `x-lab-state`, whose value
holds the query parameters. Each page may name the next in `Link: <…>; rel="next"` (RFC 8288). A page only has to show
each id once: it may be JSON or any other text.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from math import inf
from typing import TypeVar
from urllib.parse import urlencode, urljoin, urlsplit

import gevent
import requests

from lab import target
from lab.ledger.books import Books
from lab.ledger.findings import Ledger
from lab.ledger.writes import ID_LENGTH, ids_of

STATE = "x-lab-state"
CHUNK_BYTES = 1 << 18
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
FoundWrites = list[tuple[int, int]]
"""Found writes, each by worker and number."""


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
    return None


def read_state(run: str, url: str, timeout_seconds: float, seconds_left: Callable[[], float]) -> Iterator[FoundWrites]:
    """The run's writes that the service holds, page by page. Raises NotAudited."""
    pages = _StateReader(run, timeout_seconds, seconds_left)
    following: str | None = pages.first(url)
    while following:
        writes, following = pages.read(following)
        yield writes


class _StateReader:
    """Reads pages over one connection, as long as there is time."""

    def __init__(self, run: str, timeout_seconds: float, seconds_left: Callable[[], float]) -> None:
        self._ids = ids_of(run)
        self._timeout_seconds, self._seconds_left = timeout_seconds, seconds_left
        self._session = target.OwnSession()
        self._read = 0

    def first(self, url: str) -> str:
        """The address of the first page."""
        found = self._persist(lambda: target.marked_operation(url, STATE, self._wait(), self._session))
        if found is None:
            raise NotAudited(f"{url} marks no operation with {STATE} in its /openapi.json", is_due=False)
        method, path, query = found
        if method != "GET" or not isinstance(query, dict):
            raise NotAudited(f"{url} marks {method} {path} with {STATE}, which takes a GET and its query parameters")
        return f"{url.rstrip('/')}{path}{'?' if query else ''}{urlencode(query)}"

    def read(self, url: str) -> tuple[FoundWrites, str | None]:
        """The writes on a page, and the address of the next."""
        return self._persist(lambda: self._page(url))

    def _page(self, url: str) -> tuple[FoundWrites, str | None]:
        writes: FoundWrites = []
        with self._session.get(url, timeout=self._wait(), allow_redirects=False, stream=True) as response:
            if response.status_code >= 500:
                raise requests.HTTPError(f"status {response.status_code}")
            if response.status_code != 200:
                advice = target.login_advice(response.status_code)
                raise NotAudited(f"GET {url} was answered with status {response.status_code}{advice}")
            rest = b""
            for chunk in response.iter_content(CHUNK_BYTES):
                self._wait()
                text = rest + chunk
                end = 0
                for found in self._ids.finditer(text):
                    writes.append((int(found[1], 16), int(found[2], 16)))
                    end = found.end()
                # an id may be cut by the end of a chunk
                rest = text[max(end, len(text) - ID_LENGTH + 1) :]
            following = response.links.get("next", {}).get("url")
        self._read += len(writes)
        if following is None:
            return writes, None
        following = urljoin(url, following)
        if urlsplit(following)[:2] != urlsplit(url)[:2]:
            raise NotAudited(f"the page after {url} is said to be on another host: {following}")
        return writes, following

    def _persist(self, ask: Callable[[], Result]) -> Result:
        """The result of `ask`, which is repeated for a while where the service fails."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return ask()
            except target.LoginNeeded as error:
                raise NotAudited(str(error), is_due=False) from error
            except requests.RequestException as error:
                if time.monotonic() >= until:
                    raise NotAudited(f"the service does not answer: {target.cause(error)}") from error
                gevent.sleep(max(0.0, min(0.25, self._seconds_left())))

    def _wait(self) -> float:
        """How long an answer may take now."""
        left = self._seconds_left()
        if left <= 0:
            raise NotAudited(f"the time was up after {self._read:,} of them were found")
        return max(0.05, min(self._timeout_seconds, left))
