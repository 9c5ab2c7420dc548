"""The live page as people see it: it follows a run, its end, the next run, and a master that goes and comes back."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from lab.report import FILE
from tests.support import sample_exchanges, sample_run
from tests.support.chromium import SCREENS, Watched
from tests.support.live_page import LivePage, StubRun, live_page

PROGRESS = {"step": 10, "purpose": "narrow", "users": 349, "rps": 119.2, "figures": {"p95": 416.0}}
PROGRESS |= {"next": "365 users, to narrow the gap", "seconds_left_at_most": 140}


@pytest.fixture
def page(tmp_path: Path) -> Iterator[LivePage]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with live_page(tmp_path / "results") as live:
        yield live


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_the_page_follows_runs(browser: Browser, page: LivePage, tmp_path: Path, width: int, scheme: str) -> None:
    watched = Watched(browser, width, scheme)
    show = watched.page
    show.goto(f"{page.url}/lab")
    expect(show.locator(".word")).to_have_text("NO RUN YET")
    assert watched.overflow() <= 0

    run = sample_run.capacity(tmp_path / "one")
    page.conductor.run = StubRun(run, sample_run.snapshot(run, 9, 120, PROGRESS))
    expect(show.locator(".sentence")).to_contain_text("Step 10 (narrow): 349 users")
    watched.await_charts(2)
    assert (watched.overflow(), watched.overlaps()) == (0, [])
    expect(show.get_by_role("region", name="Steps").locator("tbody tr")).to_have_count(9)
    expect(show.locator("#report")).to_be_hidden()

    (run / FILE).write_text("<p>report</p>")
    page.conductor.run = StubRun(run, sample_run.snapshot(run, 99, 999))
    expect(show.locator(".word")).to_have_text("PASS")
    expect(show).to_have_title("PASS · capacity")
    expect(show.locator("#report")).to_be_visible()
    assert (watched.overflow(), watched.overlaps()) == (0, [])

    steady = sample_run.steady(tmp_path / "two")
    page.conductor.run = StubRun(steady, sample_run.snapshot(steady, 0, 0, None) | {"verdict": None})
    expect(show.locator(".word")).to_have_text("RUNNING")
    expect(show.locator("#curve-section")).to_be_hidden()
    expect(show.locator("#course-section")).to_be_hidden()
    assert watched.complaints == []
    assert all(url.startswith((page.url, "data:")) for url in watched.requests)
    show.close()


def test_the_table_of_a_chart_stays_open_and_grows(browser: Browser, page: LivePage, tmp_path: Path) -> None:
    watched = Watched(browser, 1280, "light")
    run = sample_run.capacity(tmp_path)
    page.conductor.run = StubRun(run, sample_run.snapshot(run, 2, 30, PROGRESS))
    watched.page.goto(f"{page.url}/lab")
    watched.await_charts(2)
    watched.page.locator("#course-section summary").click()
    expect(watched.page.locator("#course-table tr")).to_have_count(31)
    page.conductor.run = StubRun(run, sample_run.snapshot(run, 3, 40, PROGRESS))
    expect(watched.page.locator("#course-table tr")).to_have_count(41)
    watched.page.close()


def test_an_exchange_that_is_read_stays_open_while_others_come(
    browser: Browser, page: LivePage, tmp_path: Path
) -> None:
    watched = Watched(browser, 390, "dark")
    run, kept = sample_run.steady(tmp_path), list(sample_exchanges.kept().all())
    snapshot = sample_run.snapshot(run, 1, 30, PROGRESS)
    page.conductor.run = StubRun(run, {**snapshot, "exchanges": kept[:1]})
    watched.page.goto(f"{page.url}/lab")
    watched.page.locator(".exchange summary").click()
    read = watched.page.locator(".exchange pre").first
    expect(read).to_contain_text("Authorization: Bearer (hidden)")
    page.conductor.run = StubRun(run, {**snapshot, "exchanges": kept})
    expect(watched.page.locator(".exchange")).to_have_count(len(kept))
    expect(read).to_be_visible()
    assert (watched.overflow(), watched.complaints) == (0, [])
    watched.page.close()


def test_a_master_that_is_gone_is_told_and_what_it_said_stays(browser: Browser, page: LivePage, tmp_path: Path) -> None:
    watched = Watched(browser, 390, "dark")
    run = sample_run.capacity(tmp_path)
    page.conductor.run = StubRun(run, sample_run.snapshot(run, 99, 999))
    watched.page.goto(f"{page.url}/lab")
    expect(watched.page.locator(".word")).to_have_text("PASS")
    page.stop()
    expect(watched.page.locator("#gone")).to_contain_text("has not answered since", timeout=10_000)
    expect(watched.page.locator(".word")).to_have_text("PASS")
    page.start()
    expect(watched.page.locator("#gone")).to_be_hidden(timeout=10_000)
    watched.page.close()


def test_nothing_is_asked_while_nobody_looks(browser: Browser, page: LivePage) -> None:
    watched = Watched(browser, 1280, "light")
    watched.page.goto(f"{page.url}/lab")
    expect(watched.page.locator(".word")).to_have_text("NO RUN YET")
    hide = "hidden => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});"
    hide += " document.dispatchEvent(new Event('visibilitychange')); }"
    watched.page.evaluate(hide, True)
    watched.page.wait_for_timeout(300)
    asked = len(watched.requests)
    watched.page.wait_for_timeout(2500)
    assert len(watched.requests) == asked
    with watched.page.expect_request("**/lab/data**"):
        watched.page.evaluate(hide, False)
    watched.page.close()


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results with three searches, and one whose verdict is missing."""
    results = tmp_path_factory.mktemp("results")
    for day, make in ((20, sample_run.capacity), (21, sample_run.capacity), (22, sample_run.steady)):
        run = make(results / f"2026-11-{day}T08-00-00Z-{make.__name__}")
        (run / FILE).write_text("<h1>Report</h1>")
    (results / "2026-11-23T08-00-00Z-soak").mkdir()
    return results


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_past_runs_are_listed_and_compared(browser: Browser, past: Path, width: int, scheme: str) -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with live_page(past) as live:
        watched = Watched(browser, width, scheme)
        show = watched.page
        show.goto(f"{live.url}/lab")
        listed = show.get_by_role("region", name="Past runs")
        expect(listed.locator("tbody tr")).to_have_count(4)
        assert watched.overflow() <= 0
        for day, group in ((20, "baseline"), (21, "candidate")):
            listed.get_by_role("checkbox", name=f"2026-11-{day}T08-00-00Z-capacity as {group}").check()
        show.get_by_role("button", name="Compare").click()
        expect(show.locator(".word")).to_have_text("CANNOT TELL")
        expect(show.locator(".sentence")).to_contain_text("too few repeats to tell a change from noise")
        watched.await_charts(1)
        assert (watched.overflow(), watched.overlaps()) == (0, [])
        assert not watched.complaints
        show.get_by_role("link", name="2026-11-20T08-00-00Z-capacity").click()
        expect(show.get_by_role("heading", name="Report")).to_be_visible()
        show.close()
