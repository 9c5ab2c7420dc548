"""Text from outside is printable, bounded and no formula once it is stored, and no link in results is followed."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import msgpack
import pytest
from flask import Flask

from lab.counts.names import MOST_REPLICA_LETTERS, MOST_REPLICAS, OTHERS, Names, replica_name
from lab.counts.recorder import Recorder, rows
from lab.counts.templates import Templates
from lab.engine import reports
from lab.engine.answers import describe
from lab.engine.counting import Counting
from lab.engine.locust_files import CarefulCsv
from lab.history import past_runs
from lab.journeys import timing
from lab.pages.past import PastPages
from lab.printable import cell, printable, text_of_cell
from lab.report import FILE
from lab.results import files
from lab.service.both_ends import Service
from tests.support import lean
from tests.support.verdicts import answers, verdict_on

if TYPE_CHECKING:
    from pathlib import Path

STRANGE = [
    *map(chr, range(0x20)),
    *map(chr, range(0x7F, 0xA0)),
    *"\u061c\u200e\u200f\u202a\u202e\u2066\u2069\u2028\ufeff",
]
STRANGE += ["\ud800", "\udcff", "\udfff", "\U000e0001", "\uffff"]


def is_harmless(text: str) -> bool:
    return text.isprintable() and bool(text.encode("utf-8") or True)


@pytest.mark.parametrize("character", STRANGE, ids=lambda character: f"U+{ord(character):04X}")
def test_what_cannot_be_printed_is_shown_as_an_escape(character: str) -> None:
    text = printable(f"a{character}b")
    assert is_harmless(text)
    assert text[0] + text[-1] == "ab"
    assert len(printable(character * 1000, 64)) == 64


def test_other_text_stays_as_it_is() -> None:
    for text in ("", "GET /tests", "größer 😀 中文 ∞", "a" * 10_000):
        assert printable(text) == text


WORST = "a\x1b[2J\n\u202e\ud800" + "x" * 100_000


def test_whatever_is_counted_is_printable_and_bounded_and_can_travel() -> None:
    recorder, stats = Recorder(), lean.locust_stats.RequestStats()
    counting = Counting(recorder, stats, Templates(grouped=True))
    headers = {"X-Replica": WORST}
    response = type("R", (), {"status_code": 200, "headers": headers})()
    for error in (None, WORST, ValueError(WORST), lean.RequestFailed(WORST)):
        counting.on_request(WORST, WORST, 1.0, 1, error, response)
    recorder.die(WORST, timing.describe(ValueError(WORST)))
    counted = list(rows(recorder.drain()))
    assert len(counted) == 2
    for row in counted:
        texts = [row.endpoint, row.replica or "", *row.failures, *row.exceptions]
        assert all(is_harmless(text) and len(text) <= 400 for text in texts), row
    msgpack.dumps([list(row) for row in counted])
    for table in (stats.errors.values(), stats.entries.values()):
        assert all(is_harmless(f"{each.method} {each.name}") for each in table)
    assert all(is_harmless(str(each.error)) for each in stats.errors.values())


def test_failures_and_replicas_are_described_in_one_short_line() -> None:
    for described in (describe(WORST), describe(ValueError(WORST)), timing.describe(KeyError(WORST))):
        assert is_harmless(described)
        assert len(described) <= 200
    assert len(replica_name(WORST)) == MOST_REPLICA_LETTERS
    kept = Names(MOST_REPLICAS)
    assert {kept.kept(replica_name(f"replica {at}")) for at in range(500)} >= {OTHERS}
    assert len({kept.kept(f"replica {at}") for at in range(500)}) == MOST_REPLICAS + 1


def test_what_a_worker_has_logged_is_printable_where_it_is_shown() -> None:
    for kind, data in (
        ("exception", {"msg": "a\x1b[2J", "traceback": "b\u202e\nc"}),
        ("logs", {"worker_id": "w", "logs": ["a\x1b[2J"]}),
    ):
        _, read, _ = reports.read(msgpack.dumps((kind, data, "w")))
        assert all(is_harmless(text.replace("\n", "")) for text in json.dumps(read, ensure_ascii=False).split("\n"))


def test_that_there_are_more_replicas_than_can_be_told_apart_is_said() -> None:
    row: Any = {"name": OTHERS, "requests": 5, "share": 1.0}
    verdict = verdict_on({"GET /tests": answers(12)}, service=Service(replicas=(row,)))
    assert "Answers named more than 100 replicas (X-Replica), and the rest is counted as (others)." in verdict.sentence


FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\tx", "=cmd|' /C calc'!A0", "'=1", "''+x"]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_is_a_formula_and_each_is_read_as_it_was(text: str, tmp_path: Path) -> None:
    table = files.Table(tmp_path / "table.csv", ["name", "figure"])
    table.add({"name": text, "figure": -4.5})
    table.close()
    with (tmp_path / "table.csv").open(newline="") as file:
        _, (name, figure) = csv.reader(file)
    assert (name, figure) == (f"'{text}", "-4.5")
    assert list(files.read_rows(tmp_path / "table.csv")) == [{"name": text, "figure": "-4.5"}]
    locusts = io.StringIO()
    CarefulCsv.writer(locusts).writerow(["GET", text, 12, "-4.5"])
    assert next(csv.reader([locusts.getvalue().rstrip("\r\n")])) == ["GET", f"'{text}", "12", "-4.5"]


@pytest.mark.parametrize("text", ["", "GET /tests", "'quoted'", "-4.5", "+1e3", "n/a"])
def test_other_cells_stay_as_they_are(text: str) -> None:
    assert cell(text) == text_of_cell(text) == text


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A file that links lead to."""
    file = tmp_path / "elsewhere"
    file.write_text('{"verdict": "PASS"}')
    return file


def test_no_link_is_followed_to_write(tmp_path: Path, elsewhere: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    for name in ("samples.csv", ".report.html.draft", ".verdict.json.draft"):
        (run / name).symlink_to(elsewhere)
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        files.Table(run / "samples.csv", ["time"])
    for name in ("report.html", "verdict.json"):
        with pytest.raises(OSError, match="Too many levels of symbolic links"):
            files.write_text(run / name, "text")
    (run / "environment.json").symlink_to(elsewhere)
    files.write_text(run / "environment.json", "in place of the link")
    assert elsewhere.read_text() == '{"verdict": "PASS"}'
    assert (run / "environment.json").read_text() == "in place of the link"


def test_no_link_is_followed_to_look_whether_results_can_be_written(
    tmp_path: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.results.files.os.getpid", lambda: 7)
    (tmp_path / ".probe-7").symlink_to(elsewhere)
    files.check(tmp_path)
    assert elsewhere.read_text() == '{"verdict": "PASS"}'


def test_no_link_is_followed_to_read(tmp_path: Path, elsewhere: Path) -> None:
    own, linked = "2026-11-27T00-00-00Z-steady", "2026-11-27T00-00-01Z-steady"
    run = tmp_path / own
    run.mkdir()
    (run / "verdict.json").symlink_to(elsewhere)
    (run / "steps.csv").symlink_to(elsewhere)
    (run / FILE).symlink_to(elsewhere)
    (tmp_path / linked).symlink_to(run)
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        files.read_text(run / "verdict.json")
    assert list(files.read_rows(run / "steps.csv")) == []
    assert past_runs.names(tmp_path) == [own]
    assert past_runs.Verdicts(tmp_path).newest(5) == [(own, {})]
    with Flask("lab").test_request_context():
        pages = PastPages(tmp_path)
        assert [pages.past_run(name).status_code for name in (own, linked)] == [404, 404]


def test_text_that_has_no_place_in_a_file_loses_no_run(tmp_path: Path) -> None:
    files.write_json(tmp_path / "environment.json", {"LAB_NAME": "a\udcff"})
    assert json.loads((tmp_path / "environment.json").read_text()) == {"LAB_NAME": "a\udcff"}
