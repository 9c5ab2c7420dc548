"""Requests as bytes: URLs, headers and bodies. Pure."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import IO, Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from locust.exception import LocustError

from lab.client import bodies, documents
from lab.client.connecting import Origin

Credentials = tuple[str | bytes, str | bytes]
Params = Mapping[str, Any] | Iterable[tuple[str, Any]] | str | None
Data = str | bytes | Mapping[str, Any] | Iterable[tuple[str, Any]] | IO[bytes] | IO[str] | None

JSON, FORM = "application/json", "application/x-www-form-urlencoded; charset=utf-8"
TEXT, OCTETS = "text/plain; charset=utf-8", "application/octet-stream"

_ALWAYS = {"User-Agent": "LeanHttpUser", "Accept-Encoding": bodies.ACCEPTED}
_BODIES_EXPECTED = {"POST", "PUT", "PATCH"}
_AS_THEY_ARE = "/%:?#[]@!$&'()*+,;=~-._"
_FORBIDDEN = ("\r", "\n", "\0")


class UnsupportedOption(LocustError, ValueError):  # noqa: N818 - its name is what the report shows
    """An option that LeanHttpUser does not have, though FastHttpUser may; the message names it."""

    def __init__(self, option: str) -> None:
        super().__init__(f"LeanHttpUser does not support {option}; FastHttpUser or HttpUser may")


def split(url: str) -> tuple[Origin, str]:
    """The server of an absolute URL, and the target as the request line has it."""
    parts = urlsplit(url)
    tls = parts.scheme.lower() == "https"
    if not tls and parts.scheme.lower() != "http":
        raise UnsupportedOption(f"the URL {url!r}: it begins with neither http:// nor https://")
    if not parts.hostname:
        raise ValueError(f"the URL {url!r} has no host")
    target = quote(parts.path or "/", _AS_THEY_ARE) + (f"?{quote(parts.query, _AS_THEY_ARE)}" if parts.query else "")
    return Origin(tls, parts.hostname, parts.port or (443 if tls else 80)), target


def without_credentials(url: str) -> tuple[str, str | None]:
    """The URL without user and password, and the header for them; None where it has none."""
    parts = urlsplit(url)
    if not (parts.username and parts.password):
        return url, None
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return bare, basic_authorization((unquote(parts.username), unquote(parts.password)))


def basic_authorization(credentials: Credentials) -> str:
    """The Authorization header of user and password."""
    user, password = (part.encode("latin-1") if isinstance(part, str) else part for part in credentials)
    return "Basic " + b64encode(user + b":" + password).decode("ascii")


def with_params(url: str, params: Params) -> str:
    """The URL with these parameters added to its query."""
    if not params:
        return url
    query = params if isinstance(params, str) else urlencode(list(_pairs(params)), doseq=True)
    url, hash_sign, fragment = url.partition("#")
    return f"{url}{'&' if '?' in url else '?'}{query}{hash_sign}{fragment}"


def _pairs(params: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> Iterable[tuple[str, Any]]:
    pairs = params.items() if isinstance(params, Mapping) else params
    return ((name, value) for name, value in pairs if value is not None)


def body_of(data: Data, json: Any) -> tuple[bytes | None, str | None]:
    """The body, and its content type unless the request sets another."""
    if not data:
        return (None, None) if json is None else (documents.dump(json), JSON)
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data), OCTETS
    if isinstance(data, str):
        return data.encode(), TEXT
    if isinstance(data, (Mapping, list, tuple)):
        form = urlencode(list(_pairs(data)), doseq=True).encode()
        return form, FORM
    if hasattr(data, "read"):
        content = data.read()
        return content.encode() if isinstance(content, str) else content, OCTETS
    raise UnsupportedOption(f"data of type {type(data).__name__}")


def merged(*layers: Mapping[str, Any]) -> dict[str, tuple[str, Any]]:
    """Name and value of each header by its name in lower case. A later layer overrides an earlier one."""
    headers: dict[str, tuple[str, Any]] = {}
    for layer in layers:
        headers |= {name.lower(): (name, value) for name, value in layer.items() if value is not None}
    # the body is sent whole and with its length: two lengths would be two requests to some servers
    headers.pop("content-length", None)
    if "transfer-encoding" in headers:
        raise UnsupportedOption("the header Transfer-Encoding")
    return headers


def head_of(method: str, origin: Origin, target: str, own: dict[str, tuple[str, Any]]) -> bytes:
    """Request line and headers, up to the body's length. A list is sent as a line for each of its values."""
    headers = merged({"Host": origin.authority}, _ALWAYS) | own
    lines = [f"{method} {target} HTTP/1.1"]
    for name, value in headers.values():
        lines += [f"{name}: {_text(each)}" for each in (value if isinstance(value, (list, tuple)) else [value])]
    lines.append("")
    if any(sign in line for line in lines for sign in _FORBIDDEN) or " " in target:
        raise ValueError("a line break in a method, a URL or a header")
    return "\r\n".join(lines).encode("latin-1")


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def whole(method: str, head: bytes, body: bytes | None) -> bytes:
    """The request as it is sent."""
    if body is None:
        return head + (b"Content-Length: 0\r\n\r\n" if method in _BODIES_EXPECTED else b"\r\n")
    return b"%bContent-Length: %d\r\n\r\n%b" % (head, len(body), body)
