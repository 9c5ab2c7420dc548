"""environment.json: where and with what a run was made: scenario, versions, machine, knobs. Secrets are left out."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from lab.exchanges.secrets import is_secret_variable, without_login
from lab.knobs import own_knobs
from lab.scenario import digest, place

PACKAGES = ("locust", "gevent", "geventhttpclient", "httptools", "msgspec", "brotli", "pyzmq")
_KNOBS = ("LAB_", "LOCUST_")
_LAB = Path(__file__).resolve().parents[1]


def environment(
    workers: Iterable[Mapping[str, Any]], variables: Mapping[str, str] = os.environ
) -> dict[str, Any]:
    """The file's content, with what is known of the workers."""
    knobs = {name: value for name, value in variables.items() if name.startswith(_KNOBS)} | own_knobs()
    scenario = place.path(variables)
    hidden = place.own_variables(scenario)
    return {
        **_fixed(),
        "scenario": digest.identity(scenario),
        "workers": [dict(worker) for worker in workers],
        "knobs": {
            name: "(not shown)" if name in hidden or is_secret_variable(name) else without_login(value)
            for name, value in sorted(knobs.items())
        },
    }


@cache
def _fixed() -> dict[str, Any]:
    """What stays the same while this process runs."""
    return {
        "python": sys.version.split()[0],
        "lab": digest.of_files(sorted(_LAB.rglob("*.py"))),
        "packages": {package: metadata.version(package) for package in PACKAGES},
        "machine": {"system": platform.platform(), "cpus": os.cpu_count(), "cpu_model": _cpu_model()},
    }


def _cpu_model() -> str | None:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), None)
