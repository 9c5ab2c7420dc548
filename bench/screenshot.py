"""Takes the README's pictures of a running lab: the UI while 100 users load the service, or a run's report.

Start the lab first (`docker compose up --scale worker=4`, or `make local`), then `make screenshot`. It starts a test as
a person would, with LAB_UI_PASSWORD where it is asked for, waits until the charts have something to show, and stops the
test again. Given the report of a run instead, `python -m bench.screenshot results/latest/report.html`, it takes the
picture of that.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.support.chromium import CHROMIUM

PICTURES = Path(__file__).resolve().parents[1] / "docs"
SECONDS = 45


def start_test(page: Page, users: int) -> None:
    """Fills in the start form and presses its button."""
    page.get_by_label("Number of users").fill(str(users))
    page.get_by_label("Ramp up").fill("20")
    page.get_by_role("button", name="Start").click()
    page.get_by_role("tab", name="Charts").wait_for()


def picture_of_ui(page: Page, url: str) -> None:
    page.goto(url)
    if page.get_by_label("Password").count():
        page.get_by_label("Password").fill(os.environ["LAB_UI_PASSWORD"])
        page.get_by_role("button", name="Log in").click()
    start_test(page, users=100)
    page.get_by_role("tab", name="Charts").click()
    page.wait_for_timeout(SECONDS * 1000)
    page.screenshot(path=PICTURES / "ui.png")
    page.get_by_role("button", name="Stop").click()


def picture_of_report(page: Page, report: Path) -> None:
    page.goto(report.resolve().as_uri())
    page.locator(".chart svg").first.wait_for()
    page.screenshot(path=PICTURES / "report.png")


def main(source: str) -> None:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = browser.new_page(viewport={"width": 1280, "height": 860}, color_scheme="light")
        if source.startswith("http"):
            picture_of_ui(page, source)
        else:
            picture_of_report(page, Path(source))
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8089")
