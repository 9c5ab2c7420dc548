"""A real Chromium for the tests marked `browser`: pages that note what goes wrong in them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

# a machine that others use as well shows the same, later
expect.set_options(timeout=30_000)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SCREENS = [
    pytest.param(width, scheme, id=f"{width}-{scheme}")
    for width, scheme in ((1280, "light"), (1280, "dark"), (390, "light"), (390, "dark"), (360, "light"))
]
OVERLAPS = """() => {
  const texts = [...document.querySelectorAll('.chart text')].filter((text) => text.textContent.trim());
  const boxes = texts.map((text) => [text.textContent, text.getBoundingClientRect()]).filter(([, box]) => box.width);
  const found = [];
  boxes.forEach(([a, one], at) => boxes.slice(at + 1).forEach(([b, other]) => {
    const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left);
    const high = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
    if (wide > 1 && high > 3) found.push(`${a} | ${b}`);
  }));
  // a legend that wraps grows over the panel above it
  for (const legend of document.querySelectorAll('.chart [class^="legend"] .bg')) {
    if (legend.getBoundingClientRect().height > 36) found.push(`legend of ${legend.closest('.chart').id} in rows`);
  }
  return found;
}"""
"""What lies on other things in the charts."""


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """A browser, until the block ends. Skips, with its reason, where there is none."""
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


class Watched:
    """A page with all it asked for and complained of."""

    def __init__(self, browser: Browser, width: int, scheme: str) -> None:
        dark = scheme == "dark"
        self.page: Page = browser.new_page(
            viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light"
        )
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def overflow(self) -> int:
        """By how many pixels the page is wider than the screen."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))

    def overlaps(self) -> list[str]:
        return list(self.page.evaluate(OVERLAPS))

    def await_charts(self, count: int) -> None:
        self.page.wait_for_function("count => document.querySelectorAll('.chart .main-svg').length >= count", arg=count)
