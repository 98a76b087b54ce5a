import torch

from mcbench.model.config import ModelConfig
from mcbench.model.guiders import Guider, added_to_first_features
from mcbench.model.image_encoders import ReferenceTokens
from mcbench.model.networks import Networks, build_networks


def test_new_guiders_leave_the_noise_as_it_was(config: ModelConfig) -> None:
    torch.manual_seed(0)
    networks = build_networks(config, temporal=True).eval()
    latents = torch.randn(1, 48, 3, 12, 8)
    maps = {name: torch.rand(3, 8 if name == "appearance" else 3, 48, 32) for name in networks.guiders}
    tokens = torch.randn(1, 2, 16)
    features = networks.guide(maps)
    assert features is not None
    assert features.shape == (3, 16, 12, 8)
    assert not features.any()
    step = torch.tensor([500])
    with_guiders = networks.denoise(latents, step, features, tokens, None)
    without = networks.denoise(latents, step, None, tokens, None)
    assert torch.equal(with_guiders, without)


def test_features_are_added_within_the_block_only(networks: Networks) -> None:
    network = networks.denoiser
    picture = torch.randn(2, 48, 12, 8)
    plain = network.get_submodule("conv_in")(picture)
    features = torch.randn_like(plain)
    with added_to_first_features(network, features):
        assert torch.equal(network.get_submodule("conv_in")(picture), plain + features)
    assert torch.equal(network.get_submodule("conv_in")(picture), plain)


def test_a_guider_halves_its_map_once_a_layer() -> None:
    assert Guider(3, (4, 8, 8), 16)(torch.rand(2, 3, 32, 16)).shape == (2, 16, 4, 2)


def test_reference_tokens_are_a_grid() -> None:
    encoder = ReferenceTokens(16, (4, 3), (4, 8))
    assert encoder(torch.rand(2, 3, 64, 48)).shape == (2, 12, 16)
