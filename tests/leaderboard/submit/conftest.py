"""A small real run, scored: real frames, real scores."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mcbench import data
from mcbench.runs import RunRequest, run_model
from mcbench.scoring import score_run
from tests.scoring.making import clip, write_folder


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`home/`: a copy of multi-character of three tiny clips; `run/`: copy-reference on it, scored."""
    folder = tmp_path_factory.mktemp("made")
    write_folder(folder / "videos", {name: clip(seed, 4 + seed) for seed, name in enumerate("abc")})
    home = folder / "home"
    data.prepare("multi-character", source="local", from_path=folder / "videos", fps=8.0, home=home)
    request = RunRequest(
        model="copy-reference", split="multi-character", source="local", out=folder / "results", home=home
    )
    run_model(request)
    (run,) = (path.parent for path in (folder / "results").rglob("run.json"))
    shutil.copytree(run, folder / "run")
    _clean(folder / "run" / "run.json")
    left_out = ["fid", "fid_vid", "fvd", "lpips", "lpips_vgg", "lpips_alex"]
    score_run(folder / "run", protocols=["disco/2"], leave_out=left_out, home=home)
    _clean(folder / "run" / "scores" / "disco-2.json")
    return folder


def _clean(path: Path) -> None:
    """Say that committed code made it: the tests may run in a checkout with changes."""
    record = json.loads(path.read_text())
    record["environment"] |= {"git_commit": "0" * 40, "git_dirty": False}
    path.write_text(json.dumps(record))


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Path:
    """A copy of `made` to spoil."""
    return Path(shutil.copytree(made, tmp_path / "place"))
