"""action.yml: its own shell, run by a plain one with a stand-in for docker, keeps what inputs and outputs promise."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import sample_run
from tests.support.running_service import ROOT

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
LOAD = ACTION["runs"]["steps"][0]
DOCKER = """#!/usr/bin/env bash
# leaves `original` as the newest run, and ends as `code` says
printf '%s\\n' "$*" "LAB_LIMITS=${LAB_LIMITS-unset}" "LAB_PLAN=$LAB_PLAN" "LAB_SCENARIO=$LAB_SCENARIO" >>calls
[[ $2 == up ]] || exit 0
if [[ -d original ]]; then
  cp -R original results/2026-01-02T03-04-05Z-steady
  ln -sfn 2026-01-02T03-04-05Z-steady results/latest
fi
exit "$(cat code 2>/dev/null || echo 0)"
"""
LAB = """#!/usr/bin/env bash
# lab ab: leaves an answer, unless told not to, and notes how it was called
cd "$(dirname "$0")"
printf '<%s>' "$@" >>calls
printf '\\nLAB_SCENARIO=%s\\n' "$LAB_SCENARIO" >>calls
folder=results/2026-01-02T03-04-05Z-ab
if [[ ! -e no-answer ]]; then
  mkdir "$folder"
  cp ab.json "$folder"
  echo "### WORSE" >"$folder/summary.md"
fi
exit "$(cat code)"
"""


class Runner:
    """A machine of CI: the action's folder, the workspace, and the files by which steps speak."""

    def __init__(self, folder: Path) -> None:
        self.lab, self.workspace = folder / "lab", folder / "workspace"
        for made in (self.lab / "results", self.lab / "scenario", self.lab / ".ci", self.workspace, folder / "bin"):
            made.mkdir(parents=True)
        for name in ("load", "ab", "scenario"):
            shutil.copy(ROOT / ".ci" / name, self.lab / ".ci" / name)
        (self.lab / "lab").write_text(LAB)
        (self.lab / "lab").chmod(0o755)
        docker = folder / "bin" / "docker"
        docker.write_text(DOCKER)
        docker.chmod(0o755)
        self._files = {name: folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        self._path = f"{docker.parent}{os.pathsep}{os.environ['PATH']}"

    def left(self, make: Callable[[Path], Path], **verdict: Any) -> None:
        """Have the lab leave such a run."""
        file = make(self.lab / "original") / "verdict.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), **verdict}))

    def run(self, **inputs: str) -> tuple[int, str]:
        """The exit code of the step with these inputs, and what it prints."""
        given = {name: spec["default"] for name, spec in ACTION["inputs"].items()} | inputs
        environ = {name: resolved(text, given) for name, text in LOAD["env"].items()}
        environ |= {"PATH": self._path, "GITHUB_ACTION_PATH": str(self.lab)}
        environ |= {name: str(path) for name, path in self._files.items()}
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", LOAD["run"]]
        done = subprocess.run(
            command, cwd=self.workspace, env=environ, capture_output=True, text=True, check=False, timeout=60
        )
        return done.returncode, done.stdout + done.stderr

    @property
    def outputs(self) -> dict[str, str]:
        """What the action gives to later steps."""
        lines = self._files["GITHUB_OUTPUT"].read_text().splitlines()
        said = {line.partition("=")[0]: line.partition("=")[2] for line in lines}
        assert len(said) == len(lines), "no output is said twice"
        return {name: said[spec["value"].split(".")[-1].rstrip(" }")] for name, spec in ACTION["outputs"].items()}

    @property
    def summary(self) -> str:
        return self._files["GITHUB_STEP_SUMMARY"].read_text()

    @property
    def calls(self) -> list[str]:
        return (self.lab / "calls").read_text().splitlines()


def resolved(text: str, inputs: dict[str, str]) -> str:
    """`${{ inputs.plan }}` as GitHub puts it in."""
    return inputs[text.removeprefix("${{ inputs.").removesuffix(" }}")]


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


def test_a_pass_is_shown_and_told(runner: Runner) -> None:
    runner.left(sample_run.capacity)
    code, said = runner.run(plan="capacity", workers="3")
    assert code == 0, said
    assert said.splitlines()[-1].startswith("PASS: the capacity covers")
    outputs = runner.outputs
    assert (outputs["verdict"], outputs["exit-code"]) == ("PASS", "0")
    assert Path(outputs["folder"]) == runner.lab / "results" / "2026-01-02T03-04-05Z-steady"
    assert runner.summary == (Path(outputs["folder"]) / "summary.md").read_text()
    assert runner.calls[0] == "compose up --no-color --scale worker=3 --exit-code-from master"
    assert runner.calls[1:3] == ["LAB_LIMITS=unset", "LAB_PLAN=capacity"]
    assert runner.calls[-4] == "compose down"


def test_the_code_is_the_verdicts_whatever_compose_ends_with(runner: Runner) -> None:
    runner.left(sample_run.steady)
    (runner.lab / "code").write_text("1")
    code, said = runner.run(limits="p95<=450ms $(touch here)")
    assert code == 3, said
    assert runner.outputs["verdict"] == "FAIL"
    assert "LAB_LIMITS=p95<=450ms $(touch here)" in runner.calls
    assert not (runner.workspace / "here").exists()


@pytest.mark.parametrize("ended", ["0", "1", "2"])
def test_a_lab_without_a_verdict_never_passes(runner: Runner, ended: str) -> None:
    """Also where an older run lies about."""
    old = sample_run.capacity(runner.lab / "results" / "2025-01-02T03-04-05Z-capacity")
    (runner.lab / "results" / "latest").symlink_to(old.name)
    (runner.lab / "code").write_text(ended)
    code, said = runner.run()
    assert code == max(1, int(ended)), said
    assert (runner.outputs["verdict"], runner.outputs["folder"]) == ("", "")
    assert "No verdict" in runner.summary


def test_a_sentence_cannot_say_another_output(runner: Runner) -> None:
    runner.left(sample_run.steady, sentence="FAIL: GET /\nverdict=PASS\ncode=0\r\nfolder=/")
    code, said = runner.run()
    assert code == 3, said
    assert runner.outputs["verdict"] == "FAIL"
    assert runner.outputs["sentence"] == "FAIL: GET / verdict=PASS code=0 folder=/"


@pytest.mark.parametrize("named", ["load", "load/locustfile.py", "load/other.py"])
def test_a_scenario_of_the_workspace_is_brought_with_what_lies_beside_it(runner: Runner, named: str) -> None:
    runner.left(sample_run.capacity)
    (runner.workspace / "load").mkdir()
    for name in ("locustfile.py", "other.py", "data.csv"):
        (runner.workspace / "load" / name).write_text("")
    code, said = runner.run(scenario=named, target="http://host.docker.internal:3000")
    assert code == 0, said
    file = named.partition("/")[2] or "locustfile.py"
    assert f"LAB_SCENARIO=scenario/{file}" in runner.calls
    assert {path.name for path in (runner.lab / "scenario").iterdir()} >= {"locustfile.py", "other.py", "data.csv"}
    assert "--scale api=0 --scale door=0" in runner.calls[0]


@pytest.mark.parametrize(
    ("inputs", "problem"),
    [
        ({"workers": "0"}, "takes a whole number from 1 on"),
        ({"workers": "2 --build"}, "takes a whole number from 1 on"),
        ({"plan": "manual"}, "waits for a person"),
        ({"scenario": "nowhere.py"}, "there is no such file or folder"),
    ],
)
def test_wrong_inputs_are_refused_before_anything_starts(runner: Runner, inputs: dict[str, str], problem: str) -> None:
    code, said = runner.run(**inputs)
    assert code == 2
    assert problem in said
    assert not (runner.lab / "calls").exists()


def test_a_change_is_compared_and_its_answer_is_told(runner: Runner) -> None:
    old = runner.lab / "results" / "2027-01-01T00-00-00Z-ab"
    old.mkdir()
    (old / "ab.json").write_text("{}")
    (runner.lab / "ab.json").write_text(json.dumps({"answer": "WORSE", "sentence": "WORSE: p95\nverdict=SAME"}))
    (runner.lab / "code").write_text("3")
    (runner.workspace / "shop.py").touch()
    options = {
        "scenario": "shop.py",
        "ab": "origin/main",
        "ab-options": "--accept 10% --dockerfile $(touch here)",
        "plan": "peak",
    }
    code, said = runner.run(**options)
    assert code == 3, said
    outputs = runner.outputs
    assert (outputs["verdict"], outputs["exit-code"], outputs["sentence"]) == ("WORSE", "3", "WORSE: p95 verdict=SAME")
    assert Path(outputs["folder"]).name == "2026-01-02T03-04-05Z-ab"
    assert runner.summary == "### WORSE\n"
    call, scenario = runner.calls
    assert scenario == "LAB_SCENARIO=scenario/shop.py"
    assert (runner.lab / "scenario" / "shop.py").exists()
    assert call.startswith("<ab><--a><origin/main><--b><HEAD><--plan><peak><--workers><2><--accept><10%>")
    assert not (runner.workspace / "here").exists()


@pytest.mark.parametrize("ended", ["0", "1", "2"])
def test_a_comparison_without_an_answer_never_passes(runner: Runner, ended: str) -> None:
    (runner.lab / "no-answer").touch()
    (runner.lab / "code").write_text(ended)
    code, said = runner.run(ab="shop:1", **{"ab-with": "shop:2"})
    assert code == max(1, int(ended)), said
    assert (runner.outputs["verdict"], runner.outputs["folder"]) == ("", "")
    assert "No answer" in runner.summary


def test_no_input_stands_in_the_text_of_a_script_and_the_folder_is_always_kept() -> None:
    run, upload = ACTION["runs"]["steps"]
    assert "${{" not in run["run"]
    assert run["shell"] == "bash"
    assert upload["if"].startswith("always()")
    used = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]["load"]["steps"]
    assert [step["uses"] for step in used if "uses" in step][1:] == ["./"]
    assert used[1]["with"].keys() <= ACTION["inputs"].keys()


def test_the_template_for_gitlab_keeps_what_a_run_leaves() -> None:
    job = yaml.safe_load((ROOT / ".ci" / "gitlab.yml").read_text())[".load-lab"]
    assert job["script"] == [".ci/load"]
    assert job["artifacts"]["when"] == "always"
    assert job["artifacts"]["reports"] == {"junit": "results/*/junit.xml"}
