"""What the page is told: links, means, curves; and files beside records that are broken."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from mcbench.errors import FileFormatError
from mcbench.leaderboard import collect, make_board
from mcbench.leaderboard.page import PageData, page_data, render_page
from mcbench.leaderboard.page.data import PageBoard
from mcbench.leaderboard.previews import frame_values, scenes_beside
from mcbench.video import write_preview
from tests.leaderboard import factory
from tests.leaderboard.site import HOSTILE, N_FRAMES, PUBLISHED, VIDEOS, frames, make_results


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "results"
    make_results(folder)
    return folder


@pytest.fixture(scope="module")
def data(results: Path) -> PageData:
    return page_data(make_board(collect([results])), results.parent / "board")


def board_of(data: PageData) -> PageBoard:
    return next(board for board in data.boards if board.split == "multi-character/demo")


def test_videos_have_links_and_people(data: PageData) -> None:
    first, second, *others = board_of(data).videos
    assert (first.id, first.fps, first.frames, first.people, first.overlap) == (
        "dance-00",
        10,
        N_FRAMES,
        3,
        0.25,
    )
    runs = [run.model for run in board_of(data).runs]
    assert first.predictions == tuple(
        f"../results/{model}/multi-character/demo/previews/dance-00.mp4" for model in runs
    )
    assert first.truth is not None
    assert first.truth.endswith("/dance-00.mp4")
    assert first.pose is None
    assert second.predictions == (None, None, None)
    assert second.frames == N_FRAMES
    assert [(video.id, video.frames, video.people) for video in others] == [
        (name, None, None) for name in VIDEOS[2:]
    ]


def test_means_are_those_of_the_record(data: PageData) -> None:
    run = next(run for run in board_of(data).runs if run.model == "ours")
    assert run.means["psnr"] == pytest.approx([20 * (1 + (place - 2.5) / 100) for place in range(6)])
    assert run.slices == {"overlap": {"psnr": "20.00"}, "people=2": {"psnr": "19.00"}}
    assert run.parts["people=2"]["psnr"] == pytest.approx(
        [19 * (1 + (place - 2.5) / 100) for place in range(6)]
    )


def test_curves_have_a_value_a_frame(data: PageData) -> None:
    board = board_of(data)
    curves = {curve.id: curve for curve in data.curves}
    assert set(curves) == {f"{board.id}-0", f"{board.id}-1"}
    series = curves[f"{board.id}-0"].series["psnr"]
    assert [len(one.split(",")) for one in series] == [N_FRAMES] * 3
    assert series[0].split(",")[3] == "20.03"
    assert curves[f"{board.id}-0"].uncounted == (0,)


def test_videos_of_the_truth_and_the_poses_are_found(tmp_path: Path) -> None:
    results, out = tmp_path / "results", tmp_path / "leaderboard"
    path = factory.put(results, factory.score("ours", {"psnr": 20.0}))
    factory.put(results, factory.score("warp", {"psnr": 19.0}))
    truth = results / "_truth/multi-character/demo" / f"generated-{factory.digest('data')[:12]}"
    for name in ("dance-00.mp4", "dance-00.pose.mp4"):
        write_preview(truth / name, frames(20)[:4], 12.5)
    write_preview(results / "warp/multi-character/demo/previews/dance-01.mp4", frames(20)[:3], 30.0)
    factory.put_frame_values(path, {"dance-00": {"psnr": [100.0, 20.12345, 19.0]}})
    data = page_data(make_board(collect([results])), out)
    first, second = data.boards[0].videos
    assert (first.id, first.fps, first.frames) == ("dance-00", 12.5, 4)
    assert first.truth == f"../{truth.relative_to(tmp_path)}/dance-00.mp4"
    assert first.pose == f"../{truth.relative_to(tmp_path)}/dance-00.pose.mp4"
    assert (second.id, second.truth, second.fps) == ("dance-01", None, 30.0)
    assert data.curves[0].uncounted == (0, 3)
    assert data.curves[0].series == {"psnr": ("100,20.12,19,", "")}


def test_the_page_holds_what_it_was_told_and_no_markup_of_others(results: Path, data: PageData) -> None:
    out = results.parent / "board"
    text = render_page(make_board(collect([results])), out)
    blocks = re.findall(r'<script type="application/json" id="([^"]+)">([^<]*)</script>', text)
    found = {name: json.loads(block) for name, block in blocks}
    assert found["page-data"] == data.index()
    assert {name for name in found if name.startswith("curves-")} == {
        f"curves-{one.id}" for one in data.curves
    }
    assert HOSTILE not in text
    assert text.count("<script") == text.count("</script>") == len(blocks) + 1


def test_values_by_video_alone_make_no_player(tmp_path: Path) -> None:
    factory.put(tmp_path / "results", factory.score("ours", {"psnr": factory.value("psnr", 20.0)}))
    data = page_data(make_board(collect([tmp_path / "results"])), tmp_path)
    assert data.boards[0].videos == ()
    assert data.boards[0].metrics == ()
    assert data.curves == ()


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"frame": 0}',
        '{"video": "a", "frame": "x"}',
        '{"video": "a", "frame": 0, "psnr": "high"}',
        '{"video": "a", "frame": 0, "psnr": NaN}',
        '{"video": "a", "frame": 0, "psnr": 1e999}',
        '{"video": [], "frame": 0}',
        "null",
    ],
)
def test_broken_values_by_frame_are_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "disco-2.frames.jsonl").write_text('{"video": "a", "frame": 0, "psnr": 20.0}\n' + line + "\n")
    with pytest.raises(FileFormatError, match=r"disco-2\.frames\.jsonl, line 2"):
        frame_values(tmp_path / "disco-2.json")


def test_broken_scenes_are_named(tmp_path: Path) -> None:
    (tmp_path / "people-1.people.jsonl").write_text('{"video": "a", "frame": 0}\n')
    with pytest.raises(FileFormatError, match="line 1"):
        scenes_beside(tmp_path / "disco-2.json")


def test_a_video_that_is_none_is_named(tmp_path: Path) -> None:
    make_results(tmp_path / "results")
    preview = tmp_path / "results/ours/multi-character/demo/previews/dance-05.mp4"
    preview.write_bytes(b"no video")
    with pytest.raises(FileFormatError, match=r"dance-05\.mp4"):
        page_data(make_board(collect([tmp_path / "results"])), tmp_path)


def test_tables_show_divisions_ties_and_doubts(results: Path) -> None:
    board = make_board(collect([results], None, PUBLISHED))
    text = render_page(board, results.parent / "board")
    ties = [cell.ties for table in board.tables for row in table.rows for cell in row.cells if cell.ties]
    assert re.findall(r'<i class="ties"[^>]*>([^<]+)</i>', text) == ties
    assert len(ties) == 6  # two metrics of three models were put to the test
    assert text.count('data-division="published"') == len(board.printed)
    # Each table with doubts says how many, and each number that is contradicted is marked.
    doubts = [table.n_doubts for table in board.printed if table.n_doubts]
    assert text.count('<span class="doubt">') == len(doubts) + sum(doubts) > 1
    remarks = [remark for remarks in board.remarks.values() for remark in remarks]
    assert text.count('<p class="remark">') == len(remarks) > 0
