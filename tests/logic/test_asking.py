"""Whatever a hostile service answers to the lab itself: it is bounded in bytes, time and depth, and told in words."""

from __future__ import annotations

import gzip
import itertools
import time
from typing import TYPE_CHECKING, Any

import brotli
import pytest

from lab.asking import target
from lab.asking.asker import Asker, AskFailed, members, value
from lab.ledger import audit
from lab.service import metrics
from tests.support.scripted_server import ScriptedServer, Talk, answer, replies

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 1_000_000
SECONDS = 0.3
OK = b"HTTP/1.1 200 OK\r\n"
BOMB = gzip.compress(bytes(50 * MOST), compresslevel=1)


def sends(*parts: bytes, forever: bytes = b"", pause: float = 0.0) -> Callable[[Talk], None]:
    """A script that answers with these, and then goes on with the same for ever."""

    def script(talk: Talk) -> None:
        talk.request()
        talk.send(*parts)
        for part in itertools.repeat(forever) if forever else ():
            talk.send(part, pause=pause)
        talk.stay()

    return script


def leaves(part: bytes) -> Callable[[Talk], None]:
    """A script that answers with this and closes."""

    def script(talk: Talk) -> None:
        talk.request()
        talk.send(part)

    return script


def resets(talk: Talk) -> None:
    talk.request()
    talk.reset()


HOSTILE: dict[str, tuple[Callable[[Talk], Any], str]] = {
    "never answers": (sends(), "Read timeout after 0.3 s"),
    "drips its head": (sends(OK, forever=b"X", pause=0.01), "Read timeout after 0.3 s"),
    "drips its body": (sends(OK, b"Content-Length: 999\r\n\r\n", forever=b"x", pause=0.01), "Read timeout after 0.3 s"),
    "an endless head": (sends(OK, forever=b"X: y\r\n" * 1000), "Head too large: more than"),
    "endless interim answers": (sends(forever=b"HTTP/1.1 100 Continue\r\n\r\n" * 100), "Head too large: more than"),
    "an endless body": (sends(OK, b"\r\n", forever=bytes(99_999)), "Body too large: more than 1000000 bytes"),
    "endless chunks": (
        sends(OK, b"Transfer-Encoding: chunked\r\n\r\n", forever=b"ffff\r\n" + b"x" * 65535 + b"\r\n"),
        "Body too large: more than 1000000 bytes",
    ),
    "a length beyond all sense": (sends(OK + b"Content-Length: 99999999999999999999999\r\n\r\n"), "Invalid answer: "),
    "a bomb of gzip": (
        replies(answer(BOMB, "200 OK", "Content-Encoding: gzip")),
        "Body too large: too many bytes",
    ),
    "a bomb of br": (
        replies(answer(brotli.compress(bytes(50 * MOST), quality=1), "200 OK", "Content-Encoding: br")),
        "Body too large: too many bytes",
    ),
    "a bomb in a bomb": (
        replies(answer(gzip.compress(BOMB), "200 OK", "Content-Encoding: gzip, gzip")),
        "Body too large: too many bytes",
    ),
    "a thousand encodings": (
        replies(answer(b"x", "200 OK", "Content-Encoding: " + ", ".join(["gzip"] * 1000))),
        "Undecodable body: more than",
    ),
    "an unknown encoding": (replies(answer(b"x", "200 OK", "Content-Encoding: \x1b[2J")), "Invalid answer: "),
    "no HTTP": (sends(b"\x00\x16\x03\x01" * 100), "Invalid answer: "),
    "SSH": (sends(b"SSH-2.0-OpenSSH_9.6\r\n"), "Invalid answer: "),
    "a status of its own": (sends(b"HTTP/1.1 99999 OK\r\n\r\n"), "Invalid answer: "),
    "nothing": (Talk.request, "Connection closed before an answer"),
    "half of it": (leaves(OK + b"Content-Length: 9\r\n\r\nhalf"), "Connection closed in the middle of an answer"),
    "a reset": (resets, "Connection reset"),
}


@pytest.mark.parametrize(("script", "says"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_answer_is_told_in_a_few_words(script: Callable[[Talk], Any], says: str) -> None:
    # what is idempotent is asked for once more where the connection ended
    with ScriptedServer(script, script) as server, Asker(server.url, most_bytes=MOST) as asker:
        began = time.monotonic()
        with pytest.raises(AskFailed) as failed:
            asker.ask("GET", "/", SECONDS if says.startswith("Read timeout") else 30)
        assert str(failed.value).startswith(says)
        assert str(failed.value).isprintable()
        assert time.monotonic() - began < 60


@pytest.mark.parametrize("script", [script for script, _ in HOSTILE.values()], ids=HOSTILE)
def test_a_hostile_description_resets_nothing_and_ends_no_start(script: Callable[[Talk], Any]) -> None:
    with ScriptedServer(script, script) as server:
        assert target.reset(server.url, SECONDS) is False
        assert all(request.startswith(b"GET /openapi.json ") for request in server.requests)


@pytest.mark.parametrize("script", [script for script, _ in HOSTILE.values()], ids=HOSTILE)
def test_a_hostile_page_of_the_state_is_not_audited(
    script: Callable[[Talk], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(audit, "MOST_PAGE_BYTES", MOST)
    described = b'{"paths": {"/orders": {"get": {"x-lab-state": {}}}}}'

    def first_the_description(talk: Talk) -> None:
        talk.request()
        talk.send(answer(described))
        script(talk)

    until = time.monotonic() + SECONDS
    with ScriptedServer(first_the_description, script) as server:
        pages = audit.read_state("5f3a9c21", server.url, SECONDS, lambda: until + 1 - time.monotonic())
        with pytest.raises(audit.NotAudited) as reason:
            assert sum(len(list(writes)) for writes in pages) == 0
        assert str(reason.value).isprintable()


def test_a_redirect_is_an_answer_as_any_other() -> None:
    with ScriptedServer(replies(answer(b"", "302 Found", "Location: http://127.0.0.2:1/"))) as server:
        with Asker(server.url) as asker:
            assert asker.ask("GET", "/", 5).status == 302
        assert server.connections == 1


@pytest.mark.parametrize(
    "document", [b"", b"[]", b"1", b"\xff", b"{", b'{"a":', b"[" * 1_000_000, b'{"a":' * 1_000_000, b'{"a": "\\ud800"}']
)
def test_a_document_that_cannot_be_read_is_none(document: bytes) -> None:
    assert members(document) == {}
    assert value(document) in (None, [], 1)


KNOWN = "process_cpu_seconds_total 1\n"


@pytest.mark.parametrize(
    ("page", "gauges"),
    [
        ("process_open_fds NaN\n", {}),
        ("process_open_fds 1e999\n", {}),
        ("process_open_fds -Inf\n", {}),
        ("process_open_fds 1e300\n", {}),
        ("process_open_fds 5\n", {"open_files": 5.0}),
        ("".join(f"other_{at} 1\n" for at in range(50_000)), {}),
        ("other{" + "a" * 1_000_000 + "\n", {}),
        ("\x1b[2J\n# HELP x\n", {}),
    ],
)
def test_of_a_hostile_page_of_metrics_only_figures_are_taken(page: str, gauges: dict[str, float]) -> None:
    read = metrics.read(KNOWN + page, 1.0)
    assert (read.counters, read.gauges) == ({"cpu_seconds": 1.0}, gauges)


UNREADABLE = ("{", '{a="', "{} x", " NaN", "{a=b} 1", '{a="b" 1', " x", "")


@pytest.mark.parametrize("page", ["", "\x00", "<html>", "{}", *(f"process_open_fds{each}" for each in UNREADABLE)])
def test_what_is_no_page_of_metrics_is_none(page: str) -> None:
    with pytest.raises(metrics.NoMetrics):
        metrics.read(page, 1.0)


def test_text_of_metrics_is_printable_and_bounded() -> None:
    worst = "\\n\u202e\x1b" + "x" * 500
    page = f'api_store_info{{store="{worst}",survives="{worst}",setting="{worst}"}} 1\n' + "".join(
        f'api_worker_cpu_seconds_total{{pid="{pid}"}} 1\n' for pid in range(5000)
    )
    read = metrics.read(KNOWN + page, 1.0)
    assert read.durability
    assert all(text.isprintable() and len(text) == metrics.MOST_LABEL_LETTERS for text in read.durability)
    assert len(read.workers) == metrics.MOST_WORKERS
