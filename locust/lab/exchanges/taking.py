"""Makes an exchange of what a client reports: LeanHttpUser, FastHttpUser, HttpUser show all, others what they know.

Nothing is read from a connection: of a body that is yet to arrive, nothing is shown.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from lab.exchanges import exchange, printing
from lab.exchanges.exchange import Exchange, Message
from lab.exchanges.secrets import Hiding, Known

_LOOKED_AT, _READ = 4000, 16_000
"""Characters of a body in which secrets are hidden before it is cut, and in which JSON is looked for them."""


def take(  # noqa: PLR0913 - what Locust says of a request
    kept_as: str,
    endpoint: str,
    *,
    at: float,
    known: Known,
    time_ms: float | None = None,
    failure: str = "",
    response: Any = None,
    url: str | None = None,
    trace_id: str = "",
) -> Exchange:
    """The exchange as it is kept. Never raises: a client of the scenario's own may report whatever object it likes."""
    hiding = Hiding(known)
    try:
        asked, answered = _request(response, url, hiding), _answer(response, hiding)
    except Exception:  # noqa: BLE001 - as above
        asked = answered = None
    return {
        "kept_as": kept_as,
        "at": round(at, 3),
        "endpoint": _line(endpoint, exchange.MOST_FAILURE, hiding),
        "failure": _line(failure, exchange.MOST_FAILURE, hiding),
        "time_ms": None if time_ms is None else round(time_ms, 3),
        "request": _finished(asked, hiding),
        "answer": _finished(answered, hiding),
        "trace": "",
        "trace_id": trace_id,
    }


def take_exception(place: str, failure: str, error: BaseException, *, at: float, known: Known) -> Exchange:
    """A task that an exception ended, with where that came from."""
    trace = "".join(traceback.format_exception(error, limit=-10, chain=False))
    hiding = Hiding(known)
    body = printing.printable(hiding.last(hiding.text(trace)))
    taken = take(exchange.FAILURE, place, at=at, known=known, failure=failure)
    return {**taken, "trace": body[-exchange.MOST_BODY :]}


def _request(response: Any, url: str | None, hiding: Hiding) -> Message | None:
    request = getattr(response, "request", None)
    if request is None:
        return _message(str(url), (), None, hiding) if url else None
    body = getattr(request, "body", None)
    line = f"{getattr(request, 'method', '')} {getattr(request, 'url', None) or url or ''}".strip()
    return _message(line, _pairs(getattr(request, "headers", None)), body if body is not None else b"", hiding)


def _answer(response: Any, hiding: Hiding) -> Message | None:
    status = int(getattr(response, "status_code", 0) or 0)
    if not status:
        return None
    try:
        line = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        line = str(status)
    return _message(line, _pairs(getattr(response, "headers", None)), _arrived(response), hiding)


def _arrived(response: Any) -> Any:
    """The body as far as it is there, by the names that the three clients have for it; None where it was not read."""
    for name in ("arrived", "_cached_content", "_content"):
        body = getattr(response, name, None)
        if isinstance(body, (bytes, bytearray)):
            return body
    return None


def _pairs(headers: Any) -> Iterable[tuple[str, str]]:
    if not isinstance(headers, Mapping) and not hasattr(headers, "items"):
        return ()
    found = []
    for name, value in headers.items():
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        found.append((name.decode("latin-1") if isinstance(name, bytes) else str(name), text))
    return found


def _message(line: str, headers: Iterable[tuple[str, str]], body: Any, hiding: Hiding) -> Message:
    text, size = _body(body)
    hiding.look_into(text)
    return {
        "line": hiding.text(line[: 2 * exchange.MOST_LINE]),
        "headers": [
            (name, hiding.header(name, value[: 2 * exchange.MOST_VALUE]))
            for name, value in list(headers)[: exchange.MOST_HEADERS]
        ],
        "body": hiding.text(printing.cut(text, _LOOKED_AT)),
        "size": size,
    }


def _body(body: Any) -> tuple[str, int | None]:
    if isinstance(body, str):
        return printing.cut(body, _READ), len(body.encode("utf-8", "replace"))
    if isinstance(body, (bytes, bytearray)):
        return printing.decoded(bytes(body), _READ), len(body)
    return "", None


def _finished(message: Message | None, hiding: Hiding) -> Message | None:
    """The message when all of the exchange was looked through: without what another part showed to be secret; cut."""
    if message is None:
        return None
    headers = [
        (printing.line(name, exchange.MOST_NAME), _line(value, exchange.MOST_VALUE, hiding))
        for name, value in message["headers"]
    ]
    shown = printing.cut(hiding.last(message["body"]), exchange.MOST_BODY)
    body = printing.cut(printing.printable(shown), exchange.MOST_BODY)
    return {
        "line": _line(message["line"], exchange.MOST_LINE, hiding),
        "headers": headers,
        "body": body,
        "size": message["size"],
    }


def _line(text: str, most: int, hiding: Hiding) -> str:
    return printing.line(hiding.last(text), most)
