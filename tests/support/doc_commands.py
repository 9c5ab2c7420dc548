"""Whether a command of the pages is one that its program takes, as far as that can be said without running it."""

from __future__ import annotations

import argparse
import functools
import itertools
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, NoReturn

import yaml

from tests.support.doc_pages import ROOT

if TYPE_CHECKING:
    from pathlib import Path

MAKEFILE = (ROOT / "Makefile").read_text()
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
MANIFESTS = [path for path in (ROOT / "deploy").rglob("*.yaml") if path.name != "kustomization.yaml"]
SERVICES = set(COMPOSE["services"])
PROFILES = {profile for service in COMPOSE["services"].values() for profile in service.get("profiles", ())} | {"*"}
NOT_CHECKED = {"curl", "cut", "grep", "ls", "mv", "openssl", "rm", "sed", "sleep", "ssh"}
"""Programs of the system, which take what they always took."""


OF_THE_ENGINE = {
    *(("node", "update"), ("service", "scale"), ("swarm", "init"), ("swarm", "join"), ("save", "lab-locust")),
    ("stack", "rm"),
}
"""Commands of Docker itself that the pages show, by their first two words."""


class Parser(argparse.ArgumentParser):
    """A parser that raises ValueError where others end the program."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


def compose_parser() -> Parser:
    """As much of `docker compose` as the pages use."""
    parser = Parser(add_help=False)
    parser.add_argument("--progress", choices=["quiet"])
    parser.add_argument("--profile", action="append", choices=sorted(PROFILES))
    verbs = parser.add_subparsers(dest="verb", required=True, parser_class=Parser)
    up, down, logs, run = (verbs.add_parser(verb, add_help=False) for verb in ("up", "down", "logs", "run"))
    up.add_argument("--scale", action="append", type=scaled)
    up.add_argument("--exit-code-from", choices=sorted(SERVICES))
    for name in ("--detach", "--build", "--no-deps"):
        up.add_argument(name, action="store_true")
    down.add_argument("--volumes", action="store_true")
    logs.add_argument("--follow", action="store_true")
    for name in ("--build", "--rm", "--no-deps", "-T"):
        run.add_argument(name, action="store_true")
    run.add_argument("--entrypoint", choices=["python"])
    run.add_argument("service", choices=sorted(SERVICES))
    run.add_argument("words", nargs=argparse.REMAINDER)
    for verb in (
        up,
        down,
        logs,
        *(verbs.add_parser(name, add_help=False) for name in ("build", "kill", "pause", "unpause", "wait")),
    ):
        verb.add_argument("services", nargs="*", type=service)
    return parser


def service(name: str) -> str:
    if name not in SERVICES:
        raise ValueError(f"no service {name}")
    return name


def scaled(text: str) -> int:
    name, _, count = text.partition("=")
    service(name)
    return int(count)


@functools.cache
def help_of(*words: str) -> str:
    """What `python -m WORDS --help` prints. Raises ValueError where there is no such program."""
    done = run_python("-m", *words, "--help")
    if done.returncode or "usage:" not in done.stdout.lower():
        raise ValueError(f"python -m {' '.join(words)} --help: {done.stderr or done.stdout}")
    return done.stdout


def help_for(words: tuple[str, ...]) -> str:
    """The help of the module or the verb that a command runs; empty for commands that run neither."""
    if of_lab := words_of_lab(words):
        return help_of("lab", *itertools.takewhile(str.isalpha, of_lab))  # the verb, and what it is told to do
    return help_of(words[words.index("-m") + 1]) if "-m" in words else ""


def run_python(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'locust'}:{ROOT}"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60)


def is_make_variable(name: str) -> bool:
    return f"$({name})" in MAKEFILE or f"$({name}," in MAKEFILE


def check_make(words: tuple[str, ...]) -> None:
    for word in words:
        variable, assigned, _ = word.partition("=")
        if assigned and not is_make_variable(variable):
            raise ValueError(f"Makefile has no variable {variable}")
    done = subprocess.run(["make", "--dry-run", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(done.stderr)


def check_docker(words: tuple[str, ...]) -> None:
    if words[0] == "compose":
        options = compose_parser().parse_args(words[1:])
        if options.verb == "run":
            (check_lab if options.service == "lab" else check_python)(tuple(options.words))
    elif words[0] in ("kill", "start"):
        for container in words[1:]:
            service(container.removeprefix("lab-").rpartition("-")[0])
    elif words[0] == "tag":
        check_image(words[1])
    elif words[:2] not in OF_THE_ENGINE:
        raise ValueError("only compose, kill, start, tag and what is in OF_THE_ENGINE can be checked")


def check_image(name: str) -> None:
    images = {
        each.get("image", "").replace("${COMPOSE_PROJECT_NAME:-lab}", "lab") for each in COMPOSE["services"].values()
    }
    if name.partition(":")[0] not in images:
        raise ValueError(f"Compose builds no image {name}")


def check_kind(words: tuple[str, ...]) -> None:
    if words[:2] != ("load", "docker-image"):
        raise ValueError("only kind load docker-image can be checked")
    for name in words[2:]:
        check_image(name)


@functools.cache
def in_the_cluster() -> set[str]:
    """What the manifests make, such as job/judge."""
    found = [each for path in MANIFESTS for each in yaml.safe_load_all(path.read_text()) if each]
    return {f"{each['kind']}/{each['metadata']['name']}".lower() for each in found}


def check_kubectl(words: tuple[str, ...]) -> None:
    """What is named must be in the manifests, whose own test has them built."""
    kinds = {name.partition("/")[0] for name in in_the_cluster()}
    if unknown := {word for word in words if word.partition("/")[0] in kinds and "/" in word} - in_the_cluster():
        raise ValueError(f"no manifest is {unknown}")
    if "--kustomize" in words:
        folder = ROOT / words[words.index("--kustomize") + 1]
        if not (folder / "kustomization.yaml").is_file():
            raise ValueError(f"{folder} has no kustomization.yaml")
    elif not set(words) & {"create", "wait", "get", "delete", "scale", "port-forward"}:
        raise ValueError(f"kubectl {' '.join(words)} cannot be checked")


def check_python(words: tuple[str, ...]) -> None:
    flag, module, *rest = words
    if flag != "-m":
        raise ValueError("python -m MODULE is the form of all programs")
    if unknown := [word for word in rest if word.startswith("--") and word not in help_of(module)]:
        raise ValueError(f"{module} takes no {unknown}")


def words_of_lab(words: tuple[str, ...]) -> tuple[str, ...]:
    """The verb of `docker compose run … lab VERB` or `./lab VERB` and what follows; empty for other commands."""
    at = next((at for at, word in enumerate(words) if word in ("lab", "./lab")), len(words))
    at = len(words) if words[:1] == ("kubectl",) else at  # to which lab is a namespace
    return words[at + 1 :]


def check_lab(words: tuple[str, ...]) -> None:
    options = [word for word in words if word.startswith("--") and word != "--help"]
    if unknown := [option for option in options if option not in help_for(("lab", *words))]:
        raise ValueError(f"lab {' '.join(words)} takes no {unknown}")


def check_local(words: tuple[str, ...]) -> None:
    started = set(re.findall(r"^(\w+):", (ROOT / "Procfile").read_text(), flags=re.MULTILINE))
    if not set(words) <= started:
        raise ValueError(f"the Procfile has only {started}")


def check_swarm(words: tuple[str, ...]) -> None:
    """Options are those that the head of deploy/swarm/run explains; what is scaled is a service."""
    head = (ROOT / "deploy" / "swarm" / "run").read_text().partition("set -e")[0]
    taken = re.findall(r"^#   (--[\w-]+)", head, flags=re.MULTILINE)
    for word, value in itertools.zip_longest(words, words[1:], fillvalue=""):
        if word.startswith("--") and word not in taken:
            raise ValueError(f"deploy/swarm/run takes no {word}")
        if word == "--scale":
            scaled(value)


_CHECKS = {
    "deploy/swarm/run": check_swarm,
    "make": check_make,
    "docker": check_docker,
    "kind": check_kind,
    "kubectl": check_kubectl,
    "python": check_python,
    "./local.sh": check_local,
    "./lab": check_lab,
}


def check(words: tuple[str, ...]) -> None:
    """Raises ValueError where the program does not take these words, KeyError where nobody knows the program."""
    if words and words[0] not in NOT_CHECKED:
        _CHECKS[words[0]](words[1:])
