"""Stable Video Diffusion and Wan-Animate: diffusers' own pipelines with seeded weights."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mcbench import baselines
from mcbench.baselines import AnimationRequest, Animator
from mcbench.errors import DataMissingError, InputError, WeightsMissingError
from tests.baselines.pipelines import seeds
from tests.baselines.pipelines.conftest import SIZE, frame, request_for

SVD, WAN = "stable-video-diffusion", "wan-animate"
SMALL: dict[str, dict[str, str | float]] = {
    SVD: {"steps": 1, "pixels": 64 * 64, "frames": 3},
    WAN: {"steps": 1, "pixels": 32 * 32, "segment": 5},
}


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("video-models")
    seeds.stable_video(folder / SVD)
    seeds.wan_animate(folder / WAN)
    return {name: folder / name for name in (SVD, WAN)}


def load(model: str, folders: dict[str, Path], **changes: str | float) -> Animator:
    return baselines.load(model, "cpu", {"base": str(folders[model]), **SMALL[model], **changes})


def made(animator: Animator, request: AnimationRequest) -> NDArray[np.uint8]:
    frames = list(animator.animate(request))
    assert len(frames) == request.n_frames
    assert {(f.shape, f.dtype.name) for f in frames} == {((*(request.size or SIZE), 3), "uint8")}
    return np.stack(frames)


@pytest.mark.parametrize("model", [SVD, WAN])
def test_frames_hang_on_seed_and_reference(model: str, folders: dict[str, Path]) -> None:
    animator, request = load(model, folders), request_for(3)
    frames = made(animator, request)
    assert np.array_equal(frames, made(animator, request))
    assert not np.array_equal(frames, made(animator, request_for(3, seed=6)))
    other = dataclasses.replace(request, reference=np.ascontiguousarray(255 - request.reference))
    assert not np.array_equal(frames, made(animator, other))


def test_stable_video_knows_no_pose(folders: dict[str, Path]) -> None:
    animator, request = load(SVD, folders), request_for(2)
    blind = dataclasses.replace(request, poses=None, pictures={}, true_frame=None)
    assert np.array_equal(made(animator, request), made(animator, blind))
    assert animator.describe().inputs == ()
    assert "no pose" in animator.describe().display_name


@pytest.mark.parametrize(("model", "n_frames"), [(SVD, 1), (SVD, 6), (WAN, 1), (WAN, 8)])
def test_clips_of_any_length(model: str, n_frames: int, folders: dict[str, Path]) -> None:
    made(load(model, folders), request_for(n_frames, size=(24, 18)))


def test_a_longer_clip_of_stable_video_begins_the_same(folders: dict[str, Path]) -> None:
    animator = load(SVD, folders)
    assert np.array_equal(made(animator, request_for(5))[:3], made(animator, request_for(3)))


def test_wan_animate_follows_drawings_and_faces(folders: dict[str, Path]) -> None:
    animator, request = load(WAN, folders), request_for(3)
    frames = made(animator, request)
    moved = dataclasses.replace(request, pictures=request_for(3, shift=-2.0).pictures)
    assert not np.array_equal(frames, made(animator, moved))
    other = dataclasses.replace(request, true_frame=lambda index: np.ascontiguousarray(255 - frame(index)))
    assert not np.array_equal(frames, made(animator, other))
    blank = load(WAN, folders, face="blank")
    assert np.array_equal(made(blank, request), made(blank, dataclasses.replace(other, poses=None)))


def test_the_record_says_whether_faces_of_the_truth_were_shown(folders: dict[str, Path]) -> None:
    described = load(WAN, folders).describe()
    assert described.inputs == baselines.get(WAN).inputs
    assert "driving-frames" in described.inputs
    assert {use.name.split("/")[1] for use in described.weights} == {
        "transformer",
        "vae",
        "text_encoder",
        "image_encoder",
    }
    blank = load(WAN, folders, face="blank").describe()
    assert "driving-frames" not in blank.inputs
    assert "no face" in blank.display_name


def test_wan_animate_without_faces_to_look_for(folders: dict[str, Path]) -> None:
    animator, request = load(WAN, folders), request_for(2)
    with pytest.raises(DataMissingError, match="no poses to find faces by"):
        list(animator.animate(dataclasses.replace(request, poses=None)))
    with pytest.raises(DataMissingError, match="was shown none"):
        list(animator.animate(dataclasses.replace(request, true_frame=None)))
    assert request.poses is not None
    nobody = dataclasses.replace(request.poses, visibility=np.zeros_like(request.poses.visibility))
    made(animator, dataclasses.replace(request, poses=nobody))


@pytest.mark.parametrize(
    "changes",
    [{"face": "mine"}, {"overlap": 3}, {"segment": 6}, {"segment": 1}, {"steps": 0}, {"pixels": "x"}],
)
def test_settings_out_of_range(changes: dict[str, str | float], folders: dict[str, Path]) -> None:
    with pytest.raises(InputError):
        load(WAN, folders, **changes)


@pytest.mark.parametrize("changes", [{"frames": 1}, {"steps": 0}, {"frames": 2.5}])
def test_settings_of_stable_video_out_of_range(
    changes: dict[str, str | float], folders: dict[str, Path]
) -> None:
    with pytest.raises(InputError):
        load(SVD, folders, **changes)


@pytest.mark.parametrize("model", [SVD, WAN])
def test_what_is_not_here_is_named_with_the_command(model: str) -> None:
    with pytest.raises(WeightsMissingError) as caught:
        baselines.load(model, "cpu", {})
    assert f"hf download {baselines.get(model).options['base']} --include" in caught.value.hint
