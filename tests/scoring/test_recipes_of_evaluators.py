"""humanvid/1 and common-metrics/1 on small folders, against their recipes restated in plain numpy."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.ndimage import correlate1d

from mcbench.errors import McbenchError
from mcbench.records import ScoreRecord, WeightsUse
from mcbench.scoring import pairing, protocol
from mcbench.scoring.engine import walk_pairings
from mcbench.scoring.networks import Networks
from mcbench.scoring.scores import score_records
from tests.metrics.plain_resize import bilinear, covered
from tests.scoring.making import TinyFeatures, clip, noisy, random_lpips, tiny_networks, write_folder

LENGTHS = {"a": 26, "b": 12, "c": 14}
TRUTH_SIZE, PREDICTION_SIZE = (60, 40), (48, 32)
SIDE = 24


class LogitsOfAnyLength:
    """A `FeatureNetwork` on clips of any length, where both what is seen and when it is seen count."""

    name, backend = "i3d", "torch-fp32"
    dimensions, input_size = 6, (SIDE, SIDE)
    clip_length, shortest_clip, longest_clip = 16, 9, 512

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(3)
        self._projection = torch.randn(SIDE * SIDE * 3, self.dimensions, generator=generator)

    def features(self, batch: torch.Tensor) -> torch.Tensor:
        """Return [B, 6]."""
        when = torch.cos(torch.arange(batch.shape[1]) * 0.7) / batch.shape[1]
        seen = (batch.float() / 255.0).flatten(2) @ self._projection
        return (seen * when[None, :, None]).sum(dim=1)


@pytest.fixture(scope="module")
def networks() -> Networks:
    found = tiny_networks(with_lpips=True)
    found.loaded["i3d"] = LogitsOfAnyLength()
    found.known["i3d"] = WeightsUse(name="i3d", sha256="0" * 64)
    return found


def make(size: tuple[int, int]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return name -> (prediction of a size, truth); the first frame is right where sizes agree."""
    made = {}
    for seed, (name, length) in enumerate(LENGTHS.items()):
        truth = clip(seed, length, TRUTH_SIZE)
        shrunk = [np.asarray(Image.fromarray(one).resize(size[::-1])) for one in truth]
        made[name] = (noisy(np.stack(shrunk), 4.0 + 9.0 * seed, seed), truth)
        if size == TRUTH_SIZE:
            made[name][0][0] = truth[0]
    return made


def score(videos: dict[str, tuple[np.ndarray, np.ndarray]], name: str, networks: Networks, folder: Path):
    sides = [
        write_folder(folder / side, {key: pair[place] for key, pair in videos.items()})
        for place, side in enumerate("pt")
    ]
    pairs = pairing.pair_folders(*sides, allow_missing=False)
    chosen = [protocol(name)]
    found = walk_pairings({"p": pairs}, chosen, networks, allow_missing=False)["p"]
    assert not isinstance(found, McbenchError)
    return score_records(found, pairs, chosen, networks, allow_missing=False, seed=0)[0]


def decibels(a: np.ndarray, b: np.ndarray) -> float:
    mse = float(np.mean((a / 255.0 - b / 255.0) ** 2))
    return 20 * math.log10(1 / math.sqrt(mse)) if mse else 100.0


def ssim(a: np.ndarray, b: np.ndarray, *, padded: bool) -> float:
    """SSIM on 0..1, mean of the channels; the window at every pixel over zeros, or inside the frame."""
    window = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    window /= window.sum()

    def blur(plane: np.ndarray) -> np.ndarray:
        plane = correlate1d(correlate1d(plane, window, 0, mode="constant"), window, 1, mode="constant")
        return plane if padded else plane[5:-5, 5:-5]

    values = []
    for k in range(3):
        x, y = a[..., k] / 255.0, b[..., k] / 255.0
        mx, my = blur(x), blur(y)
        sx, sy, both = blur(x * x) - mx**2, blur(y * y) - my**2, blur(x * y) - mx * my
        top = (2 * mx * my + 0.01**2) * (2 * both + 0.03**2)
        values.append((top / ((mx**2 + my**2 + 0.01**2) * (sx + sy + 0.03**2))).mean())
    return float(np.mean(values))


def logits(frames: list[np.ndarray], length: int) -> np.ndarray:
    """Features of a video's first frames: shorter side to the network's, centre square."""
    batch = np.stack([covered(frame.astype(np.float64), SIDE) for frame in frames[:length]])
    return LogitsOfAnyLength().features(torch.from_numpy(batch)[None]).numpy()[0].astype(np.float64)


def frechet(x: np.ndarray, y: np.ndarray) -> float:
    """The evaluators' formula, the trace of the root by symmetric square roots."""
    s, t = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    values, vectors = np.linalg.eigh(s)
    root = vectors * np.sqrt(np.clip(values, 0, None)) @ vectors.T
    inner = np.sqrt(np.clip(np.linalg.eigvalsh(root @ t @ root), 0, None)).sum()
    return float(np.square(x.mean(0) - y.mean(0)).sum() + np.trace(s) + np.trace(t) - 2 * inner)


# --- humanvid/1 -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def humanvid(networks: Networks, tmp_path_factory: pytest.TempPathFactory) -> ScoreRecord:
    return score(make(PREDICTION_SIZE), "humanvid/1", networks, tmp_path_factory.mktemp("humanvid"))


def shown(frame: np.ndarray) -> np.ndarray:
    """A frame at the prediction's size, as torchvision resizes a picture."""
    height, width = PREDICTION_SIZE
    return np.asarray(Image.fromarray(frame).resize((width, height), Image.Resampling.BILINEAR))


def test_frame_metrics_of_humanvid_are_the_expectation_of_one_random_frame(humanvid: ScoreRecord) -> None:
    expected: dict[str, list[float]] = {"psnr": [], "ssim": []}
    for prediction, truth in make(PREDICTION_SIZE).values():
        pairs = [(a.astype(float), shown(b).astype(float)) for a, b in zip(prediction, truth, strict=True)]
        expected["psnr"].append(float(np.mean([decibels(*pair) for pair in pairs])))
        expected["ssim"].append(float(np.mean([ssim(*pair, padded=True) for pair in pairs])))
    for key, by_video in expected.items():
        assert humanvid.metrics[key].value == pytest.approx(np.mean(by_video), rel=1e-10), key
        assert humanvid.metrics[key].with_reference is None


def test_humanvids_fvd_is_named_for_what_it_is_and_pools_every_prefix(humanvid: ScoreRecord) -> None:
    squares = []
    for prediction, truth in make(PREDICTION_SIZE).values():
        sides = list(prediction), [shown(frame) for frame in truth]
        for length in range(10, min(24, len(truth)) + 1):
            difference = logits(sides[0], length) - logits(sides[1], length)
            squares.append(float(difference @ difference))
    assert len(squares) == 15 + 3 + 5
    found = humanvid.metrics["logit_distance"]
    assert found.value == pytest.approx(np.mean(squares), rel=1e-4)
    assert (found.n_items, found.n_videos) == (len(squares), len(LENGTHS))
    assert "fvd" not in humanvid.metrics
    assert "published as FVD" in found.note


def test_fid_of_humanvid_sees_decoded_frames_at_768(humanvid: ScoreRecord) -> None:
    network = TinyFeatures("inception", 1, seed=len("inception"))
    sides: list[np.ndarray] = []
    for place in (0, 1):
        frames = [frame for pair in make(PREDICTION_SIZE).values() for frame in pair[place]]
        large = [
            np.asarray(Image.fromarray(frame).resize((768, 768), Image.Resampling.BILINEAR), dtype=float)
            for frame in frames
        ]
        batch = np.stack([bilinear(frame, network.input_size) for frame in large])[:, None]
        sides.append(network.features(torch.from_numpy(batch).float()).numpy().astype(np.float64))
    assert humanvid.metrics["fid"].value == pytest.approx(frechet(*sides), rel=1e-4)


# --- common-metrics/1 -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def common(networks: Networks, tmp_path_factory: pytest.TempPathFactory) -> ScoreRecord:
    return score(make(TRUTH_SIZE), "common-metrics/1", networks, tmp_path_factory.mktemp("common"))


def test_frame_metrics_of_common_metrics(common: ScoreRecord) -> None:
    with torch.random.fork_rng(devices=[]):
        network = random_lpips()
    network.spatial = True
    expected: dict[str, list[float]] = {"psnr": [], "ssim": [], "lpips": []}
    for prediction, truth in make(TRUTH_SIZE).values():
        for a, b in zip(prediction.astype(float), truth.astype(float), strict=True):
            expected["psnr"].append(min(100.0, decibels(a, b)))
            expected["ssim"].append(ssim(a, b, padded=False))
            tensors = [torch.from_numpy(x / 127.5 - 1).float().permute(2, 0, 1)[None] for x in (a, b)]
            with torch.no_grad():
                expected["lpips"].append(float(network(*tensors).mean()))
    for key, values in expected.items():
        assert common.metrics[key].value == pytest.approx(np.mean(values), rel=1e-5), key
        assert common.metrics[key].n_items == sum(LENGTHS.values())


def test_fvd_of_common_metrics_is_of_whole_videos_and_of_prefixes(common: ScoreRecord) -> None:
    videos = make(TRUTH_SIZE).values()
    for length, found in ((12, common.metrics), (10, common.slices["first 10 frames"])):
        sides = [np.stack([logits(list(pair[side]), length) for pair in videos]) for side in (0, 1)]
        assert found["fvd"].value == pytest.approx(frechet(*sides), rel=1e-4)
        squares = np.square(sides[0] - sides[1]).sum(axis=1)
        assert found["logit_distance"].value == pytest.approx(squares.mean(), rel=1e-4)
        assert found["fvd"].n_items == len(LENGTHS)
    assert set(common.slices) == {"first 10 frames"}


def test_one_video_has_no_fvd_but_what_the_tool_prints_under_that_name(
    networks: Networks, tmp_path: Path
) -> None:
    pair = make(TRUTH_SIZE)["b"]
    record = score({"b": pair}, "common-metrics/1", networks, tmp_path)
    assert "fvd" not in record.metrics
    assert "no spread" in record.unavailable["fvd"].reason
    difference = logits(list(pair[0]), 12) - logits(list(pair[1]), 12)
    assert record.metrics["logit_distance"].value == pytest.approx(float(difference @ difference), rel=1e-4)


def test_videos_too_short_for_a_prefix_are_named(networks: Networks, tmp_path: Path) -> None:
    truth = clip(0, 9, TRUTH_SIZE)
    record = score({"short": (noisy(truth, 5.0), truth)}, "humanvid/1", networks, tmp_path)
    assert "short" in record.unavailable["logit_distance"].reason
    assert record.metrics["psnr"].n_items == 9
