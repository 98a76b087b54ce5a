"""The built-in yardsticks: noise, nearest-frame and the truth itself, from the request to the score."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mcbench import baselines, data, scoring, weights
from mcbench.baselines import AnimationRequest
from mcbench.baselines.builtin.nearest_frame import pose_distance
from mcbench.data.truth import Poses
from mcbench.errors import DataMissingError, InputError
from mcbench.runs import RunRequest, run_folder, run_model
from tests.scoring.making import clip, write_folder

SIZE = (33, 47)
YARDSTICKS = ("ground-truth", "ground-truth-h264", "nearest-frame")


def _frame(index: int) -> NDArray[np.uint8]:
    """A smooth picture with a square that moves; each index has its own."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    picture = np.stack([x * 4, y * 6, (x + y) * 3], axis=-1).astype(np.uint8)
    picture[5:15, 2 + 3 * index : 10 + 3 * index] = (220, 40, 40)
    return picture


def _poses(n_frames: int, there_and_back: bool = False) -> Poses:
    joints = np.random.RandomState(0).randint(5, 30, (1, 18, 2)).astype(np.float32)
    way = [min(index, n_frames - 1 - index) if there_and_back else index for index in range(n_frames)]
    keypoints = np.stack([joints + np.array([step, 0], dtype=np.float32) for step in way])
    return Poses(
        keypoints,
        np.full(keypoints.shape[:3], 2, dtype=np.uint8),
        np.full(keypoints.shape[:2], 3.0, dtype=np.float32),
        SIZE,
    )


def _request(n_frames: int = 6, seed: int = 0, size: tuple[int, int] | None = None) -> AnimationRequest:
    return AnimationRequest("clip", _frame(0), _poses(n_frames), n_frames, 10.0, size, seed, _frame)


def _frames(name: str, request: AnimationRequest, **options: str | float) -> list[NDArray[np.uint8]]:
    made: Iterator[NDArray[np.uint8]] = baselines.load(name, "cpu", options).animate(request)
    return list(made)


def test_ground_truth_is_the_truth_bit_for_bit() -> None:
    for index, frame in enumerate(_frames("ground-truth", _request())):
        np.testing.assert_array_equal(frame, _frame(index))


def test_h264_costs_more_the_fewer_bits_there_are() -> None:
    errors = []
    for crf in (0, 23, 45):
        frames = _frames("ground-truth-h264", _request(), crf=crf)
        assert {frame.shape for frame in frames} == {(*SIZE, 3)}, "an odd size comes back as it was"
        errors.append(np.mean([np.abs(f.astype(int) - _frame(i)).mean() for i, f in enumerate(frames)]))
    assert 0 < errors[0] < errors[1] < errors[2] < 25


def test_h264_is_the_same_twice() -> None:
    first, second = (_frames("ground-truth-h264", _request(), preset="slow") for _ in range(2))
    assert all(np.array_equal(*pair) for pair in zip(first, second, strict=True))


@pytest.mark.parametrize(
    "options", [{"crf": 52}, {"crf": -1}, {"crf": 3.5}, {"crf": "x"}, {"preset": "best"}]
)
def test_settings_that_x264_does_not_have_are_refused(options: dict[str, str | float]) -> None:
    with pytest.raises(InputError, match=r"crf|preset"):
        baselines.load("ground-truth-h264", "cpu", options)


@pytest.mark.parametrize("name", [*YARDSTICKS, "noise"])
def test_the_size_asked_for_is_the_size_made(name: str) -> None:
    assert {frame.shape for frame in _frames(name, _request(size=(21, 35)))} == {(21, 35, 3)}


@pytest.mark.parametrize("name", YARDSTICKS)
def test_without_the_truth_they_say_so(name: str) -> None:
    with pytest.raises(DataMissingError, match=f"{name} gives back true frames"):
        _frames(name, dataclasses.replace(_request(), true_frame=None))


@pytest.mark.parametrize("name", [*YARDSTICKS, "noise"])
def test_the_run_record_says_what_was_shown(name: str) -> None:
    described = baselines.load(name, "cpu", {}).describe()
    assert described.id == name
    assert described.inputs == baselines.get(name).inputs
    assert described.sees_truth == (name in YARDSTICKS)


def test_nearest_frame_takes_the_nearest_known_pose() -> None:
    request = dataclasses.replace(_request(9), poses=_poses(9, there_and_back=True))
    frames = _frames("nearest-frame", request, every=4)
    # Known are 0, 4 and 8; 0 and 8 have one pose, so that time decides between them.
    taken = [next(k for k in (0, 4, 8) if np.array_equal(frame, _frame(k))) for frame in frames]
    assert taken == [0, 0, 0, 4, 4, 4, 4, 8, 8]


def test_nearest_frame_without_poses_says_so() -> None:
    with pytest.raises(DataMissingError, match="clip has no driving poses"):
        _frames("nearest-frame", dataclasses.replace(_request(), poses=None))


@pytest.mark.parametrize("every", [0, -2, 1.5])
def test_nearest_frame_refuses_to_know_nothing(every: float) -> None:
    with pytest.raises(InputError, match="every="):
        baselines.load("nearest-frame", "cpu", {"every": every})


def test_distance_of_poses() -> None:
    poses = _poses(3)
    assert pose_distance(poses, 0, 0) == 0
    assert pose_distance(poses, 0, 2) == pytest.approx(2 / SIZE[0])
    visibility = poses.visibility.copy()
    visibility[1, 0, :9] = 0  # half of the joints are known in one of the two frames only
    half = Poses(poses.keypoints, visibility, poses.depth, SIZE)
    assert pose_distance(half, 0, 1) == pytest.approx((0.5 + 1 / SIZE[0]) / 2)
    unknown = Poses(poses.keypoints, np.zeros_like(visibility), poses.depth, SIZE)
    assert pose_distance(unknown, 0, 1) == 0
    nan = Poses(np.where(visibility[..., None] > 0, poses.keypoints, np.nan), visibility, poses.depth, SIZE)
    assert pose_distance(nan, 0, 1) == pytest.approx(pose_distance(half, 0, 1))


def test_noise_hangs_on_seed_and_frame_alone() -> None:
    first, again, other = (_frames("noise", _request(seed=seed)) for seed in (7, 7, 7 + (1 << 40)))
    assert all(np.array_equal(*pair) for pair in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])
    assert not np.array_equal(first[0], first[1])
    longer = _frames("noise", _request(9, seed=7))
    assert all(np.array_equal(*pair) for pair in zip(first, longer, strict=False))


def test_noise_has_the_distribution_asked_for() -> None:
    request = _request(size=(200, 200))
    uniform = np.stack(_frames("noise", request)).astype(float)
    assert uniform.mean() == pytest.approx(127.5, abs=0.5)
    assert uniform.std() == pytest.approx(np.sqrt((256**2 - 1) / 12), abs=0.5)
    gaussian = _frames("noise", request, distribution="gaussian", mean=100, deviation=10)
    assert np.mean(gaussian) == pytest.approx(100, abs=0.2)
    assert np.std(gaussian) == pytest.approx(10, abs=0.2)


@pytest.mark.parametrize(
    "options", [{"distribution": "pink"}, {"deviation": -1}, {"mean": "x"}, {"sigma": 3}]
)
def test_noise_refuses_what_it_has_not(options: dict[str, str | float]) -> None:
    with pytest.raises(InputError):
        baselines.load("noise", "cpu", options)


def test_the_truth_scores_perfectly_and_its_copy_by_h264_does_not(tmp_path: Path) -> None:
    home = tmp_path / "home"
    write_folder(tmp_path / "videos", {name: clip(seed, 6) for seed, name in enumerate("ab")})
    data.prepare("local", from_path=tmp_path / "videos", name="mine", fps=8.0, home=home)
    folders = []
    for model in ("ground-truth", "ground-truth-h264"):
        record = run_model(RunRequest(model=model, split="local/mine", out=tmp_path / "results", home=home))
        assert [(one.status, one.reason) for one in record.videos] == [("done", "")] * 2
        assert record.model.sees_truth
        folders.append(run_folder(tmp_path / "results", model, record.split))
    scored = scoring.score_runs(folders, protocols=["mcbench/1"], home=home)
    perfect, encoded = (scored[folder][0] for folder in folders)
    found = {name: value.value for name, value in perfect.metrics.items()}
    assert {name: found[name] for name in ("l1", "psnr", "ssim")} == {"l1": 0.0, "psnr": 100.0, "ssim": 1.0}
    distances = [name for name in found if name.partition("@")[0] in ("fid", "fid_vid", "fvd")]
    assert all(found[name] == pytest.approx(0.0, abs=1e-3) for name in distances)
    assert 15 < encoded.metrics["psnr"].value < 60
    assert encoded.metrics["l1"].value > 0
    assert encoded.metrics["ssim"].value < 1


@pytest.mark.shared
def test_the_truth_is_at_no_distance_by_lpips(tmp_path: Path, shared: Path) -> None:
    home = tmp_path / "home"
    for name, file in (("lpips-alex", "alexnet"), ("lpips-vgg", "vgg16")):
        weights.add(name, shared / "weights" / "lpips" / f"{file}_features_torchvision.pth", home)
    write_folder(tmp_path / "videos", {"a": clip(0, 2, (64, 48))})
    data.prepare("local", from_path=tmp_path / "videos", name="mine", fps=8.0, home=home)
    record = run_model(
        RunRequest(model="ground-truth", split="local/mine", out=tmp_path / "results", home=home)
    )
    folder = run_folder(tmp_path / "results", "ground-truth", record.split)
    (score,) = scoring.score_runs([folder], protocols=["disco/2"], home=home)[folder]
    assert {name: value.value for name, value in score.metrics.items()} == {
        "l1": 0.0, "psnr": 100.0, "psnr_uint8": 100.0, "ssim": 1.0,
        "lpips": 0.0, "lpips_alex": 0.0, "lpips_vgg": 0.0,
    }  # fmt: skip
