"""A page of several models, and a headless Chromium that shows it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.leaderboard.browser import Browser, find_browser
from tests.leaderboard.site import make_site


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium or Chrome on this machine")
    with Browser(program) as opened:
        yield opened


@pytest.fixture
def page(site: Path, browser: Browser) -> Iterator[Browser]:
    browser.messages.clear()
    browser.open(site)
    yield browser
    assert not browser.messages, browser.messages
