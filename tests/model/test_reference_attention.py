import pytest
import torch
from torch.nn import functional

from mcbench.errors import MismatchError
from mcbench.model import reference_attention as ra
from mcbench.model.config import ModelConfig
from mcbench.model.networks import Networks, build_denoiser

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
