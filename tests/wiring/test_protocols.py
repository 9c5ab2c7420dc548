"""Users who speak more than HTTP, by packages of their own: each request is counted once, and judged as any other."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.request import urlopen

import psycopg
import pytest

from tests.support.programs import LOCUSTFILES
from tests.support.running_service import ROOT
from tests.support.swarm import Swarm, plan

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Service:
    """A service of three protocols, and where it is."""

    url: str
    grpc: str

    def counts(self) -> dict[str, int]:
        """How often it was asked for what."""
        with urlopen(f"{self.url}/counts", timeout=10) as answer:
            counted: dict[str, int] = json.load(answer)
        return counted


@pytest.fixture
def many() -> Iterator[Service]:
    program = ROOT / "tests" / "support" / "programs" / "many_protocols.py"
    process = subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    with process.stdout:
        try:
            ports = json.loads(process.stdout.readline())
            yield Service(f"http://127.0.0.1:{ports['http']}", f"127.0.0.1:{ports['grpc']}")
        finally:
            process.kill()
            process.wait()


def counted(stats: Path) -> dict[str, tuple[int, int]]:
    """Requests and failures of each endpoint in the whole run."""
    with stats.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["Name"] != "Aggregated"]
    return {f"{row['Type']} {row['Name']}": (int(row["Request Count"]), int(row["Failure Count"])) for row in rows}


@pytest.mark.docker
def test_each_request_of_any_protocol_is_counted_once(
    swarm: Callable[..., Swarm], many: Service, database: str
) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TABLE notes (id serial PRIMARY KEY, text text NOT NULL)")
        knobs = {
            "LAB_SCENARIO": str(LOCUSTFILES / "protocols.py"),
            "LAB_RUN_TIME": "5s",
            "LOCUST_USERS": "8",
            "LAB_METRICS_URLS": "",
            "LAB_LIMITS": "p95<=10s fail<=10%",
            "OWN_GRPC": many.grpc,
            "OWN_DATABASE": database,
        }
        running = swarm(many.url, 2, **plan("steady", **knobs))
        assert running.await_exit() == 0, running.log()
        (written,) = connection.execute("SELECT count(*) FROM notes").fetchone() or (0,)
    asked = many.counts()
    known = counted(running.results / "latest" / "locust_stats.csv")
    assert {name: requests for name, (requests, _) in known.items()} == {
        "GET page": asked["page"],
        "WS message": asked["message"],
        "gRPC call": asked["call"],
        "SQL insert": written,
    }
    assert {name: failed for name, (_, failed) in known.items() if failed} == {"gRPC call": asked["call"] // 5}
    verdict = running.verdict
    assert set(verdict["endpoints"]) == set(known)
    assert all(figures["requests"] > 0 for figures in verdict["endpoints"].values())
    assert [text for text in verdict["failures"] if "RESOURCE_EXHAUSTED" in text], verdict["failures"]
    assert verdict["exceptions"] == {}
