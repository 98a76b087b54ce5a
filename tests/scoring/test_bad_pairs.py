"""Sides of a comparison that do not pair: an error that names what is missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcbench import metrics
from mcbench.errors import DataMissingError, InputError, MismatchError
from mcbench.records import ScoreRecord
from mcbench.scoring import compare
from tests.scoring.making import write_folder


def _compare(place: Path, protocol: str = "disco/2", **options: object) -> ScoreRecord:
    return compare(place / "p", place / "t", protocol=protocol, **options)  # type: ignore[arg-type]


def _remove_last(place: Path) -> None:
    sorted((place / "p" / "v").iterdir())[-1].unlink()


def _rename(place: Path) -> None:
    (place / "p" / "v").rename(place / "p" / "x")


def _empty(place: Path) -> None:
    for frame in (place / "p" / "v").iterdir():
        frame.unlink()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_remove_last, "video v do not pair: 3 predicted, 4 true; frame 3, not predicted"),
        (_rename, r"v not in .*p; x not in .*t"),
        (_empty, r"v not in .*p"),
    ],
)
def test_counts_and_names_that_do_not_agree(sides: Path, spoil, message: str) -> None:
    spoil(sides)
    with pytest.raises(MismatchError, match=message):
        _compare(sides)


@pytest.mark.parametrize("protocol", ["disco/2", "mcbench/1"])
def test_sides_of_other_proportions(sides: Path, protocol: str) -> None:
    write_folder(sides / "p", {"v": np.zeros((4, 30, 40, 3), np.uint8)})
    with pytest.raises(MismatchError, match="video v: the prediction is 30x40 and the truth 40x28"):
        _compare(sides, protocol)


def test_arrays_in_a_folder_are_no_frames(tmp_path: Path) -> None:
    for side in ("p", "t"):
        (tmp_path / side).mkdir()
        np.save(tmp_path / side / "000000.npy", np.full((8, 8, 3), np.nan))
    with pytest.raises(DataMissingError, match="holds no videos and no folders of frames"):
        _compare(tmp_path)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_predictions_that_are_not_finite(bad: float) -> None:
    good = np.random.default_rng(0).uniform(0, 1, (2, 16, 16, 3))
    spoilt = good.copy()
    spoilt[1, 3, 4, 0] = bad
    for function in (metrics.mae, metrics.l1_per_pixel, metrics.psnr, metrics.ssim_gaussian):
        with pytest.raises(InputError, match="the prediction holds values that are not finite"):
            function(spoilt, good)
        with pytest.raises(InputError, match="the truth holds values that are not finite"):
            function(good, spoilt)
    features = good.reshape(2, -1)
    for distance in (metrics.frechet_distance, metrics.kernel_distance):
        with pytest.raises(
            InputError, match="the features of the predictions hold values that are not finite"
        ):
            distance(spoilt.reshape(2, -1), features)
