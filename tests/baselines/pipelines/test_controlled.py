"""AnimateDiff and IP-Adapter with ControlNet: diffusers' own pipelines with seeded weights."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mcbench import baselines
from mcbench.baselines import AnimationRequest, Animator
from mcbench.errors import DataMissingError, FileFormatError, InputError, WeightsMissingError
from tests.baselines.pipelines.conftest import SIZE, request_for

FRAMES, VIDEO, TEXT = "ip-adapter-controlnet", "ip-adapter-controlnet-video", "animatediff"
SMALL = {"steps": 2, "pixels": 1024}


def options_of(
    model: str, parts: dict[str, str], **changes: str | float
) -> dict[str, str | int | float | bool]:
    known = baselines.get(model).options
    given: dict[str, str | int | float | bool] = {k: v for k, v in parts.items() if k in known}
    small = {**SMALL, **({"window": 4, "stride": 2} if "window" in known else {})}
    return given | small | changes


def load(model: str, parts: dict[str, str], **changes: str | float) -> Animator:
    return baselines.load(model, "cpu", options_of(model, parts, **changes))


def made(animator: Animator, request: AnimationRequest) -> NDArray[np.uint8]:
    frames = list(animator.animate(request))
    assert len(frames) == request.n_frames
    assert {(f.shape, f.dtype.name) for f in frames} == {((*(request.size or SIZE), 3), "uint8")}
    return np.stack(frames)


@pytest.mark.parametrize("model", [FRAMES, VIDEO, TEXT])
def test_frames_hang_on_seed_and_pose(model: str, parts: dict[str, str]) -> None:
    animator = load(model, parts)
    frames = made(animator, request_for())
    assert np.array_equal(frames, made(animator, request_for())), "nothing is left of the run before"
    assert not np.array_equal(frames, made(animator, request_for(seed=6)))
    assert not np.array_equal(frames, made(animator, request_for(shift=-2.0)))
    assert np.ptp(frames) > 0


@pytest.mark.parametrize("model", [FRAMES, VIDEO])
def test_ip_adapter_shows_the_reference(model: str, parts: dict[str, str]) -> None:
    request = request_for(2)
    other = dataclasses.replace(request, reference=np.ascontiguousarray(255 - request.reference))
    animator = load(model, parts)
    assert not np.array_equal(made(animator, request), made(animator, other))
    blind = load(model, parts, ip_scale=0.0)
    assert np.array_equal(made(blind, request), made(blind, other))


def test_frame_by_frame_a_still_pose_stays_still(parts: dict[str, str]) -> None:
    frames = made(load(FRAMES, parts), request_for(shift=0.0))
    assert all(np.array_equal(frame, frames[0]) for frame in frames)


@pytest.mark.parametrize("n_frames", [1, 4, 7])
def test_clips_of_any_length(n_frames: int, parts: dict[str, str]) -> None:
    animator = load(VIDEO, parts)
    longer = made(animator, request_for(n_frames))
    assert np.array_equal(longer, made(load(VIDEO, parts), request_for(n_frames)))


def test_a_long_clip_leaves_no_trace_in_the_next(parts: dict[str, str]) -> None:
    animator = load(VIDEO, parts)
    before = made(animator, request_for(3))
    made(animator, request_for(6))
    assert np.array_equal(before, made(animator, request_for(3)))


def test_the_size_asked_for(parts: dict[str, str]) -> None:
    made(load(FRAMES, parts), request_for(1, size=(51, 22)))


def test_the_record_has_all_weights_and_settings(parts: dict[str, str]) -> None:
    described = load(VIDEO, parts).describe()
    names = {use.name.split("/")[0] for use in described.weights}
    assert names == {"base", "controlnet", "motion_adapter", "ip_adapter"}
    assert len(described.weights) == 3 + 1 + 1 + 2
    assert described.sampler["steps"] == 2
    assert described.inputs == baselines.get(VIDEO).inputs
    assert not described.sees_truth
    assert load(TEXT, parts).describe().inputs == baselines.get(TEXT).inputs


def test_what_is_not_here_is_named_with_the_command() -> None:
    with pytest.raises(WeightsMissingError) as caught:
        baselines.load(FRAMES, "cpu", {})
    assert "stable-diffusion-v1-5" in caught.value.message
    assert "hf download stable-diffusion-v1-5/stable-diffusion-v1-5 --include" in caught.value.hint
    assert "--option base=FOLDER" in caught.value.hint


def test_a_folder_that_is_not_there(parts: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(WeightsMissingError, match="there is no folder"):
        load(FRAMES, parts, controlnet=str(tmp_path / "nowhere"))


def test_another_kind_of_network_is_refused(parts: dict[str, str]) -> None:
    with pytest.raises((FileFormatError, WeightsMissingError), match="controlnet="):
        load(FRAMES, parts, controlnet=parts["ip_adapter"])


def test_a_lost_file_is_named(parts: dict[str, str], tmp_path: Path) -> None:
    shutil.copytree(parts["base"], tmp_path / "base")
    for path in (tmp_path / "base" / "unet").glob("*.safetensors"):
        path.unlink()
    with pytest.raises(WeightsMissingError, match="base="):
        load(FRAMES, parts, base=str(tmp_path / "base"))


def test_a_pickled_adapter_is_refused(parts: dict[str, str]) -> None:
    with pytest.raises(InputError, match=r"no \.safetensors file"):
        load(FRAMES, parts, ip_adapter_file="models/ip-adapter_sd15.bin")


@pytest.mark.parametrize(
    "changes", [{"steps": 0}, {"pixels": -1}, {"window": 0}, {"stride": 5}, {"guidance": "x"}, {"steps": 1.5}]
)
def test_numbers_out_of_range(changes: dict[str, str | float], parts: dict[str, str]) -> None:
    with pytest.raises(InputError):
        load(VIDEO, parts, **changes)


def test_without_poses_or_text(parts: dict[str, str]) -> None:
    with pytest.raises(DataMissingError, match="pose-drawings"):
        list(load(FRAMES, parts).animate(dataclasses.replace(request_for(), pictures={})))
    with pytest.raises(DataMissingError, match="needs a text"):
        list(load(TEXT, parts).animate(dataclasses.replace(request_for(), prompt=None)))
