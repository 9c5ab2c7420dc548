"""What did the client send? The body of a request, read within its bounds and decoded as strict JSON."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NoReturn

from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]

from api.connection import TooSlow
from api.problems import Problem, echo

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import WSGIEnvironment

SIZE_MOST = 16 * 1024  # bytes
DEPTH_MOST = 32

# After these, where the next request on the connection begins is unknown, or it waits behind bytes that are not read.
_CLOSE = {"Connection": "close"}

_CHARSET_UTF_8 = re.compile(r'application/json[ \t]*(;[ \t]*charset="?utf-8"?[ \t]*)?;?', re.IGNORECASE)
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)


def read_json(environ: WSGIEnvironment) -> Any:
    """The JSON value in the body of a request. Raises Problem: 400, 408, 413 or 415."""
    content_type = environ.get("CONTENT_TYPE", "")
    if content_type != "application/json" and not _CHARSET_UTF_8.fullmatch(content_type):
        detail = f"The Content-Type must be application/json, not {echo(content_type)}."
        raise Problem(415, detail, headers={"Accept-Post": "application/json"})
    encoding = environ.get("HTTP_CONTENT_ENCODING", "")
    if encoding and encoding.lower() != "identity":
        detail = f"The Content-Encoding must be identity, not {echo(encoding)}."
        raise Problem(415, detail, headers={"Accept-Post": "application/json", "Accept-Encoding": "identity"})
    return decode_json(_read(environ))


def _read(environ: WSGIEnvironment) -> bytes:
    """The bytes of the body: all of them, at most SIZE_MOST; the connection bounds their time."""
    chunked = "HTTP_TRANSFER_ENCODING" in environ
    length = 0 if chunked else int(environ.get("CONTENT_LENGTH") or 0)
    if length > SIZE_MOST:
        raise _too_large()
    body: bytes
    try:
        body = environ["wsgi.input"].read(SIZE_MOST + 1 if chunked else length)
    except TooSlow as slow:
        raise Problem(408, f"{str(slow).capitalize()}.", headers=_CLOSE) from None
    except (OSError, ParseException):
        raise Problem(400, "The body is not framed as its headers say.", headers=_CLOSE) from None
    if len(body) > SIZE_MOST:
        raise _too_large()
    if len(body) < length:
        raise Problem(400, f"The body has {len(body)} bytes; Content-Length says {length}.", headers=_CLOSE)
    return body


def _too_large() -> Problem:
    return Problem(413, f"The body may have at most {SIZE_MOST} bytes.", headers=_CLOSE)


def decode_json(body: bytes) -> Any:
    """The value of a JSON text as RFC 8259 has it, and I-JSON (RFC 7493) for keys: each once. Raises Problem 400."""
    if not body:
        raise Problem(400, "The body is empty; a JSON object was expected.")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Problem(400, f"The body is not UTF-8: byte {error.start} does not belong there.") from None
    if text[0] == "\ufeff":
        raise Problem(400, "The body begins with a byte order mark; JSON has none.")
    # Every bracket counts at first, also those inside of strings: only the rare text with many is looked at closely.
    if text.count("[") + text.count("{") > DEPTH_MOST and _depth(text) > DEPTH_MOST:
        raise Problem(400, f"The JSON is nested deeper than {DEPTH_MOST} levels.")
    try:
        return _decoder.decode(text)
    except json.JSONDecodeError as error:
        detail = f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        raise Problem(400, detail) from None
    except (ValueError, RecursionError):
        # Python refuses integers of several thousand digits.
        raise Problem(400, "The body holds a number that is too long to be read.") from None


def _depth(text: str) -> int:
    """How deep the brackets of a JSON text are nested, strings aside."""
    depth = deepest = 0
    for found in _STRING_OR_BRACKET.finditer(text):
        mark = found.group()
        if mark in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif mark in "]}":
            depth -= 1
    return deepest


def _object(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key, value in pairs:
        if key in members:
            raise Problem(400, f"The body has the key {echo(key)} twice in one object.")
        members[key] = value
    return members


def _no_constant(name: str) -> NoReturn:
    raise Problem(400, f"The body holds {name}, which is not JSON.")


_decoder = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_constant)
