"""The report: its figures, its words, and what it makes of hostile text and of half a folder."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lab import report
from lab.report import generator, headline, ledger
from lab.report.charts import text
from lab.results import record
from lab.results.record import Record
from tests.support import sample_run

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}'\"&"


def body_of(html: str) -> str:
    """The report without its scripts and styles, which are ours and Plotly's."""
    return re.sub(r"<(script|style)[ >].*?</\1>", "", html, flags=re.DOTALL)


@pytest.mark.parametrize("name", sample_run.RUNS)
def test_every_report_has_its_sentence_its_sections_and_no_address_to_load(name: str, tmp_path: Path) -> None:
    folder = sample_run.RUNS[name](tmp_path)
    html = report.render(folder)
    sentence = json.loads((folder / "verdict.json").read_text())["sentence"]
    for section in ("Steps", "Limits", "Endpoints", "Failures", "Knobs", "Environment"):
        assert re.search(f"<h2>{section}", html), section
    assert sentence.partition(": ")[2].replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#39;") in html
    loads = r"""<(?:link|img|iframe|script|object|embed)[^>]*(?:src|href|data)=|@import|url\("""
    assert not re.search(loads, body_of(html))
    assert "default-src &#39;none&#39;" in html


def test_hostile_text_is_shown_and_never_run(tmp_path: Path) -> None:
    folder = sample_run.steady(tmp_path)
    verdict = json.loads((folder / "verdict.json").read_text())
    verdict |= {"sentence": f"FAIL: {HOSTILE}", "plan": HOSTILE, "target": HOSTILE, "failures": {HOSTILE: 1}}
    verdict["endpoints"] = {HOSTILE: verdict["measured"]}
    verdict["limits"][0]["text"] = HOSTILE
    (folder / "verdict.json").write_text(json.dumps(verdict))
    environment = json.loads((folder / "environment.json").read_text())
    environment["knobs"] = {HOSTILE: HOSTILE}
    (folder / "environment.json").write_text(json.dumps(environment))
    html = report.render(folder)
    assert "<img src=x" not in html
    assert "alert(1)</script>" not in html
    assert body_of(html).count("&lt;img src=x") >= 7
    tame = report.render(sample_run.steady(tmp_path))
    assert html.count("<script") == html.count("</script>") == tame.count("<script")


@pytest.mark.parametrize(
    "part", ["verdict.json", "steps.csv", "steps.json", "samples.csv", "environment.json", "everything"]
)
@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "other"])
def test_a_report_comes_out_of_half_a_folder(part: str, damage: str, tmp_path: Path) -> None:
    folder = sample_run.capacity(tmp_path)
    for path in list(folder.iterdir()) if part == "everything" else [folder / part]:
        match damage:
            case "missing":
                path.unlink()
            case "empty":
                path.write_text("")
            case "cut":
                path.write_text(path.read_text()[: len(path.read_text()) // 2])
            case _:
                path.write_text('{"steps": [1, null, {"users": "x"}]}')
    html = report.render(folder)
    assert "<h2>Steps</h2>" in html
    if part in ("verdict.json", "everything"):
        assert "The run has no verdict" in html


def test_progress_is_told_in_one_sentence() -> None:
    progress = {"step": 5, "purpose": "narrow", "users": 57, "rps": 55.123, "figures": {"p95": 120.0}}
    progress |= {"next": "confirm it.", "seconds_left_at_most": 140}
    told = headline.headline(record.from_snapshot({"plan": "capacity", "progress": progress}))
    assert told["word"] == "RUNNING"
    assert told["sentence"] == (
        "Step 5 (narrow): 57 users, 55.1 req/s, p95 120 ms. Next: confirm it. At most 2 min 20 s left."
    )


def test_a_report_needs_neither_locust_nor_an_import_of_plotly(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from lab import pages, report; "
        f"report.render(Path({str(sample_run.empty(tmp_path))!r})); "
        "print([name for name in ('locust', 'gevent', 'plotly', 'numpy', 'pandas') if name in sys.modules])"
    )
    locust = Path(__file__).parents[2] / "locust"
    said = subprocess.run([sys.executable, "-c", code], cwd=locust, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_the_writes_are_told_in_one_sentence_and_those_amiss_by_their_ids(tmp_path: Path) -> None:
    fine, amiss = sample_run.capacity(tmp_path / "fine"), sample_run.steady(tmp_path / "amiss")
    assert "4,120 acknowledged writes, each found once." in body_of(report.render(fine))
    html = body_of(report.render(amiss))
    assert "4,120 acknowledged writes, 812 lost and 3 doubled." in html
    for example in json.loads((amiss / "verdict.json").read_text())["ledger"]["examples"]:
        assert example["id"] in html
    assert "Worker 2 was lost before it handed in its last writes" in html
    assert "<h2>Writes" not in report.render(sample_run.drifting(tmp_path / "none"))


def test_writes_that_were_not_audited_are_not_said_to_be_found() -> None:
    counts = {"acknowledged": 20, "not_audited": "the service does not answer", "found": None, "lost": None}
    shown = ledger.panel(Record(verdict={"ledger": counts}))
    assert shown
    assert shown["summary"] == "20 acknowledged writes, not audited: the service does not answer."
    assert [row[1][0] for row in shown["rows"][:3]] == ["20", text(None), text(None)]
    assert ledger.panel(Record(verdict={"ledger": ["nonsense"]})) is None


@pytest.mark.parametrize(
    ("survives", "says"),
    [
        ("power cut", "An acknowledged write survives a power cut (sqlite: synchronous=FULL)."),
        ("kill", "survives a kill of the store's processes, and not a power cut (sqlite"),
        ("nothing", "survives nothing (sqlite"),
    ],
)
def test_what_an_acknowledged_write_survives_stands_below_the_writes(survives: str, says: str) -> None:
    stores = [{"store": "sqlite", "survives": survives, "setting": "synchronous=FULL"}]
    shown = ledger.panel(Record(verdict={"ledger": {"acknowledged": 20}, "durability": stores}))
    assert shown
    assert says in shown["notes"][-1]


@pytest.mark.parametrize(
    ("name", "kind", "says"), [("steady", "pass", "Believed"), ("starved", "fail", "Not believed")]
)
def test_whether_the_swarm_is_believed_is_told_with_every_worker(
    name: str, kind: str, says: str, tmp_path: Path
) -> None:
    folder = sample_run.RUNS[name](tmp_path)
    panel = generator.panel(record.from_folder(folder))
    assert panel
    assert (panel["kind"], panel["word"]) == (kind, says)
    assert [row[0][0] for row in panel["rows"]] == ["1 (a81b)", "2 (c02d)"]
    assert {len(row) for row in panel["rows"]} == {len(panel["columns"])}
    html = body_of(report.render(folder))
    assert f"<span>{says}</span>" in html
    assert all(reason.replace("'", "&#39;") in html for reason in panel["reasons"])


def test_of_a_swarm_that_was_not_judged_nothing_is_said(tmp_path: Path) -> None:
    assert generator.panel(record.from_folder(sample_run.empty(tmp_path))) is None
    assert generator.panel(Record()) is None
