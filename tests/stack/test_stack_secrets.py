"""A service behind TLS of one's own and a login, with its secrets in files: the run passes, and leaves none of them."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.guarded_door import GuardedDoor, make_certificate
from tests.support.running_service import PATIENT, wait_until
from tests.support.stack import Stack, get, stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]

HOST = "host.docker.internal"
CANARY = "canary-5ab1e0"
LOGIN = f"Bearer {CANARY}-login"
SECRETS = {
    "LAB_HEADERS_FILE": f"Authorization: {LOGIN}",
    "LAB_SWARM_SECRET_FILE": f"{CANARY}-of-the-swarm",
    "POSTGRES_PASSWORD_FILE": f"{CANARY}-password",
    "API_DATABASE_URL_FILE": f"postgresql://lab:{CANARY}-password@postgres/lab",
}
STEADY = {"LAB_PLAN": "steady", "LAB_SETTLE": "1s", "LAB_LIMITS": PATIENT, "LOCUST_USERS": "5"}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with stack(tmp_path_factory.mktemp("lab")) as made:
        for knob, text in SECRETS.items():
            file = made.folder / f"{knob.lower()}.txt"
            file.write_text(f"{text}\n")
            made.environment[knob] = str(file)
        yield made


def test_secrets_in_files_and_a_private_certificate_reach_the_containers(lab: Stack, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path, HOST)
    (lab.folder / "scenario" / "ca.pem").write_bytes(certificate.with_suffix(".crt").read_bytes())
    # all that listens on this machine is reachable for it alone, but the door must be for containers
    with GuardedDoor(lab.api, certificate, LOGIN, at="0.0.0.0") as door:
        knobs = {"LOCUST_HOST": f"https://{HOST}:{door.server_port}", "LAB_TLS_CA": "scenario/ca.pem"}
        done = lab.compose(
            *("--profile", "postgres", "up", "--no-color", "--scale", "worker=1", "--exit-code-from", "master"),
            **{**STEADY, **knobs, "LAB_RUN_TIME": "3s", "LOCUST_AUTOQUIT": "0"},
        )
    assert done.returncode == 0, done.stdout
    ledger = lab.verdict()["ledger"]
    assert ledger["found"] == ledger["acknowledged"] > 0
    assert {login for _, login in door.own} == {LOGIN}, "the first look, the reset and the audit"
    assert {login for _, login in door.others} == {""}
    kept = [path for path in lab.results.rglob("*") if path.is_file()]
    assert [str(path) for path in kept if CANARY.encode() in path.read_bytes() or CANARY in path.name] == []
    assert CANARY not in done.stdout
    for service in ("api", "master", "worker", "postgres"):
        assert CANARY not in str(lab.inspect(service)), "what whoever may look at a container sees"


def test_one_command_ends_all_load(lab: Stack) -> None:
    knobs = {**STEADY, "LAB_RUN_TIME": "2m", "LAB_THINK_TIME": "10ms"}
    lab.up("--scale", "worker=2", profiles=("postgres",), **knobs)
    assert 'store="postgresql"' in _metrics(lab), "the service has its store from the file"
    wait_until(lambda: _writes(lab) > 50, 60, "load at the service")
    done = lab.compose("kill", "worker")
    count = _writes(lab)
    assert done.returncode == 0, done.stdout
    time.sleep(1)
    assert _writes(lab) == count, "what no longer runs asks no more"
    assert CANARY not in lab.logs()
    for service in ("api", "master"):
        tools = lab.compose("exec", "-T", service, "sh", "-c", "command -v pip pip3 apt apt-get; true")
        assert (tools.returncode, tools.stdout) == (0, ""), "nothing to install with is in the images"


def _writes(lab: Stack) -> float:
    """How many testing types the service has taken: users alone send them, the audit does not."""
    found = re.findall(r'^api_requests_total\{[^}]*method="POST"[^}]*\} ([0-9.e+]+)', _metrics(lab), re.MULTILINE)
    return sum(map(float, found))


def _metrics(lab: Stack) -> str:
    return get(f"{lab.api}/metrics")[2].decode()
