import json
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import EulerDiscreteScheduler
from numpy.typing import NDArray

from mcbench.data.truth import Poses
from mcbench.errors import FileFormatError, InputError, MismatchError
from mcbench.model.config import ModelConfig
from mcbench.model.loading import load_pipeline
from mcbench.model.networks import build_networks
from mcbench.model.pipeline import AnimationPipeline, resize_picture
from tests.model.conftest import make_poses

Picture = NDArray[np.uint8]


def test_one_frame_a_pose_at_the_native_size(
    pipeline: AnimationPipeline, reference: Picture, poses: Poses
) -> None:
    frames = pipeline(reference, poses, seed=3).frames
    assert frames.shape == (7, 48, 32, 3)
    assert frames.dtype == np.uint8
    assert np.array_equal(frames, pipeline(reference, poses, seed=3).frames)
    assert not np.array_equal(frames, pipeline(reference, poses, seed=4).frames)


def test_a_video_does_not_depend_on_the_videos_before_it(
    pipeline: AnimationPipeline, reference: Picture
) -> None:
    jobs = {
        seed: (reference[:, ::-1].copy() if seed % 2 else reference, make_poses(seed)) for seed in (3, 5, 6)
    }
    forwards = {seed: pipeline(*jobs[seed], seed=seed).frames for seed in (3, 5, 6)}
    torch.randn(17)
    for seed in (6, 5, 3):
        assert np.array_equal(pipeline(*jobs[seed], seed=seed).frames, forwards[seed])


def test_frames_can_be_taken_as_they_are_decoded(pipeline: AnimationPipeline, reference: Picture) -> None:
    poses = make_poses(11)
    stream = pipeline.stream(reference, poses, seed=3)
    first = next(stream)
    assert np.array_equal(np.stack([first, *stream]), pipeline(reference, poses, seed=3).frames)
    with pytest.raises(InputError):  # at once, not at the first frame
        pipeline.stream(reference, poses, steps=0)


def test_where_features_lie_changes_nothing(
    pipeline: AnimationPipeline, reference: Picture, poses: Poses, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_memory = pipeline(reference, poses).frames
    monkeypatch.setattr("mcbench.model.frame_store.FrameStore.__init__.__defaults__", (0,), raising=True)
    assert np.array_equal(pipeline(reference, poses).frames, in_memory)


def test_the_reference_is_read_once(pipeline: AnimationPipeline, reference: Picture, poses: Poses) -> None:
    counts = {"reference_net": 0, "image_encoder": 0, "denoiser": 0}

    def count(name: str) -> None:
        def add(*_: object) -> None:
            counts[name] += 1

        getattr(pipeline, name).register_forward_hook(add)

    for name in counts:
        count(name)
    pipeline(reference, poses, steps=2, guidance=1.5)
    # 3 windows, 2 steps; guidance in one batch.
    assert counts == {"reference_net": 1, "image_encoder": 1, "denoiser": 6}


@pytest.mark.parametrize(
    ("picture", "size"),
    [((480, 320), (48, 32)), ((1080, 1920), (32, 56)), ((300, 300), (40, 40)), ((2000, 100), (176, 8))],
)
def test_pictures_of_another_aspect_are_not_squeezed(
    pipeline: AnimationPipeline, picture: tuple[int, int], size: tuple[int, int]
) -> None:
    assert pipeline.grid == 8
    assert pipeline.size_for(picture) == size


def test_torch_s_own_generator_is_left_alone(
    pipeline: AnimationPipeline, reference: Picture, poses: Poses
) -> None:
    torch.manual_seed(5)
    expected = torch.randn(3)
    torch.manual_seed(5)
    pipeline(reference, poses)
    assert torch.equal(torch.randn(3), expected)


@pytest.mark.parametrize("n_frames", [1, 2, 4, 5, 9])
def test_videos_of_any_length(pipeline: AnimationPipeline, reference: Picture, n_frames: int) -> None:
    assert len(pipeline(reference, make_poses(n_frames)).frames) == n_frames


def test_saved_and_loaded_it_makes_the_same_frames(
    pipeline: AnimationPipeline, reference: Picture, poses: Poses, tmp_path: Path
) -> None:
    pipeline.save_pretrained(tmp_path)
    loaded = AnimationPipeline.from_pretrained(tmp_path)
    assert loaded.size == (48, 32)
    assert np.array_equal(loaded(reference, poses).frames, pipeline(reference, poses).frames)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"latents": {"kind": "space-to-depth", "least_difference": 52.0}}, "least_difference: Extra inputs"),
        ({"sampling": {"steps": 0}}, "steps: Input should be greater"),
        ({"name": None}, "lacks settings"),
    ],
    ids=["another version's", "impossible", "missing"],
)
def test_settings_of_another_version_are_told_at_once(
    pipeline: AnimationPipeline, tmp_path: Path, changed: dict[str, object], message: str
) -> None:
    pipeline.save_pretrained(tmp_path)
    path = tmp_path / "model_index.json"
    told = json.loads(path.read_text())
    settings = told["settings"] | changed
    told["settings"] = {name: value for name, value in settings.items() if value is not None}
    path.write_text(json.dumps(told))
    with pytest.raises(FileFormatError, match=message):
        load_pipeline(tmp_path)


def test_guiders_that_are_absent_stay_absent(
    config: ModelConfig, reference: Picture, poses: Poses, tmp_path: Path
) -> None:
    fewer = config.guiders.model_copy(update={"names": ("pose", "flow")})
    torch.manual_seed(0)
    made = AnimationPipeline.with_random_weights(config.model_copy(update={"guiders": fewer}))
    made.save_pretrained(tmp_path)
    loaded = AnimationPipeline.from_pretrained(tmp_path)
    assert loaded.vae is None
    assert list(loaded.networks().guiders) == ["pose", "flow"]
    assert np.array_equal(loaded(reference, poses).frames, made(reference, poses).frames)


def test_it_runs_without_temporal_layers(config: ModelConfig, reference: Picture, poses: Poses) -> None:
    single = AnimationPipeline.from_networks(build_networks(config, temporal=False), config)
    assert len(single(reference, poses).frames) == 7


def test_schedulers_can_be_exchanged(pipeline: AnimationPipeline, reference: Picture, poses: Poses) -> None:
    ours = pipeline(reference, poses).frames
    pipeline.scheduler = EulerDiscreteScheduler.from_config(
        {**pipeline.scheduler.config, "rescale_betas_zero_snr": False}
    )
    other = pipeline(reference, poses).frames
    assert other.shape == ours.shape
    assert not np.array_equal(other, ours)


def test_guidance_mixes_two_passes(pipeline: AnimationPipeline, reference: Picture, poses: Poses) -> None:
    at = {scale: pipeline(reference, poses, steps=1, guidance=scale).frames for scale in (0.0, 1.0, 1.5)}
    assert not np.array_equal(at[0.0], at[1.0])
    assert not np.array_equal(at[1.0], at[1.5])


def test_a_model_that_predicts_nothing_shows_its_first_guess(
    config: ModelConfig, reference: Picture, poses: Poses
) -> None:
    relative = config.latents.model_copy(update={"relative_to": "reference"})
    networks = build_networks(config.model_copy(update={"latents": relative}), temporal=True)
    for parameter in networks.denoiser.get_submodule("conv_out").parameters():
        torch.nn.init.zeros_(parameter)
    pipeline = AnimationPipeline.from_networks(networks, config.model_copy(update={"latents": relative}))
    frames = pipeline(reference, poses, steps=1).frames
    assert np.array_equal(frames, np.broadcast_to(reference, frames.shape))


def test_small_differences_to_the_first_guess_can_be_left_out(
    config: ModelConfig, reference: Picture, poses: Poses
) -> None:
    relative = config.latents.model_copy(update={"relative_to": "reference"})
    networks = build_networks(config, temporal=True)
    farthest = []
    for least in (0.0, 250.0):
        sampling = config.sampling.model_copy(update={"least_difference": least})
        changed = config.model_copy(update={"latents": relative, "sampling": sampling})
        frames = AnimationPipeline.from_networks(networks, changed)(reference, poses, steps=1).frames
        farthest.append(np.abs(frames.astype(int) - reference).max())
    assert farthest[1] < farthest[0] / 4


def test_progress_counts_denoiser_calls(
    pipeline: AnimationPipeline, reference: Picture, poses: Poses
) -> None:
    calls: list[int] = []

    class Counting:
        def start(self, label: str, total: int) -> None:
            calls.append(-total)

        def advance(self, units: int = 1) -> None:
            calls.append(units)

        def message(self, text: str) -> None:
            raise AssertionError(text)

    pipeline(reference, poses, steps=2, progress=Counting())
    # 7 frames in windows of 4 overlapping by 2: 0-4, 2-6, 3-7.
    assert calls == [-6, 1, 1, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (np.zeros((48, 32), np.uint8), "not uint8"),
        (np.zeros((48, 32, 4), np.uint8), "not uint8"),
        (np.zeros((48, 32, 3), np.float32), "not uint8"),
        (np.zeros((48, 48, 3), np.uint8), "48x48"),
    ],
)
def test_references_that_do_not_fit_are_refused(
    pipeline: AnimationPipeline, poses: Poses, picture: Picture, message: str
) -> None:
    with pytest.raises(MismatchError, match=message):
        pipeline(picture, poses)


def test_nobody_and_no_frames_are_refused(
    pipeline: AnimationPipeline, reference: Picture, poses: Poses
) -> None:
    nobody = Poses(poses.keypoints[:, :0], poses.visibility[:, :0], poses.depth[:, :0], poses.size)
    for nothing in (nobody, poses.first(0)):
        with pytest.raises(InputError, match="cannot animate"):
            pipeline(reference, nothing)


@pytest.mark.parametrize(
    "options", [{"size": (50, 32)}, {"steps": 0}, {"guidance": -1.0}, {"window": 2, "overlap": 2}]
)
def test_settings_that_cannot_be_are_refused(
    pipeline: AnimationPipeline, reference: Picture, poses: Poses, options: dict[str, object]
) -> None:
    with pytest.raises(InputError):
        pipeline(reference, poses, **options)


def test_another_size_that_divides_works(
    pipeline: AnimationPipeline, reference: Picture, poses: Poses
) -> None:
    assert pipeline(reference, poses, size=(96, 64), steps=1).frames.shape == (7, 96, 64, 3)


def test_resizing_keeps_what_already_fits(reference: Picture) -> None:
    assert resize_picture(reference, (48, 32)) is reference
    even = np.full((48, 32, 3), 77, np.uint8)
    assert (resize_picture(even, (24, 16)) == 77).all()
    assert (resize_picture(even, (90, 70)) == 77).all()
