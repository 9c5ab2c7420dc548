"""The first exchanges of each kind of failure and the slowest are kept, with all that a client shows of them."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from lab import report
from lab.counts.recorder import Recorder
from lab.counts.templates import Templates
from lab.exchanges import exchange, keeping, taking
from lab.exchanges.keeping import Keeping, Kept
from lab.exchanges.secrets import Known
from lab.pages import live
from lab.results import files
from lab.results import record as records
from lab.results.record import Record
from tests.support import lean, sample_run
from tests.support.scripted_server import ScriptedServer, Talk, answer

# after `lean`, on purpose
from lab.engine import message_types  # isort: skip
from lab.engine.counting import Counting  # isort: skip

CLIENTS = [lean.LeanHttpUser, lean.FastHttpUser, lean.HttpUser]
HOSTILE = "</pre><script>alert(1)</script>\x1b[2J\u202e"


def refusing(talk: Talk) -> None:
    while request := talk.request():
        status = "200 OK" if request.startswith(b"GET /fine") else "500 Oh No"
        talk.send(answer(b'{"error": "no such total", "token": "t0ps3cret"}', status, "Set-Cookie: sid=abcdef99"))


def counted(known: Known | None = None) -> tuple[Counting, Keeping]:
    kept = Keeping(known or Known())
    stats = lean.locust_stats.RequestStats(use_response_times_cache=False)
    return Counting(Recorder(), stats, Templates(grouped=True), kept), kept


def asking(base: type[Any], url: str, ask: Any, known: Known | None = None) -> list[exchange.Exchange]:
    environment = lean.Environment()
    counting, kept = counted(known)
    environment.events.request.add_listener(counting.on_request)
    user = type("Shopper", (base,), {"host": url})(environment)
    ask(user.client)
    close = getattr(user.client, "close", None) or user.client.client.clientpool.close
    close()
    return [msgspec.convert(msgspec.to_builtins(each), exchange.Exchange) for each in kept.drain()]


@pytest.mark.parametrize("base", CLIENTS)
def test_a_failure_is_kept_with_what_was_asked_and_answered(base: type[Any]) -> None:
    headers = {"Authorization": "Bearer t0ps3cret", "X-Shop": "main"}
    with ScriptedServer(*[refusing] * 3) as server:
        (kept,) = asking(
            base,
            server.url,
            lambda client: client.post(
                "/buy?key=t0ps3cret", json={"item": 7, "password": "h1dden-0ne"}, headers=headers
            ),
        )
    asked, answered = kept["request"], kept["answer"]
    assert asked
    assert answered
    assert (kept["kept_as"], kept["endpoint"]) == ("failure", "POST /buy?key=(hidden)")
    assert asked["line"] == f"POST {server.url}/buy?key=(hidden)"
    assert ["X-Shop", "main"] in [list(pair) for pair in asked["headers"]] or ["x-shop", "main"] in map(
        list, asked["headers"]
    )
    assert json.loads(asked["body"]) == {"item": 7, "password": "(hidden)"}
    assert answered["line"] == "500 Internal Server Error"
    assert answered["body"] == '{"error": "no such total", "token": "(hidden)"}'
    assert answered["size"] == 48
    for secret in ("t0ps3cret", "h1dden-0ne", "abcdef99"):
        assert secret not in json.dumps(kept)


@pytest.mark.parametrize("base", CLIENTS)
def test_one_without_an_answer_is_kept_with_what_was_asked(base: type[Any]) -> None:
    with ScriptedServer() as server:
        url = server.url
    (kept,) = asking(base, url, lambda client: client.post("/buy", data="all"))
    assert kept["request"]
    assert (kept["request"]["line"], kept["request"]["body"], kept["answer"]) == (f"POST {url}/buy", "all", None)
    assert "efused" in kept["failure"]


@pytest.mark.parametrize("base", CLIENTS)
def test_the_slowest_is_kept_and_no_body_is_read_for_it(base: type[Any]) -> None:
    unread: list[Any] = []

    def stream(client: Any) -> None:
        with client.get("/fine", stream=True, catch_response=True) as response:
            response.success()
        unread.append(response)

    with ScriptedServer(*[refusing] * 3) as server:
        (kept,) = asking(base, server.url, stream)
    (getattr(unread[0], "close", None) or unread[0].release)()
    assert kept["answer"]
    assert (kept["kept_as"], kept["failure"], kept["answer"]["line"]) == ("slowest", "", "200 OK")
    assert (kept["answer"]["body"], kept["answer"]["size"]) == ("", None)


class Odd:
    """A response that raises wherever it is looked at."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name) if name.startswith("__") else RuntimeError(name)

    def __repr__(self) -> str:
        return "odd"


@pytest.mark.parametrize("response", [None, Odd(), SimpleNamespace(request=7, status_code="x"), 12], ids=repr)
def test_of_other_clients_is_kept_what_is_known(response: Any) -> None:
    counting, kept = counted()
    counting.on_request("RPC", "call", 5.0, 0, exception="no such method", response=response)
    (found,) = kept.drain()
    assert (found["endpoint"], found["failure"], found["time_ms"]) == ("RPC call", "no such method", 5.0)
    assert (found["request"], found["answer"]) == (None, None)


def test_the_scenarios_own_values_are_in_no_failure_either() -> None:
    counting, kept = counted(Known(["geheim"]))
    counting.on_request("GET", "/a", 5.0, 0, exception=ValueError("expected geheim, got nothing"))
    assert kept.drain()[0]["failure"] == "expected (hidden), got nothing"
    assert "geheim" not in str([error.to_dict() for error in counting._stats.errors.values()])


def test_a_task_that_died_is_kept_with_the_place() -> None:
    kept = Keeping(Known(["geheim"]))
    try:
        dict[str, int]()["total geheim"]
    except KeyError as error:
        for _ in range(5):
            kept.take_exception("TASK Shopper.buy", "KeyError: 'total'", error)
    found = kept.drain()
    assert len(found) == keeping.MOST_OF_A_KIND
    assert found[0]["trace"].rstrip().endswith("KeyError: 'total (hidden)'")
    assert "test_exchanges.py" in found[0]["trace"]


def test_a_service_that_slows_down_with_every_request_has_few_of_them_kept() -> None:
    counting, kept = counted()
    for at in range(10_000):
        counting.on_request("GET", f"/{'abc'[at % 3]}", 1.0 + at, 0, response=None)
    assert len(kept._waiting) == keeping.MOST_WAITING
    taken = sum(1 for _ in iter(kept.drain, []))
    assert taken <= keeping.MOST_WAITING / keeping.MOST_IN_A_BATCH


def test_there_is_a_bound_to_endpoints_and_kinds() -> None:
    counting, kept = counted()
    for at in range(1000):
        counting.on_request("GET", f"name{at}", 1.0, 0)
        counting.on_request("GET", "one", 1.0, 0, exception=f"e{at}")
    assert (len(kept.slow), len(kept._kinds)) == (keeping.MOST_SLOW, keeping.MOST_KINDS)
    kept.begin()
    assert kept.drain() == []
    counting.on_request("GET", "another", 1.0, 0)
    assert len(kept.drain()) == 1


def long_one(at: float, **more: Any) -> exchange.Exchange:
    response = SimpleNamespace(
        status_code=200,
        headers={f"{at}{number}" * 99: "v" * 999 for number in range(99)},
        _content=b"\x01" * 99_999,
        request=SimpleNamespace(url="u" * 9999, method="GET", headers={}, body="\u202e" * 99_999),
    )
    known = {"kept_as": exchange.FAILURE, "endpoint": f"GET {at}" * 99, "failure": "f" * 999}
    return taking.take(**{**known, "at": at, "known": Known(), "response": response, **more})


def test_the_longest_exchange_is_one_that_the_master_takes() -> None:
    """Red where a bound of the types is below what is made."""
    msgspec.convert(msgspec.to_builtins(long_one(5.0)), message_types.Exchange)
    assert message_types.Exchange.__annotations__.keys() == exchange.Exchange.__annotations__.keys()
    assert message_types.Message.__annotations__.keys() == exchange.Message.__annotations__.keys()


def test_of_all_workers_the_first_failures_and_the_slowest_are_kept_within_a_bound() -> None:
    kept, known = Kept(), dict[str, Any](known=Known(), time_ms=5.0)
    for at in (9.0, 3.0, 7.0):
        kept.hear([taking.take("failure", "GET /a", at=at, failure="no", **known)])
    for time in (4.0, 6.0, 5.0):
        kept.hear([taking.take("slowest", "GET /a", at=1.0, **{**known, "time_ms": time})])
    assert [(each["at"], each["time_ms"]) for each in kept.all()] == [(3.0, 5.0), (7.0, 5.0), (1.0, 6.0)]
    longest = long_one(5.0)
    kept.hear([{**longest, "failure": f"f{at}"} for at in range(500)])
    document = kept.document()
    assert len(kept.all()) == keeping.MOST_KINDS + 2
    assert len(json.dumps(document, ensure_ascii=False)) < 2 * keeping.MOST_CHARACTERS
    assert document["left_out"] == 461


def shown(tmp_path: Path, **more: Any) -> Path:
    folder = sample_run.steady(tmp_path)
    message = {"line": f"GET http://api/{HOSTILE}", "headers": [["A", HOSTILE]], "body": HOSTILE, "size": 9}
    row = {"kept_as": "failure", "at": 1795370000.5, "endpoint": HOSTILE, "failure": HOSTILE, "time_ms": 5.0}
    row |= {"request": message, "answer": message, "trace": HOSTILE, **more}
    files.write_json(folder / exchange.FILE, {"schema": 1, "exchanges": [row, "x", {}], "left_out": 0})
    return folder


def test_a_report_shows_them_and_runs_none_of_it(tmp_path: Path) -> None:
    html = report.render(shown(tmp_path))
    tame = report.render(sample_run.drifting(tmp_path / "tame"))
    assert "Exchanges to look at" in html
    assert "Exchanges to look at" not in tame
    assert html.count("<script") == tame.count("<script")
    assert html.count("</pre>") == 3
    assert html.count("&lt;/pre&gt;&lt;script&gt;alert(1)") >= 9


def test_the_live_page_shows_the_first_of_each_kind_and_cuts_it(tmp_path: Path) -> None:
    found = records.from_folder(shown(tmp_path, trace="t" * 5000))
    part = live.data(found)["parts"]["exchanges"]
    assert ("t" * 600 in part, "t" * 601 in part) == (True, False)
    many = Record(exchanges=[{**found.exchanges[0], "failure": f"f{at // 2}"} for at in range(200)])
    assert live.data(many)["parts"]["exchanges"].count("<details") == 20


@pytest.mark.parametrize("damage", ["", "[]", '{"exchanges": 7}', '{"exchanges": [{"request": 1, "at": "x"}]}'])
def test_a_damaged_file_spoils_no_report(damage: str, tmp_path: Path) -> None:
    folder = sample_run.steady(tmp_path)
    (folder / exchange.FILE).write_text(damage)
    assert "<h2>Steps</h2>" in report.render(folder)
