from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
import torch
from diffusers import UNet2DConditionModel, UNetMotionModel
from diffusers.models.attention import BasicTransformerBlock
from torch import nn
from torch.nn import functional

from mcbench.errors import MismatchError
from mcbench.model import reference_attention as ra
from mcbench.model.config import ModelConfig
from mcbench.model.guiders import added_to_first_features
from mcbench.model.networks import Networks, build_denoiser, build_networks
from tests.model.conftest import randomised

STEP = torch.tensor([300])


def _inputs(videos: int, frames: int) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return torch.randn(videos, 48, frames, 12, 8), torch.randn(videos, 2, 16)


def _bank(networks: Networks, videos: int) -> ra.ProjectedBank:
    torch.manual_seed(2)
    pictures = torch.rand(videos, 3, 48, 32)
    return networks.read_reference(
        pictures, torch.randn(videos, 48, 12, 8), torch.rand(videos, 3, 48, 32)
    ).bank


def test_both_networks_have_the_same_names(networks: Networks) -> None:
    names = ra.self_attention_names(networks.reference_net)
    assert names
    assert set(names) == set(ra.self_attention_names(networks.denoiser))
    assert set(_bank(networks, 1)) == set(names)


def test_an_empty_reference_equals_plain_attention(networks: Networks) -> None:
    latents, tokens = _inputs(1, 3)
    plain = networks.denoise(latents, STEP, None, tokens, None)
    nothing = {name: (key[:, :0], value[:, :0]) for name, (key, value) in _bank(networks, 1).items()}
    with_nothing = networks.denoise(latents, STEP, None, tokens, nothing)
    assert torch.allclose(plain, with_nothing, atol=1e-5)


def test_the_reference_changes_the_output(networks: Networks) -> None:
    latents, tokens = _inputs(1, 3)
    plain = networks.denoise(latents, STEP, None, tokens, None)
    seen = networks.denoise(latents, STEP, None, tokens, _bank(networks, 1))
    assert (plain - seen).abs().max() > 1e-3


def test_it_is_attention_over_own_and_reference_tokens(networks: Networks) -> None:
    name = ra.self_attention_names(networks.denoiser)[0]
    attention = networks.denoiser.get_submodule(name)
    own, reference = torch.randn(4, 6, 32), torch.randn(2, 5, 32)
    bank = ra.projected(
        networks.denoiser, dict.fromkeys(ra.self_attention_names(networks.denoiser), reference)
    )
    with ra.reading(networks.denoiser, bank):
        output = attention(own)
    # The same by hand, head by head, with the reference repeated over two frames a video.
    keys = torch.cat([own, reference[[0, 0, 1, 1]]], dim=1)
    q, k, v = attention.to_q(own), attention.to_k(keys), attention.to_v(keys)
    heads = [
        functional.softmax(q[..., c] @ k[..., c].transpose(1, 2) / 16**0.5, dim=-1) @ v[..., c]
        for c in (slice(0, 16), slice(16, 32))
    ]
    assert torch.allclose(output, attention.to_out[0](torch.cat(heads, dim=-1)), atol=1e-5)


@contextmanager
def _patched(network: nn.Module, forward: Callable[..., torch.Tensor]) -> Iterator[None]:
    """Within the block, spatial transformer blocks run `forward(name, block, ...)` instead of their own."""
    blocks = {
        name: module
        for name, module in network.named_modules()
        if isinstance(module, BasicTransformerBlock) and "motion_modules" not in name
    }
    assert blocks
    for name, block in blocks.items():
        block.forward = partial(forward, name, block)
    yield
    for block in blocks.values():
        del block.forward


def _by_patched_blocks(
    networks: Networks, seen: dict[str, Any], noisy: dict[str, Any], plain: int
) -> torch.Tensor:
    """Reference attention as it is usually written: by other transformer blocks."""
    kept: dict[str, torch.Tensor] = {}

    def writes(name: str, block: BasicTransformerBlock, states: torch.Tensor, **given: Any) -> torch.Tensor:
        kept[name] = block.norm1(states)
        return BasicTransformerBlock.forward(block, states, **given)

    def reads(name: str, block: BasicTransformerBlock, states: torch.Tensor, **given: Any) -> torch.Tensor:
        frames = noisy["latents"].shape[2]
        own = block.norm1(states)
        without, within = own[: plain * frames], own[plain * frames :]
        both = torch.cat([within, kept[name].repeat_interleave(frames, dim=0)], dim=1)
        attended = [block.attn1(without)] if plain else []
        attended.append(block.attn1(within, encoder_hidden_states=both))
        states = states + torch.cat(attended)
        crossed = block.attn2(block.norm2(states), encoder_hidden_states=given["encoder_hidden_states"])
        states = states + crossed
        return states + block.ff(block.norm3(states))

    tokens = networks.image_encoder(seen["pictures"])
    features = networks.guiders["reference_pose"](seen["pose_maps"])
    net = networks.reference_net
    with _patched(net, writes), added_to_first_features(net, features):
        net(seen["latents"], 0, encoder_hidden_states=tokens)
    tokens = torch.cat([torch.zeros_like(tokens[:1]).expand(plain, -1, -1), tokens])
    with _patched(networks.denoiser, reads):
        return networks.denoise(**noisy, features=None, tokens=tokens, bank=None)


@pytest.mark.parametrize("plain", [0, 1])
@pytest.mark.parametrize("temporal", [False, True])
def test_processors_equal_the_patched_blocks(config: ModelConfig, temporal: bool, plain: int) -> None:
    torch.manual_seed(0)
    networks = randomised(build_networks(config, temporal=temporal)).eval()
    seen = {
        "pictures": torch.rand(2, 3, 48, 32), "latents": torch.randn(2, 48, 12, 8),
        "pose_maps": torch.rand(2, 3, 48, 32),
    }  # fmt: skip
    videos = plain + 2
    noisy = {"latents": torch.randn(videos, 48, 3, 12, 8), "timesteps": torch.tensor([9, 300, 800])[:videos]}
    by_blocks = _by_patched_blocks(networks, seen, noisy, plain)
    reference = networks.read_reference(**seen)
    tokens = torch.cat([torch.zeros_like(reference.tokens[:1]).expand(plain, -1, -1), reference.tokens])
    ours = networks.denoise(**noisy, features=None, tokens=tokens, bank=reference.bank, plain_videos=plain)
    assert by_blocks.std() > 0.1
    assert torch.allclose(ours, by_blocks, atol=1e-5)
    # What they learn is the same too.
    weights = [networks.reference_net.conv_in.weight, networks.denoiser.conv_in.weight]
    for one, other in zip(
        *(torch.autograd.grad(each.square().mean(), weights) for each in (ours, by_blocks)), strict=True
    ):
        assert torch.allclose(one, other, atol=1e-5 * float(other.abs().max()) + 1e-7)
        assert other.any()


@pytest.mark.parametrize("kind", [UNet2DConditionModel, UNetMotionModel])
def test_without_a_reference_it_is_the_plain_network_exactly(config: ModelConfig, kind: type) -> None:
    torch.manual_seed(0)
    networks = randomised(build_networks(config, temporal=kind is UNetMotionModel)).eval()
    latents, tokens = _inputs(2, 3)
    steps = torch.tensor([7, 600])
    plain = kind.from_config(networks.denoiser.config).eval()
    plain.load_state_dict(networks.denoiser.state_dict())
    networks.denoise(latents, steps, None, tokens, _bank(networks, 2))  # It must leave nothing behind.
    with torch.no_grad():
        ours = networks.denoise(latents, steps, None, tokens, None)
        frame_tokens = tokens.repeat_interleave(3, dim=0)
        if kind is UNetMotionModel:
            expected = plain(latents, steps, encoder_hidden_states=frame_tokens).sample
        else:
            rows = latents.transpose(1, 2).flatten(0, 1)
            made = plain(rows, steps.repeat_interleave(3), encoder_hidden_states=frame_tokens).sample
            expected = made.unflatten(0, (2, 3)).transpose(1, 2)
    assert torch.equal(ours, expected)


def test_plain_rows_see_no_reference(networks: Networks) -> None:
    latents, tokens = _inputs(2, 3)
    steps = STEP.expand(2)
    bank = _bank(networks, 1)
    mixed = networks.denoise(latents, steps, None, tokens, bank, plain_videos=1)
    plain = networks.denoise(latents[:1], STEP, None, tokens[:1], None)
    seen = networks.denoise(latents[1:], STEP, None, tokens[1:], bank)
    assert torch.allclose(mixed, torch.cat([plain, seen]), atol=1e-5)


def test_processors_are_put_back(networks: Networks) -> None:
    name = ra.self_attention_names(networks.denoiser)[0]
    attention = networks.denoiser.get_submodule(name)
    before = attention.processor
    with pytest.raises(ZeroDivisionError), ra.reading(networks.denoiser, _bank(networks, 1)):
        assert attention.processor is not before
        raise ZeroDivisionError
    assert attention.processor is before


def test_a_bank_of_another_network_is_refused(networks: Networks) -> None:
    with pytest.raises(MismatchError, match="bank"):
        ra.projected(networks.denoiser, {"mid.attn1": torch.zeros(1)})
    other = {"mid.attn1": (torch.zeros(1), torch.zeros(1))}
    with pytest.raises(MismatchError, match="bank"), ra.reading(networks.denoiser, other):
        pass


def test_networks_that_do_not_pair_are_refused(networks: Networks, config: ModelConfig) -> None:
    levels = config.network.model_copy(update={"attention": (True, True)})
    more = build_denoiser(config.model_copy(update={"network": levels}), temporal=True)
    with pytest.raises(MismatchError, match="same self-attentions"):
        ra.check_pairing(networks.reference_net, more)
    wider = config.network.model_copy(update={"block_out_channels": (16, 64)})
    with pytest.raises(MismatchError, match="32 wide in the ReferenceNet, 64"):
        ra.check_pairing(
            networks.reference_net,
            build_denoiser(config.model_copy(update={"network": wider}), temporal=True),
        )
