"""Who is asked for metrics: every address of every URL, each by itself, and the target where there is nobody else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.programs import printed_by
from tests.support.running_service import ROOT, RunningService
from tests.support.scripted_server import ScriptedServer, Talk, answer


def scraped(urls: list[str], target: str, slow: str = "") -> Any:
    """What a scraper heard in its first round and in its last, in a process of its own: gevent patches all of it."""
    return json.loads(printed_by("scrape", json.dumps([urls, target, slow])))


@pytest.fixture
def two(service: Callable[..., RunningService]) -> tuple[RunningService, RunningService]:
    first, second = (service(API_REPLICA=name, WEB_CONCURRENCY="1") for name in ("a", "b"))
    return first, second


def test_everybody_is_read_at_the_start_and_in_the_end(two: tuple[RunningService, RunningService]) -> None:
    urls = [f"{each.url}/metrics" for each in two]
    heard = scraped(urls, "http://127.0.0.1:1")
    assert heard["first"] == heard["last"] == [["a", "service", "replica"], ["b", "service", "replica"]]


def test_the_target_is_read_where_nobody_else_is_known_and_only_there(
    two: tuple[RunningService, RunningService],
) -> None:
    a, b = two
    assert [name for name, *_ in scraped(["http://nobody-of-this-name/metrics"], a.url)["first"]] == ["a"]
    assert [name for name, *_ in scraped([f"{b.url}/metrics"], a.url)["first"]] == ["b"]


def test_a_name_that_takes_long_and_a_dead_replica_hold_nobody_up(two: tuple[RunningService, RunningService]) -> None:
    urls = ["http://slow-name/metrics", "http://127.0.0.1:1/metrics", f"{two[0].url}/metrics"]
    heard = scraped(urls, two[0].url, slow="slow-name")
    assert [name for name, *_ in heard["last"]] == ["a"]
    assert heard["seconds"] < 20


def test_pods_that_say_nothing_themselves_are_read_where_others_do(two: tuple[RunningService, RunningService]) -> None:
    """The first Pod of the page is a replica that tells its own CPU: it is not taken from both."""
    page = (ROOT / "tests/data/metrics/cadvisor.txt").read_text().replace("api-7d9f-x2x4k", "a").encode()

    def serve(talk: Talk) -> None:
        while talk.request():
            talk.send(answer(page, "200 OK", "Content-Type: text/plain"))

    with ScriptedServer(*[serve] * 9) as server:
        heard = scraped([f"{two[0].url}/metrics", f"{server.url}/federate"], "http://127.0.0.1:1")
    assert heard["last"] == [["a", "service", "replica"], ["api-7d9f-zz9pq", "service", "replica"]]
