"""One Chromium for each file of tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.chromium import running_chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_chromium() as chromium:
        yield chromium
