"""Scoring any two folders, with no benchmark involved."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from mcbench.errors import McbenchError
from mcbench.progress import Progress
from mcbench.records import NetworkFamily, ScoreRecord
from mcbench.scoring.compute import Compute, ScoreSettings
from mcbench.scoring.pairing import pair_folders
from mcbench.scoring.protocols import choose_protocols
from mcbench.scoring.scores import score_pairings


def compare(
    predictions: Path,
    ground_truth: Path,
    *,
    protocol: str = "mcbench/1",
    networks: NetworkFamily = "reference",
    leave_out: Collection[str] = (),
    home: Path | None = None,
    compute: Compute | None = None,
    allow_missing: bool = False,
    seed: int = 0,
    progress: Progress | None = None,
) -> ScoreRecord:
    """Score predictions against ground truth under one protocol.

    Args:
        predictions: a folder of videos or of frame folders, or a single video or frame folder.
        ground_truth: the same; names must agree unless both are single.
        protocol: name of the protocol.
        networks: `reference`, or `embedded` for the networks that come with mcbench; the latter's
            metrics are named so.
        leave_out: keys of metrics not to compute; the record lists them as left out.
        home: mcbench's folder, where weights and the cache lie.
        compute: how to carry it out.
        allow_missing: leave out what does not pair, is too short or cannot be read, and list it.
        seed: of the bootstrap.
        progress: told of frames.

    Returns:
        The record; metrics whose network is not here are under `unavailable`, with what gets it.

    Raises:
        InputError: an unknown protocol, metric or device.
        DataMissingError, FileFormatError, MismatchError: a side is missing, unreadable, or the sides do
            not fit each other.
    """
    return compare_under(
        predictions,
        ground_truth,
        protocols=[protocol],
        networks=networks,
        leave_out=leave_out,
        home=home,
        compute=compute,
        allow_missing=allow_missing,
        seed=seed,
        progress=progress,
    )[0]


def compare_under(
    predictions: Path,
    ground_truth: Path,
    *,
    protocols: Sequence[str],
    networks: NetworkFamily = "reference",
    leave_out: Collection[str] = (),
    home: Path | None = None,
    compute: Compute | None = None,
    allow_missing: bool = False,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[ScoreRecord]:
    """Score predictions against ground truth under several protocols in one pass; see `compare`.

    Among `protocols` may be `all`: every one but those of people, for which plain folders have no truth.
    """
    chosen = choose_protocols(protocols, with_people=False)
    pairing = pair_folders(predictions, ground_truth, allow_missing=allow_missing)
    settings = ScoreSettings(
        family=networks,
        left_out=tuple(leave_out),
        home=home,
        compute=compute or Compute(),
        allow_missing=allow_missing,
        seed=seed,
    )
    made = score_pairings({"prediction": pairing}, chosen, settings, progress=progress)["prediction"]
    if isinstance(made, McbenchError):
        raise made
    return made.records
