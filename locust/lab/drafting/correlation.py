"""Which value of a request comes from an earlier answer? The same value, where it looks like one that a server gave."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lab.drafting import naming
from lab.drafting.python_text import text_of
from lab.drafting.recording import NO_JSON, Exchange

_TELLING = re.compile(
    r"(^|_)(u?u?id|guid|key|token|jwt|csrf|nonce|code|slug|ref|reference|number|no|session|href|url|location|cursor|etag)$"
)
_LIKE_AN_ID = re.compile(
    r"\d{2,}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|(?=.*\d)(?=.*[a-zA-Z])[\w.~+/=-]{8,}"
)
_SHORT_ID = re.compile(r"\d+")
_HIDDEN = re.compile(r"<(?:input|meta)\b[^>]*>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""\b(name|value|content|id)\s*=\s*["']([^"']*)["']""", re.IGNORECASE)
MOST_LEAVES = 20_000
LEAST_LETTERS = 4
MOST_BEFORE = 40


@dataclass(frozen=True)
class Source:
    """Where a value came from: the number of the exchange, what it is called, and the Python that takes it."""

    exchange: int
    name: str
    expression: str


class Answers:
    """The values of answers, in the order in which they came."""

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        self._first: dict[str, Source] = {}
        sent: set[str] = set()
        for number, exchange in enumerate(exchanges):
            sent.update(_sent(exchange))
            for value, source in _told(number, exchange):
                if value not in sent:
                    self._first.setdefault(value, source)

    def source(self, value: Any, before: int, key: str | None = None) -> Source | None:
        """Where a value of the request with this number came from; None where no earlier answer told it.

        A short number is an id in a path, or under a key that says so; elsewhere it may be a number of anything.
        """
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            return None
        if key is not None and len(str(value)) < LEAST_LETTERS and not _TELLING.search(naming.snake(key)):
            return None
        found = self._first.get(str(value))
        return found if found and found.exchange < before else None


def leaves(value: Any, where: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """The values in a document of JSON that are no objects or lists, each with the way to it."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from leaves(part, (*where, name))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from leaves(part, (*where, number))
    else:
        yield where, value


def _sent(exchange: Exchange) -> Iterator[str]:
    yield from (part for part in exchange.path.split("/") if part)
    yield from (value for _, value in exchange.query)
    yield from (str(value) for value in (exchange.form() or {}).values())
    if (body := exchange.json_body()) is not NO_JSON:
        yield from (str(value) for _, value in leaves(body))
    if token := exchange.header("authorization").partition(" ")[2]:
        yield token


def _told(number: int, exchange: Exchange) -> Iterator[tuple[str, Source]]:
    if location := exchange.answer_header("location"):
        last = location.rstrip("/").rpartition("/")[2]
        yield location, Source(number, "location", 'response.headers["Location"]')
        if _LIKE_AN_ID.fullmatch(last) or _SHORT_ID.fullmatch(last):
            thing = naming.singular(naming.snake(exchange.path.rstrip("/").rpartition("/")[2]))
            yield last, Source(number, f"{thing}_id", 'response.headers["Location"].rpartition("/")[2]')
    document = exchange.json_answer()
    if document is not NO_JSON:
        yield from _of_json(number, exchange, document)
    elif "<" in exchange.answer:
        yield from _of_html(number, exchange.answer)


def _of_json(number: int, exchange: Exchange, document: Any) -> Iterator[tuple[str, Source]]:
    thing = naming.singular(naming.snake(exchange.path.rstrip("/").rpartition("/")[2]))
    for count, (where, value) in enumerate(leaves(document)):
        if count >= MOST_LEAVES:
            return
        if not where or not _may_be_an_id(value):
            continue
        key = next((naming.snake(str(part)) for part in reversed(where) if isinstance(part, str)), thing)
        telling, text = bool(_TELLING.search(key)), str(value)
        if telling or (isinstance(value, str) and _LIKE_AN_ID.fullmatch(text)):
            name = f"{thing}_{key}" if key in ("id", "uuid", "key", "code", "number", "slug") else key
            yield text, Source(number, naming.snake(name), _expression(where))


def _may_be_an_id(value: Any) -> bool:
    return isinstance(value, (str, int)) and not isinstance(value, bool) and value != ""


def _expression(where: tuple[str | int, ...]) -> str:
    """The Python that takes it; of a list, any entry will do."""
    taken = "response.json()"
    for part in where:
        taken = f"chance.choice({taken})" if isinstance(part, int) else f"{taken}[{text_of(part)}]"
    return taken


def _of_html(number: int, text: str) -> Iterator[tuple[str, Source]]:
    """What a page hides in its forms, such as a token against forged requests."""
    for tag in _HIDDEN.finditer(text):
        attributes = {name.lower(): value for name, value in _ATTRIBUTE.findall(tag[0])}
        value = attributes.get("value") or attributes.get("content") or ""
        name = attributes.get("name") or attributes.get("id") or ""
        if len(value) < 8 or not name:
            continue
        before = tag[0].partition(value)[0]
        quote = before[-1]
        if len(before) > MOST_BEFORE:
            before = before[-MOST_BEFORE:].partition(" ")[2] or before
        expression = f"response.text.partition({text_of(before)})[2].partition({text_of(quote)})[0]"
        yield value, Source(number, naming.snake(name), expression)
