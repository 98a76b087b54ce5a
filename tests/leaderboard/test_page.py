"""The page's tables in a real browser: load without complaint, sort, filter; hostile text stays text."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.leaderboard.browser import Browser
from tests.leaderboard.site import HOSTILE

pytestmark = pytest.mark.browser

SCORES = (
    "[...document.querySelectorAll('.board')].find((board) => board.dataset.benchmark === 'multi-character')"
)
NAMES = f"[...{SCORES}.querySelectorAll('tbody th')].map((cell) => cell.textContent.trim())"
SHOWN = "[...document.querySelectorAll('.board')].filter((board) => !board.hidden)"
VIEWS = "[...document.querySelectorAll('main > *')].filter((view) => !view.hidden).map((view) => view.id)"


def test_a_click_or_key_on_a_head_sorts(page: Browser) -> None:
    assert page.run(NAMES) == ["ours", HOSTILE, "warp"]
    heads = f"[...{SCORES}.querySelectorAll('thead button')]"
    page.run(f"{heads}.find((button) => button.textContent.startsWith('PSNR')).focus()")
    page.press("Enter")
    assert page.run(NAMES) == ["ours", HOSTILE, "warp"]
    page.press("Enter")
    assert page.run(NAMES) == ["warp", HOSTILE, "ours"]
    assert page.run(f"{SCORES}.querySelectorAll('thead [aria-sort=ascending]').length") == 1


def test_values_that_are_absent_stay_at_the_end(page: Browser) -> None:
    column = (
        "[...document.querySelectorAll('.printed')].find((board) => board.dataset.benchmark === 'tiktok')"
    )
    heads = f"[...{column}.querySelectorAll('thead button')]"
    place = page.run(f"{heads}.findIndex((button) => button.textContent.startsWith('FVD'))")
    for direction in ("ascending", "descending"):
        page.run(f"{heads}[{place}].click()")
        rows = f"[...{column}.querySelectorAll('tbody tr')]"
        keys = page.run(f"{rows}.map((row) => row.cells[{place}].dataset.sort)")
        numbers = [float(key) for key in keys if key]
        assert numbers == sorted(numbers, reverse=direction == "descending")
        assert len(numbers) > 3
        assert "" in keys
        assert all(key == "" for key in keys[len(numbers) :])


def test_filters_hide_tables_and_rows_and_are_kept_in_the_address(page: Browser) -> None:
    every = page.run(f"{SHOWN}.length")
    page.run("document.querySelector('#filters [data-key=benchmark]').id = 'by-benchmark'")
    page.choose("by-benchmark", "tiktok")
    benchmarks = page.run(f"{SHOWN}.map((board) => board.dataset.benchmark)")
    assert set(benchmarks) == {"tiktok"}
    assert 0 < len(benchmarks) < every
    page.choose("filter-text", "fomm")
    every_row = f"{SHOWN}.flatMap((board) => [...board.querySelectorAll('tbody tr')])"
    rows = page.run(
        f"{every_row}.filter((row) => !row.hidden).map((row) => row.querySelector('th').dataset.sort)"
    )
    assert rows
    assert all("fomm" in name.lower() for name in rows)
    address = page.run("location.href")
    page.open(address)
    assert page.run(f"{SHOWN}.map((board) => board.dataset.benchmark)[0]") == "tiktok"
    assert page.run("byId('filter-text').value") == "fomm"
    page.choose("filter-text", "there is no such model")
    assert page.run(f"{SHOWN}.length") == 0
    assert not page.run("byId('no-table').hidden")
    page.run("byId('filter-clear').click()")
    assert page.run(f"{SHOWN}.length") == every


def test_divisions_and_sources_can_be_parted(page: Browser) -> None:
    keys = page.run(
        "[...document.querySelectorAll('#filters label:not([hidden]) select')].map((s) => s.dataset.key)"
    )
    assert keys == ["benchmark", "source", "protocol", "division"]  # all scores are of the same networks
    page.go("tables?division=open")
    assert page.run(f"{SHOWN}.every((board) => board.dataset.division === 'open')")
    assert page.run(f"{SHOWN}.length") == 2
    page.go("tables?source=published")
    assert page.run(f"{SHOWN}.length") > 20
    assert page.run(f"{SHOWN}.every((board) => board.classList.contains('printed'))")


def test_the_address_of_a_table_shows_it(page: Browser) -> None:
    page.go("player")
    assert page.run(VIEWS) == ["view-player"]
    page.run("location.hash = [...document.querySelectorAll('.board')].at(-1).id")
    page.wait("!byId('view-tables').hidden")
    assert page.run(VIEWS) == ["view-tables"]


def test_an_address_that_means_nothing_shows_the_tables(page: Browser) -> None:
    for address in ("nowhere", "%", "constructor", "player?table=none&video=none&frame=x", "run?id=none"):
        page.go(address)
        assert len(page.run(VIEWS)) == 1
    assert "not on this page" in page.run("byId('run-content').textContent")


def test_hostile_names_do_nothing(page: Browser) -> None:
    for address in ("tables", "player", "videos", "model?id=hostile", f"model?id={HOSTILE}"):
        page.go(address)
        assert page.run("document.querySelectorAll('img').length") == 0
        assert "leaderboard" in page.run("document.title")
    assert HOSTILE in page.run("byId('model-content').textContent")


def test_nothing_is_asked_of_another_host(page: Browser) -> None:
    for address in ("player", "videos", "model?id=ours", "tables"):
        page.go(address)
    page.run("new Promise((done) => setTimeout(done, 200))")
    assert page.requests
    assert all(address.startswith("file://") for address in page.requests)


@pytest.mark.parametrize(
    "view", ["tables", "player", "videos", "model?id=ours", "model?id=FOMM", "run?id=none"]
)
def test_a_narrow_screen_does_not_scroll_sideways(site: Path, page: Browser, view: str) -> None:
    page.open(site, width=360, height=740)
    page.go(view)
    assert page.run("document.documentElement.scrollWidth") == 360


def test_on_paper_there_is_the_view_without_its_controls(page: Browser) -> None:
    page.call("Emulation.setEmulatedMedia", media="print")
    visible = "(element) => element.getClientRects().length > 0"
    assert page.run(f"[...document.querySelectorAll('.board table')].every({visible})")
    assert not page.run(f"[...document.querySelectorAll('input, #views, button.play')].some({visible})")
    assert page.run("getComputedStyle(document.querySelector('.scroll')).overflowX") == "visible"
    page.call("Emulation.setEmulatedMedia", media="")
