"""Kept conditions: found while they belong to the clip, forgotten as soon as they do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mcbench import files, weights
from mcbench.conditions import find_condition, kept_conditions
from mcbench.conditions.prepare import ConditionJob, prepare_condition
from mcbench.conditions.store import (
    ConditionRecord,
    condition_folder,
    encode_nearness,
    kept_condition,
)
from mcbench.data.truth_images import NO_DEPTH, encode_flow, write_truth_image
from mcbench.errors import DataMissingError, InputError
from mcbench.estimators.identity import EstimatorIdentity
from tests.conditions.clips import SIZE, make_clip, standing_poses

# Read before the fixtures set another home: the weights of whoever runs the tests.
USERS_HOME = files.home()


def flow_job(folder: Path, **changes: object) -> ConditionJob:
    return ConditionJob(clip_folder=str(folder), kind="flow", estimator="dis", **changes)  # type: ignore[arg-type]


def test_a_kept_condition_is_found_and_read(tmp_path: Path) -> None:
    clip = make_clip(tmp_path)
    record = prepare_condition(flow_job(clip.folder))
    found = find_condition(clip, "flow")
    assert found.estimator == "dis"
    assert found.label == record.label
    assert found.label.startswith("dis@")
    assert found.flow(0).shape == (*SIZE, 2)
    assert np.isnan(found.flow(2)).all()  # nothing follows the last frame
    with pytest.raises(IndexError):
        found.flow(3)


def test_it_counts_only_for_these_very_frames(tmp_path: Path) -> None:
    prepare_condition(flow_job(make_clip(tmp_path).folder))
    other = make_clip(tmp_path, seed=1)
    assert kept_condition(other, "flow", "dis") is None
    with pytest.raises(DataMissingError) as caught:
        find_condition(other, "flow")
    assert caught.value.hint == "mcbench data conditions local/some --flow"


@pytest.mark.parametrize("damage", ["no record", "half a record", "a frame is gone"])
def test_what_is_not_whole_does_not_count_and_is_made_again(tmp_path: Path, damage: str) -> None:
    clip = make_clip(tmp_path)
    prepare_condition(flow_job(clip.folder))
    folder = condition_folder(clip, "flow", "dis")
    if damage == "no record":
        (folder / "condition.json").unlink()
    elif damage == "half a record":
        text = (folder / "condition.json").read_text()
        (folder / "condition.json").write_text(text[: len(text) // 2])
    else:
        (folder / "000001.png").unlink()
    assert kept_condition(clip, "flow", "dis") is None
    prepare_condition(flow_job(clip.folder))
    assert find_condition(clip, "flow").flow(1).shape == (*SIZE, 2)


def test_what_is_there_is_left_alone_unless_forced(tmp_path: Path) -> None:
    clip = make_clip(tmp_path)
    prepare_condition(flow_job(clip.folder))
    path = condition_folder(clip, "flow", "dis") / "000000.png"
    before = path.stat().st_ino
    prepare_condition(flow_job(clip.folder))
    assert path.stat().st_ino == before
    prepare_condition(flow_job(clip.folder, force=True))
    assert path.stat().st_ino != before


def test_exact_truth_comes_before_every_estimate(tmp_path: Path) -> None:
    clip = make_clip(tmp_path, poses=standing_poses())
    folder = condition_folder(clip, "poses", "blazepose")
    folder.mkdir(parents=True)
    moved = standing_poses()
    moved.keypoints[...] += 3
    moved.write(folder / "poses.npz")
    record(clip, "poses", "blazepose").write(folder / "condition.json")
    assert find_condition(clip, "poses").label == "exact"
    np.testing.assert_array_equal(find_condition(clip, "poses").poses().keypoints, standing_poses().keypoints)
    estimate = find_condition(clip, "poses", "blazepose")
    np.testing.assert_array_equal(estimate.poses().keypoints, moved.keypoints)
    with pytest.raises(DataMissingError, match="poses of dwpose"):
        find_condition(clip, "poses", "dwpose")
    with pytest.raises(DataMissingError, match="masks of exact"):
        find_condition(clip, "masks", "exact")


def record(clip: object, kind: str, name: str) -> ConditionRecord:
    return ConditionRecord(
        clip=clip.record.id,  # type: ignore[attr-defined]
        kind=kind,  # type: ignore[arg-type]
        frames_sha256=clip.record.frames_sha256,  # type: ignore[attr-defined]
        n_frames=3,
        size=SIZE,
        estimator=EstimatorIdentity(name=name),
    )


def test_the_order_of_preference(tmp_path: Path) -> None:
    clip = make_clip(tmp_path, beside=("masks",))
    for name in ("zebra", "from-pose", "apple", "blazepose"):
        folder = condition_folder(clip, "masks", name)
        folder.mkdir(parents=True)
        for index in range(3):
            write_truth_image(folder / f"{index:06d}.png", np.zeros(SIZE, np.uint8))
        record(clip, "masks", name).write(folder / "condition.json")
    names = [each.estimator for each in kept_conditions(clip, "masks")]
    assert names == ["dataset", "blazepose", "from-pose", "apple", "zebra"]


def test_masks_of_the_data_set_are_found_in_the_clips_own_folder(tmp_path: Path) -> None:
    clip = make_clip(tmp_path, beside=("masks",))
    folder = clip.folder / "beside" / "masks"
    folder.mkdir(parents=True)
    for index in range(3):
        write_truth_image(folder / f"{index:06d}.png", np.full(SIZE, index, np.uint8))
    found = find_condition(clip, "masks")
    assert found.estimator == "dataset"
    assert (found.masks(2) == 2).all()
    with pytest.raises(DataMissingError):
        find_condition(clip, "densepose", "dataset")


def test_a_condition_is_forgotten_when_what_it_was_made_from_changes(tmp_path: Path) -> None:
    clip = make_clip(tmp_path)
    source = condition_folder(clip, "poses", "blazepose")
    source.mkdir(parents=True)
    standing_poses().write(source / "poses.npz")
    record(clip, "poses", "blazepose").write(source / "condition.json")
    job = ConditionJob(clip_folder=str(clip.folder), kind="masks", estimator="from-pose")
    prepare_condition(job)
    assert find_condition(clip, "masks").estimator == "from-pose"
    newer = EstimatorIdentity(name="blazepose", version=2)
    record(clip, "poses", "blazepose").model_copy(update={"estimator": newer}).write(
        source / "condition.json"
    )
    assert kept_conditions(clip, "masks") == ()


def test_labels_tell_weights_settings_and_inputs_apart(tmp_path: Path) -> None:
    clip = make_clip(tmp_path)
    plain = record(clip, "masks", "some")
    settings = plain.model_copy(update={"estimator": EstimatorIdentity(name="some", settings={"a": 1})})
    inputs = plain.model_copy(update={"inputs": {"poses": "exact"}})
    assert len({plain.label, settings.label, inputs.label}) == 3
    assert plain.label == record(clip, "masks", "some").label


def test_names_that_are_no_part_of_a_path_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="estimator"):
        condition_folder(make_clip(tmp_path), "flow", "../other")


@given(
    arrays.arrays(
        np.float32, (3, 4), elements=st.floats(-1e6, 1e6, width=32) | st.just(float("nan")) | st.just(np.inf)
    )
)
def test_inverse_depth_comes_back_within_half_a_step(values: np.ndarray) -> None:
    coded, (low, high) = encode_nearness(values)
    finite = np.isfinite(values)
    assert ((coded == NO_DEPTH) == ~finite).all()
    back = low + coded[finite].astype(np.float64) * ((high - low) / (NO_DEPTH - 1))
    np.testing.assert_allclose(back, values[finite], atol=0.51 * (high - low) / (NO_DEPTH - 1) + 1e-9)


def test_exact_depth_is_read_as_nearness(tmp_path: Path) -> None:
    clip = make_clip(tmp_path)
    folder = clip.folder / "truth" / "depth"
    folder.mkdir(parents=True)
    depth = np.full(SIZE, 2000, np.uint16)
    depth[0, 0] = NO_DEPTH
    write_truth_image(folder / "000000.png", depth)
    exact = type(clip)(clip.record.model_copy(update={"truth": ("depth",)}), clip.folder)
    nearness = find_condition(exact, "depth").nearness(0)
    assert nearness[5, 5] == pytest.approx(0.5)
    assert np.isnan(nearness[0, 0])


def test_exact_flow_is_read(tmp_path: Path) -> None:
    clip = make_clip(tmp_path)
    folder = clip.folder / "truth" / "flow"
    folder.mkdir(parents=True)
    write_truth_image(folder / "000000.png", encode_flow(np.full((*SIZE, 2), 1.5, np.float32)))
    exact = type(clip)(clip.record.model_copy(update={"truth": ("flow",)}), clip.folder)
    assert (find_condition(exact, "flow").flow(0) == 1.5).all()


def test_the_hint_names_what_other_clips_have(tmp_path: Path) -> None:
    prepare_condition(flow_job(make_clip(tmp_path, "one").folder))
    with pytest.raises(DataMissingError) as caught:
        find_condition(make_clip(tmp_path, "two", seed=1), "flow")
    assert caught.value.hint == "mcbench data conditions local/some --flow dis --clip two"


def test_the_hint_for_poses_names_an_estimator_that_is_here(
    tmp_path: Path,
) -> None:
    for name in ("blazepose", "blazepose-detection"):
        if not weights.is_present(name, USERS_HOME):
            pytest.skip(f"the weights of {name} are not on this machine")
        weights.add(name, weights.present(name, USERS_HOME).path, home=tmp_path)
    with pytest.raises(DataMissingError) as caught:
        find_condition(make_clip(tmp_path), "poses")
    assert caught.value.hint.startswith("mcbench data conditions local/some --pose blazepose; or put")
