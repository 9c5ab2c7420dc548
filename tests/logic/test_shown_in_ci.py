"""junit.xml and summary.md: what CI shows of a verdict, and that no text from outside does anything there."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from lab.judging.document import Document
from lab.judging.evidence import Interruption
from lab.results import files, judgement, junit, plain, summary
from tests.support import sample_run
from tests.support.commands import run_lab
from tests.support.verdicts import answers, verdict_on

HOSTILE = (
    "GET /a|b `x` **b** <img src=x onerror=alert(1)> [l](javascript:1) ]]> --> @team #12 !3 https://evil.example "
    "www.evil.example :bomb: $x$ \x00\x1b[31m\x9b \ud800 \u202e\n/close\n# head\n| a | b |\r\n\r\n- item"
)
RUNS = Path(__file__).parents[1] / "data" / "runs"
TAGS = {"h3", "blockquote", "p", "strong", "table", "thead", "tbody", "tr", "th", "td"}
RENDERER = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")


def cases(document: Document) -> dict[str | None, list[str]]:
    """The test cases by name, each with what it came to: "failure", "error", "skipped", or nothing where it passed."""
    root = ElementTree.fromstring(junit.text(document).encode())
    return {
        case.get("name"): [found.tag for found in case if found.tag not in ("system-out", "properties")]
        for case in root.iter("testcase")
    }


def document_of(endpoints: Mapping[str, Any], **more: Any) -> Document:
    return verdict_on(endpoints, **more).document


def test_a_run_that_keeps_its_limits_has_a_case_for_each_and_for_ledger_and_swarm(tmp_path: Path) -> None:
    kept: dict[str | None, list[str]] = {"verdict": [], "p95<=450ms": [], "fail<=1%": []}
    document = json.loads((sample_run.capacity(tmp_path) / "verdict.json").read_text())
    assert cases(document) == {**kept, "ledger": [], "swarm": []}
    unknown = document_of({"GET /tests": answers(20)})
    assert cases(unknown) == {**kept, "ledger": ["skipped"], "swarm": ["skipped"]}


def test_a_broken_limit_is_a_failure_and_says_by_how_much() -> None:
    document = document_of({"GET /tests": answers(900)})
    assert cases(document)["p95<=450ms"] == cases(document)["verdict"] == ["failure"]
    assert cases(document)["fail<=1%"] == []
    assert "p95 was 900 ms where p95&lt;=450ms is accepted" in junit.text(document)
    assert "| p95&lt;=450ms | 900 ms | **no** |" in summary.text(document, "run")


@pytest.mark.parametrize("by", list(Interruption))
def test_an_interrupted_run_is_an_error_even_where_its_limits_were_kept(by: Interruption) -> None:
    assert cases(document_of({"GET /tests": answers(20)}, interrupted_by=by))["verdict"] == ["error"]


def test_nothing_of_an_invalid_run_passes(tmp_path: Path) -> None:
    document = json.loads((sample_run.starved(tmp_path) / "verdict.json").read_text())
    assert document["verdict"] == "INVALID"
    assert all(found in (["error"], ["skipped"]) for found in cases(document).values())
    assert "| yes |" not in summary.text(document, "run")


def test_a_run_that_measured_nothing_has_the_files_all_the_same() -> None:
    document = document_of({})
    assert "nothing was measured for it" in junit.text(document)
    assert "| p95&lt;=450ms | unknown | not judged |" in summary.text(document, "run")


def test_lost_writes_are_a_failure_of_the_ledger(tmp_path: Path) -> None:
    document = json.loads((sample_run.steady(tmp_path) / "verdict.json").read_text())
    assert cases(document)["ledger"] == ["failure"]
    assert "812 lost, 3 doubled" in summary.text(document, "run")


def test_an_audit_that_was_due_and_did_not_come_is_an_error(tmp_path: Path) -> None:
    document = json.loads((sample_run.capacity(tmp_path) / "verdict.json").read_text())
    row = document["ledger"]
    row |= dict.fromkeys(("audited", "found", "lost", "doubled")) | {"not_audited": "it fell silent"}
    assert cases(document)["ledger"] == ["skipped"]
    row["audit_due"] = True
    assert cases(document)["ledger"] == ["error"]


def hostile(text: str) -> Document:
    """A verdict with the text wherever text comes from outside."""
    document = dict(document_of({"GET /tests": answers(900)}))
    row = cast("Document", document)["endpoints"]["GET /tests"]
    limit = {**cast("Document", document)["limits"][0], "text": f"GET /{plain.line(text, 99)}: p95<=450ms"}
    swarm = {**cast("Document", document)["generator"], "believable": False, "reasons": [text]}
    document |= {"sentence": f"FAIL: {text}", "target": text, "endpoints": {text: row}, "failures": {text: 1}}
    return cast("Document", document | {"generator": swarm, "exceptions": {}, "limits": [limit]})


@settings(max_examples=25)
@given(st.text(max_size=200))
@example(HOSTILE)
def test_xml_holds_any_text(text: str) -> None:
    root = ElementTree.fromstring(junit.text(hostile(text)).encode())
    assert len(list(root.iter("testcase"))) == 4
    failure = next(root.iter("failure"))
    assert str(failure.get("message")).split()[1:] == plain.fit(text).split()


@settings(max_examples=25)
@given(st.text(max_size=200))
@example(HOSTILE)
def test_markdown_shows_any_text_and_does_nothing_with_it(text: str) -> None:
    written = summary.text(hostile(text), "run")
    written.encode()
    html = RENDERER.render(written)
    tags = set(re.findall(r"<(/?\w+)[^>]*>", html))
    assert {tag.strip("/") for tag in tags} <= TAGS
    assert html.count("<table>") == 3
    assert html.count("<tr>") == 6


def test_what_would_call_somebody_or_link_somewhere_is_parted() -> None:
    shown = plain.markdown("ask @team in #12, !3, GH-7 at https://evil.example or www.evil.example :bomb:")
    for call in ("@team", "#12", "!3", "GH-7", "://", "www.", ":bomb:"):
        assert call not in shown
    assert (
        shown.replace(plain.JOINER, "")
        == r"ask @team in \#12, !3, GH-7 at https://evil.example or www.evil.example :bomb:"
    )


def test_a_summary_is_short_enough_for_a_comment() -> None:
    document = document_of(
        {f"GET /{number}{'x' * 300}": answers(900, failures={"y" * 3000: 9}) for number in range(99)}
    )
    assert len(summary.text(document, "run")) < 10_000
    assert "87 more endpoints are in verdict.json" in summary.text(document, "run")


def test_a_run_judged_again_leaves_its_files_in_another_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(RUNS / "capacity", tmp_path / "run"))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    again = ["--limits", "p95<=1ms", "--out", str(tmp_path / "again")]
    assert run_lab("judge", str(folder), *again) == 3
    assert {path.name for path in (tmp_path / "again").iterdir()} == {"verdict.json", junit.FILE, summary.FILE}
    assert 'name="p95&lt;=1ms"' in (tmp_path / "again" / junit.FILE).read_text()
    assert run_lab("judge", str(folder), "--out", str(folder)) == 2
    assert "takes another folder than the run's own" in capsys.readouterr().err
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_disk_that_takes_no_files_is_a_fault_of_the_lab(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path(shutil.copytree(RUNS / "capacity", tmp_path / "run"))
    (tmp_path / "file").write_text("")
    assert run_lab("judge", str(folder), "--out", str(tmp_path / "file" / "below")) == 1
    assert "cannot write to" in capsys.readouterr().err


def test_verdict_json_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sees it may rely on the others."""
    order: list[str] = []
    monkeypatch.setattr(files, "write_text", lambda path, *_, **__: order.append(path.name))
    monkeypatch.setattr(files, "write_json", lambda path, *_, **__: order.append(path.name))
    judgement.write(tmp_path, document_of({"GET /tests": answers(20)}))
    assert order[-1] == "verdict.json"
