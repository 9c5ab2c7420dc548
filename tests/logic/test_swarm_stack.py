"""The stack of Docker Swarm follows docker-compose.yml: a part of it is taken, or left out for a written reason."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.swarm_stack import COMPOSE, composed, deployed, stack

KEPT = ("cap_drop", "command", "environment", "init", "read_only", "stop_grace_period", "user")
DEPLOYED = ("api", "master", "worker", "proxy", "postgres")


def test_every_service_is_deployed_or_left_out_for_a_reason() -> None:
    assert set(deployed()["services"]) == set(DEPLOYED)
    assert set(COMPOSE["services"]) == {*DEPLOYED, *stack.SERVICES_LEFT_OUT}


@pytest.mark.parametrize("name", DEPLOYED)
def test_a_service_is_the_one_of_compose(name: str) -> None:
    service, own = deployed()["services"][name], composed()["services"][name]
    own["environment"] |= {"LAB_PLAN": "smoke"} if "LAB_PLAN" in own["environment"] else {}
    own["environment"] |= {"LAB_SWARM_SECRET_FILE": "/run/secrets/swarm-secret"} if name in stack.LATER else {}
    own["environment"] |= {"LAB_WORKERS": "1", "LOCUST_AUTOQUIT": "0"} if name == "master" else {}
    assert {key: service.get(key) for key in KEPT} == {key: own.get(key) for key in KEPT}
    assert (service.keys() - {"secrets"}) <= own.keys()
    assert set(service["networks"]) == set(own["networks"])
    limits = {key: str(value) for key, value in own["deploy"]["resources"]["limits"].items()}
    assert {key: str(value) for key, value in service["deploy"]["resources"]["limits"].items()} == limits
    assert {"type": "tmpfs", "target": "/tmp", "tmpfs": {"size": 64 * 1024 * 1024}} in service["volumes"]


def test_what_nobody_has_decided_on_ends_the_deployment_with_its_name() -> None:
    changed = composed(LAB_PLAN="smoke")
    changed["services"]["api"]["devices"] = ["/dev/fuse"]
    given = stack.arguments().parse_args(["--node", "n1", "--swarm-secret", "s"])
    with pytest.raises(stack.NotPossibleError, match=r"api has \['devices'\].*does not know it"):
        stack.stack_of(changed, given)


def test_a_run_is_started_once_and_all_else_comes_back() -> None:
    policies = {name: each["deploy"]["restart_policy"]["condition"] for name, each in deployed()["services"].items()}
    assert policies == {name: "none" if name == "master" else "any" for name in DEPLOYED}


def test_networks_keep_who_reaches_whom_and_names_lead_to_each_replica() -> None:
    made = deployed()
    assert made["networks"] == {
        "swarm": {"driver": "overlay", "internal": False},
        "service": {"driver": "overlay", "internal": True},
        "store": {"driver": "overlay", "internal": True},
        "front": {"driver": "overlay", "internal": False},
    }
    assert {each["deploy"]["endpoint_mode"] for each in made["services"].values()} == {"dnsrr"}
    assert made["services"]["master"]["networks"]["swarm"] == {"aliases": ["swarm-master"]}


def test_the_swarm_has_a_secret_of_its_own_and_no_empty_one() -> None:
    made = deployed()
    assert made["secrets"] == {"swarm-secret": {"file": "/tmp/secret"}}
    for name in stack.LATER:
        assert [each["source"] for each in made["services"][name]["secrets"]] == ["swarm-secret"]
    given = deployed(LAB_SWARM_SECRET_FILE="/own", LAB_HEADERS_FILE="/headers")
    assert given["secrets"] == {"swarm-secret": {"file": "/own"}, "headers": {"file": "/headers"}}
    assert not deployed(LAB_SWARM_SECRET="x" * 16)["secrets"]


def test_no_folder_of_a_machine_and_no_socket_of_an_engine_is_mounted() -> None:
    made = deployed()
    volumes = [volume for each in made["services"].values() for volume in each["volumes"]]
    assert {volume["type"] for volume in volumes} == {"volume", "tmpfs"}
    assert sorted(made["volumes"]) == ["data", "postgres", "results"]


def test_nothing_is_published_unless_the_ui_shall_be() -> None:
    assert not [name for name, each in deployed()["services"].items() if "ports" in each]
    opened = deployed(LAB_UI_ADDRESS="0.0.0.0", LAB_UI_PASSWORD="long enough")["services"]
    assert {name: each["ports"] for name, each in opened.items() if "ports" in each} == {
        "master": [{"target": 8089, "published": 8089, "protocol": "tcp", "mode": "host"}]
    }


def test_labels_place_the_parts_and_the_master_is_where_the_command_was_given() -> None:
    words = [
        "--placed",
        "target",
        "--placed",
        "swarm",
        "--placed",
        "proxy",
        "--scale",
        "worker=6",
        "--scale",
        "proxy=2",
    ]
    made = deployed(*words)["services"]
    assert {name: each["deploy"]["placement"]["constraints"] for name, each in made.items()} == {
        "api": ["node.labels.lab.target == true"],
        "postgres": ["node.labels.lab.target == true"],
        "worker": ["node.labels.lab.swarm == true"],
        "proxy": ["node.labels.lab.proxy == true"],
        "master": ["node.id == n1"],
    }
    assert {name: each["deploy"]["replicas"] for name, each in made.items()} == {
        **dict.fromkeys(("api", "postgres"), 1),
        **dict.fromkeys(("master", "worker"), 0),  # started when the others are healthy
        "proxy": 2,
    }
    assert made["master"]["environment"]["LAB_WORKERS"] == "6"


def test_images_are_those_of_the_registry() -> None:
    made = deployed("--image", "lab-api=reg:5000/lab-api@sha256:1", "--image", "postgres:17=reg:5000/postgres@sha256:2")
    assert [made["services"][name]["image"] for name in ("api", "postgres", "proxy")] == [
        *("reg:5000/lab-api@sha256:1", "reg:5000/postgres@sha256:2", "lab-proxy"),
    ]


@pytest.mark.parametrize(
    ("words", "knobs", "reason"),
    [
        ((), {"LAB_PLAN": "manual"}, "LAB_PLAN=manual is started in the UI"),
        ((), {"LAB_UI_ADDRESS": "192.0.2.1"}, "LAB_UI_ADDRESS=192.0.2.1: Swarm opens a port at all addresses"),
        ((), {"LAB_FAULT": "kill api at 5s"}, "LAB_FAULT: it acts on the containers of one engine"),
        ((), {"LAB_MASTER_PUBLISH": "0.0.0.0"}, "LAB_MASTER_PUBLISH: workers of a stack are in its own network"),
        (("--scale", "api=2"), {}, "replicas on several nodes share no SQLite file"),
        (("--scale", "master=2"), {}, "there is one master"),
        (("--scale", "chaos=1"), {}, "--scale chaos=…: takes one of api, master, postgres, proxy, worker"),
        (("--scale", "wroker=1"), {}, "--scale wroker=…: takes one of"),
    ],
)
def test_what_swarm_cannot_do_is_refused_with_what_would_help(words: Any, knobs: Any, reason: str) -> None:
    with pytest.raises(stack.NotPossibleError) as caught:
        deployed(*words, **knobs)
    assert reason in str(caught.value)
    assert deployed("--scale", "api=2", API_DATABASE_URL="postgresql://lab:lab@postgres/lab")
