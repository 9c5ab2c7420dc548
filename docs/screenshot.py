"""Takes the README's picture: the UI of a running lab, while 100 users load the service.

Start the lab first (`docker compose up --scale worker=4`, or `make local`), then `make screenshot`. It starts a test as
a person would, waits until the charts have something to show, and stops the test again.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

PICTURE = Path(__file__).with_name("ui.png")
SECONDS = 45


def start_test(page: Page, users: int) -> None:
    """Fills in the start form and presses its button."""
    page.get_by_label("Number of users").fill(str(users))
    page.get_by_label("Ramp up").fill("20")
    page.get_by_role("button", name="Start").click()
    page.get_by_role("tab", name="Charts").wait_for()


def main(url: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-background-networking"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 860}, color_scheme="light")
        page.goto(url)
        start_test(page, users=100)
        page.get_by_role("tab", name="Charts").click()
        page.wait_for_timeout(SECONDS * 1000)
        page.screenshot(path=PICTURE)
        page.get_by_role("button", name="Stop").click()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8089")
