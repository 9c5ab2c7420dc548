"""Every service of docker-compose.yml has every control, or is excepted from it for a reason that is written here."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
NETWORKS = {"swarm", "service", "store", "front"}
SIZE = r"(\$\{\w+:-)?\d+[mg]\}?"


def _limits(service: dict[str, Any]) -> dict[str, Any]:
    limits: dict[str, Any] = service["deploy"]["resources"]["limits"]
    return limits


CONTROLS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "user": lambda service: (
        re.fullmatch(r"10001:10001|haproxy|postgres|nobody|472:0", str(service.get("user"))) is not None
    ),
    "read-only root": lambda service: service.get("read_only") is True,
    "capabilities": lambda service: service.get("cap_drop") == ["ALL"] and "cap_add" not in service,
    "no new privileges": lambda service: service.get("security_opt") == ["no-new-privileges:true"],
    "processes": lambda service: 0 < int(_limits(service)["pids"]) <= 200,
    "memory": lambda service: re.fullmatch(SIZE, str(_limits(service).get("memory"))) is not None,
    "CPU": lambda service: re.fullmatch(r"(\$\{\w+:-)?(1|0\.5)\}?", str(_limits(service).get("cpus"))) is not None,
    "init": lambda service: service.get("init") is True,
    "health": lambda service: {"test", "interval", "timeout", "retries"} <= set(service.get("healthcheck", ())),
    "tmpfs": lambda service: service.get("tmpfs") == "/tmp:noexec,nosuid,nodev,size=64m",
    "logs": lambda service: service.get("logging", {}).get("options") == {"max-size": "10m", "max-file": "2"},
    "network": lambda service: (
        service.get("network_mode") == "none"
        or (NETWORKS >= set(service.get("networks", ())) > set() and "network_mode" not in service)
    ),
}
SWARM_CPU = "a quota would stop it in the middle of a second, and its own pause would be taken for the service's"
MEASURED_CPU = "it is part of the service that is measured: a quota of ours would be what gives first"
REAPS = "its first process reaps its children itself"
EXCEPTIONS = {
    ("results", "user"): "it gives files to the person whose folder it is",
    ("results", "capabilities"): "CHOWN and FOWNER are what that takes",
    ("results", "health"): "it serves nobody: what it does is seen in the folder, and a run needs none of it",
    ("chaos", "user"): "the engine's socket is root's",
    ("lab", "user"): "it becomes the owner of the folder that it writes to, and has no right left then",
    ("lab", "capabilities"): "SETUID and SETGID are what that takes",
    ("lab", "health"): "it is a command, which ends by itself",
    ("master", "CPU"): SWARM_CPU,
    ("worker", "CPU"): SWARM_CPU,
    ("proxy", "CPU"): MEASURED_CPU,
    ("postgres", "CPU"): MEASURED_CPU,
    ("proxy", "init"): REAPS,
    ("postgres", "init"): REAPS,
}


@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_a_control_or_a_reason(name: str, control: str) -> None:
    holds = CONTROLS[control](SERVICES[name])
    assert holds != ((name, control) in EXCEPTIONS), EXCEPTIONS.get((name, control), "missing")


def test_rights_are_given_for_their_reason_and_no_others() -> None:
    given = {name: service["cap_add"] for name, service in SERVICES.items() if "cap_add" in service}
    assert given == {"results": ["CHOWN", "FOWNER"], "lab": ["SETGID", "SETUID"]}
    assert not [name for name, service in SERVICES.items() if {"privileged", "pid", "ipc", "devices"} & service.keys()]
    engine = [name for name, service in SERVICES.items() if "docker.sock" in str(service.get("volumes"))]
    assert engine == ["chaos"]


def test_the_user_is_the_one_that_the_images_are_made_for() -> None:
    for file in ("Dockerfile.api", "Dockerfile.locust"):
        assert re.search(r"useradd --uid 10001\b", (ROOT / file).read_text())
        assert "\nUSER lab\n" in (ROOT / file).read_text()
