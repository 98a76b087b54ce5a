"""The player in a real browser: plays in step, scrubs, jumps, compares; loads no video before it is shown."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcbench.leaderboard import collect, render
from mcbench.leaderboard.serving import PageServer
from tests.leaderboard.browser import Browser
from tests.leaderboard.site import FPS, N_FRAMES, PEAK

pytestmark = pytest.mark.browser

TIMES = "tiles.filter(({video, still}) => video && !still).map(({video}) => video.currentTime)"
READY = "tiles.length === 6 && tiles.every(({video}) => !video || (video.readyState >= 2 && !video.seeking))"


def open_player(page: Browser) -> None:
    page.run("document.querySelector('.watch').click()")
    page.wait(READY)
    page.run("byId('stage').focus()")


def media(page: Browser) -> list[str]:
    return [address for address in page.requests if address.endswith(".mp4")]


def test_videos_load_only_when_the_player_is_shown(page: Browser) -> None:
    page.go("videos")
    page.go("tables")
    assert page.run("document.querySelectorAll('video').length") == 0
    assert media(page) == []
    open_player(page)
    assert page.run("document.querySelectorAll('#tiles video').length") == 5
    assert len(media(page)) >= 4
    page.go("tables")
    page.run("new Promise((done) => setTimeout(done, 50))")
    assert page.run("document.querySelectorAll('video').length") == 0


def test_lines_load_while_they_are_on_the_screen(site: Path, page: Browser) -> None:
    page.open(site, height=400)
    page.go("player")
    page.wait("document.querySelectorAll('#lines-list li').length === 2")
    assert page.run("document.querySelectorAll('#lines-list video').length") == 0
    page.run("byId('lines-list').lastElementChild.scrollIntoView()")
    page.wait("document.querySelectorAll('#lines-list li:last-child video').length > 0")
    page.run("scrollTo({top: 0, behavior: 'instant'})")
    page.wait("document.querySelectorAll('#lines-list video').length === 0")


def test_frame_keys_move_all_videos_to_the_same_frame(page: Browser) -> None:
    open_player(page)
    for _ in range(3):
        page.press("ArrowRight")
    page.wait(READY)
    times = page.run(TIMES)
    assert [int(time * FPS) for time in times] == [3, 3, 3, 3]
    assert page.run("byId('where').textContent").startswith("frame 3 of 19")
    assert page.run("tiles[0].name") == "reference"
    assert int(page.run("tiles[0].video.currentTime") * FPS) == 0
    page.press("End")
    assert page.run("byId('scrub').value") == "19"
    page.press("Home")
    page.press("ArrowLeft")
    assert page.run("byId('scrub').value") == "0"


def test_playing_keeps_the_videos_in_step(page: Browser) -> None:
    open_player(page)
    page.press(" ")
    page.wait("frame() >= 5")
    page.press(" ")
    page.wait("!state.playing && tiles.every(({video}) => !video || (video.paused && !video.seeking))")
    assert {int(time * FPS) for time in page.run(TIMES)} == {page.run("frame()")}
    assert int(page.run("tiles[0].video.currentTime") * FPS) == 0


def test_the_scrub_bar_and_the_curve_seek(page: Browser) -> None:
    open_player(page)
    page.choose("scrub", 7)
    assert page.run("frame()") == 7
    assert page.run("document.querySelectorAll('#curve path').length") == 3
    assert page.run("tiles.find(({run}) => run === 0).caption.textContent") == "ours20.07"
    page.run("byId('curve').scrollIntoView({block: 'center', behavior: 'instant'})")
    left, width, top = page.run(
        "(({left, width, top}) => [left, width, top])(byId('curve').getBoundingClientRect())"
    )
    page.click(left + width * 12 / (N_FRAMES - 1), top + 20)
    assert page.run("frame()") == 12
    assert page.run("document.querySelector('#curve .cursor').getAttribute('x1')") == "12"


def test_it_jumps_to_the_frames_that_differ_most(page: Browser) -> None:
    open_player(page)
    page.press("d")
    assert page.run("frame()") == PEAK
    first, second = page.run(
        "[...byId('peaks').querySelectorAll('button')].slice(0, 2).map((b) => b.textContent)"
    )
    assert first.startswith(f"frame {PEAK}: ")
    assert not second.startswith(f"frame {PEAK}: ")
    page.press("d")
    assert page.run("frame()") != PEAK
    page.run("byId('peaks').querySelector('button').click()")
    assert page.run("frame()") == PEAK


def test_clips_stand_in_order_of_disagreement_and_open(page: Browser) -> None:
    page.go("player")
    names = "[...document.querySelectorAll('#lines-list .open')].map((button) => button.textContent)"
    assert page.run(names) == ["dance-00", "dance-01"]
    apart = page.run("[0, 1].map((video) => disagreement(state.board, video, [0, 1, 2], 'psnr'))")
    assert apart[0] == pytest.approx((11 * 18 + 11 * 1.2) / 19, abs=0.02)
    assert apart[1] == pytest.approx(11)
    page.run("document.querySelectorAll('#lines-list .open')[1].click()")
    assert page.run("state.video.id") == "dance-01"
    page.press("n")
    assert page.run("state.video.id") == "dance-00"
    page.press("p")
    assert page.run("byId('pick-video').selectedOptions[0].textContent") == "dance-01"


def test_the_address_keeps_what_is_shown(page: Browser) -> None:
    open_player(page)
    page.run("byId('pick-models').querySelectorAll('input')[1].click()")
    page.choose("pick-curve", "ssim")
    page.choose("scrub", 4)
    page.open(page.run("location.href"))
    page.wait("tiles.length === 5")
    assert page.run("[frame(), state.metric, [...state.chosen].length]") == [4, "ssim", 2]


def test_what_is_absent_is_said(page: Browser) -> None:
    open_player(page)
    assert "no preview" in page.run("byId('tiles').textContent")
    page.choose("pick-video", 1)
    assert page.run("document.querySelectorAll('#tiles .absent').length") == 4
    page.choose("pick-curve", "ssim")
    assert "no curve" in page.run("byId('curve-hint').textContent")
    page.choose("pick-table", page.run("boards.find((board) => !hasVideos(board)).id"))
    assert "No videos lie beside this page" in page.run("byId('player-empty').textContent")
    assert page.run("byId('stage').hidden")


def test_a_video_that_is_gone_is_said_plainly(site: Path, page: Browser, tmp_path: Path) -> None:
    moved = tmp_path / "index.html"
    moved.write_bytes(site.read_bytes())
    page.open(moved)
    page.run("document.querySelector('.watch').click()")
    page.wait("document.querySelectorAll('#tiles .absent').length === 6")
    assert "Cannot play" in page.run("byId('tiles').textContent")
    page.go("tables")
    page.messages[:] = [text for text in page.messages if "ERR_FILE_NOT_FOUND" not in text]


@pytest.fixture
def served(site: Path) -> Iterator[str]:
    results = site.parent.parent / "results"
    with PageServer(results, render(collect([results]), results)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.address
        server.shutdown()
        thread.join()


def test_the_difference_view_shows_what_differs(served: str, page: Browser) -> None:
    # Over HTTP the pixels may be read; from a file they are only shown.
    page.open(served)
    open_player(page)
    page.choose("pick-difference", "truth")
    page.choose("scrub", 6)
    page.wait(READY)
    captions = page.run("[...document.querySelectorAll('p.difference')].map((p) => p.textContent)")
    assert captions[0] == "|ours − ground truth|"
    level = "[...pairs[%d].canvas.getContext('2d').getImageData(20, 30, 1, 1).data]"
    # Grey 40, 80 and 120 against 20, each 30 lighter in frame 6; names are in the order of ranks.
    for place, expected in enumerate((20, 100, 60)):
        page.wait(f"{level % place}.slice(0, 3).every((v) => Math.abs(v - {expected}) <= 4)")
    page.choose("gain", 8)
    assert page.run("pairs[0].canvas.style.filter") == "brightness(8)"
    assert all(address.startswith(served) for address in page.requests if not address.startswith("about:"))
    page.choose("pick-difference", "")
    assert page.run("document.querySelectorAll('.difference').length") == 0
