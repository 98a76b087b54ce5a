"""Scoring a run of `mcbench run` against its benchmark's prepared clips."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from mcbench import data
from mcbench.data import Split
from mcbench.errors import DataMissingError, FileFormatError, McbenchError, MismatchError
from mcbench.progress import Progress
from mcbench.records import NetworkFamily, RunRecord, ScoreRecord
from mcbench.scoring.compute import Compute, ScoreSettings
from mcbench.scoring.engine import MapJobs
from mcbench.scoring.pairing import Pairing
from mcbench.scoring.protocols import choose_protocols
from mcbench.scoring.run_pairing import pair_run
from mcbench.scoring.scores import score_pairings
from mcbench.scoring.value_files import write_score


def find_runs(folder: Path) -> list[Path]:
    """Return the folders of all runs at or below a folder, sorted.

    Raises:
        DataMissingError: the folder does not exist, or there is none.
    """
    if not folder.is_dir():
        raise DataMissingError(f"there is no folder {folder}", "mcbench run --help")
    if (folder / "run.json").is_file():
        return [folder]
    found = sorted(path.parent for path in folder.rglob("run.json") if path.is_file())
    if not found:
        raise DataMissingError(
            f"no run lies in {folder} (no run.json)",
            "generate one with mcbench run, or score plain folders with mcbench compare",
        )
    return found


def score_run(
    run_folder: Path,
    *,
    protocols: Sequence[str] | None = None,
    networks: NetworkFamily | None = None,
    leave_out: Collection[str] = (),
    home: Path | None = None,
    compute: Compute | None = None,
    allow_missing: bool = False,
    seed: int = 0,
    map_jobs: MapJobs | None = None,
    progress: Progress | None = None,
) -> list[ScoreRecord]:
    """Score what a run has made, and write `scores/PROTOCOL.json` with the values it is made of.

    Beside each record lie `PROTOCOL.frames.jsonl` (one line a frame) and `PROTOCOL.videos.jsonl` (one
    line a video); `/` in a protocol's name becomes `-` in file names. What the run has not made, because
    it was limited or a video failed, shows in the record's coverage.

    Args:
        run_folder: holds `run.json` and `frames/`.
        protocols: names, or `all`; None for `DEFAULT_PROTOCOLS` and, where the clips have masks, those of
            people. One pass over the frames feeds them all.
        networks: the family of feature networks, or None for the one that the benchmark names.
        leave_out: keys of metrics not to compute; the record lists them as left out.
        home: mcbench's folder of prepared data, weights and cache.
        compute: how to carry it out.
        allow_missing: leave out videos that cannot be read or whose clip has changed, and list them.
        seed: of the bootstrap.
        map_jobs: where to run the jobs, such as on a cluster; by default as `compute` says.
        progress: told of frames.

    Raises:
        InputError: an unknown protocol, metric or device.
        FileFormatError: the run's record or a frame cannot be read.
        DataMissingError: the run made nothing, or the benchmark's clips are not prepared.
        MismatchError: frames or clips are not those of the run.
    """
    return score_runs(
        [run_folder],
        protocols=protocols,
        networks=networks,
        leave_out=leave_out,
        home=home,
        compute=compute,
        allow_missing=allow_missing,
        seed=seed,
        map_jobs=map_jobs,
        progress=progress,
    )[run_folder]


def score_runs(
    run_folders: Sequence[Path],
    *,
    protocols: Sequence[str] | None = None,
    networks: NetworkFamily | None = None,
    leave_out: Collection[str] = (),
    home: Path | None = None,
    compute: Compute | None = None,
    allow_missing: bool = False,
    seed: int = 0,
    map_jobs: MapJobs | None = None,
    failures: dict[Path, McbenchError] | None = None,
    progress: Progress | None = None,
) -> dict[Path, list[ScoreRecord]]:
    """Score runs on one split together: the truth is decoded, and goes through networks, once for all.

    The records are those that `score_run` gives for each run alone; most arguments and errors are its, too.

    Args:
        run_folders: the runs.
        protocols, networks, leave_out, home, compute: see `score_run`.
        allow_missing, seed, map_jobs, progress: likewise.
        failures: where given, a run that cannot be scored is put there with its error, and the others go on.

    Raises:
        MismatchError: the runs are on different splits.
    """
    runs = {folder: RunRecord.read(folder / "run.json") for folder in run_folders}
    first = next(iter(runs.values()))
    if any(_split_of(run) != _split_of(first) for run in runs.values()):
        raise MismatchError(
            "these runs are on different splits", "score the runs of each split by themselves"
        )
    split = data.open_split(first.split.name, source=first.split.source, home=home)
    masked = any("masks" in clip.record.truth for clip in split.clips)
    chosen = choose_protocols(protocols, with_people=masked)
    failed = {} if failures is None else failures
    pairings = _pair_all(runs, split, allow_missing, failed, stop=failures is None)
    made = score_pairings(
        {str(folder): pairing for folder, pairing in pairings.items()},
        chosen,
        ScoreSettings(
            family=networks or first.split.networks,
            left_out=tuple(leave_out),
            home=home,
            compute=compute or Compute(),
            allow_missing=allow_missing,
            seed=seed,
        ),
        map_jobs=map_jobs,
        progress=progress,
    )
    records: dict[Path, list[ScoreRecord]] = {}
    for folder in pairings:
        found = made[str(folder)]
        if isinstance(found, McbenchError):
            _fail(folder, found, failed, stop=failures is None)
            continue
        of_run = {"split": runs[folder].split, "model": runs[folder].model}
        records[folder] = [record.model_copy(update=of_run) for record in found.records]
        for record, protocol in zip(records[folder], chosen, strict=True):
            write_score(record, protocol, found.scored, score_path(folder, protocol.name))
    return records


def _pair_all(
    runs: Mapping[Path, RunRecord],
    split: Split,
    allow_missing: bool,
    failures: dict[Path, McbenchError],
    *,
    stop: bool,
) -> dict[Path, Pairing]:
    clips = {clip.record.id: clip for clip in split.clips}
    pairings = {}
    for folder, run in runs.items():
        try:
            pairings[folder] = pair_run(run, folder, clips, allow_missing)
        except McbenchError as error:
            _fail(folder, error, failures, stop=stop)
    return pairings


def _fail(folder: Path, error: McbenchError, failures: dict[Path, McbenchError], *, stop: bool) -> None:
    if stop:
        raise error
    failures[folder] = error


def group_runs(
    run_folders: Sequence[Path], failures: dict[Path, McbenchError] | None = None
) -> list[list[Path]]:
    """Return the runs in groups that `score_runs` takes together, in order.

    Args:
        run_folders: the runs.
        failures: where given, a run whose record cannot be read is put there with its error.

    Raises:
        FileFormatError: the record of a run cannot be read, and `failures` is not given.
    """
    groups: dict[tuple[str, str, NetworkFamily], list[Path]] = {}
    failed = {} if failures is None else failures
    for folder in run_folders:
        try:
            groups.setdefault(_split_of(RunRecord.read(folder / "run.json")), []).append(folder)
        except FileFormatError as error:
            _fail(folder, error, failed, stop=failures is None)
    return list(groups.values())


def _split_of(run: RunRecord) -> tuple[str, str, NetworkFamily]:
    """Return what runs must share to be scored together: the split's name, source and networks."""
    return run.split.name, run.split.source, run.split.networks


def score_path(run_folder: Path, protocol: str) -> Path:
    """Return where the score of a run under a protocol lies."""
    return run_folder / "scores" / f"{protocol.replace('/', '-')}.json"
