"""The one server of the calls: it keeps what it received and answers by what the request says."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

import brotli

from tests.support.scripted_server import answer

if TYPE_CHECKING:
    from tests.support.scripted_server import Talk

CONTENTS = {
    "empty": b"",
    "ascii": b'{"a": "b"}',
    "utf-8": '{"a": "grün €"}'.encode(),
    "latin-1": '{"a": "grün"}'.encode("latin-1"),
    "nan": b'{"a": NaN}',
    "broken": b'{"a": ',
    "bom": b'\xef\xbb\xbf{"a": 1}',
    "surrogate": b'{"a": "\\ud83d"}',
}
BODY = b"encoded " * 9
RAW = zlib.compressobj(wbits=-zlib.MAX_WBITS)
ENCODED = {
    "gzip": gzip.compress(BODY),
    "deflate": zlib.compress(BODY),
    "raw-deflate": RAW.compress(BODY) + RAW.flush(),
    "br": brotli.compress(BODY),
    "identity": BODY,
    "broken-gzip": b"this is none",
}
LINES = "one\ntwo grün\n\nlast".encode()


def serve(talk: Talk) -> None:
    """Answers each request of a connection."""
    while request := talk.request():
        head = request.partition(b"\r\n\r\n")[0].decode("latin-1")
        first, *lines = head.split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        path = target.partition("?")[0]
        whole = _answer(path, headers)
        talk.send(whole.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if method == "HEAD" else whole)
        if path == "/to-the-end":
            break


def _answer(path: str, headers: dict[str, str]) -> bytes:
    said = {
        name: headers.get(f"x-{name}", "") for name in ("status", "location", "content", "kind", "encoding", "cookies")
    }
    status = f"{said['status'] or 200} Said"
    place = said["location"].replace("{host}", headers["host"]).replace("{port}", headers["host"].rpartition(":")[2])
    answers = {
        "/moved": lambda: answer(b"moved", status, f"Location: {place}"),
        "/a/moved": lambda: answer(b"", status, f"Location: {place}"),
        "/moved-with-cookie": lambda: answer(b"", status, f"Location: {place}", "Set-Cookie: seen=1"),
        "/moved-nowhere": lambda: answer(b"", status),
        "/round": lambda: answer(b"", status, "Location: /round"),
        "/status": lambda: answer(b"" if said["status"] in {"204", "304"} else b"said", status),
        "/content": lambda: answer(
            CONTENTS[said["content"]], "200 OK", *([f"Content-Type: {said['kind']}"] if said["kind"] else [])
        ),
        "/encoded": lambda: answer(
            ENCODED[said["encoding"]],
            "200 OK",
            f"Content-Encoding: {said['encoding'].removeprefix('raw-').removeprefix('broken-')}",
        ),
        "/login": lambda: answer(b"", "200 OK", *(f"Set-Cookie: {each}" for each in said["cookies"].split("|"))),
        "/lines": lambda: answer(LINES),
        "/chunked": lambda: (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n"
            % (LINES[:5], len(LINES) - 5, LINES[5:])
        ),
        "/to-the-end": lambda: b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + LINES,
    }
    made = answers.get(
        path, lambda: answer(b'{"echo": true}', "200 OK", "X-Server: yes", "Content-Type: application/json")
    )
    return made()
