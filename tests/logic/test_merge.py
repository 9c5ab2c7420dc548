"""`lab merge`: two masters' halves against one master's whole give the same figures; what is no part is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from lab import limits
from lab.counts.part import Part
from lab.judging.evidence import Evidence, Interruption
from lab.judging.verdict import judge
from lab.knobs import SettingsError
from lab.ledger.findings import Example, Found, Ledger
from lab.limits import Limit
from lab.merging import parts, whole
from lab.merging.parts import NotParts
from lab.report.headline import facts
from lab.results import files, kept, steps_file
from lab.results.record import from_folder
from lab.settings import Settings
from tests.support.commands import run_lab
from tests.support.parts import ENVIRONMENT, Master, run

SCHEMA = json.loads((Path(__file__).parents[2] / "locust" / "lab" / "judging" / "verdict.schema.json").read_text())
VALIDATOR = jsonschema_rs.Draft202012Validator(SCHEMA, validate_formats=True)
FIRST, SECOND = Part(1, 2), Part(2, 2)
HALVES = (Master((1, 2), FIRST), Master((3, 4), SECOND))
AUDIT = Found(100, 99, 1, 0, 0, 2, 1, 0, 0.5)
LEDGER = Ledger(
    110, 100, 4, 6, 5, 0, AUDIT, None, examples=(Example("lost", "lab-1", None, 2, "api-1"),), audit_due=True
)


def halves(folder: Path, first: Master = HALVES[0], second: Master = HALVES[1]) -> list[Path]:
    """The folders of two parts."""
    folders = [folder / "first", folder / "second"]
    for path, master in zip(folders, (first, second), strict=True):
        run(path, master)
    return folders


def merged(folders: list[Path]) -> whole.Whole:
    return whole.merge([parts.read(folder) for folder in folders])


def figures(evidence: Evidence) -> dict[str, Any]:
    """All that is judged and shown, without what says of which runs it is."""
    document = json.loads(json.dumps(judge(evidence).document))
    for name in ("merged", "part", "sentence"):
        document.pop(name)
    return {"verdict": document, "steps": steps_file.document(evidence)["steps"]}


def test_halves_are_the_whole(tmp_path: Path) -> None:
    one = run(tmp_path / "one", Master((1, 2, 3, 4)))
    made = merged(halves(tmp_path))
    assert figures(made.evidence) == figures(one)
    assert one.service == made.evidence.service
    assert one.service is not None
    assert one.service.double_entry is not None
    assert one.service.double_entry["agree"] is True
    assert judge(made.evidence).sentence == f"{judge(one).sentence} Merged of 2 runs (first, second)."


def test_each_second_is_that_of_the_whole(tmp_path: Path) -> None:
    run(tmp_path / "one", Master((1, 2, 3, 4)))
    made = merged(halves(tmp_path))
    columns = ("time", "users", "requests", "p95_ms", "cpu_cores")
    rows = [tuple("" if row[name] is None else str(row[name]) for name in columns) for row, _ in made.samples]
    written = [tuple(row[name] for name in columns) for row in files.read_rows(tmp_path / "one" / "samples.csv")]
    assert rows[: len(written)] == written


def test_it_says_of_which_runs_it_is(tmp_path: Path) -> None:
    made = judge(merged(halves(tmp_path)).evidence).document["merged"]
    assert made is not None
    assert made["left_out_seconds"] == 0
    assert [(row["run"], row["part"], row["users"]) for row in made["parts"]] == [
        ("first", "1/2", 8),
        ("second", "2/2", 8),
    ]


def test_a_part_alone_says_so_and_has_no_double_entry(tmp_path: Path) -> None:
    first, _ = halves(tmp_path)
    document = json.loads((first / "verdict.json").read_text())
    assert document["part"] == "1/2"
    assert document["double_entry"] is None
    assert "This is part 1/2 of a run: `lab merge` judges all of its parts together." in document["sentence"]


def test_seconds_that_not_all_measured_are_left_out(tmp_path: Path) -> None:
    """The second master begins three seconds later: as many seconds of each load are one half's alone."""
    evidence = merged(halves(tmp_path, second=replace(HALVES[1], late=3))).evidence
    assert [(step.users, step.seconds) for step in evidence.steps] == [(8, 9), (16, 17)]
    assert evidence.merged
    assert evidence.merged["left_out_seconds"] == 12
    assert "; 12 s in which not all of them were at the same step are left out." in judge(evidence).sentence


def test_ledgers_add_up(tmp_path: Path) -> None:
    first, second = (replace(half, ledger=LEDGER) for half in HALVES)
    ledger = merged(halves(tmp_path, first, second)).evidence.ledger
    assert ledger is not None
    assert (ledger.sent, ledger.acknowledged, ledger.unanswered) == (220, 200, 12)
    assert ledger.audit == Found(200, 198, 2, 0, 0, 4, 2, 0, 0.5)
    assert [example.worker for example in ledger.examples] == [2, 4]


def test_what_one_part_did_not_audit_is_not_audited(tmp_path: Path) -> None:
    silent = replace(LEDGER, audit=None, not_audited="the service does not answer", examples=())
    found = Found(100, 100, 0, 0, 0, 2, 1, 0, 0.5)
    first, second = replace(HALVES[0], ledger=replace(LEDGER, audit=found)), replace(HALVES[1], ledger=silent)
    verdict = judge(merged(halves(tmp_path, first, second)).evidence)
    assert verdict.verdict != "PASS"
    assert "200 acknowledged writes were not audited: part 2/2: the service does not answer" in verdict.sentence


def test_what_befell_one_part_befell_the_whole(tmp_path: Path) -> None:
    fate = {"interrupted_by": Interruption.NO_WORKERS, "losses": ["Worker 2 (h4) left."], "not_held": "3 of 8 for 9 s"}
    evidence = merged(halves(tmp_path, second=replace(HALVES[1], evidence=fate))).evidence
    assert evidence.interrupted_by is Interruption.NO_WORKERS
    assert evidence.losses == ["Part 2/2: Worker 2 (h4) left."]
    assert evidence.not_held == "part 2/2: 3 of 8 for 9 s"


def test_peaks_are_of_all_parts(tmp_path: Path) -> None:
    first, second = (replace(half, evidence={"plan": "peak", "peak_rps": 30}) for half in HALVES)
    evidence = merged(halves(tmp_path, first, second)).evidence
    assert (evidence.peak_rps, evidence.peak_users) == (60, None)


def _knobs(**knobs: str) -> dict[str, Any]:
    return {**ENVIRONMENT, "knobs": {**ENVIRONMENT["knobs"], **knobs}}


WIDER: tuple[Limit, ...] = limits.parse("p95<=900ms")


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (replace(HALVES[1], evidence={"plan": "steady"}), "the plan is ramp in one and steady in the other"),
        (
            replace(HALVES[1], evidence={"target": "http://api:5001"}),
            "the target is http://api:5000 in one and http://api:5001 in the other",
        ),
        (replace(HALVES[1], evidence={"limits": WIDER}), "and p95<=900ms in the other"),
        (
            replace(HALVES[1], evidence={"arrivals": "open"}),
            "the way of arrivals is closed in one and open in the other",
        ),
        (
            replace(HALVES[1], environment={**ENVIRONMENT, "lab": "ba9876543210"}),
            "the lab's version is 0123456789ab in one and ba9876543210 in the other",
        ),
        (replace(HALVES[1], environment=_knobs(LAB_SETTLE="9s")), "LAB_SETTLE is 3s in one and 9s in the other"),
        (
            replace(HALVES[1], part=FIRST),
            "takes all parts of one run, each once: first is part 1/2, second is part 1/2",
        ),
        (replace(HALVES[1], part=Part(2, 3)), "takes all parts of one run"),
        (replace(HALVES[1], part=None), "second was no part of a larger run (LAB_PART)"),
        (replace(HALVES[1], late=30), "the times do not overlap: 0 s were measured by all parts at once, and 32 s by"),
        (replace(HALVES[1], late=-2, ledger=LEDGER), "which resets the service: what had been written by then is gone"),
    ],
)
def test_what_is_not_one_run_is_refused(tmp_path: Path, second: Master, why: str) -> None:
    folders = halves(tmp_path, second=second)
    with pytest.raises(NotParts) as refused:
        merged(folders)
    assert why in str(refused.value)


def test_how_much_of_the_load_is_a_part_s_own(tmp_path: Path) -> None:
    second = replace(HALVES[1], environment=_knobs(LOCUST_USERS="24", LAB_PART="2/2"))
    environment = merged(halves(tmp_path, second=second)).environment
    assert environment["knobs"]["LOCUST_USERS"] == "16 + 24"
    assert "LAB_PART" not in environment["knobs"]
    assert len(environment["workers"]) == 4


@pytest.mark.parametrize(
    ("knobs", "why"),
    [
        ({"LAB_PART": "half"}, "LAB_PART=half: takes a part and how many there are, from 1/2 and 2/2 on"),
        ({"LAB_PART": "3/2"}, "LAB_PART=3/2: takes a part and how many there are"),
        ({"LAB_PART": "1/1"}, "LAB_PART=1/1: takes a part and how many there are"),
        (
            {"LAB_PART": "1/2", "LAB_PLAN": "capacity"},
            "LAB_PART=1/2: takes one of the plans whose loads add up",
        ),
        (
            {"LAB_PART": "1/2", "LAB_PLAN": "steady", "LAB_FAULT": "kill api at 1s"},
            "LAB_PART=1/2: takes no LAB_FAULT, because what comes of a fault does not add up",
        ),
    ],
)
def test_what_is_no_part_is_refused_at_the_start(knobs: dict[str, str], why: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment(knobs)
    assert str(refused.value).startswith(why)


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda text: text[: len(text) // 2], "is not whole: seconds of the run are missing"),
        (lambda text: text.replace('"users":8', '"users":"many"', 1), "line "),
    ],
)
def test_a_damaged_part_is_refused(tmp_path: Path, damage: Callable[[str], str], why: str) -> None:
    folders = halves(tmp_path)
    file = folders[1] / "seconds.jsonl"
    file.write_text(damage(file.read_text()))
    with pytest.raises(ValueError, match=why):
        merged(folders)


def test_the_verb_leaves_a_run_that_is_judged_again_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    halves(tmp_path)
    monkeypatch.setenv("LAB_RESULTS", str(tmp_path))
    code = run_lab("merge", str(tmp_path / "first"), str(tmp_path / "second"))
    folder = next(tmp_path.glob("*-merged"))
    document = json.loads((folder / "verdict.json").read_text())
    VALIDATOR.validate(document)
    assert code == document["exit_code"]
    assert capsys.readouterr().out == f"{folder}\n{document['sentence']}\n"
    assert (tmp_path / "latest").resolve() == folder
    assert json.loads(json.dumps(judge(kept.evidence(folder)).document)) == document
    assert dict(facts(from_folder(folder)))["Merged of"] == "first, second"
    assert dict(facts(from_folder(tmp_path / "first")))["Part"] == "1/2"
    assert "Merged of 2 runs" in (folder / "report.html").read_text()
    assert run_lab("merge", str(folder), str(tmp_path / "second")) == 1
    assert "It was merged already: name all parts at once." in capsys.readouterr().err
