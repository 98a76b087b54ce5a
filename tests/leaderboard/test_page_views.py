"""The views of videos, plots, models and runs in a real browser; what they compute, against NumPy."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.leaderboard.browser import Browser
from tests.leaderboard.site import MODELS, VIDEOS

pytestmark = pytest.mark.browser

ROWS = "[...document.querySelectorAll('#videos-list tbody tr')]"


def test_each_video_has_a_line_that_can_be_sorted(page: Browser) -> None:
    page.go("videos")
    assert page.run(f"{ROWS}.map((row) => row.cells[0].textContent)") == list(VIDEOS)
    first = page.run(f"[...{ROWS}[0].cells].map((cell) => cell.textContent)")
    # Video, people, overlap, then ours, the hostile one and warp, then their spread.
    assert first == ["dance-00", "3", "25 %", "19.50", "14.63", "8.78", "10.72"]
    assert page.run(f"[...{ROWS}[0].cells].map((cell) => cell.classList.contains('best'))").index(True) == 3
    page.run("document.querySelectorAll('#videos-list thead button')[3].click()")
    assert page.run(f"{ROWS}[0].cells[0].textContent") == VIDEOS[-1]
    foot = page.run("[...document.querySelectorAll('#videos-list tfoot td')].map((cell) => cell.textContent)")
    assert foot[2:5] == ["20.00 dB", "15.00 dB", "9.00 dB"]


def test_a_video_leads_to_the_player(page: Browser) -> None:
    page.go("videos?metric=ssim")
    page.run(f"{ROWS}[1].querySelector('a').click()")
    page.wait("!byId('view-player').hidden")
    assert page.run("[state.video.id, state.metric]") == ["dance-01", "ssim"]
    page.go("videos")
    assert page.run(f"{ROWS}[2].querySelectorAll('a').length") == 0  # dance-02 cannot be played


def test_there_is_a_box_for_each_model_and_part(page: Browser) -> None:
    page.go("videos?metric=psnr")
    titles = page.run("[...document.querySelectorAll('.plot-figure figcaption')].map((c) => c.textContent)")
    assert len(titles) == 3
    groups = page.run("[...document.querySelectorAll('.plot .group')].map((label) => label.textContent)")
    # From the record: two people, overlap. Found here from the frames of dance-00: three people, no overlap.
    assert groups == ["all videos", "2 people", "3 people", "no overlap", "overlap"]
    boxes = page.run(
        "[...document.querySelectorAll('.plot')].map((plot) => plot.querySelectorAll('rect').length)"
    )
    assert boxes == [3, 3, 3]  # a single video has no box
    assert page.run("document.querySelectorAll('.plot')[0].querySelectorAll('circle').length") == 3 * len(
        VIDEOS
    )
    page.run("byId('videos-models').querySelectorAll('input')[0].click()")
    assert page.run("document.querySelectorAll('.plot')[0].querySelectorAll('rect').length") == 2


def test_means_of_parts_are_those_of_their_frames(page: Browser) -> None:
    values = page.run("boards.find((b) => hasVideos(b)).runs[0].parts['people=3'].psnr[0]")
    base = MODELS["ours"][1]
    # dance-00 shows three people in the odd frames, 13 among them; frame 0 does not count.
    series = [base + (base / 5 if index == 13 else 0) + index / 100 for index in range(20)]
    assert values == pytest.approx(np.mean(series[1::2]), rel=1e-5)


@pytest.mark.parametrize(
    "values", [[3.0, 1.0, 2.0, 10.0, 4.0], [1.0, 1.0], [5.0], list(range(40)), [-2.5, 0.1, 7.0]]
)
def test_boxes_are_quartiles_and_whiskers(page: Browser, values: list[float]) -> None:
    box = page.run(f"boxOf({json.dumps(values)})")
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    inside = [value for value in values if low - 1.5 * (high - low) <= value <= high + 1.5 * (high - low)]
    assert [box["low"], box["middle"], box["high"]] == pytest.approx([low, middle, high])
    assert [box["from"], box["to"], box["count"]] == [min(inside), max(inside), len(values)]


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0.0123, 0.0187), (-3, 250), (12345, 12346), (1e-5, 3e-5)])
def test_ticks_are_few_round_and_inside(page: Browser, low: float, high: float) -> None:
    ticks = page.run(f"ticks({low}, {high})")
    values = [value for value, _ in ticks]
    assert 3 <= len(ticks) <= 6
    assert all(low - 1e-9 <= value <= high + 1e-9 for value in values)
    assert [float(text) for _, text in ticks] == pytest.approx(values)
    assert len({text for _, text in ticks}) == len(ticks)


def test_a_model_has_a_view_over_all_tables(page: Browser) -> None:
    page.run("document.querySelector('[data-benchmark=multi-character] th.model a').click()")
    page.wait("!byId('view-model').hidden")
    assert page.run("byId('model-title').textContent") == "ours"
    assert page.run("document.querySelectorAll('#model-content .card').length") == 2
    text = page.run("byId('model-content').textContent")
    assert page.run("document.querySelector('#model-content .links a').textContent") == "all about this run"
    for part in ("MIT", "rank 1 of 3", "local/far", "20.00 dB"):
        assert part in text


def test_a_published_method_has_a_view(page: Browser) -> None:
    page.go("model?id=FOMM")
    cards = page.run("document.querySelectorAll('#model-content .card').length")
    heads = "[...document.querySelectorAll('.printed tbody th')]"
    rows = page.run(f"{heads}.filter((head) => head.dataset.sort === 'FOMM').length")
    assert cards == rows > 1
    assert "DisCo, CVPR 2024" in page.run("byId('model-content').textContent")


def test_a_run_has_a_view_of_all_that_its_record_says(page: Browser) -> None:
    page.run("document.querySelector('[data-benchmark=multi-character] .more a').click()")
    page.wait("!byId('view-run').hidden")
    text = page.run("byId('run-content').textContent")
    for part in (
        "ours on multi-character/demo",
        "Parts of the frames",
        "people=2",
        "19.00",
        "2 cores",
        "dance-05",
        "0123456789ab",
    ):
        assert part in text
    links = page.run("[...document.querySelectorAll('#run-content .links a')].map((a) => a.textContent)")
    assert links == ["watch", "videos one by one", "score record", "files"]
    page.run("document.querySelectorAll('#run-content .links a')[0].click()")
    page.wait("tiles.length === 4")
    assert page.run("[...state.chosen]") == [0]
