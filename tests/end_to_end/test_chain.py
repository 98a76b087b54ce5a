"""The chain as a user runs it: real processes, real files, the embedded networks."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from mcbench.records import RunRecord, ScoreRecord
from tests.end_to_end.conftest import Command, start
from tests.video.making import content_of

MODELS = ("ours", "copy-reference", "warp")


@pytest.fixture(scope="module")
def results(tiny_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every model's run of the tiny benchmark, scored."""
    out = tmp_path_factory.mktemp("chain") / "results"
    for model in MODELS:
        process = start(tiny_home, "run", "--model", model, "--split", "tiny", "--out", str(out))
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
    process = start(tiny_home, "score", str(out))
    _, errors = process.communicate(timeout=300)
    # LPIPS's trunks are not in this home: the rest is scored, and the exit code says that some is not.
    assert process.returncode == 1, errors
    assert "mcbench weights fetch lpips-alex" in errors
    return out


@pytest.mark.parametrize("model", MODELS)
def test_a_run_leaves_frames_previews_and_a_true_record(results: Path, model: str) -> None:
    folder = results / model / "tiny"
    record = RunRecord.read(folder / "run.json")
    assert record.model.id == model
    assert record.split.source == "generated"
    assert [result.video for result in record.videos] == ["demo-01", "demo-02"]
    for result in record.videos:
        assert result.status == "done"
        frames = sorted((folder / "frames" / result.video).iterdir())
        assert [path.name for path in frames] == [f"{index:06d}.png" for index in range(20)]
        assert (folder / "previews" / f"{result.video}.mp4").stat().st_size > 1000
    previews = list((results / "_truth" / "tiny").rglob("*.mp4"))
    assert {path.name for path in previews} == {
        "demo-01.mp4",
        "demo-01.pose.mp4",
        "demo-02.mp4",
        "demo-02.pose.mp4",
    }


@pytest.mark.parametrize("protocol", ["disco-2", "mcbench-1"])
def test_scores_name_everything_that_repeats_them(results: Path, protocol: str) -> None:
    for model in MODELS:
        score = ScoreRecord.read(results / model / "tiny" / "scores" / f"{protocol}.json")
        assert {"l1", "psnr", "ssim", "fid@embedded", "fid_vid@embedded", "fvd@embedded"} <= set(
            score.metrics
        )
        assert not {"fid", "fid_vid", "fvd"} & set(score.metrics)
        assert "lpips" in score.unavailable
        assert score.coverage.complete
        assert score.split is not None
        assert score.split.data_sha256
        assert score.weights
        for value in score.metrics.values():
            if value.ci_low is not None and value.ci_high is not None:
                assert value.ci_low <= value.ci_high


def test_scoring_again_gives_the_same_numbers(results: Path, mcbench: Command) -> None:
    path = results / "warp" / "tiny" / "scores" / "mcbench-1.json"
    before = ScoreRecord.read(path)
    assert mcbench("score", str(results / "warp"), "--protocol", "mcbench/1").returncode == 1
    after = ScoreRecord.read(path)
    assert after.metrics == before.metrics
    assert after.predictions_sha256 == before.predictions_sha256


def test_leaderboard_is_regenerated_and_checked(results: Path, mcbench: Command, tmp_path: Path) -> None:
    board = tmp_path / "leaderboard"
    written = mcbench("leaderboard", "--results", str(results), "--out", str(board))
    assert written.returncode == 0, written.stderr
    markdown = (board / "README.md").read_text()
    for model in MODELS:
        assert model in markdown
    assert "fvd@embedded" in markdown.lower() or "FVD@embedded" in markdown
    assert "not comparable" in markdown
    checked = mcbench("leaderboard", "--results", str(results), "--out", str(board), "--check")
    assert checked.returncode == 0, checked.stdout
    (board / "README.md").write_text(markdown.replace("warp", "wrap"))
    stale = mcbench("leaderboard", "--results", str(results), "--out", str(board), "--check")
    assert stale.returncode == 1
    assert "wrap" in stale.stdout


def test_compare_needs_no_benchmark(results: Path, mcbench: Command, tmp_path: Path) -> None:
    frames = results / "copy-reference" / "tiny" / "frames"
    report = tmp_path / "compare.json"
    done = mcbench(
        "compare", str(frames), str(frames), "--protocol", "disco/2", "--networks", "embedded",
        "--json", str(report),
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    content = json.loads(report.read_text())
    assert content["protocol"] == "disco/2"
    assert content["metrics"]["l1"]["value"] == 0
    assert content["metrics"]["psnr"]["value"] == 100
    assert content["metrics"]["ssim"]["value"] == pytest.approx(1)
    assert content["metrics"]["fvd@embedded"]["value"] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("moment", ["first frames", "between videos", "previews"])
def test_a_killed_run_goes_on_to_the_same_bytes(
    results: Path, mcbench: Command, tiny_home: Path, tmp_path: Path, moment: str
) -> None:
    arguments = ("run", "--model", "warp", "--split", "tiny", "--out", str(tmp_path))
    folder = tmp_path / "warp" / "tiny"

    def reached() -> bool:
        if moment == "first frames":
            return any(folder.glob("frames/.partial-*/000003.png"))
        if moment == "between videos":
            return any(folder.glob("frames/demo-0?"))
        return any(folder.glob("previews/.partial-*"))

    process = start(tiny_home, *arguments)
    deadline = time.monotonic() + 120
    while not reached() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    assert process.poll() is None, "the run ended before it could be killed"
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()

    done = mcbench(*arguments)
    assert done.returncode == 0, done.stderr
    for part in ("frames", "previews"):
        assert content_of(folder / part) == content_of(results / "warp" / "tiny" / part)
    assert not list(folder.rglob(".partial-*"))


def test_another_seed_in_the_same_place_is_refused(results: Path, mcbench: Command) -> None:
    done = mcbench("run", "--model", "warp", "--split", "tiny", "--out", str(results), "--seed", "7")
    assert done.returncode == 2
    assert "holds a run with another seed" in done.stderr
    assert "--overwrite" in done.stderr


def test_limits_and_size_are_kept_to(mcbench: Command, tmp_path: Path) -> None:
    done = mcbench(
        "run", "--model", "copy-reference", "--split", "tiny", "--out", str(tmp_path), "--limit-videos", "1",
        "--limit-frames", "3", "--size", "64x48", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert [video["video"] for video in record["videos"]] == ["demo-01"]
    assert record["videos"][0]["n_frames"] == 3
    assert record["videos"][0]["size"] == [64, 48]
    more = mcbench(
        "run", "--model", "copy-reference", "--split", "tiny", "--out", str(tmp_path), "--limit-frames", "3",
        "--size", "64x48",
    )  # fmt: skip
    assert more.returncode == 0, more.stderr
    assert len(RunRecord.read(tmp_path / "copy-reference" / "tiny" / "run.json").videos) == 2


def test_a_video_that_fails_is_listed_and_the_others_go_on(
    mcbench: Command, tiny_home: Path, tmp_path: Path
) -> None:
    import shutil

    home = tmp_path / "home"
    shutil.copytree(tiny_home, home)
    (home / "prepared/tiny/generated/clips/demo-01/truth/poses.npz").write_bytes(b"damaged")
    process = start(home, "run", "--model", "warp", "--split", "tiny", "--out", str(tmp_path))
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 1
    assert "not done: demo-01" in errors
    record = RunRecord.read(tmp_path / "warp" / "tiny" / "run.json")
    assert {result.video: result.status for result in record.videos} == {
        "demo-01": "failed",
        "demo-02": "done",
    }
    assert "poses.npz" in record.videos[0].reason
    assert (tmp_path / "warp" / "tiny" / "logs" / "demo-01.txt").exists()


def test_metrics_can_be_left_out_and_are_listed(results: Path, mcbench: Command) -> None:
    left_out = ("--leave-out", "lpips", "--leave-out", "lpips_vgg", "--leave-out", "fvd")
    done = mcbench("score", str(results / "warp"), "--protocol", "mcbench/1", *left_out)
    assert done.returncode == 0, done.stderr
    score = ScoreRecord.read(results / "warp" / "tiny" / "scores" / "mcbench-1.json")
    assert set(score.unavailable) == {"lpips", "lpips_vgg", "fvd@embedded"}
    assert {unavailable.reason for unavailable in score.unavailable.values()} == {"left out of this score"}
    assert "kvd@embedded" in score.metrics
    unknown = mcbench("score", str(results / "warp"), "--leave-out", "nonsense")
    assert unknown.returncode == 2
    assert "no metric is called nonsense" in unknown.stderr
