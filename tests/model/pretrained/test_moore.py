"""Moore-AnimateAnyone's weights at tiny widths, in the layout of the published files."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from mcbench.baselines.contract import AnimationRequest
from mcbench.baselines.ours import load_animate_anyone
from mcbench.errors import FileFormatError, InputError, McbenchError, MismatchError, WeightsMissingError
from mcbench.model.config import ModelConfig
from mcbench.model.frame_norm import FrameNormMotionModel
from mcbench.model.latents import build_autoencoder
from mcbench.model.loading import load_pipeline
from mcbench.model.networks import build_networks
from mcbench.model.pretrained import ConversionReport, MooreWeights, convert_moore, load_motion_modules
from mcbench.model.pretrained.parts import motion_name
from tests.model.conftest import make_poses

State = dict[str, torch.Tensor]
_THEIRS = {
    "attn1": "attention_blocks.0", "attn2": "attention_blocks.1",
    "norm1": "norms.0", "norm2": "norms.1", "norm3": "ff_norm",
}  # fmt: skip


def narrow() -> ModelConfig:
    full = ModelConfig.load("animate-anyone")
    network = full.network.model_copy(
        update={"block_out_channels": (8, 8, 16, 16), "cross_attention_dim": 8, "norm_groups": 4, "heads": 2,
                "motion_heads": 2}
    )  # fmt: skip
    latents = full.latents.model_copy(
        update={"block_out_channels": (8, 8, 8, 8), "norm_groups": 4, "layers_per_block": 1}
    )
    encoder = full.image_encoder.model_copy(
        update={"hidden_size": 16, "intermediate_size": 16, "layers": 1, "heads": 2, "patch_size": 112}
    )
    guiders = full.guiders.model_copy(update={"default_hidden_channels": (4, 4, 8, 8)})
    return full.model_copy(
        update={"network": network, "latents": latents, "image_encoder": encoder, "guiders": guiders,
                "size": (64, 64)}
    )  # fmt: skip


def in_animatediff_layout(name: str) -> str:
    block, rest = name.split(".motion_modules.")
    number, rest = rest.split(".", 1)
    for ours, theirs in _THEIRS.items():
        rest = rest.replace(f".{ours}.", f".{theirs}.")
    return f"{block}.motion_modules.{number}.temporal_transformer.{rest}"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a release, made of seeded networks of the same widths."""
    folder, config = tmp_path_factory.mktemp("weights"), narrow()
    torch.manual_seed(0)
    networks = build_networks(config, temporal=True)
    with torch.no_grad():
        for parameter in networks.parameters():
            parameter.normal_(std=0.1)
    reference = networks.reference_net.state_dict()
    ends = ("conv_norm_out.", "conv_out.")
    torch.save({k: v for k, v in reference.items() if not k.startswith(ends)}, folder / "reference_unet.pth")
    denoiser = networks.denoiser.state_dict()
    torch.save(
        {k: v for k, v in denoiser.items() if "motion_modules" not in k}, folder / "denoising_unet.pth"
    )
    motion: State = {}
    for name, value in denoiser.items():
        if name.endswith("pos_embed.pe"):
            for attention in ("0", "1"):
                key = in_animatediff_layout(name).replace(
                    "pos_embed", f"attention_blocks.{attention}.pos_encoder"
                )
                motion[key] = value.clone()
        elif "motion_modules" in name:
            motion[in_animatediff_layout(name)] = value
    torch.save(motion, folder / "motion_module.pth")
    torch.save(networks.guiders["pose"].state_dict(), folder / "pose_guider.pth")
    build_autoencoder(config.latents).save_pretrained(folder / "sd-vae-ft-mse")
    networks.image_encoder.save_pretrained(folder / "image_encoder")
    return folder


def weights(folder: Path) -> MooreWeights:
    return MooreWeights(folder, str(folder / "sd-vae-ft-mse"), str(folder / "image_encoder"))


def test_every_key_lands_and_is_accounted_for(published: Path, tmp_path: Path) -> None:
    pipeline, report = convert_moore(weights(published), narrow())
    parts = {part.part: part for part in report.parts}
    assert list(parts) == [
        "reference_net", "denoiser", "denoiser.motion_modules", "guiders.pose", "vae", "image_encoder",
    ]  # fmt: skip
    motion = parts["denoiser.motion_modules"]
    assert len(motion.used) == len(motion.renamed) == 26 * 21
    assert len(motion.unused) == 2 * 21
    assert set(parts["reference_net"].missing) == {
        "conv_norm_out.weight", "conv_norm_out.bias", "conv_out.weight", "conv_out.bias",
    }  # fmt: skip
    for name in ("reference_unet.pth", "denoising_unet.pth", "pose_guider.pth"):
        part = next(each for each in report.parts if each.file == name)
        assert set(part.used) == set(torch.load(published / name, weights_only=True))
    stated = torch.load(published / "motion_module.pth", weights_only=True)
    ours = pipeline.denoiser.state_dict()
    assert all(torch.equal(ours[motion_name(key)], stated[key]) for key in motion.used)
    report.write(tmp_path / "conversion.json")
    assert ConversionReport.read(tmp_path / "conversion.json") == report


def test_the_pipeline_is_saved_and_loaded_whole(published: Path, tmp_path: Path) -> None:
    pipeline, _ = convert_moore(weights(published), narrow())
    pipeline.save_pretrained(tmp_path / "moore")
    loaded = load_pipeline(tmp_path / "moore")
    assert isinstance(loaded.denoiser, FrameNormMotionModel)
    for name in ("denoiser", "reference_net", "guiders", "vae", "image_encoder"):
        before, after = (getattr(each, name).state_dict() for each in (pipeline, loaded))
        assert before.keys() == after.keys()
        assert all(torch.equal(before[key], after[key]) for key in before), name


def test_a_converted_pipeline_animates_as_a_method(published: Path, tmp_path: Path) -> None:
    pipeline, _ = convert_moore(weights(published), narrow())
    pipeline.save_pretrained(tmp_path)
    # Pipelines of before have no scale of the noise: it was 1.
    index = json.loads((tmp_path / "model_index.json").read_text())
    assert index["settings"]["sampling"].pop("noise") == 1.0
    poses, picture = make_poses(3).resized((64, 64)), np.full((64, 64, 3), 100, np.uint8)
    request = AnimationRequest("clip", picture, poses, 3, 25.0, None, 1)
    made = []
    for settings in (None, index):
        if settings is not None:
            (tmp_path / "model_index.json").write_text(json.dumps(settings))
        method = load_animate_anyone("cpu", {"checkpoint": str(tmp_path), "steps": 1})
        made.append(np.stack(list(method.animate(request))))
    assert made[0].shape == (3, 64, 64, 3)
    assert np.array_equal(made[0], made[1])
    assert made[0].std() > 0


def _drop(state: State) -> None:
    del state["conv_in.weight"]


def _add(state: State) -> None:
    state["conv_in.extra"] = torch.zeros(1)


def _misshape(state: State) -> None:
    state["conv_in.weight"] = torch.zeros(2, 2)


@pytest.mark.parametrize("spoil", [_drop, _add, _misshape])
@pytest.mark.parametrize("name", ["reference_unet.pth", "denoising_unet.pth", "pose_guider.pth"])
def test_keys_that_do_not_fit_are_named(
    published: Path, tmp_path: Path, name: str, spoil: Callable[[State], None]
) -> None:
    for path in published.iterdir():
        (tmp_path / path.name).symlink_to(path)
    state = torch.load(published / name, weights_only=True)
    spoil(state)
    (tmp_path / name).unlink()
    torch.save(state, tmp_path / name)
    with pytest.raises(FileFormatError, match=r"conv_in\.(weight|extra)") as caught:
        convert_moore(weights(tmp_path), narrow())
    assert name in caught.value.message


def test_motion_modules_with_other_positions_are_refused(published: Path, tmp_path: Path) -> None:
    state = torch.load(published / "motion_module.pth", weights_only=True)
    key = next(key for key in state if key.endswith("pe"))
    state[key] = state[key] + 1
    torch.save(state, tmp_path / "motion_module.pth")
    with pytest.raises(FileFormatError, match="positions"):
        load_motion_modules(
            str(tmp_path / "motion_module.pth"), build_networks(narrow(), temporal=True).denoiser
        )


def _other_heads() -> ModelConfig:
    encoder = narrow().image_encoder.model_copy(update={"heads": 4})
    return narrow().model_copy(update={"image_encoder": encoder})


@pytest.mark.parametrize(
    ("config", "error", "told"),
    [
        (_other_heads, MismatchError, "num_attention_heads"),
        (lambda: ModelConfig.load("tiny"), InputError, "tiny"),
    ],
)
def test_other_configurations_are_refused(
    published: Path, config: Callable[[], ModelConfig], error: type[McbenchError], told: str
) -> None:
    with pytest.raises(error, match=told):
        convert_moore(weights(published), config())


def test_a_file_that_is_not_there_is_told_with_its_command(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissingError, match=r"reference_unet\.pth") as caught:
        convert_moore(weights(tmp_path), narrow())
    assert "hf download" in caught.value.hint
