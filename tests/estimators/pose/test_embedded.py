"""The embedded pose detector as it is shipped: file, loading, what it finds and what it does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import safetensors
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from mcbench.data.generated import RenderedFrame, build_scene, demo_clips
from mcbench.errors import FileFormatError, InputError, WeightsMissingError
from mcbench.estimators.pose import PoseDetector, load_detector, person_boxes
from mcbench.estimators.pose.architecture import INPUT_SIZE, MAP_SIZE, PoseNetwork, box_plane, peaks
from mcbench.estimators.pose.embedded import embedded_pose_weights, load_embedded_pose
from mcbench.estimators.pose.train import WEIGHTS_VERSION
from mcbench.files import sha256_file
from mcbench.metrics.people import pose

# Other bytes are other numbers in every table: raise WEIGHTS_VERSION, tell it in docs/pose.md.
SHA256 = "5e01df6b8bc13a4803e5004cc7ee6309e218e1d40931cdc546784ae49e1f84b8"


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def detector() -> PoseDetector:
    return load_embedded_pose()


@pytest.fixture(scope="module")
def frames() -> list[RenderedFrame]:
    """Frames of people, dances and backdrops that training never saw."""
    return [build_scene(spec).render(9, (366, 262)) for spec in demo_clips()]


def boxes_of(frame: RenderedFrame) -> NDArray[np.float64]:
    return person_boxes(frame.keypoints, frame.visibility)


def test_shipped_weights_are_the_recorded_ones() -> None:
    path = embedded_pose_weights()
    assert sha256_file(path) == SHA256
    assert path.stat().st_size < 2_000_000
    loaded = load_detector("pose@embedded")
    assert (loaded.weights.name, loaded.weights.sha256) == ("pose@embedded", SHA256)
    with safetensors.safe_open(path, framework="pt") as archive:
        facts = archive.metadata()
    assert facts["version"] == str(WEIGHTS_VERSION)
    assert {"architecture", "generator", "training_crops", "steps", "batch_size", "seed", "date"} <= set(
        facts
    )


def test_people_that_training_never_saw_are_found(
    detector: PoseDetector, frames: list[RenderedFrame]
) -> None:
    similarity, near, missing = [], [], []
    for frame in frames:
        found = detector.detect(frame.image, boxes_of(frame))
        counts = pose.counting(frame.visibility)
        area = np.bincount(frame.masks.ravel(), minlength=len(counts) + 1)[1:]
        sides = boxes_of(frame)[:, 2:] - boxes_of(frame)[:, :2]
        similarity.extend(pose.oks(found.keypoints, frame.keypoints, counts, area))
        near.extend(pose.pck(found.keypoints, frame.keypoints, counts, sides.max(axis=1)))
        missing.append(np.mean(found.confidence[counts] < detector.threshold))
    assert np.mean(similarity) > 0.65
    assert np.mean(near) > 0.75
    assert np.mean(missing) < 0.1


def test_nobody_is_not_found(detector: PoseDetector, frames: list[RenderedFrame]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, frames[0].image.shape, np.uint8)
    for picture in (np.full_like(noise, 128), np.zeros_like(noise), noise):
        found = detector.detect(picture, boxes_of(frames[2]))
        assert np.mean(found.confidence >= detector.threshold) < 0.05


def test_a_person_does_not_depend_on_who_else_is_asked_for(
    detector: PoseDetector, frames: list[RenderedFrame]
) -> None:
    frame = frames[3]
    boxes = boxes_of(frame)
    together = detector.detect(frame.image, boxes)
    boxes[1] = np.nan
    without = detector.detect(frame.image, boxes)
    alone = detector.detect(frame.image, boxes[2:3])
    np.testing.assert_array_equal(without.keypoints[2], together.keypoints[2])
    np.testing.assert_array_equal(alone.keypoints[0], together.keypoints[2])
    assert np.isnan(without.keypoints[1]).all()
    assert (without.confidence[1] == 0).all()
    nobody = detector.detect(frame.image, np.empty((0, 4)))
    assert (nobody.keypoints.shape, nobody.confidence.shape) == ((0, 18, 2), (0, 18))


def test_points_move_with_the_picture(detector: PoseDetector, frames: list[RenderedFrame]) -> None:
    """Moved by whole pixels, picture and boxes give the same points, moved."""
    frame = frames[0]
    boxes = boxes_of(frame)[:1]
    wide = np.pad(frame.image, ((200, 200), (200, 200), (0, 0)), mode="edge")
    before = detector.detect(wide, boxes + 200)
    after = detector.detect(np.roll(wide, (14, -22), axis=(0, 1)), boxes + 200 + np.tile([-22, 14], 2))
    np.testing.assert_allclose(after.keypoints, before.keypoints + (-22, 14), atol=1e-3)


def test_bad_input_is_refused(detector: PoseDetector) -> None:
    with pytest.raises(InputError, match="takes a frame uint8"):
        detector.detect(np.zeros((9, 9)), np.zeros((1, 4)))  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"boxes are \[people, 4\]"):
        detector.detect(np.zeros((9, 9, 3), np.uint8), np.zeros(4))


def test_a_file_that_is_missing_damaged_or_another_is_told(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissingError, match=r"none\.safetensors.*\n.*estimators\.pose\.train --out"):
        load_embedded_pose(path=tmp_path / "none.safetensors")
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(embedded_pose_weights().read_bytes()[:5000])
    with pytest.raises(FileFormatError, match=r"damaged\.safetensors"):
        load_embedded_pose(path=damaged)
    state = load_file(embedded_pose_weights())
    del state["heads.bias"]
    other = tmp_path / "other.safetensors"
    save_file(state, other)
    with pytest.raises(FileFormatError, match=r"other\.safetensors.*1 missing \(heads\.bias\)"):
        load_embedded_pose(path=other)


def test_shapes_and_size() -> None:
    network = PoseNetwork().eval()
    with torch.inference_mode():
        logits = network(torch.zeros(2, 4, *INPUT_SIZE))
    assert logits.shape == (2, 18, *MAP_SIZE)
    assert sum(value.numel() for value in network.parameters()) < 700_000


def test_peaks_by_hand() -> None:
    logits = torch.full((1, 18, *MAP_SIZE), -100.0)
    logits[0, 0, 10, 5] = 0.0  # all of the probability in one cell
    logits[0, 1, 10, 5] = logits[0, 1, 10, 6] = 0.0  # on the border of two
    logits[0, 2, 3, 3], logits[0, 2, 20, 20] = np.log(3), 0.0  # three quarters here, one there
    logits[0, 3] = 0.0  # anywhere: 9 of 768 cells lie around the first
    points, confidence = peaks(logits)
    rows, columns = MAP_SIZE
    np.testing.assert_allclose(points[0, 0] * torch.tensor([columns, rows]), [5.5, 10.5], rtol=1e-6)
    np.testing.assert_allclose(points[0, 1] * torch.tensor([columns, rows]), [6.0, 10.5], rtol=1e-6)
    np.testing.assert_allclose(points[0, 2] * torch.tensor([columns, rows]), [3.5, 3.5], rtol=1e-6)
    np.testing.assert_allclose(confidence[0, :4], [1, 1, 0.75, 9 / 768], rtol=1e-5)


def test_the_plane_of_the_box_counts_parts_of_pixels() -> None:
    plane = box_plane(np.array([10.25, 20.0, 40.5, 60.75]))
    assert plane.shape == INPUT_SIZE
    assert plane.sum() == pytest.approx(30.25 * 40.75)
    assert (plane[20:60, 11:40] == 1).all()
    assert plane[30, 10] == 0.75
    assert plane[60, 40] == 0.375
    assert box_plane(np.array([-9.0, -9, 999, 999])).min() == 1
