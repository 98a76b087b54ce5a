"""Whole comparisons of small folders: numbers restated, exclusions counted, networks missing."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.metrics import structural_similarity

from mcbench import video
from mcbench.errors import FileFormatError, InputError, McbenchError, MismatchError
from mcbench.metrics.distribution import frechet_distance, kernel_distance
from mcbench.metrics.frame import luma_uint8
from mcbench.records import ScoreRecord
from mcbench.scoring import Compute, compare, consistency, pairing, protocol
from mcbench.scoring.engine import walk_pairings
from mcbench.scoring.networks import Networks
from mcbench.scoring.scores import score_records
from mcbench.scoring.walk import video as walking
from tests.scoring.making import clip, noisy, random_lpips, tiny_networks, write_folder


def _score(
    predictions: Path,
    truth: Path,
    name: str,
    networks: Networks | None = None,
    *,
    allow_missing: bool = False,
    seed: int = 0,
) -> ScoreRecord:
    """As `compare`, with networks that need no files."""
    chosen = protocol(name)
    networks = networks or tiny_networks()
    pairs = pairing.pair_folders(predictions, truth, allow_missing=allow_missing)
    found = walk_pairings({"p": pairs}, [chosen], networks, allow_missing=allow_missing)["p"]
    if isinstance(found, McbenchError):
        raise found
    return score_records(found, pairs, [chosen], networks, allow_missing=allow_missing, seed=seed)[0]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("folders")
    lengths = {"a": 20, "b": 36, "c": 17}
    truth = {name: clip(seed, length) for seed, (name, length) in enumerate(lengths.items())}
    predicted = {name: noisy(frames, 6.0 + 6 * k, k) for k, (name, frames) in enumerate(truth.items())}
    for name in predicted:
        predicted[name][0] = truth[name][0]  # the reference is given
    return write_folder(folder / "p", predicted), write_folder(folder / "t", truth)


@pytest.fixture(scope="module")
def disco(folders: tuple[Path, Path]) -> ScoreRecord:
    return _score(*folders, "disco/2")


@pytest.fixture(scope="module")
def ours(folders: tuple[Path, Path]) -> ScoreRecord:
    return _score(*folders, "mcbench/1")


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two videos that are just long enough for a distance over clips."""
    folder = tmp_path_factory.mktemp("few")
    truth = {"a": clip(0, 17), "b": clip(1, 16)}
    predicted = {name: noisy(frames, 10.0) for name, frames in truth.items()}
    return write_folder(folder / "p", predicted), write_folder(folder / "t", truth)


def _frames(folder: Path) -> dict[str, np.ndarray]:
    return {path.name: np.stack(list(video.open_frames(path))) for path in sorted(folder.iterdir())}


def test_disco_2_restated(folders: tuple[Path, Path], disco: ScoreRecord) -> None:
    record = disco
    errors, decibels, wrapped, similarity = [], [], [], []
    for name, true in _frames(folders[1]).items():
        for a, b in zip(_frames(folders[0])[name], true, strict=True):
            # 40x28: rows 6 to 33 are the middle square.
            a, b = (
                np.asarray(Image.fromarray(side[6:34]).resize((256, 256), Image.Resampling.BILINEAR))
                for side in (a, b)
            )
            difference = a.astype(float) - b.astype(float)
            errors.append(np.abs(difference).mean() / 256**2)
            mse = np.mean(difference**2)
            decibels.append(20 * math.log10(255 / math.sqrt(mse)) if mse else 100.0)
            with np.errstate(over="ignore"):
                low = np.mean((a - b) ** 2)
            wrapped.append(20 * math.log10(255 / math.sqrt(low)) if low else 100.0)
            similarity.append(structural_similarity(luma_uint8(a), luma_uint8(b)))
    for key, values in (("l1", errors), ("psnr", decibels), ("psnr_uint8", wrapped), ("ssim", similarity)):
        assert record.metrics[key].value == pytest.approx(np.mean(values), rel=1e-9), key
        assert record.metrics[key].n_items == 73
        assert record.metrics[key].with_reference is None
        low, high = record.metrics[key].ci_low, record.metrics[key].ci_high
        assert low is not None
        assert high is not None
        assert low <= record.metrics[key].value <= high
    check = consistency(record)
    assert check is not None
    assert check.left == pytest.approx(np.mean(errors) * 256**2)


def test_disco_2_takes_every_window_of_every_video(folders: tuple[Path, Path], disco: ScoreRecord) -> None:
    record = disco
    windows = sum(length - 15 for length in (20, 36, 17))
    assert record.metrics["fid"].n_items == 73
    assert record.metrics["fid_vid"].n_items == record.metrics["fvd"].n_items == windows
    assert record.metrics["fvd"].dimensions == 5
    assert "kid" not in record.metrics
    # Once more, all windows at once.
    network = tiny_networks().loaded["i3d"]
    sides = []
    for folder in folders:
        clips = []
        for frames in _frames(folder).values():
            small = [
                torch.nn.functional.interpolate(
                    torch.from_numpy(
                        np.asarray(
                            Image.fromarray(frame[6:34]).resize((256, 256), Image.Resampling.BILINEAR)
                        ).astype(np.float64)
                    ).permute(2, 0, 1)[None],
                    size=(16, 12),
                    mode="bicubic",
                    antialias=True,
                    align_corners=False,
                )[0].permute(1, 2, 0)
                for frame in frames
            ]
            clips += [torch.stack(small[k : k + 16]) for k in range(len(small) - 15)]
        sides.append(network.features(torch.stack(clips).float()).numpy())
    assert record.metrics["fvd"].value == pytest.approx(frechet_distance(*sides), rel=1e-4)


def test_mcbench_1_leaves_the_reference_out_and_averages_videos(
    folders: tuple[Path, Path], ours: ScoreRecord
) -> None:
    record = ours
    assert record.metrics["psnr"].n_items == 73 - 3
    # Size 40x28 becomes 366x256 by the same operator on both sides: restate with Pillow in mode F.
    with_reference, without = [], []
    for name, true in _frames(folders[1]).items():
        values = []
        for a, b in zip(_frames(folders[0])[name], true, strict=True):
            planes = [
                np.asarray(
                    Image.fromarray(side[..., k].astype(np.float32)).resize(
                        (256, 366), Image.Resampling.BILINEAR
                    )
                )
                for side in (a, b)
                for k in range(3)
            ]
            values.append(np.mean([np.abs(planes[k] - planes[k + 3]).mean() for k in range(3)]) / 255)
        with_reference.append(np.mean(values))
        without.append(np.mean(values[1:]))
    assert record.metrics["l1"].value == pytest.approx(np.mean(without), rel=1e-5)
    assert record.metrics["l1"].with_reference == pytest.approx(np.mean(with_reference), rel=1e-5)
    psnr = record.metrics["psnr"]
    assert psnr.with_reference is not None
    assert psnr.with_reference > psnr.value + 1


def test_mcbench_1_takes_as_many_clips_of_each_video(folders: tuple[Path, Path], ours: ScoreRecord) -> None:
    record = ours
    # 36 frames would give two clips side by side; the others have one.
    assert record.metrics["fvd"].n_items == 3
    assert record.metrics["fid"].n_items == 70
    for key in ("fid", "kid", "fid_vid", "fvd", "kvd"):
        value = record.metrics[key]
        assert (value.n_videos, value.dimensions) == (3, 5)
    assert record.metrics["fid"].noise_floor is not None
    assert record.metrics["fid"].noise_floor > 0
    # One clip a video and three videos: no half has a spread.
    assert record.metrics["fvd"].noise_floor is None


def test_the_noise_floor_is_a_distance_between_halves_of_the_truth(tmp_path: Path) -> None:
    truth = {f"v{k}": clip(k, 17) for k in range(4)}
    for side in ("p", "t"):
        write_folder(tmp_path / side, truth)
    record = _score(tmp_path / "p", tmp_path / "t", "disco/2")
    assert record.metrics["fvd"].value == pytest.approx(0.0, abs=1e-6)
    assert record.metrics["fvd"].noise_floor is not None
    assert record.metrics["fvd"].noise_floor > 100 * record.metrics["fvd"].value
    again = _score(tmp_path / "p", tmp_path / "t", "disco/2")
    assert again.metrics["fvd"] == record.metrics["fvd"]


def test_identical_folders(few: tuple[Path, Path]) -> None:
    for name in ("disco/2", "mcbench/1"):
        record = _score(few[1], few[1], name, tiny_networks(with_lpips=True))
        values = {key: metric.value for key, metric in record.metrics.items()}
        assert values["l1"] == 0.0
        assert values["psnr"] == values["psnr_uint8"] == 100.0
        assert values["ssim"] == pytest.approx(1.0, abs=1e-12)
        assert values["lpips_alex" if name == "disco/2" else "lpips"] == 0.0
        kernels = ("kid", "kvd") if name == "mcbench/1" else ()
        for key in ("fid", "fid_vid", "fvd", *kernels):
            assert values[key] == pytest.approx(0.0, abs=1e-6)
        assert record.predictions_sha256 == record.ground_truth_sha256
        assert record.coverage.complete


def test_lpips_sees_the_protocols_frames(tmp_path: Path) -> None:
    truth = {"a": clip(0, 3), "b": clip(1, 2)}
    predicted = {name: noisy(frames, 20.0) for name, frames in truth.items()}
    folders = write_folder(tmp_path / "p", predicted), write_folder(tmp_path / "t", truth)
    record = _score(*folders, "disco/2", tiny_networks(with_lpips=True))
    model = random_lpips().eval()
    values = []
    for name, true in _frames(folders[1]).items():
        for pair in zip(_frames(folders[0])[name], true, strict=True):
            tensors = [
                torch.from_numpy(
                    np.asarray(Image.fromarray(side[6:34]).resize((256, 256), Image.Resampling.BILINEAR))
                    / 127.5
                    - 1
                )
                .permute(2, 0, 1)[None]
                .float()
                for side in pair
            ]
            with torch.no_grad():
                values.append(float(model(*tensors)))
    assert record.metrics["lpips_alex"].value == pytest.approx(np.mean(values), rel=1e-4)
    assert {"lpips", "lpips_vgg"} <= set(record.unavailable)
    assert "lpips_alex" not in record.unavailable
    assert record.unavailable["lpips"].command == "fetch it"
    assert set(record.weights) == {"lpips_alex", "inception", "resnet50-kinetics", "i3d"}


def test_kernel_distances_are_those_of_the_features(folders: tuple[Path, Path], ours: ScoreRecord) -> None:
    chosen, networks = protocol("mcbench/1"), tiny_networks()
    found = walk_pairings({"p": pairing.pair_folders(*folders)}, [chosen], networks)["p"]
    sides = [
        np.concatenate([getattr(one.features["image"], side).load() for one in found.values["mcbench/1"]])
        for side in ("prediction", "truth")
    ]
    record = ours
    assert record.metrics["kid"].value == pytest.approx(kernel_distance(*sides, paired=True), rel=1e-9)
    assert record.metrics["fid"].value == pytest.approx(frechet_distance(*sides), rel=1e-9)


def test_embedded_networks_are_named_in_the_keys(few: tuple[Path, Path]) -> None:
    record = _score(*few, "mcbench/1", tiny_networks(family="embedded"))
    assert {"fid@embedded", "kid@embedded", "fid_vid@embedded", "fvd@embedded", "kvd@embedded"} <= set(
        record.metrics
    )
    assert not {"fid", "kid", "fid_vid", "fvd", "kvd"} & (set(record.metrics) | set(record.unavailable))


def test_both_protocols_in_one_walk_give_what_each_gives_alone(
    folders: tuple[Path, Path], disco: ScoreRecord, ours: ScoreRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[tuple[Path, int]] = []
    original = walking.open_frames

    class Counting:
        def __init__(self, path: Path) -> None:
            self._source, self._path = original(path), path

        def __getattr__(self, name: str) -> object:
            return getattr(self._source, name)

        def __getitem__(self, place: int) -> np.ndarray:
            decoded.append((self._path, place))
            return self._source[place]

    monkeypatch.setattr(walking, "open_frames", Counting)
    chosen = [protocol("disco/2"), protocol("mcbench/1")]
    pairs, networks = pairing.pair_folders(*folders), tiny_networks()
    found = walk_pairings({"p": pairs}, chosen, networks)["p"]
    assert len(decoded) == len(set(decoded)) == 2 * 73, "each frame is decoded once"
    together = score_records(found, pairs, chosen, networks, allow_missing=False, seed=0)
    monkeypatch.undo()
    for record, alone in zip(together, (disco, ours), strict=True):
        assert record.metrics == alone.metrics
        assert record.predictions_sha256 == alone.predictions_sha256


def test_videos_too_short_for_a_clip_are_named_or_counted_out(tmp_path: Path) -> None:
    truth = {"long1": clip(0, 18), "long2": clip(1, 18), "short": clip(2, 9)}
    for side in ("p", "t"):
        write_folder(tmp_path / side, truth)
    for name in ("disco/2", "mcbench/1"):
        record = _score(tmp_path / "p", tmp_path / "t", name)
        assert "fid" in record.metrics
        for key in ("fid_vid", "fvd"):
            assert key not in record.metrics
            assert record.unavailable[key].reason == "too few frames for a clip of 16 in a row: short"
            assert "--allow-missing" in record.unavailable[key].command
        allowed = _score(tmp_path / "p", tmp_path / "t", name, allow_missing=True)
        assert allowed.metrics["fvd"].n_videos == 2
        assert allowed.metrics["fid"].n_videos == 3
        assert allowed.coverage.excluded["short (motion)"] == "no 16 frames in a row"


def test_a_single_pair_with_one_clip_has_no_distance(tmp_path: Path) -> None:
    write_folder(tmp_path, {"p": clip(0, 16), "t": clip(1, 16)})
    record = _score(tmp_path / "p", tmp_path / "t", "mcbench/1")
    assert "one item has no spread" in record.unavailable["fvd"].reason
    assert record.metrics["fid"].n_items == 15
    assert record.metrics["psnr"].ci_low is None
    one = write_folder(tmp_path / "single", {"p": clip(0, 1), "t": clip(1, 1)})
    record = _score(one / "p", one / "t", "mcbench/1")
    assert "no frame but the reference" in record.unavailable["psnr"].reason
    assert _score(one / "p", one / "t", "disco/2").metrics["psnr"].n_items == 1


def test_sizes_that_differ_are_brought_to_one(tmp_path: Path) -> None:
    truth = {"v": clip(0, 17, (80, 56))}
    write_folder(tmp_path / "t", truth)
    half = {"v": np.stack([np.asarray(Image.fromarray(frame).resize((28, 40))) for frame in truth["v"]])}
    write_folder(tmp_path / "p", half)
    for name in ("disco/2", "mcbench/1"):
        record = _score(tmp_path / "p", tmp_path / "t", name)
        assert record.original_sizes == {"v": ((40, 28), (80, 56))}
        assert record.metrics["psnr"].value > 20
    write_folder(tmp_path / "other", {"v": clip(0, 17, (40, 40))})
    with pytest.raises(MismatchError, match="video v: the prediction is 40x40 and the truth 80x56"):
        _score(tmp_path / "other", tmp_path / "t", "mcbench/1")
    assert _score(tmp_path / "other", tmp_path / "t", "disco/2").coverage.complete
    with pytest.raises(MismatchError, match="nothing is left"):
        _score(tmp_path / "other", tmp_path / "t", "mcbench/1", allow_missing=True)


def test_a_frame_that_turns_out_damaged_is_named_or_listed(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    predicted = _frames(folders[0])
    write_folder(tmp_path / "p", predicted)
    damaged = tmp_path / "p" / "b" / "000007.png"
    damaged.write_bytes(damaged.read_bytes()[:-40])
    with pytest.raises(FileFormatError, match=r"000007\.png"):
        _score(tmp_path / "p", folders[1], "disco/2")
    record = _score(tmp_path / "p", folders[1], "disco/2", allow_missing=True)
    assert record.coverage.missing_videos == ("b",)
    assert "000007.png" in record.coverage.excluded["b"]
    assert not record.coverage.complete
    assert (record.coverage.frames_scored, record.coverage.frames_expected) == (37, 73)
    assert record.metrics["psnr"].n_videos == 2


def test_batches_stay_small_however_long_the_videos(folders: tuple[Path, Path]) -> None:
    networks = tiny_networks()
    _score(*folders, "disco/2", networks)
    sizes = {len(batch) for batch in networks.loaded["i3d"].seen}
    assert max(sizes) <= 8, "memory stays bounded"


def test_compare_without_any_weights(few: tuple[Path, Path]) -> None:
    record = compare(*few)
    assert record.protocol == "mcbench/1"
    assert record.networks == "reference"
    assert set(record.metrics) == {"l1", "psnr", "psnr_uint8", "ssim"}
    commands = {key: missing.command for key, missing in record.unavailable.items()}
    assert commands["lpips"] == "mcbench weights fetch lpips-alex"
    assert commands["fid"] == commands["kid"] == "mcbench weights fetch inception"
    assert commands["fvd"] == "mcbench weights fetch i3d"
    assert commands["fid_vid"] == "mcbench weights add resnet50-kinetics resnet-50-kinetics.pth"
    assert record.split is None
    assert ScoreRecord.model_validate_json(record.model_dump_json()) == record


def test_compare_refuses_unknown_names(few: tuple[Path, Path]) -> None:
    with pytest.raises(InputError, match="no protocol"):
        compare(*few, protocol="fid")
    with pytest.raises(InputError, match="device"):
        compare(*few, compute=Compute(device="abacus"))


def test_more_noise_is_worse(tmp_path: Path) -> None:
    truth = {"v": clip(0, 3)}
    write_folder(tmp_path / "t", truth)
    places = [write_folder(tmp_path / f"p{s}", {"v": noisy(truth["v"], s)}) for s in (0, 4, 12, 30)]
    for name in ("disco/2", "mcbench/1"):
        records = [_score(place, tmp_path / "t", name).metrics for place in places]
        for metric in ("l1", "psnr", "ssim"):
            values = [record[metric].value for record in records]
            assert values == sorted(values, reverse=records[0][metric].higher_is_better)
            assert len(set(values)) == 4
