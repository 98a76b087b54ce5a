from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mcbench.data.truth_images import (
    decode_flow,
    encode_flow,
    read_depth,
    read_flow,
    read_mask,
    write_truth_image,
)
from mcbench.errors import FileFormatError

SHAPE = (5, 7)


@given(hnp.arrays(np.float32, (*SHAPE, 2), elements=st.floats(-511.875, 511.875, width=32)))
def test_flow_comes_back_within_half_a_step(flow: np.ndarray) -> None:
    assert np.abs(decode_flow(encode_flow(flow)) - flow).max() <= 1 / 128


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 512.0, -512.1, 1e30])
def test_what_does_not_fit_is_unknown(value: float) -> None:
    flow = np.zeros((*SHAPE, 2), np.float32)
    flow[2, 3, 1] = value
    decoded = decode_flow(encode_flow(flow))
    assert np.isnan(decoded[2, 3]).all()
    decoded[2, 3] = 0
    assert not decoded.any()


def test_flow_on_disk_is_as_kitti_keeps_it(tmp_path: Path) -> None:
    flow = np.zeros((*SHAPE, 2), np.float32)
    flow[0, 0] = (1.5, -2.25)
    write_truth_image(tmp_path / "a.png", encode_flow(flow))
    stored = cv2.imread(str(tmp_path / "a.png"), cv2.IMREAD_UNCHANGED)[..., ::-1]
    assert stored.dtype == np.uint16
    assert stored[0, 0].tolist() == [32768 + 96, 32768 - 144, 1]
    assert np.array_equal(read_flow(tmp_path / "a.png"), flow)


def test_masks_and_depth(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    mask = rng.integers(0, 6, SHAPE, dtype=np.uint8)
    depth = rng.integers(0, 65536, SHAPE, dtype=np.uint16)
    write_truth_image(tmp_path / "mask.png", mask)
    write_truth_image(tmp_path / "depth.png", depth)
    assert np.array_equal(read_mask(tmp_path / "mask.png"), mask)
    assert np.array_equal(read_depth(tmp_path / "depth.png"), depth)
    for read, name in ((read_mask, "depth.png"), (read_depth, "mask.png"), (read_flow, "depth.png")):
        with pytest.raises(FileFormatError, match=f"{name} holds"):
            read(tmp_path / name)


@pytest.mark.parametrize("read", [read_mask, read_depth, read_flow])
def test_damage_is_named(tmp_path: Path, read: object) -> None:
    write_truth_image(tmp_path / "half.png", np.random.default_rng(0).integers(0, 6, (64, 64), np.uint8))
    (tmp_path / "half.png").write_bytes((tmp_path / "half.png").read_bytes()[:30])
    (tmp_path / "empty.png").touch()
    for name in ("half.png", "empty.png", "gone.png"):
        with pytest.raises(FileFormatError, match=name):
            read(tmp_path / name)  # type: ignore[operator]
