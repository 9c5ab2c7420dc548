"""How the lab itself asks a service: to look whether it is there, to reset it, for its metrics, in the audit.

There is this one way. Whatever the service does, an answer is bounded in bytes (as sent and decoded), in time from the
first look-up to the last byte, and in depth; redirects are not followed, and no proxy of the environment is asked. All
that fails is an AskFailed, which says in a few words at what.
"""

from __future__ import annotations

import re
import ssl
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self
from urllib.parse import urlsplit

import msgspec

from lab.client import RequestFailed, bodies
from lab.client.exchange import Exchange
from lab.client.headers import Headers
from lab.client.options import patience_of
from lab.client.pool import Answer, Terms
from lab.printable import printable

MOST_BYTES = 16 * 1024 * 1024
"""Of an answer that is read whole, and of its content once decoded."""
MOST_REASON_LETTERS = 200
MOST_ENDPOINTS, OTHERS = 100, "(others)"
"""Of its own requests that are counted apart."""
Seconds = float | tuple[float, float]
"""For the whole answer, or first for the connection and then for the whole."""
_PLAIN = {"User-Agent": "load-lab", "Accept-Encoding": "identity", "Accept": "*/*"}
_ASK_FOR_LOGIN = frozenset({401, 403})
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")


class AskFailed(Exception):  # noqa: N818 - it is no fault of the lab
    """A service did not answer, or not in a way that can be read; the message says how, without a full stop."""

    is_of_trust = False
    """Whether its certificate is why."""


class LoginNeeded(AskFailed):
    """The service asks the lab itself for a login; the message says where."""


class OwnRequests:
    """What the knobs say of the lab's own requests."""

    headers: tuple[tuple[str, str], ...] = ()
    sent: ClassVar[Counter[str]] = Counter()
    verify = True
    authorities: Path | None = None

    @classmethod
    def set_up(cls, headers: tuple[tuple[str, str], ...], verify: bool, authorities: Path | None) -> None:
        """Sets what LAB_HEADERS, LAB_TLS_VERIFY and LAB_TLS_CA say, once for the process."""
        cls.headers, cls.verify, cls.authorities = headers, verify, authorities

    @classmethod
    def count(cls, method: str, path: str) -> None:
        """Counts a request that is sent, by its method and its path without what is asked for."""
        endpoint = f"{method} {urlsplit(path).path or '/'}"
        cls.sent[endpoint if endpoint in cls.sent or len(cls.sent) < MOST_ENDPOINTS else OTHERS] += 1


class Reply(NamedTuple):
    """An answer: its status, its headers, and what it holds, decoded."""

    status: int
    headers: Headers
    content: bytes

    @property
    def login_advice(self) -> str:
        """What to do where the answer asks for a login; empty where it does not."""
        return ". LAB_HEADERS can hold the Authorization for it" if self.status in _ASK_FOR_LOGIN else ""


class Asker:
    """Asks one service, over connections that it keeps; a context manager that closes them."""

    def __init__(self, url: str, *, has_login: bool = True, most_bytes: int = MOST_BYTES) -> None:
        """`has_login`: whether LAB_HEADERS goes along, which may be a secret."""
        self.url, self._most_bytes = url, most_bytes
        verify, authorities = OwnRequests.verify, OwnRequests.authorities
        terms = Terms(most_body_bytes=most_bytes, ssl_context_factory=lambda: _context(verify, authorities))
        headers = {**_PLAIN, **dict(OwnRequests.headers if has_login else ())}
        self._exchange = Exchange(url, terms, headers, max_redirects=0, cookies=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._exchange.close()

    def ask(self, method: str, path: str, seconds: Seconds, headers: Mapping[str, str] | None = None) -> Reply:
        """The whole answer, within these seconds. Raises AskFailed."""
        with _told():
            answer = self._send(method, path, seconds, headers, streamed=False)
            reply = Headers(answer.head)
            content = bodies.decode(answer.body, reply.get("Content-Encoding") or "", self._most_bytes)
        return Reply(answer.status, reply, content)

    def look(self, seconds: float) -> int:
        """The status of the answer to a GET of the service's URL; its body is not read. Raises AskFailed."""
        with _told():
            answer = self._send("GET", "", seconds, None, streamed=True)
            if answer.stream:
                answer.stream.close()
        return answer.status

    @contextmanager
    def open(self, path: str, seconds: float) -> Iterator[tuple[Reply, Iterator[bytes]]]:
        """The answer to a GET with an empty content, and then its content part by part. Raises AskFailed.

        The time is for the head, and for each part: who reads the parts says how long all of them may take.
        """
        with _told():
            answer = self._send("GET", path, seconds, None, streamed=True)
        assert answer.stream
        try:
            headers = Headers(answer.head)
            if (encoding := (headers.get("Content-Encoding") or "identity").strip().lower()) != "identity":
                raise AskFailed(f"it answers in {printable(encoding, 40)}, though it was asked for plain content")
            yield Reply(answer.status, headers, b""), _each_part(iter(answer.stream))
        finally:
            answer.stream.close()

    def _send(
        self, method: str, path: str, seconds: Seconds, headers: Mapping[str, str] | None, *, streamed: bool
    ) -> Answer:
        OwnRequests.count(method, path)
        request = self._exchange.prepare(method, path, None, headers, None)
        answer, *_ = self._exchange.ask(request, None, False, patience_of(seconds), streamed)
        return answer


def _each_part(parts: Iterator[bytes]) -> Iterator[bytes]:
    with _told():
        yield from parts


@contextmanager
def _told() -> Iterator[None]:
    """Whatever fails inside is an AskFailed."""
    try:
        yield
    except (RequestFailed, OSError, ValueError) as error:
        failed = AskFailed(in_words(str(error)))
        failed.is_of_trust = str(error).startswith("CertificateRefused")
        raise failed from error


def in_words(failure: str) -> str:
    """The name of a failure (lab/client/failures.py) as a person reads it.

    >>> in_words("ConnectionRefused"), in_words("ReadTimeout after 5 s")
    ('Connection refused', 'Read timeout after 5 s')
    """
    name, colon, rest = failure.partition(":")
    return printable(_WORDS.sub(" ", name).capitalize() + colon + rest, MOST_REASON_LETTERS)


@cache
def _context(verify: bool, authorities: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authorities) if authorities else None)
    if not verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def members(document: bytes) -> dict[str, bytes]:
    """The members of a JSON object, unread; empty for anything else, however long and deep."""
    with suppress(msgspec.MsgspecError, RecursionError, ValueError):
        # a part is a view of the whole, and one of such a part a view of what may be gone: each is taken for itself
        return {name: bytes(part) for name, part in _members(document).items()}
    return {}


def value(document: bytes) -> Any:
    """What the JSON says; None for what is none, or is nested too deeply."""
    with suppress(msgspec.MsgspecError, RecursionError, ValueError):
        return _value(document)
    return None


_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_value = msgspec.json.Decoder().decode
