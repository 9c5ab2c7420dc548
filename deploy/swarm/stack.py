"""The lab in the words of Docker Swarm: what `docker compose config --format json` says goes in, a stack comes out.

Nothing of the lab is written a second time here. A part of docker-compose.yml that Swarm does not take is named below
with its reason; one that nobody has decided on yet ends the program. It needs nothing but Python.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

Document = dict[str, Any]

TAKEN = (
    *(
        "cap_add",
        "cap_drop",
        "command",
        "deploy",
        "entrypoint",
        "environment",
        "healthcheck",
        "image",
        "init",
        "logging",
    ),
    *("networks", "ports", "read_only", "secrets", "stop_grace_period", "tmpfs", "user", "volumes"),
)
"""What of a service Swarm takes, some of it in other words."""
LEFT_OUT = {
    "build": "images come out of a registry, or are in the nodes already",
    "depends_on": "deploy/swarm/run starts master and workers when the others are healthy",
    "extra_hosts": "no machine is the host of all nodes",
    "profiles": "Compose has already chosen by them",
    "pull_policy": "a node pulls what it lacks",
    "security_opt": "Swarm knows no such option; a process without root and capabilities gains none by a new program",
}
SERVICES_LEFT_OUT = {
    "results": "results are fetched by the person who starts the run, and are theirs at once",
    "door": "port 5000 of one machine is for a person beside it; load does not pass there",
    "chaos": "it acts on the containers of one engine, and a stack has several",
    "prometheus": "dashboards of a stack are a Prometheus of one's own, which asks the master (docs/dashboards.md)",
    "grafana": "see prometheus",
    "lab": "its verbs work on finished runs, and these come back to where the command was given",
}
ROLES = {"api": "target", "postgres": "target", "worker": "swarm", "proxy": "proxy"}
"""Which label of a node a service goes by; the master is where the command was given."""
LATER = ("master", "worker")
"""Started when all others are healthy."""
VOLUMES_LEFT_OUT = {
    **dict.fromkeys(("chaos", "prometheus", "grafana"), "see the service"),
    "secret": "the secret of the swarm is one of Swarm's own secrets",
}
MOUNTED = "/run/secrets"
NOWHERE = "/dev/null"
"""Where Compose mounts a secret from that nobody has given; Swarm takes no empty one."""


class NotPossibleError(Exception):
    """What was asked for cannot be deployed; the message says why, and what would help."""


def stack_of(composed: Document, given: argparse.Namespace) -> Document:
    """The stack. Raises NotPossibleError where Swarm cannot do what was asked for."""
    found: Document = {name: each for name, each in composed["services"].items() if name not in SERVICES_LEFT_OUT}
    check(composed["services"], given)
    secrets = {name: {"file": each["file"]} for name, each in composed["secrets"].items() if each["file"] != NOWHERE}
    master = found["master"]["environment"]
    if "swarm-secret" not in secrets and not master["LAB_SWARM_SECRET"]:
        secrets["swarm-secret"] = {"file": given.swarm_secret}
        for name in LATER:
            found[name]["environment"]["LAB_SWARM_SECRET_FILE"] = f"{MOUNTED}/swarm-secret"
    master["LAB_WORKERS"] = master["LAB_WORKERS"] or str(given.scale.get("worker", 1))
    if master["LAB_PLAN"] != "manual":
        master["LOCUST_AUTOQUIT"] = "0"
    services = {name: service_of(name, each, secrets, given) for name, each in found.items()}
    named = {volume["source"] for each in services.values() for volume in each["volumes"] if "source" in volume}
    networks = {network for each in services.values() for network in each["networks"]}
    return {
        "version": "3.9",
        "services": services,
        "networks": {
            name: {"driver": "overlay", "internal": bool(each.get("internal"))}
            for name, each in composed["networks"].items()
            if name in networks
        },
        "volumes": {name: {} for name in sorted(named)},
        "secrets": secrets,
    }


def check(services: Mapping[str, Document], given: argparse.Namespace) -> None:
    """Raises NotPossibleError where Swarm cannot do what was asked for."""
    master = services["master"]["environment"]
    if unknown := sorted(given.scale.keys() - services.keys() | given.scale.keys() & SERVICES_LEFT_OUT.keys()):
        raise NotPossibleError(
            f"--scale {unknown[0]}=…: takes one of {', '.join(sorted(services.keys() - SERVICES_LEFT_OUT))}"
        )
    if given.scale.get("master", 1) != 1:
        raise NotPossibleError("--scale master=…: there is one master")
    if master["LAB_FAULT"]:
        raise NotPossibleError(f"LAB_FAULT: {SERVICES_LEFT_OUT['chaos']}; take nodes away instead (docs/machines.md)")
    if master["LAB_MASTER_PUBLISH"]:
        raise NotPossibleError(
            "LAB_MASTER_PUBLISH: workers of a stack are in its own network; --scale worker=N makes them"
        )
    if (address := master["LAB_UI_ADDRESS"]) not in ("127.0.0.1", "0.0.0.0"):
        raise NotPossibleError(
            f"LAB_UI_ADDRESS={address}: Swarm opens a port at all addresses of a node (0.0.0.0) or not at all"
        )
    if master["LAB_PLAN"] == "manual" and address == "127.0.0.1":
        raise NotPossibleError(
            "LAB_PLAN=manual is started in the UI, which is not open: set another plan, or LAB_UI_ADDRESS=0.0.0.0 and "
            "LAB_UI_PASSWORD"
        )
    is_file = services["api"]["environment"]["API_DATABASE_URL"].startswith("sqlite:")
    if is_file and not services["api"]["environment"]["API_DATABASE_URL_FILE"] and given.scale.get("api", 1) > 1:
        raise NotPossibleError(
            "--scale api=…: replicas on several nodes share no SQLite file: take --profile postgres and "
            "API_DATABASE_URL=postgresql://lab:lab@postgres/lab"
        )


def service_of(name: str, composed: Document, secrets: Mapping[str, Any], given: argparse.Namespace) -> Document:
    """One service in Swarm's words."""
    if unknown := composed.keys() - set(TAKEN) - LEFT_OUT.keys():
        raise NotPossibleError(
            f"{name} has {sorted(unknown)} in docker-compose.yml, and deploy/swarm/stack.py does not know it"
        )
    service = {key: value for key, value in composed.items() if key in TAKEN and value is not None}
    service["image"] = given.image.get(composed["image"], composed["image"])
    service["secrets"] = [each for each in composed.get("secrets", ()) if each["source"] in secrets]
    service["volumes"] = [*volumes_of(composed), *tmpfs_of(service.pop("tmpfs", ()))]
    ports = [port_of(each) for each in service.pop("ports", ()) if each.get("host_ip") != "127.0.0.1"]
    if ports:
        service["ports"] = ports
    if name == "master":
        # a name leads to a container only when it is healthy, and the master listens at its own name
        service["healthcheck"] = {"disable": True}
    service["deploy"] = deploy_of(name, composed["deploy"], given)
    return service


def volumes_of(composed: Document) -> list[Document]:
    """The volumes. What is a folder of this machine with Compose is in the image here, and results are a volume."""
    volumes = []
    for volume in composed.get("volumes", ()):
        kept = {key: volume[key] for key in ("type", "source", "target", "read_only") if key in volume}
        if volume["target"] == "/results":
            volumes.append({"type": "volume", "source": "results", "target": "/results"})
        elif volume["type"] == "bind" and volume["target"] != "/lab/scenario":
            raise NotPossibleError(
                f"{volume['source']} is a folder of one machine, and deploy/swarm/stack.py does not know it"
            )
        elif volume["type"] == "volume" and volume.get("source") not in VOLUMES_LEFT_OUT:
            volumes.append(kept)
    return volumes


def tmpfs_of(lines: Sequence[str]) -> list[Document]:
    """`/tmp:noexec,nosuid,nodev,size=64m` as Swarm has it, whose tmpfs is never one for programs, setuid or devices."""
    found = []
    for line in lines:
        target, _, options = line.partition(":")
        size = next(option.removeprefix("size=") for option in options.split(",") if option.startswith("size="))
        found.append({"type": "tmpfs", "target": target, "tmpfs": {"size": int(size.removesuffix("m")) * 1024 * 1024}})
    return found


def port_of(port: Document) -> Document:
    """A port of the node itself: Swarm's own routing has no place for the addresses of all replicas of a name."""
    return {"target": port["target"], "published": int(port["published"]), "protocol": "tcp", "mode": "host"}


def deploy_of(name: str, composed: Document, given: argparse.Namespace) -> Document:
    """Where a service is, how often, with how much, and what becomes of it when it ends."""
    limits = dict(composed["resources"]["limits"])
    if "cpus" in limits:
        limits["cpus"] = str(limits["cpus"])
    role = ROLES.get(name, "")
    constraints = [f"node.labels.lab.{role} == true"] if role in given.placed else []
    if name == "master":
        constraints = [f"node.id == {given.node}"]
    return {
        "replicas": 0 if name in LATER else given.scale.get(name, 1),
        # each name leads to all of its replicas, as with Compose: their metrics are read one by one
        "endpoint_mode": "dnsrr",
        "resources": {"limits": limits},
        "placement": {"constraints": constraints},
        # a run that has its verdict, whatever it is, is over: nobody starts it once more
        "restart_policy": {"condition": "none"} if name == "master" else {"condition": "any", "delay": "1s"},
    }


def arguments() -> argparse.ArgumentParser:
    """What deploy/swarm/run says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--node", required=True, help="the node that the master is on")
    parser.add_argument(
        "--swarm-secret", required=True, metavar="FILE", help="the swarm's secret, unless a knob has one"
    )
    parser.add_argument("--scale", type=_count, action=_Collect, default={}, metavar="SERVICE=N")
    parser.add_argument("--image", type=_pair, action=_Collect, default={}, metavar="NAME=REFERENCE")
    parser.add_argument("--placed", action="append", default=[], choices=sorted(set(ROLES.values())))
    return parser


class _Collect(argparse.Action):
    def __call__(self, _: Any, namespace: argparse.Namespace, values: Any, __: Any = None) -> None:
        setattr(namespace, self.dest, {**getattr(namespace, self.dest), values[0]: values[1]})


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


def _count(text: str) -> tuple[str, int]:
    name, _, count = text.partition("=")
    if not count.isdecimal():
        raise argparse.ArgumentTypeError(f"{text}: takes SERVICE=N, such as worker=8")
    return name, int(count)


def _leave(reason: str) -> NoReturn:
    print(reason, file=sys.stderr)  # noqa: T201 - the one way to say why nothing starts
    sys.exit(2)


if __name__ == "__main__":
    try:
        print(json.dumps(stack_of(json.load(sys.stdin), arguments().parse_args()), indent=1))  # noqa: T201
    except NotPossibleError as error:
        _leave(str(error))
