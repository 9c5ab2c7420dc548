"""`lab doctor`: each thing that would be in the way is told with its remedy, and a note is no failure."""

from __future__ import annotations

import json
import os
import resource
import socket
from pathlib import Path

import pytest

from lab.commands import doctor
from lab.diagnosis import engine, machine
from lab.diagnosis.finding import Finding, State, problem, well
from lab.generator.cgroup import Quota
from tests.support.commands import run_lab

WELL, NOTE, PROBLEM = State.WELL, State.NOTE, State.PROBLEM


@pytest.mark.parametrize(
    ("finding", "state"),
    [
        (machine.cores(8), WELL),
        (machine.cores(2), NOTE),
        (machine.cores(1), PROBLEM),
        (machine.cores(8, 1.5), PROBLEM),
        (machine.cores(8, 16.0), WELL),
        (machine.memory(8e9), WELL),
        (machine.memory(1e9), NOTE),
        (machine.memory(3e8), PROBLEM),
        (machine.open_files(20_000), WELL),
        (machine.open_files(resource.RLIM_INFINITY), WELL),
        (machine.open_files(4096), NOTE),
        (machine.open_files(256), PROBLEM),
        (machine.clock(lambda: 0), WELL),
        (machine.clock(lambda: machine.TIME_ERROR), NOTE),
        (machine.busy(0.1), WELL),
        (machine.busy(0.9), NOTE),
        (machine.knobs({}), WELL),
        (machine.knobs({"LAB_RESOLUTION": "much"}), PROBLEM),
    ],
)
def test_what_is_seen_is_weighed_and_has_a_remedy(finding: Finding, state: State) -> None:
    assert finding.state is state, finding
    assert bool(finding.remedy) is (state is not WELL)


def test_control_groups_of_both_versions_are_known(tmp_path: Path) -> None:
    assert machine.control_groups(tmp_path).state is NOTE
    (tmp_path / "cpu").mkdir()
    assert machine.control_groups(tmp_path).said.startswith("version 1")
    (tmp_path / "cgroup.controllers").touch()
    assert machine.control_groups(tmp_path).said == "version 2"


def test_a_port_in_use_is_told_with_who_listens_and_its_knob() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        (found,) = machine.ports({"API_PORT": port}, is_ours=False)
        assert found.state is PROBLEM
        assert f"process {os.getpid()}" in found.said
        assert "API_PORT" in found.remedy
        (ours,) = machine.ports({"API_PORT": port}, is_ours=True)
        assert ours.state is WELL
    (free,) = machine.ports({"API_PORT": port}, is_ours=False)
    assert free.state is WELL
    assert [machine.ports({"API_PORT": wrong}, is_ours=False)[0].state for wrong in ("x", "0", "70000")] == [
        PROBLEM
    ] * 3


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.disk(tmp_path / "yet" / "to" / "come").state is not PROBLEM
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "cannot be written" in machine.disk(tmp_path).said


def container(name: str, image: str, state: str, folder: str) -> str:
    labels = f"a=b,com.docker.compose.project.working_dir={folder},c=d"
    return json.dumps({"Names": name, "Image": image, "State": state, "Labels": labels})


def test_left_over_containers_and_labs_elsewhere_are_told(tmp_path: Path) -> None:
    here, there = str(tmp_path), str(tmp_path / "other")
    rows = [
        container("lab-master-1", "lab-locust", "running", here),
        container("lab-api-1", "lab-api", "exited", here),
        container("x-master-1", "x-locust", "running", there),
        container("shop", "shop", "exited", there),
    ]
    stale, elsewhere = engine.containers(tmp_path, "\n".join(rows))
    assert stale.said.startswith("lab-api-1 ")
    assert elsewhere.said.startswith("x-master-1 ")
    (none,) = engine.containers(tmp_path, rows[0])
    assert none.state is WELL


@pytest.mark.parametrize(
    ("answers", "states"),
    [
        ({"info": "20.10.24", "compose": "2.26.1-4"}, [WELL, WELL]),
        ({"info": "19.3.1", "compose": "v2.2.0"}, [PROBLEM, PROBLEM]),
        ({"compose": "2.26.1"}, [PROBLEM, WELL]),
        ({"info": "27.0.1"}, [WELL, PROBLEM]),
    ],
)
def test_engine_and_compose_must_answer_and_be_new_enough(
    monkeypatch: pytest.MonkeyPatch, answers: dict[str, str], states: list[State]
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: "/bin/docker")
    monkeypatch.setattr(engine, "said", lambda *words: answers.get(words[1]))
    assert [finding.state for finding in engine.engine()] == states
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert [finding.state for finding in engine.engine()] == [NOTE], "the lab needs none"


@pytest.mark.parametrize(
    ("found", "code", "ending"),
    [
        ([well("cores", "4")], 0, "0 problems, 0 notes: a run can start."),
        (
            [well("cores", "4"), problem("port 1", "in use", "set API_PORT")],
            1,
            "1 problem, 0 notes: mend what is marked.",
        ),
    ],
)
def test_the_code_says_whether_something_is_in_the_way(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], found: list[Finding], code: int, ending: str
) -> None:
    monkeypatch.setattr(doctor, "look", lambda **_: found)
    assert run_lab("doctor") == code
    said = capsys.readouterr().out
    assert said.rstrip().endswith(ending)
    assert all(" ".join(finding.remedy.split()) in " ".join(said.split()) for finding in found)
    assert run_lab("doctor", "--json") == code
    assert json.loads(capsys.readouterr().out)["problems"] == code


def test_a_container_says_what_it_does_not_see(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)))
    monkeypatch.setattr("lab.generator.cgroup.quota", lambda: Quota(1.0, 0.1, Path("nowhere")))
    found = doctor.look(is_inside=True)
    assert (found[0].state, found[0].remedy) == (State.UNSEEN, "./lab doctor on the machine itself")
    assert not [finding for finding in found if finding.name.startswith("port")]
    assert [finding.state for finding in found if finding.name == "cores"] == [WELL], "its own quota is not the swarm's"
