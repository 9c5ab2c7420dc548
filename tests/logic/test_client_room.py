"""What the users of a worker keep of answers is bounded together: bodies, bombs and cookies, however many users ask."""

from __future__ import annotations

import gc
import gzip
from itertools import repeat
from typing import TYPE_CHECKING, Any

import brotli
import gevent
import pytest

from lab.client import room
from lab.client.cookies import MOST_COOKIES
from lab.client.reader import AnswerReader
from lab.client.room import ROOM
from tests.support.lean import Environment, LeanHttpUser, Reported
from tests.support.scripted_server import ScriptedServer, Talk, answer, replies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MOST = 1_000_000
USERS = 5


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(room, "LEAST_BYTES", MOST)
    gc.collect()  # users of other tests add their part as long as they are there
    monkeypatch.setattr(ROOM, "_parts", 0)
    yield
    # the event loop ends what it was in the middle of, and the clients of tests keep what they report, in a circle
    gevent.sleep(0.01)
    gc.collect()
    assert ROOM.taken == 0


def endless(talk: Talk) -> None:
    talk.request()
    talk.send(b"HTTP/1.1 200 OK\r\n\r\n")
    for part in repeat(bytes(50_000)):
        talk.send(part)


def long(talk: Talk) -> None:
    talk.request()
    talk.send(answer(bytes(600_000)))
    talk.stay()


def bomb(encoding: str, body: bytes) -> Callable[[Talk], None]:
    return replies(answer(body, "200 OK", f"Content-Encoding: {encoding}"))


HOSTILE = {
    "endless": (endless, False),
    "long": (long, False),
    "endless, streamed": (endless, True),
    "gzip": (bomb("gzip", gzip.compress(bytes(100 * MOST), compresslevel=1)), False),
    "br": (bomb("br", brotli.compress(bytes(100 * MOST), quality=1)), False),
    "gzip, streamed": (bomb("gzip", gzip.compress(bytes(100 * MOST), compresslevel=1)), True),
}


@pytest.mark.parametrize(("script", "streamed"), HOSTILE.values(), ids=HOSTILE)
def test_what_all_users_keep_of_long_bodies_is_bounded(script: Callable[[Talk], Any], streamed: bool) -> None:
    kept: list[Any] = []
    most = [0]

    def ask(url: str) -> None:
        with Reported(url, seconds=20) as client:
            response = client.get("/", stream=streamed)
            try:
                kept.append((response, len(response.content or b"")))
            except Exception as error:  # noqa: BLE001 - a streamed body fails when it is read
                kept.append((error, 0))
            most[0] = max(most[0], ROOM.taken)

    with ScriptedServer(*[script] * USERS) as server:
        gevent.joinall([gevent.spawn(ask, server.url) for _ in range(USERS)], timeout=60)
    assert len(kept) == USERS
    failed = [str(getattr(each, "error", each)) for each, length in kept if not length]
    assert failed
    assert all("BodyTooLarge: " in each for each in failed)
    assert sum(length for _, length in kept) <= most[0] <= MOST


def test_each_user_adds_its_part_as_long_as_it_is_there() -> None:
    before = ROOM.left
    users: list[Any] = [type("Visitor", (LeanHttpUser,), {"host": "http://api"})(Environment()) for _ in range(3)]
    assert ROOM.left == max(before, 3 * LeanHttpUser.body_room_bytes) == 3 * 1024 * 1024
    ROOM.bound(2 * MOST)
    assert ROOM.left == 2 * MOST
    ROOM.bound(2**62)
    users.clear()
    gc.collect()
    assert ROOM.left == before


def test_the_last_part_of_a_body_counts_as_well() -> None:
    reader = AnswerReader(MOST)
    body = answer(bytes(90_000))
    assert not reader.feed(body[:80_000])
    assert reader.feed(body[80_000:])
    assert len(reader.body) == 90_000
    assert ROOM.taken == len(body)
    reader.forget()


def test_bodies_as_most_have_them_are_not_counted() -> None:
    with ScriptedServer(replies(*[answer(bytes(room.UNCOUNTED_BYTES - 1000))] * 3)) as server:
        with Reported(server.url) as client:
            responses = [client.get("/") for _ in range(3)]
        assert [len(each.content or b"") for each in responses] == [room.UNCOUNTED_BYTES - 1000] * 3
        assert ROOM.taken == 0


def test_a_user_keeps_as_many_cookies_as_a_browser_and_none_that_is_too_long() -> None:
    lots = [f"Set-Cookie: c{at}=v{at}" for at in range(MOST_COOKIES + 20)]
    long = [f"Set-Cookie: {'n' * each}={'v' * (4100 - each)}" for each in (5, 4000)]
    later = ["Set-Cookie: c100=again", "Set-Cookie: last=1"]
    script = replies(answer(b"", "200 OK", *lots), answer(b"", "200 OK", *long), answer(b"", "200 OK", *later))
    with ScriptedServer(script) as server, Reported(server.url) as client:
        for _ in range(4):
            client.get("/")
        sent = server.requests[-1].decode().partition("Cookie: ")[2].partition("\r\n")[0].split("; ")
        assert len(sent) == MOST_COOKIES
        assert {"c100=again", "last=1", f"c{MOST_COOKIES + 19}=v{MOST_COOKIES + 19}"} < set(sent)
        assert "c20=v20" not in sent
        assert max(map(len, sent)) < 20
