from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mcbench import files
from mcbench.baselines.contract import AnimationRequest
from mcbench.baselines.ours import load_animate_anyone, load_ours
from mcbench.data.truth import Poses
from mcbench.errors import (
    DataMissingError,
    FileFormatError,
    InputError,
    MismatchError,
    WeightsMissingError,
)
from mcbench.model.config import ModelConfig, SpaceToDepthConfig
from mcbench.model.loading import CHECKPOINTS
from mcbench.model.pipeline import AnimationPipeline
from tests.model.conftest import make_poses


def _request(
    reference: NDArray[np.uint8], poses: Poses | None, n_frames: int, size: tuple[int, int] | None = None
) -> AnimationRequest:
    return AnimationRequest("clip", reference, poses, n_frames, 25.0, size, 1)


@pytest.fixture
def folder(pipeline: AnimationPipeline, tmp_path: Path) -> Path:
    pipeline.save_pretrained(tmp_path / "pipeline")
    return tmp_path / "pipeline"


def test_frames_are_those_of_the_pipeline(
    folder: Path, pipeline: AnimationPipeline, reference: NDArray[np.uint8], poses: Poses
) -> None:
    animator = load_ours("cpu", {"checkpoint": str(folder), "steps": 1})
    frames = np.stack(list(animator.animate(_request(reference, poses, 5))))
    assert np.array_equal(frames, pipeline(reference, poses.first(5), seed=1, steps=1).frames)


def test_another_size_is_resized_to(folder: Path, reference: NDArray[np.uint8], poses: Poses) -> None:
    animator = load_ours("cpu", {"checkpoint": str(folder)})
    frames = list(animator.animate(_request(reference, poses, 2, (30, 20))))
    assert [frame.shape for frame in frames] == [(30, 20, 3)] * 2


def test_the_description_names_weights_and_sampler(folder: Path) -> None:
    described = load_ours("cpu", {"checkpoint": str(folder), "steps": 3, "guidance": 2}).describe()
    assert described.sampler == {
        "scheduler": "ddim", "steps": 3, "guidance": 2.0, "window": 4, "overlap": 2,
        "native_size": "48x32",
    }  # fmt: skip
    hashes = {use.name: use.sha256 for use in described.weights}
    assert len(hashes) == 4
    name = "denoiser/diffusion_pytorch_model.safetensors"
    assert hashes[name] == files.sha256_file(folder / name)


def test_the_shipped_checkpoint_animates_at_the_size_of_its_reference() -> None:
    """Its frames are differences to the carried reference, whose detail is kept."""
    picture = np.random.default_rng(0).integers(0, 256, (364, 260, 3), dtype=np.uint8)
    frames = list(load_ours("cpu", {}).animate(_request(picture, make_poses(2).resized((364, 260)), 2)))
    assert [frame.shape for frame in frames] == [(364, 260, 3)] * 2


def test_frames_by_themselves_are_of_the_native_size(
    config: ModelConfig, reference: NDArray[np.uint8], poses: Poses, tmp_path: Path
) -> None:
    latents = SpaceToDepthConfig(kind="space-to-depth", factor=4, relative_to="none")
    AnimationPipeline.with_random_weights(config.model_copy(update={"latents": latents})).save_pretrained(
        tmp_path
    )
    larger = np.repeat(np.repeat(reference, 2, 0), 2, 1)
    frames = list(load_ours("cpu", {"checkpoint": str(tmp_path)}).animate(_request(larger, poses, 1)))
    assert frames[0].shape == (48, 32, 3)


def test_the_shipped_checkpoint_is_small_and_names_no_machine() -> None:
    paths = [path for path in (CHECKPOINTS / "tiny").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in paths) <= 16 * 2**20
    assert not any('"_name_or_path"' in files.read_text(path) for path in paths if path.suffix == ".json")


def test_no_poses_and_too_few_are_refused(folder: Path, reference: NDArray[np.uint8], poses: Poses) -> None:
    animator = load_ours("cpu", {"checkpoint": str(folder)})
    with pytest.raises(DataMissingError, match="no poses"):
        list(animator.animate(_request(reference, None, 3)))
    with pytest.raises(MismatchError, match="8 frames"):
        list(animator.animate(_request(reference, poses, 8)))


@pytest.mark.parametrize(
    "options", [{"steps": "many"}, {"steps": 2.5}, {"guidance": True}, {"scheduler": "lcm"}]
)
def test_bad_options_are_refused(folder: Path, options: dict[str, str | float]) -> None:
    with pytest.raises(InputError):
        load_ours("cpu", {"checkpoint": str(folder), **options})


def test_another_scheduler_is_used_and_recorded(
    folder: Path, reference: NDArray[np.uint8], poses: Poses
) -> None:
    own, other = (load_ours("cpu", {"checkpoint": str(folder), "steps": 3, **option}) for option in
                  ({}, {"scheduler": "dpm++"}))  # fmt: skip
    assert other.describe().sampler["scheduler"] == "dpm++"
    first, second = (np.stack(list(each.animate(_request(reference, poses, 4)))) for each in (own, other))
    assert not np.array_equal(first, second)


def test_a_reference_of_another_aspect_is_not_squeezed(folder: Path) -> None:
    wide = np.zeros((90, 160, 3), np.uint8)
    poses = make_poses(2).resized((90, 160))
    animator = load_ours("cpu", {"checkpoint": str(folder), "steps": 1})
    assert [frame.shape for frame in animator.animate(_request(wide, poses, 2))] == [(90, 160, 3)] * 2
    asked = animator.animate(_request(wide, poses, 2, (45, 80)))
    assert [frame.shape for frame in asked] == [(45, 80, 3)] * 2


def test_a_checkpoint_of_another_configuration_is_refused(folder: Path) -> None:
    load_ours("cpu", {"checkpoint": str(folder), "config": "micro"})
    with pytest.raises(MismatchError, match="'micro', not of 'tiny'"):
        load_ours("cpu", {"checkpoint": str(folder), "config": "tiny"})


def test_checkpoints_that_are_not_there_or_damaged_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsMissingError, match="huge"):
        load_ours("cpu", {"checkpoint": "huge"})
    with pytest.raises(WeightsMissingError):
        load_ours("cpu", {"checkpoint": str(tmp_path)})
    (folder / "denoiser" / "diffusion_pytorch_model.safetensors").write_bytes(b"no weights")
    with pytest.raises(FileFormatError, match="pipeline"):
        load_ours("cpu", {"checkpoint": str(folder)})


def test_animate_anyone_wants_converted_weights_of_its_configuration(folder: Path) -> None:
    with pytest.raises(WeightsMissingError) as caught:
        load_animate_anyone("cpu", {})
    assert "mcbench convert" in caught.value.hint
    with pytest.raises(MismatchError):
        load_animate_anyone("cpu", {"checkpoint": str(folder)})


def test_a_part_that_is_left_out_is_named_in_the_record(folder: Path) -> None:
    described = load_ours("cpu", {"checkpoint": str(folder), "without": "flow,temporal"}).describe()
    assert described.sampler["without"] == "flow,temporal"
    assert described.display_name.endswith("without flow,temporal")
    with pytest.raises(InputError, match="no 'stream'"):
        load_ours("cpu", {"checkpoint": str(folder), "without": "stream"})
