"""`lab new` writes a locustfile with what belongs beside it, and nothing over what is there."""

from __future__ import annotations

import io
import json
import stat
from pathlib import Path

import pytest

from lab.drafting import placing
from lab.drafting.model import Draft
from tests.support.commands import run_lab
from tests.support.drafted import DATA

BANK = str(DATA / "bank.yaml")


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "scenario" / "bank.py"


def test_the_locustfile_its_contract_and_its_secrets_are_written(
    output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_lab("new", "openapi", BANK, "--output", str(output)) == 0
    said = capsys.readouterr().out
    assert f"{output}: Reader with 2 tasks, Contributor with 1 task\n" in said
    assert "Fill in SCENARIO_EMAIL, SCENARIO_PASSWORD" in said
    assert (
        f"LAB_SCENARIO={output} LAB_PLAN=smoke LOCUST_AUTOQUIT=0 LOCUST_HOST=http://localhost:8080 make swarm" in said
    )
    contract = json.loads(output.with_name("bank.contract.json").read_text())
    assert contract["operations"]["transfer"] == {"202": {}}
    assert "bank.contract.json" in output.read_text()
    variables = output.with_name(".env")
    assert variables.read_text() == "SCENARIO_EMAIL=''\nSCENARIO_PASSWORD=''\n"
    assert stat.S_IMODE(variables.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("http://localhost:3000", "LOCUST_HOST=http://host.docker.internal:3000 docker compose up --scale api=0"),
        ("http://api:5000", "LAB_SCENARIO=scenario/a.py LAB_PLAN=smoke LOCUST_AUTOQUIT=0 docker compose up --exit"),
        ("https://shop.example", "shop.example must be yours to load, and be named in LAB_ALLOWED_HOSTS."),
    ],
)
def test_the_way_to_try_it_is_said_as_a_container_sees_it(host: str, said: str) -> None:
    draft = Draft("t", "openapi", host, [])
    assert said in "\n".join(placing.advice(draft, Path("/lab/scenario/a.py"), in_container=True))


def test_nothing_is_written_over_unless_that_is_asked_for(output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output.parent.mkdir()
    output.write_text("mine")
    command = ("new", "curl", "curl http://localhost:5000/tests", "--output", str(output))
    assert run_lab(*command) == 2
    assert "bank.py is there already: --force writes over it" in capsys.readouterr().err
    assert output.read_text() == "mine"
    assert run_lab(*command, "--force") == 0
    assert "def get_tests" in output.read_text()


def test_a_source_may_come_by_the_standard_input(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO((DATA / "access.log").read_text()))
    assert run_lab("new", "log", "-", "--output", str(output)) == 0
    assert "drafted by `lab new log -`" in output.read_text()


def test_what_cannot_be_drafted_leaves_nothing(output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_lab("new", "openapi", str(DATA / "shop.har"), "--output", str(output)) == 1
    assert "is no OpenAPI document" in capsys.readouterr().err
    assert run_lab("new", "openapi", BANK, "--output", str(output.with_suffix(".txt"))) == 2
    assert run_lab("new", "openapi", "http://127.0.0.1:1/openapi.json", "--output", str(output)) == 1
    assert not output.parent.exists()
