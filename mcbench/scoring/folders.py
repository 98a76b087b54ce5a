"""Scoring any two folders, with no benchmark involved."""

from __future__ import annotations

from pathlib import Path

from mcbench.environment import pick_device
from mcbench.progress import Progress
from mcbench.records import NetworkFamily, ScoreRecord
from mcbench.scoring.engine import score_records, walk
from mcbench.scoring.networks import load_networks
from mcbench.scoring.pairing import pair_folders
from mcbench.scoring.protocols import protocol as protocol_of


def compare(
    predictions: Path,
    ground_truth: Path,
    *,
    protocol: str = "mcbench/1",
    networks: NetworkFamily = "reference",
    home: Path | None = None,
    device: str = "auto",
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
        home: mcbench's folder, where weights lie.
        device: where networks run.
        allow_missing: leave out what does not pair, is too short or cannot be read, and list it.
        seed: of the bootstrap.
        progress: told of frames.

    Returns:
        The record; metrics whose network is not here are under `unavailable`, with what gets it.

    Raises:
        InputError: an unknown protocol or device.
        DataMissingError, FileFormatError, MismatchError: a side is missing, unreadable, or the sides do
            not fit each other.
    """
    chosen = protocol_of(protocol)
    pairing = pair_folders(predictions, ground_truth, allow_missing=allow_missing)
    where = pick_device(device)
    loaded = load_networks([chosen], networks, home=home, device=where)
    found = walk(pairing, [chosen], loaded, allow_missing=allow_missing, progress=progress)
    return score_records(
        found,
        pairing,
        [chosen],
        loaded,
        allow_missing=allow_missing,
        seed=seed,
        device=where,
        progress=progress,
    )[0]
