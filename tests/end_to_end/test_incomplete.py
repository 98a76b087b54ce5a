"""From a server to the leaderboard with a benchmark of which a part cannot be had."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mcbench import data
from mcbench.leaderboard import collect, make_tables
from mcbench.records import RunRecord
from mcbench.runs import RunRequest, run_model
from mcbench.scoring import find_runs, score_run
from tests.data.benchmarks.making import host, zipped
from tests.data.benchmarks.test_tiktok import release
from tests.downloads.conftest import QUICK
from tests.downloads.server import HostileServer, serving


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with serving() as running:
        yield running


def test_an_incomplete_set_is_run_and_scored_with_its_coverage_and_not_ranked(
    tmp_path: Path, server: HostileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MCBENCH_OFFLINE", raising=False)
    home, results = tmp_path / "home", tmp_path / "results"
    some = zipped(release(tmp_path / "made", ["00335", "00336", "00338", "00339"], n_frames=8))
    name = host("tiktok", {"TikTok_dataset.zip": some}, server, home)
    assert data.fetch(name, home=home, accept_licence=True, settings=QUICK).complete
    split = f"{name}/335-339"
    assert not data.prepare(split, home=home).complete
    run = run_model(RunRequest(model="copy-reference", split=split, out=results, home=home))
    assert run.split.missing == ("00337",)
    assert [video.status for video in run.videos] == ["done"] * 4
    (folder,) = find_runs(results)
    assert RunRecord.read(folder / "run.json").split == run.split
    (score,) = score_run(folder, protocols=["disco/2"], home=home)
    assert score.split is not None
    assert score.split.name == split
    assert (score.coverage.videos_scored, score.coverage.videos_expected) == (4, 5)
    assert score.coverage.missing_videos == ("00337",)
    assert not score.coverage.complete
    assert score.metrics["psnr"].n_videos == 4
    (table,) = make_tables(collect([results]))
    (row,) = table.rows
    assert (row.rank, row.complete) == (None, False)
    assert any("not ranked" in note and "00337" in note for note in table.notes)
