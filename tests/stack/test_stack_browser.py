"""What a person does first: opens the UI of a stack that is up, starts a test in the form, watches it, and stops it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support.chromium import Watched, running_chromium
from tests.support.running_service import PATIENT, wait_until
from tests.support.stack import Stack, stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.docker, pytest.mark.timeout(600)]

LEFT_TO_RIGHT = [share / 100 for share in range(6, 97, 6)]
KEPT = {"verdict.json", "environment.json", "report.html", "samples.csv", "locust.html", "locust_stats.csv"}


@pytest.fixture
def page() -> Iterator[Page]:
    with running_chromium() as browser:
        yield Watched(browser, 1280, "light").page


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Stack]:
    with stack(tmp_path) as made:
        made.up("--scale", "worker=4", LAB_LIMITS=PATIENT)
        yield made


def plotted(page: Page, measure: str) -> list[float]:
    """The figures that a chart tells under the pointer, from left to right."""
    told = []
    for chart in page.locator("[_echarts_instance_]").all():
        chart.scroll_into_view_if_needed()
        box = chart.bounding_box()
        assert box
        for share in LEFT_TO_RIGHT:
            page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
            if found := re.search(rf"{measure}:\s*([\d.]+)", chart.inner_text()):
                told.append(float(found[1]))
    return told


def rises(page: Page, measure: str, least: float) -> bool:
    """Whether a chart began lower than it stands now, and now stands at least there."""
    told = plotted(page, measure)
    return len(told) > 1 and told[0] < told[-1] >= least


def test_a_test_of_100_users_started_in_the_ui_shows_all_there_is_to_see(lab: Stack, page: Page) -> None:
    page.goto(lab.ui)
    header = page.locator("header")
    expect(header).to_contain_text(re.compile(r"Workers\s*4"), timeout=20_000)

    page.get_by_label("Number of users").fill("100")
    page.get_by_label("Ramp up").fill("20")
    page.get_by_role("button", name="Start").click()
    expect(header).to_contain_text(re.compile(r"Users\s*100(?!\d)"), timeout=30_000)
    for method in ("GET", "POST"):
        row = page.get_by_role("row").filter(has_text=f"{method}/tests")
        # number of requests, number of failures
        expect(row.get_by_role("cell").nth(2)).to_have_text(re.compile(r"^[1-9]\d*$"))
        expect(row.get_by_role("cell").nth(3)).to_have_text("0")

    page.get_by_role("tab", name="Charts").click()
    wait_until(lambda: rises(page, "Number of Users", 100), 30, "a chart of users that rises to 100")
    wait_until(lambda: rises(page, "RPS", 50), 30, "a chart of requests a second that rises above 50")
    expect(header).to_contain_text(re.compile(r"Failures\s*0%"))

    page.get_by_role("button", name="Stop").click()
    expect(header).to_contain_text(re.compile("stopped", re.IGNORECASE))
    verdict = lab.await_verdict(20)
    wait_until(lambda: {entry.name for entry in (lab.results / "latest").iterdir()} >= KEPT, 10, "a complete folder")
    assert (verdict["verdict"], verdict["complete"]) == ("PASS", True)
