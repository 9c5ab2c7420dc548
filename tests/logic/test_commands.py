"""`lab VERB`: which verbs there are, what their help shows, and what may be typed for runs and shares."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lab import commands
from lab.commands import VERBS, lab
from lab.results.naming import UnknownRunError, find
from tests.support.commands import run_lab

RUN = Path(__file__).parents[1] / "data" / "runs" / "smoke"
LOCUST = Path(commands.__file__).parents[2]
NO_VERBS = {"__init__", "parameters"}


def test_each_module_is_a_verb() -> None:
    modules = {path.stem for path in Path(commands.__file__).parent.glob("*.py")}
    assert modules - NO_VERBS == set(VERBS)


def test_the_verbs_are_listed_without_any_of_them_being_loaded() -> None:
    """Two of them in one process would get in each other's way."""
    command = [sys.executable, "-X", "importtime", "-m", "lab", "--help"]
    done = subprocess.run(command, cwd=LOCUST, capture_output=True, text=True, check=True, timeout=60)
    assert [verb for verb in VERBS if re.search(rf"^  {verb} +\w", done.stdout, re.MULTILINE)] == list(VERBS)
    assert "lab.commands" in done.stderr
    assert not re.search(r"lab\.commands\.|requests|gevent", done.stderr)


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_a_verb_shows_examples_that_it_takes(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_lab(verb, "--help") == 0
    said = capsys.readouterr().out
    examples = re.findall(rf"^ +lab {verb}(.*)$", said, re.MULTILINE)
    assert examples, said
    command = lab.get_command(None, verb)  # type: ignore[arg-type] # not used
    assert command
    for example in examples:
        command.make_context(verb, shlex.split(example), resilient_parsing=False)


def test_a_verb_that_does_not_exist_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_lab("jugde") == 2
    assert "No such command 'jugde'" in capsys.readouterr().err


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("2026-11-22T18-27-16Z-capacity", "2026-11-22T18-30-00Z-steady", "before-1", "before-10"):
        (tmp_path / name).mkdir()
    (tmp_path / "2026-11-23T09-00-00Z-ab" / "2026-11-23T09-01-00Z-steady").mkdir(parents=True)
    (tmp_path / "latest").symlink_to("before-10")
    (tmp_path / ".latest-7").mkdir()
    monkeypatch.chdir(tmp_path / "before-1")  # a folder that holds nothing of these names
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("latest", "latest"),
        ("results/latest", "latest"),
        ("/results/latest/", "latest"),
        ("before-1", "before-1"),
        (
            "results/2026-11-23T09-00-00Z-ab/2026-11-23T09-01-00Z-steady",
            "2026-11-23T09-00-00Z-ab/2026-11-23T09-01-00Z-steady",
        ),
        ("2026-11-22T18-3", "2026-11-22T18-30-00Z-steady"),
        ("results/2026-11-22T18-27", "2026-11-22T18-27-16Z-capacity"),
    ],
)
def test_a_run_is_named_as_one_would_type_it(results: Path, typed: str, name: str) -> None:
    assert find(typed, results) == results / name


def test_a_folder_elsewhere_is_taken_as_it_is(results: Path, tmp_path: Path) -> None:
    assert find(str(tmp_path / "before-1"), results / "nowhere") == tmp_path / "before-1"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("2026-11-22", "is the beginning of 2 runs: 2026-11-22T18-30-00Z-steady, 2026-11-22T18-27-16Z-capacity"),
        ("after", "there is no run after; there are before-10, before-1, 2026-11-23T09-00-00Z-ab,"),
        ("", "there is no run ;"),
        (".latest", "there is no run .latest;"),
    ],
)
def test_a_name_that_means_no_run_or_several_says_which_there_are(results: Path, typed: str, said: str) -> None:
    with pytest.raises(UnknownRunError, match=re.escape(said)):
        find(typed, results)


def test_without_any_run_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnknownRunError, match="none at all in"):
        find("latest", tmp_path / "nowhere")


def test_a_report_is_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LAB_RESULTS", str(tmp_path))
    (tmp_path / "empty").mkdir()
    assert run_lab("report", "nowhere") == 1
    assert run_lab("report", "empty") == 1
    assert "empty holds no run that has ended" in capsys.readouterr().err
    assert list((tmp_path / "empty").iterdir()) == []
    shutil.copytree(RUN, tmp_path / "latest")
    assert run_lab("report") == 0
    assert "<html" in (tmp_path / "latest" / "report.html").read_text()


@pytest.mark.parametrize("typed", ["latest", "results/latest", "/results/latest/", "2026-11-22T18", "{}/latest"])
@pytest.mark.parametrize(
    "words",
    [
        ("judge", "{}"),
        ("report", "{}"),
        ("compare", "{}", "{}", "--spread", "10"),
        ("compare", "{}", "{}", "--accept", "10%"),
    ],
)
def test_every_verb_takes_every_name_of_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, words: tuple[str, ...]
) -> None:
    shutil.copytree(RUN, tmp_path / "2026-11-22T18-27-16Z-smoke")
    (tmp_path / "2026-11-21T18-27-16Z-smoke").mkdir()
    (tmp_path / "latest").symlink_to("2026-11-22T18-27-16Z-smoke")
    monkeypatch.setenv("LAB_RESULTS", str(tmp_path))
    monkeypatch.chdir(tmp_path / "2026-11-21T18-27-16Z-smoke")
    assert run_lab(*(word.format(typed.format(tmp_path)) for word in words)) in {0, 4}


@pytest.mark.parametrize("wrong", ["0.05", "101", "ten", "10%%", "-5"])
def test_a_share_is_a_percent_from_1_to_100(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_lab("compare", "a", "b", f"--accept={wrong}") == 2
    assert "a share from 1% to 100%" in capsys.readouterr().err
