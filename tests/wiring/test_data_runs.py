"""Rows that are given once, in a swarm: no row twice, none lost, and what happens when all were given."""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.support.programs import LOCUSTFILES
from tests.support.running_service import RunningService, wait_until
from tests.support.swarm import Swarm, plan

ROWS = [json.loads(line)["code"] for line in (LOCUSTFILES / "data" / "coupons.jsonl").read_text().splitlines()]


def stored(url: str) -> list[tuple[str, str]]:
    """Account and coupon of every write that the service has, in its order."""
    found: list[tuple[str, str]] = []
    after = ""
    while True:
        with urllib.request.urlopen(f"{url}/tests?limit=1000{after}", timeout=10) as answer:
            items: list[Any] = json.load(answer)
            link = answer.headers.get("Link")
        found += [tuple(item["name"].split("/")[:2]) for item in items if item["name"].count("/") == 2]
        if not link:
            return found
        after = "&after=" + link.partition("after=")[2].partition(">")[0].partition("&")[0]


def asked(running: Swarm) -> int:
    """How many requests the master has counted. Nobody else asks the service meanwhile: both ends must agree."""
    try:
        whole: int = running.get("/stats/requests")["stats"][-1]["num_requests"]
    except OSError:  # its UI is not there yet
        return 0
    return whole


def knobs(**more: str) -> dict[str, str]:
    known = {"LAB_RUN_TIME": "60s", "LOCUST_USERS": "8", "LAB_SCENARIO": str(LOCUSTFILES / "rationed.py")}
    return plan("steady", **{**known, **more})


def test_each_row_is_given_once_over_all_workers_though_one_leaves_and_one_comes(
    swarm: Callable[..., Swarm], target: RunningService
) -> None:
    running = swarm(target.url, 2, **knobs(PAUSE="0.1"))
    wait_until(lambda: asked(running) > 20, 120, "coupons by two workers")
    running.add_workers(1)
    wait_until(lambda: running.worker_count() == 3, 120, "a third worker")
    so_far = asked(running)
    wait_until(lambda: asked(running) > so_far + 50, 120, "more coupons, by all three")
    running.workers[0].terminate()
    assert running.await_exit(120) == 0, running.log()
    accounts, coupons = zip(*stored(target.url), strict=True)
    assert Counter(Counter(coupons).values()) == {1: len(coupons)}, "a coupon was given twice"
    assert sorted(map(int, coupons)) == sorted(ROWS), "coupons were lost"
    assert set(accounts) <= {f"member-{number}" for number in range(1, 9)}
    verdict = running.verdict
    assert verdict["complete"]
    rows = {row["file"]: row for row in verdict["data"]}
    assert (rows["data/coupons.jsonl"]["given"], rows["data/accounts.csv"]["short"]) == (len(ROWS), 0)
    assert 'The run ended when all 1,200 rows of data/coupons.jsonl were given, as at_end="stop"' in verdict["sentence"]


def test_more_users_than_accounts_is_one_sentence_and_soon(swarm: Callable[..., Swarm], target: RunningService) -> None:
    running = swarm(target.url, 2, **knobs(LOCUST_USERS="10", COUPONS_AT_END="wrap", PAUSE="0.2"))
    assert running.await_exit(120) == 4, running.log()
    verdict = running.verdict
    assert verdict["sentence"].startswith(
        "INVALID: data/accounts.csv has 8 rows, one for each user, and there were more users: 2 got none. "
    )
    assert (verdict["seconds"] < 30, verdict["exceptions"]) == (True, {})
    assert "Traceback" not in running.log()
    # who shared an account would have made both runs of no worth
    assert len({account for account, _ in stored(target.url)}) == 8
