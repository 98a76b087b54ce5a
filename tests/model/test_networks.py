import pytest
import torch

from mcbench.errors import MismatchError
from mcbench.model.config import ModelConfig
from mcbench.model.networks import (
    Networks,
    build_networks,
    build_scheduler,
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
