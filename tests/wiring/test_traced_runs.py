"""Requests carry a trace id where LAB_TRACE says so, and a run's report has the ids that the service saw."""

from __future__ import annotations

import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.running_service import ROOT
from tests.support.swarm import plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.swarm import Swarm

LEVEL_1 = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-01")


class Listening(ThreadingHTTPServer):
    """Notes path, class and traceparent of each request; answers late, or with a failure, where the path says so."""

    daemon_threads = True

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, str]] = []
        seen = self.seen

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                seen.append((self.path, self.headers.get("X-Class", ""), self.headers.get("traceparent", "")))
                time.sleep(0.15 if self.path == "/slow" else 0)
                self.send_response(500 if self.path == "/bad" else 200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def paths(self) -> dict[str, str]:
        """What was asked for under each trace id."""
        return {found[1]: path for path, _, header in self.seen if (found := LEVEL_1.fullmatch(header))}


@pytest.fixture
def listening() -> Iterator[Listening]:
    with Listening() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def knobs(**more: str) -> dict[str, str]:
    scenario = str(ROOT / "tests/support/locustfiles/traced.py")
    return plan(
        "steady", LAB_SCENARIO=scenario, LAB_RUN_TIME="3s", LOCUST_USERS="6", LAB_LIMITS="p95<=5s fail<=90%", **more
    )


def traced_in(folder: Path) -> list[dict[str, Any]]:
    exchanges = json.loads((folder / "exchanges.json").read_text())["exchanges"]
    return [each for each in exchanges if each["kept_as"] == "traced"]


def test_ids_in_the_report_are_those_that_the_service_saw(swarm: Callable[..., Swarm], listening: Listening) -> None:
    running = swarm(
        listening.url, 2, **knobs(LAB_TRACE="100%", LAB_TRACE_URL="https://tempo.internal/trace/{trace_id}")
    )
    assert running.await_exit() == 0, running.log()
    seen = listening.paths()
    assert {each for _, each, header in listening.seen if each and LEVEL_1.fullmatch(header)} == {
        "Lean",
        "Fast",
        "Plain",
    }
    assert {header for path, _, header in listening.seen if path == "/own"} == {f"00-{'a' * 32}-{'b' * 16}-01"}
    folder = running.results / "latest"
    traced = traced_in(folder)
    failed, slow = ([each["trace_id"] for each in traced if bool(each["failure"]) == way] for way in (True, False))
    assert {seen[each] for each in failed} == {"/bad"}
    assert ({seen[each] for each in slow}, len(slow)) == ({"/slow"}, 10)
    report = (folder / "report.html").read_text()
    assert f'href="https://tempo.internal/trace/{slow[0]}"' in report


def test_a_share_is_marked_and_without_the_knob_nothing_is(swarm: Callable[..., Swarm], listening: Listening) -> None:
    running = swarm(listening.url, 1, **knobs(LAB_TRACE="20%"))
    assert running.await_exit() == 0, running.log()
    asked = [header for path, _, header in listening.seen if path not in {"/own", "/"}]
    assert 0.05 < sum(bool(header) for header in asked) / len(asked) < 0.4, len(asked)
