"""Runs on clips without exact poses: driven by kept estimates, which the record names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcbench.conditions import driving_poses
from mcbench.conditions.store import ConditionRecord, condition_folder, encode_nearness
from mcbench.data import Clip, open_split, prepare
from mcbench.data.truth import Poses
from mcbench.data.truth_images import write_truth_image
from mcbench.errors import DataMissingError, MismatchError
from mcbench.estimators.identity import EstimatorIdentity
from mcbench.runs import RunRequest, run_model
from tests.conditions.clips import SIZE, standing_poses
from tests.video.making import numbered, write_video


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "videos"
    folder.mkdir()
    write_video(folder / "a.mp4", numbered(4, *SIZE))
    assert prepare("local", from_path=folder, name="real", home=tmp_path / "home").complete
    return tmp_path / "home"


def clip_of(home: Path) -> Clip:
    return open_split("local/real", home=home).clips[0]


def keep_poses(clip: Clip, poses: Poses, name: str = "blazepose", version: int = 1) -> ConditionRecord:
    folder = condition_folder(clip, "poses", name)
    folder.mkdir(parents=True, exist_ok=True)
    poses.write(folder / "poses.npz")
    record = ConditionRecord(
        clip=clip.record.id,
        kind="poses",
        frames_sha256=clip.record.frames_sha256,
        n_frames=clip.record.n_frames,
        size=clip.record.size,
        estimator=EstimatorIdentity(name=name, version=version),
    )
    record.write(folder / "condition.json")
    return record


def keep_depth(clip: Clip, nearness: np.ndarray) -> ConditionRecord:
    folder = condition_folder(clip, "depth", "some-depth")
    folder.mkdir(parents=True)
    coded, spread = encode_nearness(nearness)
    for index in range(clip.record.n_frames):
        write_truth_image(folder / f"{index:06d}.png", coded)
    record = ConditionRecord(
        clip=clip.record.id,
        kind="depth",
        frames_sha256=clip.record.frames_sha256,
        n_frames=clip.record.n_frames,
        size=clip.record.size,
        estimator=EstimatorIdentity(name="some-depth"),
        ranges=(spread,) * clip.record.n_frames,
    )
    record.write(folder / "condition.json")
    return record


def request(home: Path, tmp_path: Path, **changes: object) -> RunRequest:
    return RunRequest("warp", "local/real", out=tmp_path / "results", home=home, **changes)  # type: ignore[arg-type]


def test_warp_runs_on_kept_poses_and_the_record_says_which(home: Path, tmp_path: Path) -> None:
    kept = keep_poses(clip_of(home), standing_poses(4))
    (video,) = run_model(request(home, tmp_path)).videos
    assert video.status == "done"
    assert video.conditions == {"poses": kept.label, "depth_order": "ground"}


def test_without_poses_the_video_fails_and_says_what_makes_them(home: Path, tmp_path: Path) -> None:
    (video,) = run_model(request(home, tmp_path)).videos
    assert video.status == "failed"
    assert "mcbench data conditions local/real --pose" in video.reason


def test_a_run_does_not_go_on_with_other_poses(home: Path, tmp_path: Path) -> None:
    keep_poses(clip_of(home), standing_poses(4))
    run_model(request(home, tmp_path))
    keep_poses(clip_of(home), standing_poses(4), version=2)
    with pytest.raises(MismatchError, match="kind of poses for a"):
        run_model(request(home, tmp_path))
    (video,) = run_model(request(home, tmp_path, overwrite=True)).videos
    assert video.status == "done"


def test_poses_are_chosen_by_name(home: Path, tmp_path: Path) -> None:
    keep_poses(clip_of(home), standing_poses(4))
    other = keep_poses(clip_of(home), standing_poses(4), name="dwpose")
    assert driving_poses(clip_of(home)).conditions["poses"] == other.label
    (video,) = run_model(request(home, tmp_path, poses_by="blazepose")).videos
    assert video.conditions["poses"].startswith("blazepose@")
    with pytest.raises(DataMissingError, match="exact"):
        driving_poses(clip_of(home), "exact")


def test_depth_comes_from_a_kept_map_at_the_reference_frame(home: Path) -> None:
    clip, poses = clip_of(home), standing_poses(4)
    keep_poses(clip, poses)
    by_ground = driving_poses(clip)
    assert by_ground.poses.depth[0, 1] < by_ground.poses.depth[0, 0]  # his feet are lower down
    # The map says the opposite: what is on the left is nearer.
    label = keep_depth(clip, np.tile(np.linspace(9, 1, SIZE[1], dtype=np.float32), (SIZE[0], 1))).label
    by_map = driving_poses(clip)
    assert by_map.conditions["depth_order"] == label
    assert (by_map.poses.depth[:, 0] < by_map.poses.depth[:, 1]).all()
    np.testing.assert_array_equal(by_map.poses.depth[0], by_map.poses.depth[3])


def test_poses_that_know_depth_keep_it(home: Path) -> None:
    clip, poses = clip_of(home), standing_poses(4)
    known = Poses(poses.keypoints, poses.visibility, np.full((4, 2), 3, np.float32), poses.size)
    kept = keep_poses(clip, known)
    found = driving_poses(clip)
    assert found.conditions == {"poses": kept.label, "depth_order": kept.label}
    np.testing.assert_array_equal(found.poses.depth, known.depth)
