import pytest
import torch
from diffusers.models.attention import FeedForward

from mcbench.errors import MismatchError
from mcbench.model.config import ModelConfig
from mcbench.model.networks import (
    Networks,
    Reference,
    build_networks,
    build_scheduler,
    feed_forward_in_slices,
    temporal_parameter,
    with_motion_modules,
)
from tests.model.conftest import randomised


def test_new_motion_modules_change_nothing(config: ModelConfig) -> None:
    torch.manual_seed(0)
    single = build_networks(config, temporal=False).eval()
    clips = with_motion_modules(single, config).eval()
    latents, tokens = torch.randn(2, 48, 3, 12, 8), torch.randn(2, 2, 16)
    steps = torch.tensor([10, 900])
    assert clips.temporal
    assert not single.temporal
    assert torch.allclose(
        single.denoise(latents, steps, None, tokens, None),
        clips.denoise(latents, steps, None, tokens, None),
        atol=1e-5,
    )


def test_trained_motion_modules_look_across_frames(networks: Networks) -> None:
    latents, tokens = torch.randn(1, 48, 3, 12, 8), torch.randn(1, 2, 16)
    changed = latents.clone()
    changed[:, :, 2] += 1
    first, second = (networks.denoise(x, torch.tensor([10]), None, tokens, None) for x in (latents, changed))
    assert (first[:, :, 0] - second[:, :, 0]).abs().max() > 1e-4


def test_temporal_parameters_are_those_that_stage_two_adds(config: ModelConfig) -> None:
    single, clips = build_networks(config, temporal=False), build_networks(config, temporal=True)
    added = set(clips.state_dict()) - set(single.state_dict())
    assert added
    assert all(temporal_parameter(name) for name in added)
    assert not any(temporal_parameter(name) for name in single.state_dict())


def test_any_guider_can_be_absent(config: ModelConfig) -> None:
    fewer = config.guiders.model_copy(update={"names": ("pose",)})
    networks = build_networks(config.model_copy(update={"guiders": fewer}), temporal=True)
    assert list(networks.guiders) == ["pose"]
    assert not networks.reference_pose_in_reference_net
    none = config.guiders.model_copy(update={"names": ()})
    bare = build_networks(config.model_copy(update={"guiders": none}), temporal=True)
    assert bare.guide({"pose": torch.rand(1, 3, 48, 32)}) is None


def test_a_missing_map_is_named(networks: Networks) -> None:
    with pytest.raises(MismatchError, match="'pose' has no map"):
        networks.guide({})


def test_the_last_step_of_training_is_pure_noise(config: ModelConfig) -> None:
    scheduler = build_scheduler(config)
    assert scheduler.alphas_cumprod[-1].abs() < 1e-6
    scheduler.set_timesteps(1)
    assert scheduler.timesteps.tolist() == [999]


def test_randomised_networks_have_no_zero_parameters(config: ModelConfig) -> None:
    assert all(each.any() for each in randomised(build_networks(config, temporal=True)).parameters())


def _one_video(networks: Networks, frames: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, Reference]:
    generator = torch.Generator().manual_seed(2)
    latents = torch.randn(1, 48, frames, 12, 8, generator=generator)
    features = torch.randn(frames, 16, 12, 8, generator=generator)
    picture = torch.rand(1, 3, 48, 32, generator=generator)
    with torch.no_grad():
        seen = networks.read_reference(picture, torch.randn(1, 48, 12, 8, generator=generator), picture)
    return latents, torch.tensor(500), features, seen


def test_guidance_is_the_mix_of_two_passes_of_their_own(networks: Networks) -> None:
    latents, timestep, features, seen = _one_video(networks, 3)
    nothing = torch.zeros_like(seen.tokens)
    with torch.no_grad():
        plain = networks.denoise(latents, timestep[None], features, nothing, None)
        conditioned = networks.denoise(latents, timestep[None], features, seen.tokens, seen.bank)
        for guidance in (0.0, 1.0, 1.5):
            made = networks.guided(latents, timestep, features, seen, guidance)
            torch.testing.assert_close(made, plain + guidance * (conditioned - plain), atol=1e-5, rtol=1e-5)


def test_slices_of_feed_forwards_change_nothing_and_end(networks: Networks) -> None:
    latents, timestep, features, seen = _one_video(networks, 3)
    inner: list[int] = []
    layers = [module for module in networks.denoiser.modules() if isinstance(module, FeedForward)]
    for layer in layers:
        layer.register_forward_hook(lambda _layer, _inputs, output: inner.append(output.numel()))

    def run() -> torch.Tensor:
        with torch.no_grad():
            return networks.denoise(latents, timestep[None], features, seen.tokens, seen.bank)

    whole = run()
    with feed_forward_in_slices(networks.denoiser):
        sliced = run()
    torch.testing.assert_close(sliced, whole, atol=1e-6, rtol=1e-6)
    again = run()
    assert torch.equal(again, whole)
    n = len(layers)
    assert len(inner) == n + 3 * n + n  # one frame after the other, only within the block
    assert inner[:n] == inner[-n:]
