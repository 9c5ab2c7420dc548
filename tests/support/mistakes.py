"""Mistakes as people make them, each with the way to the line that it gives: docs/mistakes.md shows both."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gevent
import pytest

from lab.asking.target import TargetError
from lab.counts.timeline import Tally
from lab.knobs import SettingsError, value_of
from lab.reach.texts import host_url
from lab.scenario import loading, place
from lab.settings import Settings
from tests.support import lean
from tests.support.guarded_door import GuardedDoor, make_certificate
from tests.support.running_service import free_port
from tests.support.verdicts import answers, verdict_on

# after `lean`, on purpose
from locust.util.load_locustfile import is_user_class  # isort: skip
from lab.arrivals.source import OpenArrivals  # isort: skip
from lab.engine import gate, targets  # isort: skip
from lab.engine.targets import Targets  # isort: skip
from lab.scenario import contents  # isort: skip

IMPORT = "from locust import HttpUser, task, constant, between\n"
Line = Callable[[Path, pytest.MonkeyPatch], str]
"""Makes the mistake in a folder; returns the line."""


def scenario(text: str) -> Line:
    """A locustfile with this text."""

    def line(folder: Path, _: pytest.MonkeyPatch) -> str:
        (file := folder / "locustfile.py").write_text(text)
        with pytest.raises(SettingsError) as refused:
            contents.user_classes(loading.load(file), is_user_class)
        return str(refused.value)

    return line


def knobs(**values: str) -> Line:
    """The lab's knobs, set so."""

    def line(_: Path, __: pytest.MonkeyPatch) -> str:
        with pytest.raises(SettingsError) as refused:
            Settings.from_environment(values)
        return str(refused.value).partition("\n")[0]

    return line


def named(**values: str) -> Line:
    """Knobs that say where the scenario is."""

    def line(folder: Path, _: pytest.MonkeyPatch) -> str:
        for name in ("a.py", "b.py"):
            (folder / name).touch()
        texts = {knob: text.replace("HERE", str(folder)) for knob, text in values.items()}
        with pytest.raises(SettingsError) as refused:
            place.path(texts)
        return str(refused.value)

    return line


def host(text: str) -> Line:
    """LOCUST_HOST with this text."""

    def line(_: Path, __: pytest.MonkeyPatch) -> str:
        with pytest.raises(SettingsError) as refused:
            value_of("LOCUST_HOST", host_url, "", {"LOCUST_HOST": text})
        return str(refused.value)

    return line


def load(url: str = "", users: int = 20, own: str | None = None) -> Line:
    """A start with so many users of class Shopper, whose own host is `own`."""

    def line(_: Path, __: pytest.MonkeyPatch) -> str:
        shopper = type("Shopper", (lean.HttpUser,), {"host": own, "tasks": [print]})
        found = Targets(lean.Environment(user_classes=[shopper]))
        with pytest.raises(TargetError) as refused:
            gate.check_load(found, Settings.from_environment({}), url, users)
        return f"NO VERDICT: {refused.value}"

    return line


def target(url: str, *, in_container: bool = False) -> Line:
    """A target at which nobody listens."""

    def line(folder: Path, patch: pytest.MonkeyPatch) -> str:
        patch.setattr(targets, "CONTAINER_MARKS", (folder,) if in_container else ())
        port = str(free_port())
        with pytest.raises(TargetError) as refused:
            Targets(lean.Environment()).await_all([url.replace("3000", port)], 0.0)
        return f"NO VERDICT: {str(refused.value).replace(port, '3000')}"

    return line


def listens_to_itself(folder: Path, patch: pytest.MonkeyPatch) -> str:
    """As `target`, where the name of this machine is known, as it is in a container alone."""
    resolver: Any = gevent.get_hub().resolver
    known = resolver.getaddrinfo
    patch.setattr(resolver, "getaddrinfo", lambda _, *more, **options: known("127.0.0.1", *more, **options))
    return target("http://host.docker.internal:3000", in_container=True)(folder, patch)


def privately_certified(folder: Path, patch: pytest.MonkeyPatch) -> str:
    patch.setattr(targets, "CONTAINER_MARKS", (folder,))
    with GuardedDoor("http://127.0.0.1:1", make_certificate(folder), "login") as door:
        port = str(door.server_port)
        with pytest.raises(TargetError) as refused:
            Targets(lean.Environment()).await_all([f"https://127.0.0.1:{port}"], 0.0)
    return f"NO VERDICT: {str(refused.value).replace(port, '3000')}"


def nobody_joins(_: Path, __: pytest.MonkeyPatch) -> str:
    strangers = SimpleNamespace(with_users=dict)
    runner: Any = SimpleNamespace(admission=None, strangers=strangers, clients=SimpleNamespace(ready=[]))
    with pytest.raises(gate.LabError) as refused:
        gate.wait_for_workers(runner, Settings.read({"LAB_WORKERS_WAIT": "0s"}))
    return f"NO VERDICT: {refused.value}"


def says_otherwise(_: Path, __: pytest.MonkeyPatch) -> str:
    shopper = type("Shopper", (OpenArrivals,), {"arrivals": "closed"})
    with pytest.raises(SettingsError) as refused:
        contents.arriving({"Shopper": shopper}, "open", "even")
    return str(refused.value)


def run(endpoints: Mapping[str, Tally] | None = None, accepted: str = "p95<=450ms fail<=1%", **more: Any) -> Line:
    """A run in which this was counted."""
    return lambda *_: verdict_on(endpoints or {}, accepted, **more).sentence


def died(place_: str, exception: str, answered: int = 0) -> Line:
    """A run whose tasks ended so, beside these answers."""
    counted = {"GET /items": answers(10.0, answered)} if answered else {}
    return run({**counted, f"TASK {place_}": Tally(exceptions={exception: 190})}, "p95<=450ms fail<=1% exceptions<=0")


def failed(endpoint: str, failure: str) -> Line:
    """A run in which every request failed so."""
    return run({endpoint: answers(0.0, 0, {failure: 130})})


def raised(path: str) -> str:
    """What LeanHttpUser says of a path."""
    with lean.Reported("http://api:5000") as client, pytest.raises(ValueError, match="slash") as refused:
        client.get(path)
    return f"ValueError: {refused.value}"


def unsupported() -> str:
    with lean.Reported("http://api:5000") as client, pytest.raises(lean.UnsupportedOption) as refused:
        client.request("GET", "/", cert="a.pem")
    return f"UnsupportedOption: {refused.value}"


def shown(line: str, folder: Path) -> str:
    """The line as the page shows it: in a folder of everybody's."""
    return re.sub(r"\s+", " ", line.replace(str(folder), "scenario")).strip()


def in_page(page: Path) -> Iterator[tuple[str, str]]:
    """The mistakes of docs/mistakes.md, each with its line, which is indented there."""
    for block in re.findall(r"^```text\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL):
        for mistake, lines in re.findall(r"^(\S.*)\n((?: +.+\n)+)", block, re.MULTILINE):
            yield mistake, " ".join(lines.split())
