""".env, docker-compose.yml and the settings of both packages hold the same knobs and defaults; .env explains each."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values

from api.settings import Settings, read_settings
from lab.settings import IN_FILES, knobs
from tests.support.stack import needs_engine

ROOT = Path(__file__).resolve().parents[2]
COMPOSE_TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OWN = {"LAB_RESULTS", "LAB_CHAOS", "LAB_SWARM_SECRET_FILE", "API_BIND", "API_REPLICA"}
"""Set by what starts the programs, not by people: where results and the secret go, where faults are asked for, where
gunicorn listens, and what a replica is called."""
USERS = dict(re.findall(r'knob\("(\w+)", \w+, "([^"]*)"\)', (ROOT / "locust" / "users.py").read_text()))
"""The knobs that users.py declares, with their defaults."""
LAB = {**knobs(), **USERS}
SWARM = {name for name in LAB if name not in OWN}
SWARM_FILES = {f"{name}_FILE" for name in (*IN_FILES, "LAB_SWARM_SECRET")}
FILES = {*SWARM_FILES, "API_DATABASE_URL_FILE", "POSTGRES_PASSWORD_FILE"}
"""Files of this machine with what is a secret, each mounted where the service looks for it."""
MASTERS = ("LAB_NOTIFY", "LAB_MASTER_", "LAB_UI_", "LAB_PART", "LAB_VERDICT_FILE", "LAB_RESULTS_STORE")
NOT_THE_MASTERS = {name for name in SWARM | SWARM_FILES if not name.startswith(MASTERS)}
UI_PORT = [{"target": 8089, "published": "${LOCUST_WEB_PORT:-8089}", "host_ip": "${LAB_UI_ADDRESS:-127.0.0.1}"}]
SERVICE = set(re.findall(r'"(API_\w+|WEB_\w+)"', (ROOT / "api" / "settings.py").read_text())) - OWN


def in_env_file() -> dict[str, str]:
    """The knobs of .env with their defaults, those included that are commented out."""
    text = re.sub(r"^# (?=[A-Z][A-Z_]+=)", "", (ROOT / ".env").read_text(), flags=re.MULTILINE)
    lines = [line for line in text.splitlines() if re.match(r"[A-Z]", line)]
    return {line.partition("=")[0]: line.partition("=")[2].strip('"') for line in lines}


def in_compose() -> dict[str, str]:
    """The knobs of docker-compose.yml with their defaults."""
    found = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", COMPOSE_TEXT))
    return {
        name: "" if default == "/dev/null" else default
        for name, default in found.items()
        if name != "COMPOSE_PROJECT_NAME"
    }


def explanations() -> dict[str, str]:
    """What .env says of each knob: the comment right above it, as one text."""
    found, comment = {}, ""
    for line in (ROOT / ".env").read_text().splitlines():
        if knob := re.match(r"(?:# )?([A-Z][A-Z_]+)=", line):
            found[knob[1]], comment = comment, ""
        else:
            comment = f"{comment} {line[1:]}".strip() if line.startswith("# ") and "---" not in line else ""
    return found


def test_env_file_and_compose_hold_the_same_knobs() -> None:
    assert in_env_file() == in_compose()


def test_env_file_and_the_labs_settings_hold_the_same_knobs() -> None:
    assert {name: default for name, default in in_env_file().items() if name in SWARM} == {
        name: default for name, default in LAB.items() if name in SWARM
    }
    assert USERS
    assert {name for name in in_env_file() if name.startswith("LAB_")} == SWARM | SWARM_FILES


def test_env_file_and_the_services_settings_hold_the_same_knobs() -> None:
    env = in_env_file()
    assert env.keys() >= SERVICE
    assert read_settings(env) == Settings()._replace(allow_reset=True)


@pytest.mark.parametrize("service", ["master", "worker"])
def test_a_scenario_and_its_variables_reach_the_swarm_and_need_not_be_there(service: str) -> None:
    assert SERVICES[service]["env_file"] == [{"path": "scenario/.env", "required": False}]
    assert "./scenario:/lab/scenario:ro,z" in SERVICES[service]["volumes"]
    assert (ROOT / "scenario").is_dir()


def test_dotenv_reads_the_env_file_as_it_is_meant() -> None:
    read = dotenv_values(ROOT / ".env")
    assert read == {name: value for name, value in in_env_file().items() if name in read}


def test_env_file_explains_each_knob_in_sentences_of_its_own() -> None:
    said = explanations()
    assert said.keys() == in_env_file().keys()
    assert not [name for name, text in said.items() if not (text.endswith(".") and len(text.split()) >= 7)]
    assert len(set(said.values())) == len(said)


KINDS = {
    r"-?\d+(\.\d+)?": "Number|Users|Most|Seconds|Items|Weight|Port|CPUs",
    r"[\d.]+m?s(-[\d.]+m?s)?": "[Tt]ime|pause",
    r"\d+m": "Time|Memory",
    r"\d+%": "[Ss]hare",
    r"true|false": "true or false",
    r"\w+://.*": "URL|pages",
}
"""What the explanation of a knob with such a default names: its unit, or what it takes."""


def test_env_file_names_the_unit_of_each_knob() -> None:
    said = explanations()
    kinds = {name: [kind for form, kind in KINDS.items() if re.fullmatch(form, in_env_file()[name])] for name in said}
    assert not [name for name, kind in kinds.items() if not all(re.search(each, said[name]) for each in kind)]


def test_an_empty_variable_means_the_default_and_locust_never_gets_an_empty_one() -> None:
    written = re.findall(r"(?<!\$)\$\{?\w+[^}]*\}?", COMPOSE_TEXT)
    files = "|".join([*FILES, "LAB_MASTER_PUBLISH"])
    assert all(re.fullmatch(rf"\$\{{(\w+:-[^}}]*|({files}):\+[^}}]*)\}}", text) for text in written)
    assert not [name for name, default in in_compose().items() if name.startswith("LOCUST_") and not default]


@pytest.mark.parametrize(
    ("service", "knobs_read"),
    [
        ("api", SERVICE | {"API_DATABASE_URL_FILE"}),
        (
            "master",
            SWARM
            | SWARM_FILES
            | {"LOCUST_LOCUSTFILE", "LOCUST_HOST", "LOCUST_USERS", "LOCUST_SPAWN_RATE", "LOCUST_AUTOQUIT"},
        ),
        # notices are the master's, and so is the UI: their secrets stay there
        ("worker", NOT_THE_MASTERS | {"LOCUST_LOCUSTFILE", "LOCUST_MASTER_NODE_HOST"}),
        ("lab", NOT_THE_MASTERS | {"LOCUST_LOCUSTFILE", "LOCUST_HOST"}),
    ],
)
def test_a_service_gets_the_knobs_that_it_reads_and_no_others(service: str, knobs_read: set[str]) -> None:
    assert set(SERVICES[service]["environment"]) == knobs_read


def test_a_secret_in_a_file_is_mounted_where_its_service_looks_for_it() -> None:
    mounted = {
        found[1]: (name, found[2])
        for name, service in SERVICES.items()
        for line in service.get("environment", ())
        if (found := re.fullmatch(r"(?:\w+=)?\$\{(\w+_FILE):\+/run/secrets/([\w-]+)\}", _pair(service, line)))
    }
    assert mounted.keys() == FILES
    for knob, (_, secret) in mounted.items():
        assert COMPOSE["secrets"][secret] == {"file": f"${{{knob}:-/dev/null}}"}
    for service in SERVICES.values():
        looked_for = re.findall(r"/run/secrets/([\w-]+)", f"{service.get('environment')} {service.get('command')}")
        assert sorted(looked_for) == sorted(service.get("secrets", ()))


def _pair(service: dict[str, Any], line: str) -> str:
    """A variable of a service, whether it has them as a list or by name."""
    given = service["environment"]
    return line if isinstance(given, list) else f"{line}={given[line]}"


def test_services_stand_in_their_order() -> None:
    assert list(SERVICES)[:3] == ["api", "master", "worker"]
    assert [name for name, service in SERVICES.items() if "profiles" in service] == list(SERVICES)[-6:]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_keeps_the_rules_of_the_house(name: str) -> None:
    service = SERVICES[name]
    assert not {"container_name", "restart"} & service.keys()
    ports = service.get("ports", [])
    assert [port for port in ports if isinstance(port, dict)] == (UI_PORT if name == "master" else [])
    assert all(port.startswith("127.0.0.1:") for port in ports if isinstance(port, str))


def test_the_whole_of_compose_is_well_formed() -> None:
    assert "version" not in COMPOSE
    assert all("healthcheck" in SERVICES[name] for name in ("api", "master", "worker", "proxy", "postgres"))


@pytest.mark.docker
def test_compose_reads_the_same_files_as_it_is_meant() -> None:
    needs_engine()
    command = ["docker", "compose", "--profile", "*", "config", "--format", "json"]
    bare = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent"}
    done = subprocess.run(command, cwd=ROOT, env=bare, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr
    resolved = json.loads(done.stdout)["services"]
    for service in ("api", "master", "worker", "lab"):
        wanted = {name: in_env_file()[name] for name in SERVICES[service]["environment"]}
        assert resolved[service]["environment"] == wanted


@pytest.mark.docker
@pytest.mark.parametrize("address", ["", "192.0.2.10", "2001:db8::1"])
def test_the_masters_port_for_workers_is_published_only_where_it_shall_be(address: str) -> None:
    needs_engine()
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", "LAB_MASTER_PUBLISH": address}
    command = ["docker", "compose", "config", "--format", "json"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr
    ports = json.loads(done.stdout)["services"]["master"]["ports"]
    published = {(port["host_ip"], port["target"], port["published"]) for port in ports}
    assert published == {("127.0.0.1", 8089, "8089"), *([(address, 5557, "5557")] if address else [])}
