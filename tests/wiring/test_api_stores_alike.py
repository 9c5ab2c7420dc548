"""SQLite and PostgreSQL give the same answers to the same requests, byte for byte: what is stored there is not seen."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.wiring.test_api_bad_input import BODIES, GOOD_BODIES, JSON, QUERIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.running_service import Answer, RunningService

SEED = 20_261_127
RANDOM_REQUESTS = 300
LETTERS = (
    "aZ09 _-\"'\\/%{}[]<>&;=\t\n\r\x7f\u0001\u0000"
    "äßИ中あ\u00a0\u200b\u202e\u2028\ufeff\ufffe\uffff\ud7ff\ue000\U0001f389\U0010ffff\u0301e\u0301\u1e9e"
)
"""Letters of every length in UTF-8, controls, direction marks, combining marks, and the ends of ranges."""
VARIES = {"Date", "Content-Length"}
"""Headers that are not compared: the time, and what follows from the body."""


class Asked(NamedTuple):
    """One request."""

    method: str
    path: str
    body: bytes | None = None
    content_type: str | None = JSON


def _requests() -> Iterator[Asked]:
    for bad in BODIES:
        yield Asked("POST", "/tests", bad.body, bad.content_type)
    for _, body in GOOD_BODIES:
        yield Asked("POST", "/tests", body)
    for query, _ in QUERIES:
        yield Asked("GET", f"/tests?{query}")
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "MADE-UP"):
        for path in ("/tests", "/tests/1", "/tests/", "/health", "/ready", "/openapi.json", "/nowhere", "/tests?x=1"):
            yield Asked(method, path)
    chance = random.Random(SEED)
    for _ in range(RANDOM_REQUESTS):
        yield _by_chance(chance)


def _by_chance(chance: random.Random) -> Asked:
    number = str(chance.choice([0, 1, 2, 3, 50, 2**31, 2**53 + 1, 2**63 - 1, 2**63, chance.randrange(300)]))
    kind = chance.random()
    if kind < 0.55:
        text = "".join(chance.choices(LETTERS, k=chance.choice([1, 3, 20, 199, 200, 201])))
        other = "".join(chance.choices(LETTERS, k=chance.choice([0, 5, 500])))
        item = {"name": text, "description": other, **({text: 1, other: 2} if chance.random() < 0.1 else {})}
        return Asked("POST", "/tests", json.dumps(item, ensure_ascii=chance.random() < 0.5).encode())
    if kind < 0.7:
        return Asked(chance.choice(["GET", "HEAD"]), f"/tests/{number}")
    if kind < 0.98:
        return Asked("GET", f"/tests?limit={chance.choice([1, 2, 100, 1000, number])}&after={number}")
    return Asked("DELETE", "/tests")


def _answer(running: RunningService, asked: Asked) -> tuple[int, list[tuple[str, str]], bytes]:
    headers = {} if asked.content_type is None else {"Content-Type": asked.content_type}
    answer: Answer = running.ask(asked.method, asked.path, asked.body, headers)
    return answer.status, [header for header in answer.headers.items() if header[0] not in VARIES], answer.body


@pytest.mark.docker
def test_both_stores_answer_alike(service: Callable[..., RunningService], database: str) -> None:
    sqlite, postgresql = service(), service(API_DATABASE_URL=database)
    statuses = Counter[int]()
    for asked in _requests():
        answer = _answer(sqlite, asked)
        assert answer == _answer(postgresql, asked), asked
        statuses[answer[0]] += 1
    assert list(sqlite.pages()) == list(postgresql.pages())
    assert min(statuses[status] for status in (200, 204, 400, 404, 422)) > 1, statuses
