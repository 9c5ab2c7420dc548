"""The chaos service with real processes on loopback: what it does to them, and that nothing stays broken."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from lab.chaos import client
from lab.chaos.client import Talk, talk
from lab.chaos.hands import ChaosError
from tests.support.chaos_helper import Helper, fault
from tests.support.running_service import ROOT, wait_until


def test_a_killed_service_is_killed_and_started_again(helper: Helper) -> None:
    before = helper.pid()
    with talk(helper.control) as one:
        assert client.begin(one, fault("kill api at 0s")) == (str(before),)
        assert one.hear() == {"over": True}
    assert helper.pid() not in (before, None)


def test_a_paused_service_stands_still_until_its_time_is_over(helper: Helper) -> None:
    service = helper.service()
    assert service
    with talk(helper.control) as one:
        client.begin(one, fault("pause api for 300ms at 0s"))
        assert service.status() == psutil.STATUS_STOPPED
        assert one.hear() == {"over": True}
    wait_until(lambda: service.status() != psutil.STATUS_STOPPED, 5, "the service goes on")


@pytest.mark.parametrize("verb", ["pause", "stop"])
def test_where_the_master_is_gone_everything_is_as_it_was(helper: Helper, verb: str) -> None:
    one = Talk(helper.control)
    client.begin(one, fault(f"{verb} api for 10m at 0s"))
    one.close()

    def is_well() -> bool:
        found = helper.service()
        return found is not None and found.status() not in (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE)

    wait_until(is_well, 10, "the service is well again")


def test_a_stopped_service_is_away_and_comes_back(helper: Helper) -> None:
    before = helper.pid()
    with talk(helper.control) as one:
        client.begin(one, fault("stop api for 300ms at 0s"))
        assert helper.pid() is None
        assert one.hear() == {"over": True}
    assert helper.pid() not in (before, None)


def test_what_is_not_its_own_is_refused(helper: Helper) -> None:
    with talk(helper.control) as one, pytest.raises(ChaosError, match="no process of postgres was started here"):
        client.begin(one, fault("kill postgres at 0s"))
    with talk(helper.control) as one, pytest.raises(ChaosError, match="the swarm does not come this way"):
        client.begin(one, fault("cut for 1s at 0s"))


@pytest.mark.parametrize("line", [b"\n", b"{}\n", b"[]\n", b'{"ask": "rm"}\n', b"\xff\xfe\n", b"x" * 10_000 + b"\n"])
def test_what_cannot_be_read_is_answered_and_ends_nothing(helper: Helper, line: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as raw:
        raw.connect(str(helper.control))
        raw.sendall(line)
        answer = raw.makefile("rb").readline()
    assert "error" in json.loads(answer)
    assert client.services(helper.control) == ["api"]


def test_no_more_than_a_few_are_listened_to(helper: Helper) -> None:
    idle = [Talk(helper.control) for _ in range(8)]
    with pytest.raises(ChaosError, match="is gone"), talk(helper.control) as one:
        one.ask(ask="services")
    for each in idle:
        each.close()
    wait_until(lambda: bool(helper._services()), 10, "it listens again")


def test_its_socket_is_for_nobody_else(helper: Helper) -> None:
    assert helper.control.stat().st_mode & 0o007 == 0


def test_a_service_that_ends_by_itself_ends_it_with_the_same_code(tmp_path: Path) -> None:
    started = Helper(tmp_path, sys.executable, "-c", "raise SystemExit(7)")
    assert started.process.wait(20) == 7
    started.end()


def test_a_signal_ends_it_with_its_service_even_where_that_is_paused(helper: Helper) -> None:
    service = helper.service()
    assert service
    with talk(helper.control) as one:
        client.begin(one, fault("pause api for 10m at 0s"))
        helper.process.send_signal(signal.SIGTERM)
        helper.process.wait(10)
    assert not service.is_running()


def test_without_an_engine_it_says_so_and_ends(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "lab.chaos",
        "--control",
        str(tmp_path / "control"),
        "--engine",
        str(tmp_path / "no"),
    ]
    done = subprocess.run(command, cwd=ROOT / "locust", capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"chaos: the engine does not answer at {tmp_path / 'no'}" in done.stderr
