"""Flow: known motions come back, what cannot be known is marked, and RAFT runs from a real state dict."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from mcbench import files, weights
from mcbench.errors import FileFormatError, InputError, MismatchError, WeightsMissingError
from mcbench.estimators.flow import Dis, Raft, flow_identity, load_flow
from mcbench.weights import store
from tests.metrics.networks.seeded import seeded_state


def texture(height: int = 160, width: int = 200, seed: int = 0) -> NDArray[np.uint8]:
    """A picture with detail at several scales."""
    rng = np.random.default_rng(seed)
    layers = [
        cv2.resize(rng.uniform(0, 1, (height // cell, width // cell)), (width, height), interpolation=3)
        for cell in (4, 8, 20)
    ]
    grey = np.sum(layers, axis=0)
    scaled = 255 * (grey - grey.min()) / (grey.max() - grey.min())
    return np.repeat(scaled[..., None], 3, axis=2).astype(np.uint8)


def moved(picture: NDArray[np.uint8], right: float, down: float) -> NDArray[np.uint8]:
    matrix = np.array([[1, 0, right], [0, 1, down]], np.float64)
    size = (picture.shape[1], picture.shape[0])
    return np.asarray(cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=2), np.uint8)


@pytest.mark.parametrize(("right", "down"), [(0, 0), (5, -3), (-2.5, 4)])
def test_dis_finds_a_shift_right_and_down(right: float, down: float) -> None:
    first = texture()
    flow = Dis().flow(first, moved(first, right, down))
    assert flow.shape == (160, 200, 2)
    assert flow.dtype == np.float32
    inner = flow[20:-20, 20:-20].reshape(-1, 2)
    known = np.isfinite(inner).all(axis=1)
    assert known.mean() > 0.9
    np.testing.assert_allclose(np.median(inner[known], axis=0), (right, down), atol=0.15)


def test_dis_marks_what_is_not_seen_again() -> None:
    first, second = texture(seed=1), texture(seed=2)
    assert np.isnan(Dis().flow(first, second)).all(axis=-1).mean() > 0.5


def test_dis_reads_pictures_smaller_than_its_patches() -> None:
    small = texture()[:8, :12]
    assert Dis().flow(small, small).shape == (8, 12, 2)


def test_frames_of_two_sizes_are_refused() -> None:
    with pytest.raises(MismatchError, match=r"160, 200.*80, 200"):
        Dis().flow(texture(), texture()[:80])


@pytest.fixture(scope="module")
def raft_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state dict of RAFT (large) with seeded weights, in the published file's form."""
    from torchvision.models.optical_flow import raft_large

    path = tmp_path_factory.mktemp("raft") / "raft_large_C_T_SKHT_V2-ff5fadd5.pth"
    torch.save(seeded_state(raft_large(weights=None)), path)
    return path


def test_raft_is_torchvisions_network_on_padded_frames(raft_file: Path) -> None:
    from torchvision.models.optical_flow import raft_large

    first = texture(130, 100)
    second = moved(first, 1, 2)
    flow = Raft(raft_file, "cpu").flow(first, second)
    assert flow.shape == (130, 100, 2)
    network = raft_large(weights=None)
    network.load_state_dict(torch.load(raft_file, weights_only=True), strict=False)
    network.eval()
    # Padded by hand: 136 x 128, edges repeated.
    pair = [np.pad(frame, ((0, 6), (0, 28), (0, 0)), mode="edge") for frame in (first, second)]
    planes = [torch.from_numpy(frame).permute(2, 0, 1)[None].float() / 127.5 - 1 for frame in pair]
    with torch.inference_mode():
        expected = network(*planes, num_flow_updates=12)[-1][0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(flow, expected[:130, :100], atol=1e-4)


def test_raft_refuses_another_networks_state(tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    torch.save({"conv.weight": torch.zeros(3)}, path)
    with pytest.raises(FileFormatError, match="do not fit the network"):
        Raft(path, "cpu")


def test_raft_without_weights_says_how_to_get_them() -> None:
    with pytest.raises(WeightsMissingError) as caught:
        load_flow("raft")
    assert "mcbench weights fetch raft-large" in caught.value.hint


def test_other_bytes_are_not_taken_for_rafts_weights(raft_file: Path) -> None:
    with pytest.raises(FileFormatError, match="ff5fadd5"):
        weights.add("raft-large", raft_file)


def test_the_published_start_of_a_sha256_proves_a_file(raft_file: Path) -> None:
    digest = files.sha256_file(raft_file)
    entry = replace(weights.entry("raft-large"), checks=(weights.Check("sha256-start", digest[:8]),))
    assert store._prove(entry, raft_file) == "sha256-start"
    other = "0" if digest[0] != "0" else "1"
    wrong = replace(entry, checks=(weights.Check("sha256-start", other + digest[1:8]),))
    with pytest.raises(FileFormatError, match=digest):
        store._prove(wrong, raft_file)


def test_identities() -> None:
    assert flow_identity("dis").weights == ()
    assert isinstance(load_flow("dis"), Dis)
    with pytest.raises(InputError, match="farneback"):
        flow_identity("farneback")
