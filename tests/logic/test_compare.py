"""Finished runs compared, from their folders to the exit code: `lab compare`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from lab.history import groups, past_runs
from tests.support import sample_run
from tests.support.commands import run_lab

Make = Callable[..., Path]


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("originals")
    return {name: sample_run.RUNS[name](folder / name) for name in ("capacity", "steady", "drifting")}


@pytest.fixture
def make(originals: dict[str, Path], tmp_path: Path) -> Make:
    """Makes a run like one of the samples, with these changes to its verdict and to its knobs."""

    def made(name: str, kind: str = "capacity", knobs: dict[str, str] | None = None, **verdict: Any) -> Path:
        folder = Path(shutil.copytree(originals[kind], tmp_path / name))
        _change(folder / "verdict.json", lambda document: document.update(verdict))
        _change(folder / "environment.json", lambda document: document["knobs"].update(knobs or {}))
        return folder

    return made


def _change(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def _visited(scenario: dict[str, str], document: dict[str, Any]) -> None:
    document["scenario"] = scenario


def capacity(rps: float, reached: bool = True) -> dict[str, Any]:
    return {"users": round(rps * 3), "rps": rps, "rps_interval": [rps * 0.98, rps * 1.02], "reached": reached}


def group(make: Make, name: str, *figures: float, **more: Any) -> list[str]:
    return [str(make(f"{name}-{rps:g}", capacity=capacity(rps), **more)) for rps in figures]


@pytest.mark.parametrize(
    ("figures", "code", "word"),
    [((118, 119, 122), 0, "NO WORSE"), ((95, 97, 99), 3, "WORSE"), ((80, 117, 140), 4, "CANNOT TELL")],
)
def test_the_exit_code_says_whether_it_has_become_worse(
    make: Make, figures: tuple[float, ...], code: int, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    baseline, candidate = group(make, "base", 117, 118, 121), group(make, "new", *figures)
    assert run_lab("compare", "--baseline", *baseline, "--candidate", *candidate) == code
    assert capsys.readouterr().out.startswith(f"{word}: capacity ")


def test_two_runs_alone_are_too_few_unless_their_noise_is_stated(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = group(make, "run", 118, 60)
    assert run_lab("compare", *runs) == 4
    assert "too few repeats to tell" in capsys.readouterr().out
    assert run_lab("compare", *runs, "--spread", "5%") == 3
    assert "capacity fell by 49 % (90 % interval" in capsys.readouterr().out


def test_runs_that_were_not_made_alike_are_not_judged_and_say_what_differs(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    baseline = group(make, "base", 117, 118, 121)
    candidate = group(make, "new", 95, 97, 99, knobs={"LAB_THINK_TIME": "1s"})
    arguments = ["--baseline", *baseline, "--candidate", *candidate]
    assert run_lab("compare", *arguments) == 4
    said = capsys.readouterr().out
    assert "not the same: LAB_THINK_TIME 0.5s-1.5s vs 1s\n" in said
    assert said.startswith("CANNOT TELL: the runs are not alike: LAB_THINK_TIME (0.5s-1.5s vs 1s) differs. --anyway ")
    assert run_lab("compare", *arguments, "--anyway") == 3


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"target": "http://proxy:8080"}, "target (http://api:5000 vs http://proxy:8080) differs"),
        (
            {"scenario": {"name": "shop/locustfile.py", "digest": "77aa"}},
            "scenario (users.py 8e5a90fcc2b1 vs locustfile.py 77aa) differs",
        ),
        ({"scenario": None}, "scenario (users.py 8e5a90fcc2b1 vs unknown) differs"),
        (
            {"scenario": {"name": "users.py", "digest": "8e5a90fcc2b1", "data": "99cc"}},
            "scenario (users.py 8e5a90fcc2b1 vs users.py 8e5a90fcc2b1 with data 99cc) differs",
        ),
    ],
)
def test_two_targets_and_two_scenarios_are_not_compared_as_if_they_were_one(
    make: Make, more: dict[str, Any], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """They were "of no weight here": NO WORSE was said of two services."""
    scenario = {"scenario": more.pop("scenario")} if "scenario" in more else {}
    baseline, candidate = group(make, "base", 117, 118, 121), group(make, "new", 118, 119, 120, **more)
    for run in candidate:
        _change(Path(run) / "environment.json", lambda document: document.update(scenario))
    arguments = ["--baseline", *baseline, "--candidate", *candidate]
    assert run_lab("compare", *arguments) == 4
    assert says in capsys.readouterr().out.splitlines()[0]
    assert run_lab("compare", *arguments, "--anyway") == 0


def test_a_scenario_is_the_same_wherever_it_lies(make: Make) -> None:
    baseline, candidate = group(make, "base", 117, 118, 121), group(make, "new", 118, 119, 120)
    for runs, folder in ((baseline, "shop"), (candidate, "scenario")):
        of_it = {"name": f"{folder}/locustfile.py", "digest": "77aa"}
        for run in runs:
            _change(Path(run) / "environment.json", partial(_visited, of_it))
    assert run_lab("compare", "--baseline", *baseline, "--candidate", *candidate) == 0


def test_a_knob_that_users_py_declares_makes_runs_unlike_too(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    baseline = group(make, "base", 117, 118, 121, knobs={"LAB_BASKET_SIZE": "3"})
    candidate = group(make, "new", 95, 97, 99, knobs={"LAB_BASKET_SIZE": "30"})
    assert run_lab("compare", "--baseline", *baseline, "--candidate", *candidate) == 4
    assert "not the same: LAB_BASKET_SIZE 3 vs 30\n" in capsys.readouterr().out


def test_another_plan_is_another_question(make: Make) -> None:
    assert run_lab("compare", str(make("a")), str(make("b", "steady"))) == 4


def test_what_cannot_be_believed_is_left_out(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    baseline = [*group(make, "base", 117, 118, 121), str(make("drifting", "drifting"))]
    candidate = [*group(make, "new", 116, 118, 120), str(make("cut", complete=False))]
    assert run_lab("compare", "--baseline", *baseline, "--candidate", *candidate) == 0
    assert capsys.readouterr().err == "left out: drifting is INVALID\nleft out: cut was cut short\n"
    assert run_lab("compare", baseline[-1], candidate[-1]) == 4


def test_a_service_that_takes_no_load_any_more_is_worse(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    broken = str(make("new", capacity=None, verdict="FAIL"))
    assert run_lab("compare", "--baseline", *group(make, "base", 117, 118), "--candidate", broken) == 3
    assert "1 of 1 runs found no load at all that keeps the limits" in capsys.readouterr().out
    assert run_lab("compare", broken, str(make("newer", capacity=None, verdict="FAIL"))) == 4


def test_a_search_that_ended_below_its_capacity_is_a_bound(make: Make) -> None:
    baseline = [str(make(f"base-{rps}", capacity=capacity(rps, reached=False))) for rps in (117, 119)]
    assert run_lab("compare", "--baseline", *baseline, "--candidate", *group(make, "new", 116, 120)) == 4


def test_a_held_load_is_judged_by_its_response_time_and_its_limits(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    def held(name: str, p95: float, **more: Any) -> str:
        limit = {"text": "p95<=450ms", "endpoint": None, "unit": "ms", "bound": 450.0, "measured": p95, "kept": True}
        return str(make(name, "steady", limits=[limit], **{"verdict": "PASS", **more}))

    baseline = ["--baseline", *(held(f"base-{p95}", p95) for p95 in (100, 102, 104))]
    slower = (held(f"new-{p95}", p95) for p95 in (150, 152, 151))
    assert run_lab("compare", *baseline, "--candidate", *slower) == 3
    assert "WORSE: p95 rose by 48 %" in capsys.readouterr().out
    failing = (held(f"bad-{p95}", p95, verdict="FAIL") for p95 in (100, 101))
    assert run_lab("compare", *baseline, "--candidate", *failing) == 3
    assert "all 2 runs broke their limits" in capsys.readouterr().out


def test_response_times_of_searches_are_those_at_a_load_that_all_held(make: Make) -> None:
    compared = groups.compare([past_runs.read(make("a"))], [past_runs.read(make("b"))])
    told = [subject.name for subject in compared.changes]
    assert told[:2] == ["capacity", "load at the capacity"]
    assert [name for name in told if name.startswith("p")] == [f"p{share} at 349 users" for share in (50, 95, 99)]


def test_the_cost_of_a_request_is_compared_where_all_replicas_tell_it(make: Make) -> None:
    def cost(name: str, *replicas: tuple[float | None, float]) -> list[float]:
        rows = [{"cpu_cores": cores, "rps": rps} for cores, rps in replicas]
        figures = past_runs.read(make(name, replicas=rows)).figures()
        return [figure.value for subject, figure in figures.items() if subject.name.startswith("CPU")]

    assert cost("both", (0.2, 100), (0.3, 100)) == [pytest.approx(2.5)]
    assert cost("one", (0.2, 100), (None, 100)) == []
    assert cost("none") == []


def test_json_holds_all_of_it(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    baseline, candidate = group(make, "base", 117, 118, 121), group(make, "new", 95, 97, 99)
    run_lab("compare", "--baseline", *baseline, "--candidate", *candidate, "--json")
    document = json.loads(capsys.readouterr().out)
    assert (document["outcome"], document["exit_code"]) == ("WORSE", 3)
    assert 0.7 < document["changes"][0]["interval"][0] < document["changes"][0]["interval"][1] < 0.9


def test_a_run_is_also_found_by_its_name_in_results(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a container results/ is elsewhere than in the shell that spelled the names out."""
    make("a"), make("b")
    monkeypatch.setenv("LAB_RESULTS", str(tmp_path))
    assert run_lab("compare", "results/a", "results/b") == 4


def test_a_folder_without_a_run_is_a_fault_and_a_lone_run_is_wrong_usage(make: Make, tmp_path: Path) -> None:
    assert run_lab("compare", str(make("a")), str(tmp_path / "nowhere")) == 1
    assert run_lab("compare", str(make("b"))) == 2


def test_runs_are_listed_newest_first_and_read_once(originals: dict[str, Path], tmp_path: Path) -> None:
    for name in ("2026-11-22T18-27-16Z-capacity", "2026-11-23T08-00-00Z-capacity", "2026-11-23T08-00-00Z-capacity-2"):
        shutil.copytree(originals["capacity"], tmp_path / name)
    (tmp_path / "2026-11-24T00-00-00Z-soak").mkdir()
    (tmp_path / "notes").mkdir()
    (tmp_path / "latest").symlink_to("2026-11-24T00-00-00Z-soak")
    verdicts = past_runs.Verdicts(tmp_path)
    listed = verdicts.newest(3)
    assert [name for name, _ in listed] == [
        "2026-11-24T00-00-00Z-soak",
        "2026-11-23T08-00-00Z-capacity-2",
        "2026-11-23T08-00-00Z-capacity",
    ]
    assert listed[0][1] == {}
    assert verdicts.newest(3)[1][1] is listed[1][1]
