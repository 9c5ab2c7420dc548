"""Whatever bytes come, in whatever pieces: the reader of answers has the right one, or says that it is none."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import io
import zlib

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.lean import AnswerReader, Headers, Reported, RequestFailed, bodies
from tests.support.scripted_server import ScriptedServer, Talk

NAMES = st.sampled_from(["X-One", "x-two", "Set-Cookie", "Link"])
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)
LINES = [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 500 No\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 204\r\n"]
FIELDS = [b"Content-Length: 3\r\n", b"Content-Length: 99999999999999999999\r\n", b"Transfer-Encoding: chunked\r\n"]
ODD = [
    b"Connection: close\r\n",
    b"Connection: upgrade\r\nUpgrade: h2c\r\n",
    b"\r\n",
    b"3\r\nabc\r\n",
    b"0\r\n\r\n",
    b"abc",
]
FRAGMENTS = st.lists(st.one_of(st.sampled_from(LINES + FIELDS + ODD), st.binary(max_size=6)), max_size=12)


@st.composite
def answers(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """A valid answer as it is sent, and its body."""
    body = draw(st.binary(max_size=300))
    fields = [f"{name}: {value}".encode() for name, value in draw(st.lists(st.tuples(NAMES, VALUES), max_size=5))]
    sent = body
    if draw(st.booleans()):
        fields.append(b"Transfer-Encoding: chunked")
        cuts = sorted(draw(st.lists(st.integers(0, len(body)), max_size=4)))
        parts = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True) if start < end]
        sent = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    else:
        fields.append(b"Content-Length: %d" % len(body))
    status = draw(st.sampled_from([200, 201, 404, 503]))
    return b"\r\n".join([b"HTTP/1.1 %d Said" % status, *draw(st.permutations(fields)), b"", sent]), body


def pieces(draw: st.DataObject, data: bytes) -> list[bytes]:
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(data)), max_size=6)))
    parts = [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    return [part for part in parts if part]


class _Socket:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)


@given(st.lists(answers(), min_size=1, max_size=3), st.data())
def test_answers_in_any_pieces_are_what_pythons_own_client_reads(
    several: list[tuple[bytes, bytes]], draw: st.DataObject
) -> None:
    """One after the other on one connection: nothing of one is left in the next."""
    reader = AnswerReader(10_000)
    for sent, body in several:
        reader.expect("GET")
        for piece in pieces(draw, sent):
            assert not reader.complete
            reader.feed(piece)
        assert reader.complete
        assert reader.reusable
        reference = http.client.HTTPResponse(_Socket(sent))  # type: ignore[arg-type] # all that it asks of a socket
        reference.begin()
        assert (reader.status, reader.body) == (reference.status, reference.read()) == (reference.status, body)
        headers = Headers(reader.head[: reader.head.find(b"\r\n\r\n")])
        assert {name: headers[name] for name in headers} == {
            name: ", ".join(reference.headers.get_all(name) or []) for name in headers
        }
        assert len(headers) == len({name.lower() for name in reference.headers})


@given(FRAGMENTS, st.sampled_from(["GET", "HEAD", "POST"]), st.data())
@settings(max_examples=400)
def test_whatever_comes_is_an_answer_or_none_and_never_an_error(
    fragments: list[bytes], method: str, draw: st.DataObject
) -> None:
    reader = AnswerReader(10_000)
    reader.expect(method)
    try:
        for piece in pieces(draw, b"".join(fragments)):
            if reader.feed(piece):
                break
        else:
            reader.end()
    except RequestFailed as failed:
        assert "\n" not in str(failed)  # noqa: PT017 - raising is one of two right answers
        return
    assert reader.complete
    assert reader.status == 101 or 200 <= reader.status <= 999
    assert len(reader.body) <= len(b"".join(fragments))


@given(FRAGMENTS)
@settings(max_examples=30, deadline=None)
def test_whatever_a_server_sends_the_next_request_is_not_touched_by_it(fragments: list[bytes]) -> None:
    def script(talk: Talk) -> None:
        talk.request()
        talk.send(*fragments)

    with ScriptedServer(script) as server, Reported(server.url, seconds=2) as client:
        first = client.post("/", data=b"x")
        assert (first.status_code > 0) or isinstance(first.error, RequestFailed)
        second = client.get("/")
        assert (second.status_code, second.content, second.headers["X-Good"]) == (200, b"good", "yes")


PLAIN = b"the same again, " * 64


def deflated(data: bytes, window: int) -> bytes:
    stream = zlib.compressobj(wbits=window)
    return stream.compress(data) + stream.flush()


@pytest.mark.parametrize(
    ("encodings", "body"),
    [
        ("gzip", gzip.compress(PLAIN)),
        ("x-gzip", gzip.compress(PLAIN[:99]) + gzip.compress(PLAIN[99:])),
        ("deflate", deflated(PLAIN, zlib.MAX_WBITS)),
        ("deflate", deflated(PLAIN, -zlib.MAX_WBITS)),
        ("br", brotli.compress(PLAIN)),
        ("identity", PLAIN),
        ("gzip, br", brotli.compress(gzip.compress(PLAIN))),
    ],
    # a packed body holds the time at which it was packed, and the processes of xdist must find the same names
    ids=["gzip", "gzip in two", "deflate", "deflate without a head", "br", "identity", "gzip and br"],
)
def test_a_compressed_body_is_what_it_was(encodings: str, body: bytes) -> None:
    assert bodies.decode(body, encodings, len(PLAIN)) == PLAIN
    if encodings != "identity":
        with pytest.raises(RequestFailed, match="UndecodableBody"):
            bodies.decode(body[:-5], encodings, len(PLAIN))
        with pytest.raises(RequestFailed, match="BodyTooLarge"):
            bodies.decode(body, encodings, len(PLAIN) - 1)


@given(st.binary(min_size=1, max_size=60), st.sampled_from(["gzip", "deflate", "br", "gzip, br"]))
def test_a_body_that_was_never_compressed_is_a_failure_or_something(body: bytes, encodings: str) -> None:
    with contextlib.suppress(RequestFailed):
        assert len(bodies.decode(body, encodings, 1000)) <= 1000


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_a_bomb_does_not_go_off(encoding: str) -> None:
    bomb = gzip.compress(bytes(50_000_000)) if encoding == "gzip" else brotli.compress(bytes(50_000_000), quality=5)
    with pytest.raises(RequestFailed, match="BodyTooLarge"):
        bodies.decode(bomb, encoding, 1_000_000)


def test_headers_are_found_whatever_their_case_and_folding() -> None:
    headers = Headers(b"HTTP/1.1 200 OK\r\nA: 1\r\nset-cookie: x=1\r\nSet-Cookie:y=2 \r\nLong: one\r\n two\r\nEmpty:")
    assert (headers["a"], headers["LONG"], headers["empty"]) == ("1", "one two", "")
    assert (headers.all("Set-Cookie"), headers["set-cookie"]) == (["x=1", "y=2"], "x=1, y=2")
    found = [headers.get(name) for name in ("a", "LONG", "Empty", "Set-Cookie")]
    assert found == ["1", "one two", "", "x=1, y=2"]
    assert (headers.get("b"), headers.get("b", "2"), "b" in headers, "A" in headers, len(headers)) == (
        None,
        "2",
        False,
        True,
        4,
    )
    assert dict(headers) == {"A": "1", "Set-Cookie": "x=1, y=2", "Long": "one two", "Empty": ""}
    assert not Headers(b"")
    with pytest.raises(KeyError):
        headers["b"]
