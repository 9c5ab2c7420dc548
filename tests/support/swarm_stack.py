"""deploy/swarm/stack.py as a module, and docker-compose.yml as Compose hands it over, as far as the stack reads it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SPEC = importlib.util.spec_from_file_location("swarm_stack", ROOT / "deploy" / "swarm" / "stack.py")
assert SPEC
assert SPEC.loader
stack = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(stack)


def composed(*without: str, **knobs: str) -> dict[str, Any]:
    """The Compose file with these knobs, all profiles included; `without` leaves services out."""
    text = re.sub(
        r"\$\{(\w+):([-+])([^}]*)\}", lambda found: _value(found, knobs), (ROOT / "docker-compose.yml").read_text()
    )
    read: dict[str, Any] = yaml.safe_load(text)
    read["services"] = {name: _long(each) for name, each in read["services"].items() if name not in without}
    read["networks"] = {name: each or {} for name, each in read["networks"].items()}
    return read


def deployed(*words: str, without: tuple[str, ...] = (), **knobs: str) -> dict[str, Any]:
    """The stack for a plan that starts by itself. Raises NotPossibleError as the program would say it."""
    given = stack.arguments().parse_args(["--node", "n1", "--swarm-secret", "/tmp/secret", *words])
    made: dict[str, Any] = stack.stack_of(composed(*without, **{"LAB_PLAN": "smoke", **knobs}), given)
    return made


def _value(found: re.Match[str], knobs: dict[str, str]) -> str:
    given = knobs.get(found[1], "")
    return (given or found[3]) if found[2] == "-" else (found[3] if given else "")


def _long(service: dict[str, Any]) -> dict[str, Any]:
    """The service in the long forms that `docker compose config` writes."""
    environment, tmpfs = service.get("environment", {}), service.get("tmpfs", [])
    if isinstance(environment, list):
        environment = dict(line.split("=", 1) for line in environment)
    networks = service.get("networks", {})
    return {
        **{key: value for key, value in service.items() if key not in ("env_file", "extends")},
        "environment": {name: str(value or "") for name, value in environment.items()},
        "tmpfs": [tmpfs] if isinstance(tmpfs, str) else tmpfs,
        "networks": networks if isinstance(networks, dict) else dict.fromkeys(networks),
        "volumes": list(map(_volume, service.get("volumes", ()))),
        "ports": list(map(_port, service.get("ports", ()))),
        "secrets": [{"source": each, "target": f"/run/secrets/{each}"} for each in service.get("secrets", ())],
    }


def _volume(text: str) -> dict[str, Any]:
    source, _, rest = text.partition(":")
    if not rest:
        return {"type": "volume", "target": source}
    target, _, options = rest.partition(":")
    kind = "bind" if source[0] in "./" else "volume"
    return {
        "type": kind,
        "source": source,
        "target": target,
        **({"read_only": True} if "ro" in options.split(",") else {}),
    }


def _port(port: Any) -> dict[str, Any]:
    if isinstance(port, dict):
        return port
    host, published, target = port.split(":")
    return {"host_ip": host, "published": published, "target": int(target)}
