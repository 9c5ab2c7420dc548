"""No secret is in anything that a run leaves or serves: each has a value of its own, and is looked for everywhere."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.support.running_service import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.running_service import RunningService
    from tests.support.swarm import Swarm

CANARY = "canary/9f3"
"""Part of every secret; it looks otherwise in a URL."""
FORMS = {form.encode() for form in (CANARY, quote(CANARY, safe=""), b64encode(CANARY.encode()).decode().rstrip("="))}
LOCUSTFILE = """
import os
from urllib.parse import quote

from locust import FastHttpUser, HttpUser
from lab.client import LeanHttpUser
from lab.knobs import knob

TOKEN = os.environ["SHOP_TOKEN"]
OWN = knob("SHOP_PIN", str, "")


def ask(user):
    user.client.get(f"/tests?access_token={TOKEN}", headers={"Authorization": f"Bearer {TOKEN}"})


def fail(user):
    raise RuntimeError(f"no answer for {TOKEN} with {OWN}")


def get_lost(user):
    user.client.get(f"http://somebody:{quote(TOKEN, safe='')}@127.0.0.1:1/elsewhere")


class Lean(LeanHttpUser):
    tasks = [ask, fail, get_lost]


class Fast(FastHttpUser):
    tasks = [ask, fail, get_lost]


class Plain(HttpUser):
    tasks = [ask, fail, get_lost]
"""
"""Users that do what shows a secret most easily: in a URL, in an error, at an address that is none."""


def test_no_secret_is_left_or_served(
    service: Callable[..., RunningService], swarm: Callable[..., Swarm], tmp_path: Path
) -> None:
    scenario = tmp_path / "shop"
    scenario.mkdir()
    (scenario / "locustfile.py").write_text(LOCUSTFILE)
    own = {"SHOP_TOKEN": f"{CANARY}-of-the-shop", "SHOP_PIN": f"{CANARY}-pin", "SHOP_PLACE": f"{CANARY}-place"}
    (scenario / ".env").write_text("".join(f"{name}={value}\n" for name, value in own.items()))
    target = service().url.replace("://", f"://somebody:{quote(CANARY, safe='')}-in-the-url@")
    running = swarm(
        target,
        LAB_SCENARIO=str(scenario),
        LAB_PLAN="steady",
        LAB_RUN_TIME="5s",
        LOCUST_USERS="9",
        LAB_HEADERS=f"Authorization: Bearer {CANARY}-header\nX-Key: {CANARY}-key",
        LAB_SWARM_SECRET=f"{CANARY}-of-the-swarm",
        **own,
    )
    wait_until((running.results / "latest" / "verdict.json").exists, 60, "the verdict of a run")
    wait_until(lambda: running.verdict["complete"], 60, "the whole run")
    served = _served(running)
    running.stop()
    texts = {
        str(path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and scenario not in path.parents
    }
    texts |= served | {"names": "\n".join(texts).encode()}
    assert len(texts) > 30
    assert b"://(hidden)@127.0.0.1" in served["/"]
    for kept_under in ("access_token=(hidden)", "RuntimeError: no answer for (hidden) with (hidden)"):
        assert kept_under.encode() in texts[str(running.results.resolve() / _newest(running) / "verdict.json")]
    assert {place: _around(text) for place, text in texts.items() if any(form in text for form in FORMS)} == {}


def _newest(running: Swarm) -> str:
    return (running.results / "latest").resolve().name


def _served(running: Swarm) -> dict[str, bytes]:
    """What the UI answers at each of its addresses that takes no argument, and at what these lead to."""
    found: dict[str, bytes] = {}
    left = ["/", "/lab", "/lab/data", "/stats/requests", "/stats/report", "/exceptions", "/tasks", "/logs"]
    left += ["/stats/requests/csv", "/stats/failures/csv", "/exceptions/csv", "/worker-count"]
    while left:
        path = left.pop()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{running.ui}{path}", timeout=20) as answer:
                found[path] = answer.read() + str(answer.headers).encode()
        except urllib.error.HTTPError as error:
            found[path] = error.read()
        links = re.findall(rb'(?:href|src|action)="(/[^"#]*)"', found[path])
        left += [link for each in set(links) if (link := each.decode()) not in found and link not in left]
    return found


def _around(text: bytes) -> list[bytes]:
    """The first places where a secret stands."""
    form = "|".join(re.escape(each.decode()) for each in FORMS).encode()
    return [text[max(0, found.start() - 60) : found.end() + 30] for found in re.finditer(form, text)][:3]
