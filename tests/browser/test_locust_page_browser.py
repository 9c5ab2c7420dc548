"""Locust's own page with what the lab adds to it, and the login, in Chromium: the page is Locust's real one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import sample_run
from tests.support.chromium import Watched
from tests.support.live_page import LivePage, StubRun, live_page
from tests.support.running_service import wait_until
from tests.support.ui import PASSWORD

SCREENS = [pytest.param(width, scheme, id=f"{width}-{scheme}") for width, scheme in ((1280, "light"), (390, "dark"))]


@pytest.fixture
def page(tmp_path: Path) -> Iterator[LivePage]:
    with live_page(tmp_path / "results") as live:
        yield live


def start(show: Page, **fields: str) -> None:
    """Fills in fields of the form by their names, those in closed parts as well, and presses its button."""
    for name, text in fields.items():
        field = show.locator(f"[name={name}]")
        part = field.locator(
            "xpath=ancestor::*[contains(@class,'MuiAccordion-root')][1]//button[@aria-expanded='false']"
        )
        if part.count():
            part.click()
        field.fill(text)
    show.get_by_role("button", name="Start").click()


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_the_sentence_of_the_run_is_above_locusts_page(
    browser: Browser, page: LivePage, tmp_path: Path, width: int, scheme: str
) -> None:
    watched = Watched(browser, width, scheme)
    show = watched.page
    show.goto(page.url)
    bar = show.locator("#lab")
    expect(bar.locator("b")).to_have_text("NO RUN YET")
    run = sample_run.capacity(tmp_path / "one")
    progress = {"step": 6, "purpose": "explore", "users": 320}
    page.conductor.run = StubRun(run, sample_run.snapshot(run, 5, 60, progress))
    expect(bar).to_have_class("running")
    expect(bar).to_contain_text("Step 6 (explore): 320 users")
    page.conductor.run = StubRun(run, sample_run.snapshot(run, 99, 999))
    expect(bar).to_have_class("pass")
    expect(bar).to_contain_text("p95 stays within")
    show.mouse.wheel(0, 2000)
    expect(bar).to_be_in_viewport()
    assert watched.overflow() <= 0
    assert watched.complaints == []
    bar.click()
    expect(show.locator(".word")).to_have_text("PASS")
    show.close()


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_what_is_wrong_in_the_form_is_told_beside_its_field(
    browser: Browser, page: LivePage, width: int, scheme: str
) -> None:
    watched = Watched(browser, width, scheme)
    show = watched.page
    show.goto(page.url)
    start(show, limits="p95<=450ms fail<1 rps>=10")
    told = show.get_by_role("alert").filter(has_text="fail is given in %")
    expect(told).to_have_count(1)
    expect(told.locator("mark")).to_have_text("fail<1")
    expect(told).to_be_in_viewport()
    expect(show.locator("[name=limits]")).to_have_attribute("aria-invalid", "true")
    field, words = show.locator("[name=limits]").bounding_box(), told.bounding_box()
    assert field
    assert words
    assert 0 < words["y"] - field["y"] < 100

    start(show, limits="")
    expect(show.get_by_role("alert").filter(has_text="no limit at all")).to_be_in_viewport()
    start(show, limits="p95<=1s", userCount="5000")
    expect(show.get_by_role("alert").filter(has_text="5000 users are more than LAB_MAX_USERS")).to_be_in_viewport()
    expect(show.get_by_role("alert")).to_have_count(1)
    page.conductor.refuses = "no worker is connected"
    start(show, userCount="5")
    expect(show.get_by_role("alert").filter(has_text="no worker is connected")).to_be_in_viewport()
    assert watched.overflow() <= 0
    assert watched.complaints == []
    assert [asked for asked in page.conductor.asked if asked[0] != "check"] == []
    show.close()


def test_a_plan_says_what_it_does_with_the_numbers(browser: Browser, page: LivePage) -> None:
    show = browser.new_page()
    show.goto(page.url)
    users = show.locator("[name=userCount]")
    show.select_option("[name=shapeClass]", "Capacity")
    expect(show.get_by_text("plan capacity finds the number itself")).to_be_visible()
    expect(users).not_to_be_editable()
    show.select_option("[name=shapeClass]", "Steady")
    expect(users).to_be_editable()
    expect(users).to_have_value("20")
    expect(show.get_by_text("plan capacity finds the number itself")).to_have_count(0)
    expect(show.locator("td button").first).to_be_hidden()
    show.close()


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_a_person_logs_in_and_out(browser: Browser, tmp_path: Path, width: int, scheme: str) -> None:
    with live_page(tmp_path / "results", LAB_UI_PASSWORD=PASSWORD) as live:
        watched = Watched(browser, width, scheme)
        show = watched.page
        show.goto(f"{live.url}/lab")
        show.get_by_label("Password").fill("wrong password")
        show.get_by_role("button", name="Log in").click()
        expect(show.get_by_role("alert")).to_have_text("That is not the password.")
        assert watched.overflow() <= 0
        show.get_by_label("Password").fill(PASSWORD)
        show.get_by_role("button", name="Log in").click()
        expect(show.locator(".word")).to_have_text("NO RUN YET")
        assert show.url == f"{live.url}/lab"
        show.goto(live.url)
        expect(show.locator("#lab b")).to_have_text("NO RUN YET")

        # the session ends elsewhere: the login takes the page's place by itself
        def is_asked() -> bool:
            show.context.clear_cookies()  # again: an answer that was on its way brings the session back
            return show.get_by_label("Password").is_visible()

        wait_until(is_asked, 30, "the login")
        show.get_by_label("Password").fill(PASSWORD)
        show.get_by_label("Password").press("Enter")
        expect(show.locator("#lab b")).to_have_text("NO RUN YET")
        show.goto(f"{live.url}/lab")
        show.get_by_role("button", name="Log out").click()
        expect(show.get_by_label("Password")).to_be_visible()
        assert [complaint for complaint in watched.complaints if "401" not in complaint] == []
        show.close()


def test_a_page_of_another_port_cannot_have_the_ui_in_a_frame(browser: Browser, page: LivePage, tmp_path: Path) -> None:
    with live_page(tmp_path / "other") as other:
        html = (
            f'<iframe src="{page.url}/"></iframe><form method="post" action="{page.url}/swarm"><button></button></form>'
        )
        other.app.add_url_rule("/evil", "evil", lambda: (html, {"Content-Security-Policy": "default-src *"}))
        watched = Watched(browser, 1280, "light")
        watched.page.goto(f"{other.url}/evil")
        watched.page.wait_for_timeout(500)
        assert any("frame-ancestors" in complaint for complaint in watched.complaints)
        with watched.page.expect_response("**/swarm") as answer:
            watched.page.locator("button").click()
        assert answer.value.status == 403
        watched.page.close()
