"""The networks at the published widths (on the meta device), pluggable guiders, latents of an autoencoder."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from mcbench.data.truth import Poses
from mcbench.errors import FileFormatError, InputError, MismatchError
from mcbench.model import guider_kinds
from mcbench.model.config import ModelConfig
from mcbench.model.frame_norm import FrameGroupNorm
from mcbench.model.guider_kinds import ClipMaps, register_guider
from mcbench.model.guiders import build_guiders
from mcbench.model.latents import AutoencoderLatents, build_autoencoder, build_latents
from mcbench.model.networks import Networks, build_networks, idle_reference_parameters
from mcbench.model.pipeline import AnimationPipeline
from tests.model.pretrained.test_moore import narrow

_STABLE_DIFFUSION = 859_520_964
"""Parameters of Stable Diffusion 1.5's UNet."""
# AnimateDiff v2: motion modules of 22 c^2 + 21 c parameters, 5 of 320, 5 of 640 and 11 of 1280 channels.
_ANIMATEDIFF = sum(count * (22 * c**2 + 21 * c) for count, c in ((5, 320), (5, 640), (11, 1280)))
_POSE_GUIDER = 1_086_480
"""A ControlNet's conditioning embedding of 16, 32, 96 and 256 channels."""


def _count(module: torch.nn.Module) -> int:
    return sum(each.numel() for each in module.parameters())


@pytest.mark.parametrize(
    ("name", "latents", "guiders"), [("full", (16, 112, 80), 4), ("animate-anyone", (24, 96, 64), 1)]
)
def test_published_sizes_are_those_of_the_published_networks(
    name: str, latents: tuple[int, int, int], guiders: int
) -> None:
    config = ModelConfig.load(name)
    with torch.device("meta"):  # Nothing is kept or computed; shapes are.
        networks = build_networks(config, temporal=True)
        vae = build_autoencoder(config.latents)
    assert _count(networks.reference_net) == _STABLE_DIFFUSION
    assert _count(networks.denoiser) == _STABLE_DIFFUSION + _ANIMATEDIFF
    assert _count(networks.image_encoder) == 303_179_776 + 1024 * 768  # ViT-L/14 and its projection
    assert _count(networks.guiders) == guiders * _POSE_GUIDER
    assert _count(vae) == 83_653_863
    frames, height, width = latents
    assert (8 * height, 8 * width) == config.size
    pictures = torch.empty(1, 3, *config.size, device="meta")
    with torch.no_grad():
        seen = networks.read_reference(pictures, torch.empty(1, 4, height, width, device="meta"), pictures)
        features = networks.guide({name: pictures.expand(frames, -1, -1, -1) for name in networks.guiders})
        noisy, step = torch.empty(1, 4, *latents, device="meta"), torch.empty(1, device="meta")
        assert networks.denoise(noisy, step, features, seen.tokens, seen.bank).shape == noisy.shape


@pytest.fixture
def inverted_pose() -> Iterator[str]:
    def draw(clip: ClipMaps, index: int) -> NDArray[np.uint8]:
        return 255 - clip.frame(index).pose[..., :1]

    register_guider("inverted_pose", 1, draw)
    yield "inverted_pose"
    guider_kinds.forget_guider("inverted_pose")


def test_a_guider_from_outside_plugs_in(
    config: ModelConfig, inverted_pose: str, reference: NDArray[np.uint8], poses: Poses
) -> None:
    guiders = config.guiders.model_copy(update={"names": ("flow", inverted_pose)})
    made = AnimationPipeline.with_random_weights(config.model_copy(update={"guiders": guiders}))
    before = made(reference, poses, seed=1).frames
    with torch.no_grad():
        made.guiders[inverted_pose].output.weight.normal_(std=0.3)
    assert not np.array_equal(made(reference, poses, seed=1).frames, before)
    with pytest.raises(InputError, match="already"):
        register_guider(inverted_pose, 3, lambda clip, index: clip.frame(index).pose)


@pytest.mark.parametrize("kind", ["halving", "animate-anyone", "controlnet"])
def test_kinds_of_guiders_start_at_zero_and_meet_the_latents(config: ModelConfig, kind: str) -> None:
    hidden = (4, 4, 8) if kind == "controlnet" else (4, 8)
    section = config.guiders.model_copy(update={"default_kind": kind, "default_hidden_channels": hidden})
    guiders = build_guiders(section, 16, 4)
    maps = {name: torch.rand(2, guider_kinds.find_guider(name).channels, 48, 32) for name in guiders}
    features = guiders(maps)
    assert features.shape == (2, 16, 12, 8)
    assert not features.any()


def test_guiders_that_miss_the_latents_are_told(config: ModelConfig) -> None:
    section = config.guiders.model_copy(update={"default_hidden_channels": (4, 4, 4)})
    with pytest.raises(FileFormatError, match="8 pixels, latents are 1 of 4"):
        build_guiders(section, 16, 4)
    with pytest.raises(InputError, match="unknown kind 'square'"):
        build_guiders(config.guiders.model_copy(update={"default_kind": "square"}), 16, 4)


def test_idle_parameters_are_those_without_gradient(networks: Networks, config: ModelConfig) -> None:
    net = networks.reference_net
    bank = networks.read_reference(
        torch.rand(1, 3, 48, 32), torch.randn(1, 48, 12, 8), torch.rand(1, 3, 48, 32)
    )
    noisy, steps = torch.randn(1, 48, 2, 12, 8), torch.tensor([7])
    torch.autograd.backward(networks.denoise(noisy, steps, None, bank.tokens.detach(), bank.bank).sum())
    without = {name for name, parameter in net.named_parameters() if parameter.grad is None}
    assert without == idle_reference_parameters(net)
    assert "conv_out.weight" in without
    assert {f"reference_net.{name}" for name in without} == networks.frozen_parameters()


def test_clip_is_frozen_and_told_by_name() -> None:
    frozen = build_networks(narrow(), temporal=False).frozen_parameters()
    assert "image_encoder.visual_projection.weight" in frozen
    assert not any(name.startswith(("denoiser", "guiders")) for name in frozen)


def test_frame_norm_is_a_group_norm_of_each_frame() -> None:
    norm = FrameGroupNorm(2, 8, eps=1e-6)
    clips = torch.randn(2, 8, 3, 4, 5)
    alone = torch.stack([torch.nn.functional.group_norm(clips[:, :, k], 2, norm.weight, norm.bias, 1e-6)
                         for k in range(3)], dim=2)  # fmt: skip
    assert torch.allclose(norm(clips), alone, atol=1e-6)
    assert not torch.allclose(torch.nn.GroupNorm(2, 8)(clips), alone, atol=1e-2)


def test_autoencoder_latents_follow_the_autoencoder() -> None:
    section = narrow().latents
    vae = build_autoencoder(section).eval()
    space = build_latents(section, vae)
    pictures = torch.rand(3, 3, 32, 16) * 255
    with torch.no_grad():
        latents = space.encode(pictures)
        whole = vae.encode(pictures / 127.5 - 1).latent_dist.mean * section.scaling_factor
        decoded = space.decode_frames(latents, pictures, torch.ones(3, 1, 32, 16))
        expected = (vae.decode(latents / section.scaling_factor).sample * 127.5 + 127.5).clamp(0, 255)
    assert latents.shape == (3, 4, 4, 2)
    assert torch.allclose(latents, whole, atol=1e-5)
    assert torch.allclose(decoded, expected, atol=1e-2)
    assert isinstance(space, AutoencoderLatents)
    other = section.model_copy(update={"channels": 8})
    with pytest.raises(MismatchError, match="4 channels, 1 for 8 pixels"):
        build_latents(other, vae)
    with pytest.raises(MismatchError, match="need an autoencoder"):
        build_latents(section, None)


def test_epsilon_with_zero_terminal_snr_is_refused() -> None:
    schedule = {"prediction": "epsilon", "zero_terminal_snr": True}
    with pytest.raises(ValueError, match="v_prediction"):
        type(narrow().schedule).model_validate(schedule)
