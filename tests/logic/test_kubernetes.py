"""The manifests of Kubernetes: valid for the versions named here, restricted, with the knobs of Compose and .env."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from dotenv import dotenv_values

from lab.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "kubernetes"
VERSIONS = ("1.31", "1.34", "1.37")
SECRET = {"LAB_SWARM_SECRET", "LAB_HEADERS", "LAB_NOTIFY", "LAB_UI_PASSWORD"}
"""Knobs that belong into the Secret of the swarm."""
NOT_HERE = {
    "LAB_SCENARIO": "the scenario is in the image",
    "LOCUST_LOCUSTFILE": "the scenario is in the image",
    "LAB_TLS_CA": "the scenario is in the image, and it with it",
    "LAB_FAULT": "chaos takes the engine's socket",
    "LAB_UI_ADDRESS": "the UI is on loopback: kubectl port-forward",
    "LAB_UI_HOSTS": "the UI is on loopback: kubectl port-forward",
    "LOCUST_AUTOQUIT": "the Job itself says it",
    "LAB_MASTER_PUBLISH": "workers are Pods, in the network of the cluster",
    "LAB_VERDICT_FILE": "the Job itself says it",
}
OTHERWISE = {
    "LAB_PLAN": "smoke",
    "LAB_WORKERS_WAIT": "10m",
    "LAB_WORKERS_SETTLE": "15s",
    "LAB_TARGET_WAIT": "60s",
    "LAB_METRICS_URLS": "http://api:5000/metrics",
}
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


def knobs_of(*services: str) -> dict[str, str]:
    """The knobs of Compose's services with their defaults; files with secrets are left out."""
    found = {}
    for service in services:
        for name, text in COMPOSE[service]["environment"].items():
            if default := re.fullmatch(r"\$\{\w+:-(.*)\}", str(text)):
                found[name] = default[1]
    return found


def env_file(name: str) -> dict[str, str]:
    """What Kubernetes reads of such a file: everything behind the sign, as it stands."""
    lines = (FOLDER / "base" / name).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


@cache
def manifests(folder: str) -> list[dict[str, Any]]:
    """All that is applied, as kubectl builds it."""
    built = subprocess.run(
        ["kubectl", "kustomize", str(FOLDER / folder)], capture_output=True, text=True, check=True, timeout=60
    )
    return [each for each in yaml.safe_load_all(built.stdout) if each]


def plain() -> list[dict[str, Any]]:
    """All manifests as they are in their files, without kubectl."""
    files = [path for path in sorted(FOLDER.rglob("*.yaml")) if path.name != "kustomization.yaml"]
    return [each for path in files for each in yaml.safe_load_all(path.read_text()) if each]


def pods(found: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for each in found:
        if template := each.get("spec", {}).get("template"):
            yield f"{each['kind']} {each['metadata']['name']}", template["spec"]


def named(kind: str, name: str) -> dict[str, Any]:
    (found,) = (each for each in plain() if (each["kind"], each["metadata"]["name"]) == (kind, name))
    return found


needs_kubectl = pytest.mark.skipif(not shutil.which("kubectl"), reason="there is no kubectl here")


def test_the_knobs_of_the_swarm_are_those_of_compose() -> None:
    compose = {**knobs_of("master"), "LOCUST_HOST": "http://api:5000"}
    expected = {name: default for name, default in compose.items() if name not in SECRET | NOT_HERE.keys()}
    assert env_file("swarm.env") == {**expected, **OTHERWISE}
    assert compose.keys() >= NOT_HERE.keys() | OTHERWISE.keys()


def test_the_knobs_of_the_service_are_those_of_compose() -> None:
    assert env_file("api.env") == knobs_of("api")


def test_the_lab_takes_every_value() -> None:
    Settings.from_environment(env_file("swarm.env"))
    assert dotenv_values(FOLDER / "base" / "swarm.env")["LAB_LIMITS"] == env_file("swarm.env")["LAB_LIMITS"]


@pytest.mark.parametrize("version", VERSIONS)
def test_each_manifest_is_valid(version: str) -> None:
    for manifest in plain():
        kubernetes_validate.validate(manifest, version, strict=True)


def test_a_word_that_kubernetes_does_not_know_is_noticed() -> None:
    job = named("Job", "judge")
    job["spec"]["backoffLimits"] = 0
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(job, VERSIONS[-1], strict=True)


@needs_kubectl
@pytest.mark.parametrize("folder", ["base", "overlays/capacity", "overlays/postgres"])
def test_what_kubectl_builds_is_valid(folder: str) -> None:
    found = manifests(folder)
    for manifest in found:
        kubernetes_validate.validate(manifest, VERSIONS[-1], strict=True)
    assert {each["metadata"].get("namespace") for each in found if each["kind"] != "Namespace"} == {"lab"}
    assert {"Job judge", "Deployment worker", "Deployment api"} <= {name for name, _ in pods(found)}


@needs_kubectl
def test_an_overlay_changes_what_it_says() -> None:
    (swarm,) = (
        each
        for each in manifests("overlays/postgres")
        if each["metadata"]["name"].startswith("swarm-") and each["kind"] == "ConfigMap"
    )
    assert swarm["data"]["LOCUST_HOST"] == "http://api-balanced:5000"
    assert swarm["data"]["LAB_LIMITS"] == env_file("swarm.env")["LAB_LIMITS"]
    (api,) = (
        each
        for each in manifests("overlays/postgres")
        if (each["kind"], each["metadata"]["name"]) == ("Deployment", "api")
    )
    assert api["spec"]["replicas"] == 3


def test_the_judge_runs_once_and_its_end_is_the_labs() -> None:
    job = named("Job", "judge")["spec"]
    assert (job["backoffLimit"], job["completions"], job["parallelism"]) == (0, 1, 1)
    assert job["ttlSecondsAfterFinished"] >= 86400
    pod = job["template"]["spec"]
    assert pod["restartPolicy"] == "Never"
    (master,) = pod["containers"]
    environ = {each["name"]: each["value"] for each in master["env"]}
    assert environ["LAB_VERDICT_FILE"] == master["terminationMessagePath"]
    assert environ["LOCUST_AUTOQUIT"] == "0"
    mounts = {mount["mountPath"]: mount["name"] for mount in master["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert "persistentVolumeClaim" in volumes[mounts[environ["LAB_RESULTS"]]]


def test_workers_heal_are_spread_and_are_not_held_back() -> None:
    pod = named("Deployment", "worker")["spec"]["template"]["spec"]
    (worker,) = pod["containers"]
    assert worker["resources"]["requests"]["cpu"] == "1"
    assert "cpu" not in worker["resources"]["limits"]
    assert pod["topologySpreadConstraints"][0]["topologyKey"] == "kubernetes.io/hostname"
    assert named("PodDisruptionBudget", "worker")["spec"]["maxUnavailable"] == 1
    assert "initContainers" not in pod, "who comes first tries again, and waits for nobody"


def test_only_workers_reach_the_masters_port() -> None:
    (rule,) = named("NetworkPolicy", "judge")["spec"]["ingress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": 5557}]
    assert rule["from"] == [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "worker"}}}]
    nobody = [each["spec"] for each in plain() if each["kind"] == "NetworkPolicy" and not each["spec"]["podSelector"]]
    assert nobody == [{"podSelector": {}, "policyTypes": ["Ingress"]}]


@pytest.mark.parametrize(
    ("name", "pod"), list(pods(plain())), ids=lambda value: value if isinstance(value, str) else ""
)
def test_each_pod_is_restricted(name: str, pod: dict[str, Any]) -> None:
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False, "they would set API_PORT to an address"
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, name
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert "memory" in container["resources"]["limits"]


def test_every_replica_is_found_by_the_name_of_its_service() -> None:
    service = named("Service", "api")["spec"]
    assert service["clusterIP"] == "None"
    assert env_file("swarm.env")["LAB_METRICS_URLS"] == "http://api:5000/metrics"
