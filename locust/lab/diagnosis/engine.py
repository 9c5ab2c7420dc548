"""Docker: does an engine answer, is Compose new enough, and what is left of labs that have ended?"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from lab.diagnosis.finding import Finding, note, problem, well
from lab.starting.ways import said
from lab.wording import some

OLDEST_ENGINE, OLDEST_COMPOSE = (20, 10), (2, 24)
ENDED = ("exited", "dead", "created")
OURS = "com.docker.compose.project.working_dir"
PROCESSES = "without Docker the lab runs as processes: ./lab run --no-docker"


def version(text: str) -> tuple[int, ...]:
    """The first two parts of a version.

    >>> version("v2.26.1-4"), version("20.10.24+dfsg1")
    ((2, 26), (20, 10))
    """
    return tuple(int(part) for part in re.findall(r"\d+", text)[:2])


def engine() -> list[Finding]:
    """The engine, and Compose."""
    if shutil.which("docker") is None:
        return [note("engine", "there is no docker here", f"install it, or not: {PROCESSES}")]
    if (found := said("docker", "info", "--format", "{{.ServerVersion}}")) is None:
        remedy = f"start it (systemctl start docker), or join its group (usermod -aG docker $USER); {PROCESSES}"
        return [problem("engine", "docker is here, and no engine answers", remedy), compose()]
    return [_new_enough("engine", found, OLDEST_ENGINE), compose()]


def compose() -> Finding:
    found = said("docker", "compose", "version", "--short")
    if found is None:
        return problem("compose", "docker has no Compose", f"install docker-compose-plugin; {PROCESSES}")
    return _new_enough("compose", found, OLDEST_COMPOSE)


def _new_enough(name: str, found: str, oldest: tuple[int, int]) -> Finding:
    if version(found) < oldest:
        return problem(name, found, f"update it: the lab takes {'.'.join(map(str, oldest))} or newer")
    return well(name, found)


def containers(root: Path, listed: str | None = None) -> list[Finding]:
    """What is left of runs that were cut off, and labs that run now. `listed` is one container of JSON a line."""
    if listed is None:
        listed = said("docker", "ps", "--all", "--no-trunc", "--format", "{{json .}}") or ""
    ours = [each for each in map(json.loads, listed.splitlines()) if _is_of_a_lab(each)]
    ended = [each["Names"] for each in ours if each["State"] in ENDED]
    running = [each["Names"] for each in ours if each["State"] == "running" and not _is_in(each, root)]
    return _left(ended, running) or [well("containers", "none that is left over")]


def _left(ended: Sequence[str], running: Sequence[str]) -> list[Finding]:
    found = []
    if ended:
        # one that ended with its run is no harm by itself, and an old one of another build is
        remedy = 'docker compose --profile "*" down'
        found.append(note("containers", f"{some(ended)} ended and are still there", remedy))
    if running:
        remedy = "wait for it: its load is in your figures"
        found.append(note("containers", f"{some(running)} run for another lab", remedy))
    return found


def _is_in(container: dict[str, str], root: Path) -> bool:
    return f"{OURS}={root}" in container["Labels"].split(",")


def _is_of_a_lab(container: dict[str, str]) -> bool:
    return bool(re.search(r"-locust(:|$)|^lab-ab:", container["Image"])) or container["Names"].startswith("lab-")
