"""How does the service say no? As RFC 9457 problem details, whatever the reason."""

from __future__ import annotations

import json
from http import HTTPStatus

MEDIA_TYPE = "application/problem+json"
MOST_ECHOED = 100  # characters of input that an answer repeats at most
RETRY_LATER = {"Retry-After": "1"}  # seconds
GENERIC = "about:blank"  # a problem that its status says all about (RFC 9457, 4.2.1)
OUTCOME_UNKNOWN = "/openapi.json#/components/responses/OutcomeUnknown"


class Problem(Exception):  # noqa: N818 - it is what RFC 9457 calls it
    """An answer that is no success: the status, a sentence for a person, and where in the request it was wrong."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: list[dict[str, str]] | None = None,
        headers: dict[str, str] | None = None,
        type_: str = GENERIC,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors or []
        self.headers = headers or {}
        self.type = type_

    def body(self) -> bytes:
        """The JSON document of this problem."""
        return problem_document(self.status, self.detail, self.errors, self.type)


def problem_document(
    status: int, detail: str, errors: list[dict[str, str]] | None = None, type_: str = GENERIC
) -> bytes:
    """A problem document. Its title is the phrase of its status, unless it has a type of its own."""
    title = title_of(status) if type_ == GENERIC else "Outcome unknown"
    document: dict[str, object] = {"type": type_, "title": title, "status": status}
    document["detail"] = detail
    if errors:
        document["errors"] = errors
    return json.dumps(document).encode()


def title_of(status: int) -> str:
    """The phrase of a status code."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def echo(text: str) -> str:
    """A piece of input as an answer may show it: quoted, in ASCII, and cut."""
    shown = ascii(text[:MOST_ECHOED])[1:-1]
    return f'"{shown}"' if len(shown) <= MOST_ECHOED else f'"{shown[: MOST_ECHOED - 3]}..."'
