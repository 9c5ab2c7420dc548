"""LAB_STOP=breach ends a held load as soon as a limit is surely broken; LAB_NOTIFY tells how it ended."""

from __future__ import annotations

import importlib.util
import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from lab.engine import notice
from lab.knobs import SettingsError
from lab.settings import Settings
from tests.support import calibrated
from tests.support.running_service import RunningService
from tests.support.swarm import Swarm, plan

DEAF = "json://user:another-secret@127.0.0.1:9/"
"""Nobody listens there."""


class Channel:
    """A web hook on loopback that keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        channel = self

        class Hook(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                channel.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Hook)
        self.url = f"json://user:a-secret@127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def channel() -> Iterator[Channel]:
    found = Channel()
    thread = threading.Thread(target=found.server.serve_forever)
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


def test_a_breach_ends_an_hour_and_is_told(swarm: Callable[..., Swarm], channel: Channel) -> None:
    """Each answer takes 60 ms, where 30 are accepted."""
    knobs = {"LAB_STOP": "breach", "LAB_RUN_TIME": "1h", "LAB_LIMITS": "p95<=30ms", "LOCUST_USERS": "8"}
    with calibrated.running("--slots", "20", "--service-time", "60ms") as service:
        running = swarm(service.url, **plan("steady", **knobs, LAB_NOTIFY=f"{channel.url} {DEAF}"))
        assert running.await_exit(60) == 3, running.log()
    verdict, folder = running.verdict, (running.results / "latest").resolve()
    assert verdict["stopped"] == {"limit": "p95<=30ms", "planned_seconds": 3600}
    assert verdict["measured"]["seconds"] <= 30
    assert " s of 1 h 0 min, ended when p95<=30ms was surely broken, LAB_STOP)" in verdict["sentence"]
    assert {"junit.xml", "summary.md"} <= {path.name for path in folder.iterdir()}
    (told,) = channel.told
    assert (told["title"], told["message"].partition("\n")[0]) == ("Load lab: FAIL", verdict["sentence"])
    assert f"results/{folder.name}/report.html on " in told["message"]
    assert "-secret@" not in (folder / "environment.json").read_text() + running.log()
    assert (
        "the notice was not sent, which changes no verdict (LAB_NOTIFY): not taken by json://(hidden)@127"
        in running.log()
    )
    assert running.last_line().startswith("FAIL: ")


def test_what_the_service_says_of_itself_ends_an_hour_too(swarm: Callable[..., Swarm], target: RunningService) -> None:
    knobs = {"LAB_STOP": "breach", "LAB_RUN_TIME": "1h", "LAB_LIMITS": "p95<=10s api.memory<=2MiB", "LOCUST_USERS": "2"}
    running = swarm(target.url, **plan("steady", **knobs))
    assert running.await_exit(60) == 3, running.log()
    assert running.verdict["stopped"] == {"limit": "api.memory<=2MiB", "planned_seconds": 3600}


def test_a_url_that_is_none_is_refused_before_the_start() -> None:
    with pytest.raises(
        SettingsError, match="LAB_NOTIFY: URL 2 is none that apprise knows, such as ntfy://topic"
    ) as told:
        notice.check(Settings.read({"LAB_NOTIFY": f"{DEAF} slakc://token"}))
    assert "slakc" not in str(told.value)
    notice.check(Settings.read({"LAB_NOTIFY": DEAF}))


def test_without_the_package_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(SettingsError, match=re.escape("put the line apprise==2.2.0 into scenario/requirements.txt")):
        notice.check(Settings.read({"LAB_NOTIFY": DEAF}))
    notice.check(Settings.read({}))


def test_what_hangs_is_given_up(channel: Channel) -> None:
    assert not notice.send(channel.url, "PASS: all is well.", "results/run", 0.01)
