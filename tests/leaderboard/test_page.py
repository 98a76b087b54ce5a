"""The page in a real browser: loads without complaint, sorts, plays, steps; hostile text stays text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mcbench.leaderboard import collect, write_leaderboard
from mcbench.records import ModelDescription
from mcbench.video import write_preview
from tests.leaderboard import factory
from tests.leaderboard.browser import Browser, find_browser

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)></script><script>document.title='owned'</script>"
N_FRAMES, FPS = 20, 10.0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A leaderboard of three models."""
    root = tmp_path_factory.mktemp("site")
    results = root / "results"
    models = [("ours", "ours", 20.0), ("warp", "warp", 9.0), ("hostile", HOSTILE, 15.0)]
    for model, name, psnr in models:
        description = ModelDescription(id=model, display_name=name, kind="builtin")
        record = factory.put(results, factory.score(description, {"psnr": psnr, "ssim": psnr / 40}))
        factory.put_frame_values(record, {"dance-00": {"psnr": [psnr + i for i in range(N_FRAMES)]}})
        run = results / model / "multi-character/demo"
        write_preview(run / "previews/dance-00.mp4", frames(), FPS)
    truth = results / "_truth/multi-character/demo" / f"generated-{factory.digest('data')[:12]}"
    write_preview(truth / "dance-00.mp4", frames(), FPS)
    write_preview(truth / "dance-01.mp4", frames(), FPS)
    # A second table, whose videos are elsewhere.
    factory.put(results, factory.score("ours", split=factory.split(benchmark="local/far", subset="default")))
    write_leaderboard(collect([results]), root / "leaderboard")
    return root / "leaderboard" / "index.html"


def frames() -> list[np.ndarray]:  # type: ignore[type-arg]
    return [np.full((64, 48, 3), 20 + 10 * index, np.uint8) for index in range(N_FRAMES)]


@pytest.fixture(scope="module")
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


ORDER = "[...document.querySelectorAll('.board')].at(-1).querySelectorAll('tbody th')"
NAMES = f"[...{ORDER}].map((cell) => cell.textContent.trim())"


def test_a_click_or_key_on_a_head_sorts(page: Browser) -> None:
    assert page.run(NAMES) == ["ours", HOSTILE, "warp"]
    page.run("[...document.querySelectorAll('.board')].at(-1).querySelectorAll('thead button')[2].focus()")
    page.press("Enter")
    assert page.run(NAMES) == ["ours", HOSTILE, "warp"]
    page.press("Enter")
    assert page.run(NAMES) == ["warp", HOSTILE, "ours"]
    assert page.run("document.querySelectorAll('[aria-sort=ascending]').length") >= 1


def test_hostile_names_do_nothing(page: Browser) -> None:
    assert page.run("document.title") == "mcbench leaderboard"
    assert page.run("document.querySelectorAll('img').length") == 0


def open_player(page: Browser) -> None:
    page.run("document.querySelector('.watch').click()")
    page.wait("tiles.length === 5 && tiles.every(({video}) => !video || video.readyState >= 2)")


def test_videos_load_only_when_the_player_is_seen(page: Browser) -> None:
    page.open(Path(page.run("decodeURIComponent(location.pathname)")), height=300)
    page.run("window.scrollTo(0, 0)")
    assert page.run("document.querySelectorAll('video').length") == 0
    open_player(page)
    assert page.run("document.querySelectorAll('video').length") == 4


def test_frame_keys_move_all_videos_to_the_same_frame(page: Browser) -> None:
    open_player(page)
    page.run("byId('stage').focus()")
    for _ in range(3):
        page.press("ArrowRight")
    page.wait("tiles.every(({video}) => !video || !video.seeking)")
    times = page.run("tiles.filter(({video}) => video).map(({video}) => video.currentTime)")
    assert [int(time * FPS) for time in times] == [3, 3, 3, 3]
    assert page.run("byId('where').textContent").startswith("frame 3 of 19")
    page.press("End")
    assert page.run("byId('scrub').value") == "19"
    page.press("Home")
    page.press("ArrowLeft")
    assert page.run("byId('scrub').value") == "0"


def test_playing_keeps_the_videos_in_step(page: Browser) -> None:
    open_player(page)
    page.run("byId('stage').focus()")
    page.press(" ")
    page.wait("frame() >= 5")
    page.press(" ")
    page.wait("!state.playing && tiles.every(({video}) => !video || (video.paused && !video.seeking))")
    times = page.run("tiles.filter(({video}) => video).map(({video}) => video.currentTime)")
    assert {int(time * FPS) for time in times} == {page.run("frame()")}


def test_the_scrub_bar_and_the_curve_seek(page: Browser) -> None:
    open_player(page)
    page.run("byId('scrub').value = '7'; byId('scrub').dispatchEvent(new Event('input'))")
    assert page.run("frame()") == 7
    assert page.run("document.querySelectorAll('#curve path').length") == 3
    assert page.run("tiles.find(({model}) => model === 0).caption.textContent") == "ours27"
    box = page.run(
        "(() => { const b = byId('curve').getBoundingClientRect(); return [b.left, b.width, b.top]; })()"
    )
    x = box[0] + box[1] * 12 / (N_FRAMES - 1)
    page.run(f"byId('curve').dispatchEvent(new MouseEvent('click', {{clientX: {x}, clientY: {box[2]}}}))")
    assert page.run("frame()") == 12


def test_what_is_absent_is_said(page: Browser) -> None:
    open_player(page)
    assert "no preview" in page.run("byId('tiles').textContent")
    page.run("byId('pick-video').value = '1'; byId('pick-video').dispatchEvent(new Event('change'))")
    assert page.run("document.querySelectorAll('#tiles .absent').length") == 4
    assert "no curve" in page.run("byId('curve-hint').textContent")
    page.run("chooseTable(players.find((player) => !player.videos.length).id)")
    assert "No videos lie beside this page" in page.run("byId('player-empty').textContent")
    assert page.run("byId('stage').hidden")


def test_a_narrow_screen_does_not_scroll_sideways(page: Browser) -> None:
    path = Path(page.run("decodeURIComponent(location.pathname)"))
    page.open(path, width=360, height=740)
    open_player(page)
    assert page.run("document.documentElement.scrollWidth") == 360
    page.open(path)


def test_a_video_that_is_gone_is_said_plainly(site: Path, page: Browser, tmp_path: Path) -> None:
    moved = tmp_path / "index.html"
    moved.write_bytes(site.read_bytes())
    page.open(moved)
    page.run("document.querySelector('.watch').click()")
    page.wait("document.querySelectorAll('#tiles .absent').length === 5")
    assert "Cannot play" in page.run("byId('tiles').textContent")
    page.messages[:] = [text for text in page.messages if "ERR_FILE_NOT_FOUND" not in text]
