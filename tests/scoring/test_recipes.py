"""Whole comparisons of PNG videos against each protocol's recipe, restated in plain numpy.

Nothing of mcbench is used for the expected numbers but the embedded networks' features, and these are of
frames that are cropped and resized here.
"""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import lpips
import numpy as np
import pytest
import scipy.ndimage
import torch
from PIL import Image

from mcbench import weights
from mcbench.metrics import load_network
from mcbench.records import ScoreRecord
from mcbench.scoring import compare
from tests.scoring.making import clip, noisy, write_folder

LENGTHS = {"a": 32, "b": 17}
SIZE = (60, 36)
Video = list[np.ndarray]


@pytest.fixture(scope="module")
def videos() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Name -> (prediction, truth): the reference frame is given, and one other frame is right by chance."""
    made = {}
    for seed, (name, length) in enumerate(LENGTHS.items()):
        truth = clip(seed, length, SIZE)
        prediction = noisy(truth, 5.0 + 25.0 * seed, seed)
        prediction[0] = truth[0]
        prediction[5] = truth[5]
        made[name] = (prediction, truth)
    return made


@pytest.fixture(scope="module")
def folders(videos, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    place = tmp_path_factory.mktemp("recipes")
    return (
        write_folder(place / "p", {name: pair[0] for name, pair in videos.items()}),
        write_folder(place / "t", {name: pair[1] for name, pair in videos.items()}),
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def disco(folders: tuple[Path, Path], home: Path) -> ScoreRecord:
    return compare(*folders, protocol="disco/2", networks="embedded", home=home)


@pytest.fixture(scope="module")
def ours(folders: tuple[Path, Path], home: Path) -> ScoreRecord:
    return compare(*folders, protocol="mcbench/1", networks="embedded", home=home)


# --- the steps --------------------------------------------------------------------------------------


def triangle(x: np.ndarray) -> np.ndarray:
    return np.clip(1 - np.abs(x), 0, None)


def cubic(x: np.ndarray) -> np.ndarray:
    """Keys' kernel with a = -0.5."""
    x = np.abs(x)
    near, far = 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def stretch(image: np.ndarray, size: tuple[int, int], kernel, support: float) -> np.ndarray:
    """Antialiased resize in float64: the kernel grows with the scale, weights add up to 1, no clipping."""
    for axis, wanted in enumerate(size):
        given = image.shape[axis]
        scale = given / wanted
        reach = support * max(scale, 1.0)
        weights_ = np.zeros((wanted, given))
        for place in range(wanted):
            centre = (place + 0.5) * scale
            first, last = max(0, int(centre - reach + 0.5)), min(given, int(centre + reach + 0.5))
            samples = np.arange(first, last)
            row = kernel((samples + 0.5 - centre) / max(scale, 1.0))
            weights_[place, first:last] = row / row.sum()
        image = np.moveaxis(np.tensordot(weights_, image, axes=(1, axis)), 0, axis)
    return image


def discos_frame(frame: np.ndarray) -> np.ndarray:
    height, width = frame.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = Image.fromarray(frame[top : top + side, left : left + side])
    return np.asarray(square.resize((256, 256), Image.Resampling.BILINEAR))


def our_frame(frame: np.ndarray) -> np.ndarray:
    # 60x36: the shorter side becomes 256, the longer one 256 * 60 / 36 = 426.67, to the nearest even 426.
    return stretch(frame.astype(np.float64), (426, 256), triangle, 1.0)


def decibels(mse: float) -> float:
    return 20 * math.log10(255 / math.sqrt(mse)) if mse > 0 else 100.0


def wrapped_mse(a: np.ndarray, b: np.ndarray) -> float:
    difference = (a.astype(int) - b.astype(int)) % 256
    return float((difference**2 % 256).mean())


def similarity(a: np.ndarray, b: np.ndarray, blur, correction: float, margin: int) -> float:
    """SSIM of one channel on 0..255."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean_a, mean_b = blur(a), blur(b)
    var_a, var_b = correction * (blur(a * a) - mean_a**2), correction * (blur(b * b) - mean_b**2)
    cov = correction * (blur(a * b) - mean_a * mean_b)
    top = (2 * mean_a * mean_b + c1) * (2 * cov + c2)
    values = top / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))
    return float(values[margin:-margin, margin:-margin].mean())


def gray_ssim(a: np.ndarray, b: np.ndarray) -> float:
    planes = [(side.astype(int) @ [9798, 19235, 3735] + 16384) >> 15 for side in (a, b)]
    return similarity(*planes, lambda x: scipy.ndimage.uniform_filter(x, 7), 49 / 48, 3)


def gaussian_ssim(a: np.ndarray, b: np.ndarray) -> float:
    window = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    window /= window.sum()

    def blur(x: np.ndarray) -> np.ndarray:
        for axis in (0, 1):
            x = scipy.ndimage.correlate1d(x, window, axis=axis)
        return x

    return float(np.mean([similarity(a[..., k], b[..., k], blur, 1.0, 5) for k in range(3)]))


def frechet(x: np.ndarray, y: np.ndarray) -> float:
    """The textbook's formula through symmetric square roots."""
    s1, s2 = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    values, vectors = np.linalg.eigh(s1)
    root = vectors * np.sqrt(np.clip(values, 0, None)) @ vectors.T
    inner = np.sqrt(np.clip(np.linalg.eigvalsh(root @ s2 @ root), 0, None)).sum()
    gap = x.mean(0) - y.mean(0)
    return float(gap @ gap + np.trace(s1) + np.trace(s2) - 2 * inner)


def kernel_of_pairs(x: np.ndarray, y: np.ndarray) -> float:
    count, dimensions = x.shape
    total = 0.0
    for i, j in itertools.permutations(range(count), 2):
        total += (x[i] @ x[j] / dimensions + 1) ** 3 + (y[i] @ y[j] / dimensions + 1) ** 3
        total -= (x[i] @ y[j] / dimensions + 1) ** 3 + (x[j] @ y[i] / dimensions + 1) ** 3
    return float(total / (count * (count - 1)))


def features(role: str, items: list[Video]) -> np.ndarray:
    """Features of items of protocol frames, stretched to the network by bicubic resize."""
    network = load_network(role).network
    resized: dict[int, np.ndarray] = {}
    found = []
    for item in items:
        for frame in item:
            if id(frame) not in resized:
                resized[id(frame)] = stretch(frame.astype(np.float64), network.input_size, cubic, 2.0)
        batch = np.stack([resized[id(frame)] for frame in item])[None]
        found.append(network.features(torch.from_numpy(batch).float()).numpy()[0])
    return np.stack(found).astype(np.float64)


# --- disco/2 ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def disco_frames(videos) -> dict[str, tuple[Video, Video]]:
    return {name: tuple([discos_frame(f) for f in side] for side in pair) for name, pair in videos.items()}


def test_frame_metrics_of_disco_2(disco: ScoreRecord, disco_frames) -> None:
    rows = [
        (
            np.abs(a.astype(float) - b).mean() / 256**2,
            decibels(float(((a.astype(float) - b) ** 2).mean())),
            decibels(wrapped_mse(a, b)),
            gray_ssim(a, b),
        )
        for prediction, truth in disco_frames.values()
        for a, b in zip(prediction, truth, strict=True)
    ]
    assert len(rows) == sum(LENGTHS.values())
    for key, expected in zip(("l1", "psnr", "psnr_uint8", "ssim"), np.mean(rows, axis=0), strict=True):
        assert disco.metrics[key].value == pytest.approx(expected, rel=1e-12), key
        assert disco.metrics[key].n_items == len(rows)


def test_distances_of_disco_2(disco: ScoreRecord, disco_frames) -> None:
    def windows(frames: Video) -> list[Video]:
        return [frames[start : start + 16] for start in range(len(frames) - 15)]

    for key, role in (("fid", "image"), ("fid_vid", "clip"), ("fvd", "motion")):
        sides = []
        for side in (0, 1):
            items: list[Video] = []
            for pair in disco_frames.values():
                items += [[frame] for frame in pair[side]] if role == "image" else windows(pair[side])
            sides.append(features(role, items))
        found = disco.metrics[f"{key}@embedded"]
        assert (
            found.n_items == len(sides[0]) == sum(n if role == "image" else n - 15 for n in LENGTHS.values())
        )
        assert found.value == pytest.approx(frechet(*sides), rel=1e-5), key


# --- mcbench/1 --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def our_frames(videos) -> dict[str, tuple[Video, Video]]:
    return {name: tuple([our_frame(f) for f in side] for side in pair) for name, pair in videos.items()}


def test_frame_metrics_of_mcbench_1(ours: ScoreRecord, our_frames) -> None:
    keys = ("l1", "psnr", "psnr_uint8", "ssim")
    means, with_reference = [], []
    for prediction, truth in our_frames.values():
        rows = []
        for a, b in zip(prediction, truth, strict=True):
            bytes_ = [np.clip(np.rint(side), 0, 255) for side in (a, b)]
            rows.append(
                (
                    np.abs(a - b).mean() / 255,
                    min(100.0, decibels(float(((a - b) ** 2).mean()))),
                    decibels(wrapped_mse(*bytes_)),
                    gaussian_ssim(a, b),
                )
            )
        means.append(np.mean(rows[1:], axis=0))
        with_reference.append(np.mean(rows, axis=0))
    for place, key in enumerate(keys):
        found = ours.metrics[key]
        # Sums in another order; rounding to 8 bits may turn over where a value is x.5 to the last bit.
        assert found.value == pytest.approx(
            np.mean(means, axis=0)[place], rel=1e-6 if "8" in key else 1e-11
        ), key
        assert found.with_reference is not None
        assert found.with_reference == pytest.approx(
            np.mean(with_reference, axis=0)[place], rel=1e-6 if "8" in key else 1e-11
        )
        assert (found.n_videos, found.n_items) == (2, sum(LENGTHS.values()) - 2)


def test_distances_of_mcbench_1(ours: ScoreRecord, our_frames) -> None:
    for role, keys in (("image", ("fid", "kid")), ("clip", ("fid_vid",)), ("motion", ("fvd", "kvd"))):
        sides = []
        for side in (0, 1):
            items: list[Video] = []
            for pair in our_frames.values():
                # The shortest video has one clip of 16 at stride 16, so each gives one: its first.
                items += [[frame] for frame in pair[side][1:]] if role == "image" else [pair[side][:16]]
            sides.append(features(role, items))
        for key in keys:
            found = ours.metrics[f"{key}@embedded"]
            expected = kernel_of_pairs(*sides) if key in ("kid", "kvd") else frechet(*sides)
            assert found.n_items == len(sides[0])
            assert found.value == pytest.approx(expected, rel=1e-5, abs=1e-9), key


# --- LPIPS ------------------------------------------------------------------------------------------


@pytest.mark.shared
def test_lpips_of_both_protocols(shared: Path, videos, tmp_path: Path) -> None:
    home = tmp_path / "home"
    theirs = {}
    for trunk, file in (("alex", "alexnet"), ("vgg", "vgg16")):
        source = shared / "weights" / "lpips" / f"{file}_features_torchvision.pth"
        weights.add(f"lpips-{trunk}", source, home)
        theirs[trunk] = _package_lpips(trunk, torch.load(source, weights_only=True))
    for protocol, frame_of, kept, expected_of in (
        (
            "disco/2", discos_frame, slice(1, 2),
            {"lpips": ("vgg", 0), "lpips_vgg": ("vgg", -1), "lpips_alex": ("alex", -1)},
        ),
        ("mcbench/1", our_frame, slice(1, 3), {"lpips": ("alex", -1)}),
    ):  # fmt: skip
        pair = [side[kept] for side in videos["b"]]
        place = tmp_path / protocol
        folders = [write_folder(place / name, {"v": side}) for name, side in zip("pt", pair, strict=True)]
        left_out = [] if protocol == "disco/2" else ["lpips_vgg"]
        record = compare(*folders, protocol=protocol, networks="embedded", home=home, leave_out=left_out)
        frames = [[frame_of(frame) for frame in side] for side in pair]
        for key, (trunk, low) in expected_of.items():
            values = []
            for images in zip(*frames, strict=True):
                tensors = [
                    torch.from_numpy(image / 255 * (1 - low) + low).float().permute(2, 0, 1)[None]
                    for image in images
                ]
                with torch.no_grad():
                    values.append(float(theirs[trunk](*tensors)))
            # The last frame is the only one, or frame 0 is the reference and does not count.
            assert record.metrics[key].value == pytest.approx(values[-1], rel=2e-5), (protocol, key)


def _package_lpips(trunk: str, state: dict[str, torch.Tensor]) -> torch.nn.Module:
    """The package's network with a trunk's tensors put in by hand."""
    with torch.random.fork_rng(devices=[]):
        network: torch.nn.Module = lpips.LPIPS(net=trunk, pnet_rand=True, verbose=False)
    state = {name.removeprefix("features."): value for name, value in state.items()}
    for name, tensor in network.net.state_dict().items():
        tensor.copy_(state[name.partition(".")[2]])
    return network.eval()
