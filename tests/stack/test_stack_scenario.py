"""A scenario with Compose: its modules, data, packages and variables; an edit counts, and no secret is in a result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.running_service import PATIENT
from tests.support.stack import Stack, stack

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]

SHOP = {
    "locustfile.py": """
import os
from pathlib import Path

import humanize
from shop import NAME
from locust import HttpUser, constant, task

PATH = Path("paths.txt").read_text().strip()

class Smoke(HttpUser):
    wait_time = constant(0.2)

    def on_start(self):
        assert os.environ["LOCUST_SHOP"] == "geheim"
        Path("/tmp/scratch").touch()

    @task
    def go(self):
        self.client.get(PATH, name=NAME)
""",
    "shop.py": 'NAME = "first"\n',
    "paths.txt": "/tests\n",
    "requirements.txt": "locust==2.20.0\nhumanize\n",
    ".env": "LOCUST_SHOP=geheim\n",
}
KNOBS = {"LAB_PLAN": "smoke", "LAB_RUN_TIME": "3s", "LAB_SETTLE": "1s", "LAB_LIMITS": PATIENT}


@pytest.fixture
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with stack(tmp_path_factory.mktemp("lab")) as made:
        for name, text in SHOP.items():
            (made.folder / "scenario" / name).write_text(text)
        yield made


def test_a_scenario_is_taken_as_it_is_and_an_edit_counts_at_the_next_up(lab: Stack) -> None:
    for name in ("first", "second"):
        (lab.folder / "scenario" / "shop.py").write_text(f'NAME = "{name}"\n')
        # the second time by Locust's own name for it
        knob = "LAB_SCENARIO" if name == "first" else "LOCUST_LOCUSTFILE"
        code, output = lab.run("--scale", "worker=1", **{**KNOBS, knob: "scenario/locustfile.py"})
        assert code == 0, output
        assert list(lab.verdict()["endpoints"]) == [f"GET {name}"]
    folder = (lab.results / "latest").resolve()
    assert not [path.name for path in folder.iterdir() if "geheim" in path.read_text(errors="replace")]
    assert "(not shown)" in (folder / "environment.json").read_text()
