"""The report as people see it: in a real browser, wide and narrow, light and dark, and on paper."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from lab.report import FILE, render
from tests.support import sample_run
from tests.support.chromium import SCREENS, Watched

CONTRAST = """(selector) => {
  const channel = (value) => value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
  const light = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).map(Number).map(channel);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const color = getComputedStyle(element).backgroundColor;
    return color === 'rgba(0, 0, 0, 0)' ? behind(element.parentElement) : color;
  };
  return [...document.querySelectorAll(selector)].map((element) => {
    const [a, b] = [light(getComputedStyle(element).color), light(behind(element))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  });
}"""


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {name: make(tmp_path_factory.mktemp(name)) for name, make in sample_run.RUNS.items()}
    for folder in made.values():
        (folder / FILE).write_text(render(folder))
    return {name: folder / FILE for name, folder in made.items()}


@pytest.mark.parametrize("name", sample_run.RUNS)
@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_the_report_fits_every_screen(
    browser: Browser, reports: dict[str, Path], name: str, width: int, scheme: str
) -> None:
    watched = Watched(browser, width, scheme)
    watched.page.goto(reports[name].as_uri())
    watched.await_charts(
        {"capacity": 2, "drifting": 2, "steady": 1, "starved": 1, "soak": 1, "faulty": 1, "empty": 0}[name]
    )
    assert watched.overflow() <= 0
    assert watched.overlaps() == []
    assert watched.complaints == []
    assert watched.requests == [reports[name].as_uri()], "the report needs no network"
    headings = watched.page.get_by_role("heading", level=2).all_inner_texts()
    writes = ["Writes"] if name in ("capacity", "steady", "faulty") else []
    kept = ["Exchanges"] if name == "steady" else []
    wanted = ["Steps", "Limits", "Endpoints", "Failures", *kept, *writes, "Knobs", "Environment"]
    shown = headings[-len(wanted) :]
    assert [next(word for word in wanted if heading.startswith(word)) for heading in shown] == wanted
    watched.page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", sample_run.RUNS)
def test_words_stand_out_from_their_ground(browser: Browser, reports: dict[str, Path], name: str, scheme: str) -> None:
    watched = Watched(browser, 1280, scheme)
    watched.page.goto(reports[name].as_uri())
    for selector in (
        *["h2", "dt", "dd", "th", "td", "summary"],
        *[".word", ".sentence", ".name", ".remark", ".note", ".empty"],
    ):
        assert all(ratio >= 4.5 for ratio in watched.page.evaluate(CONTRAST, selector)), selector
    watched.page.close()


def test_each_chart_has_its_data_as_a_table_and_a_summary(browser: Browser, reports: dict[str, Path]) -> None:
    watched = Watched(browser, 390, "light")
    watched.page.goto(reports["capacity"].as_uri())
    watched.await_charts(2)
    for chart, rows in (("curve", 14), ("course", 181)):
        assert "users" in (watched.page.locator(f"#{chart}").get_attribute("aria-label") or "")
        section = watched.page.locator(f"section:has(#{chart})")
        section.locator("summary").click()
        assert section.locator("tbody tr").count() == rows
    assert watched.overflow() <= 0
    watched.page.close()


def test_the_charts_follow_when_the_scheme_changes(browser: Browser, reports: dict[str, Path]) -> None:
    watched = Watched(browser, 1280, "light")
    watched.page.goto(reports["steady"].as_uri())
    watched.await_charts(1)
    line = "document.querySelector('.chart .scatterlayer .js-line').style.stroke"
    before = watched.page.evaluate(line)
    watched.page.emulate_media(color_scheme="dark")
    watched.page.wait_for_function(f"before => {line} !== before", arg=before)
    watched.page.close()


def test_paper_gets_light_charts_of_its_own_width(browser: Browser, reports: dict[str, Path]) -> None:
    watched = Watched(browser, 1280, "dark")
    watched.page.goto(reports["capacity"].as_uri())
    watched.await_charts(2)
    watched.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert watched.page.evaluate("document.querySelector('.main-svg').getBoundingClientRect().width") == 640
    stroke = "document.querySelector('.chart .scatterlayer .js-line').style.stroke"
    assert watched.page.evaluate(stroke) == "rgb(11, 87, 181)"
    watched.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert watched.page.evaluate("document.querySelector('.main-svg').getBoundingClientRect().width") > 900
    watched.page.close()
