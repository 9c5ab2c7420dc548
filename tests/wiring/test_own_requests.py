"""The lab's own requests get through TLS of one's own and a login, as its users do; the login stays a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.guarded_door import GuardedDoor, make_certificate
from tests.support.swarm import plan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.running_service import RunningService
    from tests.support.swarm import Swarm

CANARY = "canary-d41d8cd98f"
LOGIN = f"Bearer {CANARY}"
OWN = ("GET /", "GET /openapi.json", "DELETE /tests", "GET /metrics", "GET /tests")
"""The first look, the reset with what offers it, metrics, and the audit."""


def test_a_login_and_a_private_certificate_are_for_the_lab_as_well(
    service: Callable[..., RunningService], swarm: Callable[..., Swarm], tmp_path: Path
) -> None:
    """The first look, the reset, metrics and the audit are asked with the login; users, results and logs have none."""
    certificate = make_certificate(tmp_path)
    with GuardedDoor(service().url, certificate, LOGIN) as door:
        running = swarm(
            door.url,
            **plan("steady", LAB_RUN_TIME="3s", LOCUST_USERS="5"),
            LAB_TLS_CA=str(certificate.with_suffix(".crt")),
            LAB_HEADERS=f"Authorization: {LOGIN}\nX-From: the lab",
        )
        assert running.await_exit() == 0, running.log()
    ledger = running.verdict["ledger"]
    assert ledger["not_audited"] is None
    assert ledger["found"] == ledger["acknowledged"] > 0
    assert running.verdict["replicas"], "metrics were read"
    assert door.own >= {(asked, LOGIN) for asked in OWN}
    assert {login for _, login in door.own} == {LOGIN}
    assert {login for _, login in door.others} == {""}, "no user has the lab's login"
    assert_no_canary(tmp_path)


def assert_no_canary(folder: Path) -> None:
    kept = [path for path in folder.rglob("*") if path.is_file()]
    named = {path.name for path in kept}
    assert {"environment.json", "verdict.json", "report.html", "master.log", "worker-0.log"} <= named
    assert [str(path) for path in kept if CANARY.encode() in path.read_bytes()] == []


@pytest.mark.parametrize(
    ("knobs", "says"),
    [
        ({}, "LAB_TLS_CA names a file that vouches for it"),
        ({"LAB_TLS_VERIFY": "false"}, "LAB_HEADERS can hold the Authorization for it"),
    ],
)
def test_what_is_missing_is_said(
    service: Callable[..., RunningService],
    swarm: Callable[..., Swarm],
    tmp_path: Path,
    knobs: dict[str, str],
    says: str,
) -> None:
    """Without trust, nothing is loaded; without a login, the audit says what it lacks."""
    with GuardedDoor(service().url, make_certificate(tmp_path), LOGIN) as door:
        door.own.clear()
        running = swarm(door.url, **plan("steady", LAB_RUN_TIME="2s", LOCUST_USERS="5"), LAB_TARGET_WAIT="1s", **knobs)
        running.await_exit()
    assert says in running.log() + (str(running.verdict["ledger"]) if knobs else ""), running.log()
