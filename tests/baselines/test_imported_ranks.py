"""Videos made elsewhere, from the import to the leaderboard."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from mcbench import scoring, video
from mcbench.cli import app
from mcbench.data import open_split
from mcbench.runs import run_folder
from mcbench.runs.importing import ImportRequest, import_run
from tests.end_to_end.conftest import tiny_home

__all__ = ["tiny_home"]
FRAMES = 3


def test_an_imported_run_is_scored_and_stands_in_the_leaderboard_as_imported(
    tiny_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MCBENCH_HOME", str(tiny_home))
    videos = [clip.record.id for clip in open_split("tiny").clips]
    for clip in open_split("tiny").clips:
        for index in range(FRAMES):  # nearly the truth: one grey level off
            frame = np.bitwise_xor(clip.frame(index), 1)
            video.write_png(tmp_path / "made" / clip.record.id / f"{index:03d}.png", frame)
    results = tmp_path / "results"
    asked = ImportRequest("gen-2", tmp_path / "made", "tiny", out=results, limit_frames=FRAMES)
    record = import_run(asked)
    assert [(one.video, one.status) for one in record.videos] == [(name, "done") for name in videos]
    folder = run_folder(results, "gen-2", record.split)
    (score,) = scoring.score_runs([folder], protocols=["humanvid/1"])[folder]
    assert score.metrics["psnr"].value == pytest.approx(20 * np.log10(255), abs=1e-3)

    board = tmp_path / "board"
    done = CliRunner().invoke(app, ["leaderboard", "--results", str(results), "--out", str(board)])
    assert done.exit_code == 0, done.output
    rows = [line.split("\t") for line in done.stdout.splitlines() if "Gen-2 (imported)" in line]
    assert rows, done.stdout
    assert any(cell.startswith("48.13") for cell in rows[0])
    assert "Gen-2 (imported)" in json.dumps(json.loads((board / "leaderboard.json").read_text()))
    assert "Gen-2 (imported)" in (board / "README.md").read_text(encoding="utf-8")
