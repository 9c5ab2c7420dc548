"""A mistake has one line where one looks first, and docs/mistakes.md has it: made here for real, each of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lab.counts.names import OTHERS
from lab.counts.timeline import Step
from lab.judging.evidence import Interruption
from tests.support import mistakes
from tests.support.mistakes import IMPORT, Line, died, failed, host, knobs, load, named, run, scenario, target
from tests.support.running_service import ROOT
from tests.support.verdicts import answers

PAGE = ROOT / "docs" / "mistakes.md"
CLASS = f"{IMPORT}class Shopper(HttpUser):\n"
HELD = "NeverGaveWay: it held the thread of all users for 2.5 s, at locustfile.py:8 in buy"
NO_PORT = "ValueError: Port could not be cast to integer value as '5000index.html'"
SOME = {"GET /items": answers(10.0)}

MISTAKES: dict[str, Line] = {
    "an empty locustfile": scenario(""),
    "a file of tests instead of users": scenario("def test_shop():\n    assert True\n"),
    "a class without @task": scenario(f"{CLASS}    def buy(self): ...\n"),
    "weight = 0 for every class": scenario(f"{CLASS}    weight = 0\n    tasks = [print]\n"),
    "a colon that is missing": scenario("class Shopper(object)\n    pass\n"),
    "an import that is missing": scenario("class Shopper(HttpUser):\n    pass\n"),
    "a package that is on this machine and not in the image": scenario("import pandas_of_mine\n"),
    "a data file that is not there": scenario("rows = open('users.csv').read()\n"),
    "wait_time = 2": scenario(f"{CLASS}    wait_time = 2\n    @task\n    def buy(self): ...\n"),
    "a task without self": scenario(f"{CLASS}    @task\n    def buy(): ...\n"),
    "LAB_SCENARIO names no file": named(LAB_SCENARIO="scenario/shop.py"),
    "two names for the scenario": named(LAB_SCENARIO="HERE/a.py", LOCUST_LOCUSTFILE="HERE/b.py"),
    "open arrivals for a class that says otherwise": mistakes.says_otherwise,
    "a plan that there is not": knobs(LAB_PLAN="stedy"),
    "a limit without its unit": knobs(LAB_LIMITS="p95<=450"),
    "a limit that this plan cannot have": knobs(LAB_PLAN="steady", LAB_LIMITS="availability>=99%"),
    "a time in words": knobs(LAB_RUN_TIME="5 minutes"),
    "a span the wrong way round": knobs(LAB_THINK_TIME="5s-2s"),
    "a share without its sign": knobs(LAB_RESOLUTION="10"),
    "yes instead of true": knobs(LAB_KEEP_ALIVE="yes"),
    "plan peak without a peak": knobs(LAB_PLAN="peak"),
    "a search that begins beyond its end": knobs(LAB_START_USERS="50", LAB_MAX_USERS="20"),
    "a peak beyond the most users": knobs(LAB_PLAN="peak", LAB_PEAK_USERS="5000"),
    "a certificate file that is not there": knobs(LAB_TLS_CA="shop.pem"),
    "a header without its name": knobs(LAB_HEADERS="Bearer abc"),
    "a fault that there is not": knobs(LAB_PLAN="steady", LAB_FAULT="burn api at 5s"),
    "a secret that is too short": knobs(LAB_SWARM_SECRET="secret"),
    "a URL in LAB_METRICS_URLS without its scheme": knobs(LAB_METRICS_URLS="api:5000/metrics"),
    "a host without its scheme": host("shop:3000"),
    "a slash that is missing in the URL": host("http:/api:5000"),
    "a host that is not yours to load": load("https://shop.example.com"),
    "a class whose own host is not yours to load": load(own="https://shop.example.com"),
    "no host at all": load(),
    "more users than are allowed": load("http://api:5000", 5000),
    "a service that is not running": target("http://127.0.0.1:3000"),
    "http://127.0.0.1 in a container": target("http://127.0.0.1:3000", in_container=True),
    "a service that listens on 127.0.0.1 alone, asked from a container": mistakes.listens_to_itself,
    "a private certificate": mistakes.privately_certified,
    "no workers": mistakes.nobody_joins,
    "an exception in every task": died("Shopper.buy", "AttributeError: 'Shopper' object has no attribute 'basket'"),
    "an exception in some tasks": died("Shopper.buy", "KeyError: 'total_price'", 300),
    "a login that fails": died("Shopper.on_start", "KeyError: 'token'"),
    "a task that never gives way": died("Shopper.buy", HELD),
    'FastHttpUser: get("index.html")': died("Shopper.buy", NO_PORT),
    'LeanHttpUser: get("index.html")': died("Shopper.buy", mistakes.raised("index.html")),
    "an option that LeanHttpUser does not have": died("Shopper.buy", mistakes.unsupported()),
    "an answer that is no JSON": died("Shopper.buy", "JSONDecodeError: Expecting value: line 1 column 1 (char 0)"),
    "users who ask for nothing": run(interrupted_by=Interruption.ASKS_NOTHING),
    "a path that there is not": failed("GET /itmes", "BadStatus 404"),
    "an absolute URL to a host that is not yours to load": failed(
        "GET /", "HostRefused: shop.example.com is not allowed as a target"
    ),
    "a private certificate that LeanHttpUser checks": failed("GET /", "CertificateRefused: self-signed certificate"),
    "a limit on a name that nobody asks": run(SOME, "GET /itmes:p95<=450ms"),
    "a name for each id": run({**SOME, f"GET {OTHERS}": answers(10.0)}),
    "a scenario that calls runner.quit()": run(SOME, interrupted_by=Interruption.SCENARIO),
    "a plan that is stopped before it measures": run(steps=[], interrupted_by=Interruption.PERSON),
    "more users than the service ever gets": run(steps=[], not_held="0 of 20 were there for 30 s"),
    "a plan without a second that counts": run(steps=[Step(users=5, started=100, seconds=5)]),
}


def test_the_page_has_each_of_them_and_there_are_enough() -> None:
    assert list(dict(mistakes.in_page(PAGE))) == list(MISTAKES)
    assert len(MISTAKES) >= 42


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_has_the_line_that_the_page_shows(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = mistakes.shown(MISTAKES[name](tmp_path, monkeypatch), tmp_path)
    wanted = dict(mistakes.in_page(PAGE))[name]
    pattern = ".*".join(re.escape(part) for part in wanted.split("…"))
    assert re.fullmatch(pattern, line), line


def test_without_docker_there_is_no_advice_for_containers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RUN", str(tmp_path))
    said = target("http://127.0.0.1:3000", in_container=True)(tmp_path, monkeypatch)
    assert said.endswith("as seen from the swarm?")
