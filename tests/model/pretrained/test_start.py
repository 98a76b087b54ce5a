from pathlib import Path

import pytest
import torch

from mcbench.errors import MismatchError, WeightsMissingError
from mcbench.model.config import ModelConfig
from mcbench.model.networks import build_networks
from mcbench.model.pretrained import start_autoencoder, start_from_pretrained
from tests.model.pretrained.test_moore import narrow


def _starting_from(**names: str) -> ModelConfig:
    return narrow().model_copy(update={"pretrained": narrow().pretrained.model_copy(update=names)})


def test_stable_diffusion_fills_reference_net_and_spatial_layers(tmp_path: Path) -> None:
    torch.manual_seed(0)
    source = build_networks(narrow(), temporal=False).reference_net
    source.save_pretrained(tmp_path / "unet")
    config = _starting_from(base=str(tmp_path))
    config = config.model_copy(
        update={
            "pretrained": config.pretrained.model_copy(update={"image_encoder": None, "motion_modules": None})
        }
    )
    networks = build_networks(config, temporal=True)
    report = start_from_pretrained(config, networks)
    assert [part.part for part in report.parts] == ["reference_net", "denoiser"]
    assert all("motion_modules" in name for name in report.parts[1].missing)
    for network in (networks.reference_net, networks.denoiser):
        state = network.state_dict()
        assert all(torch.equal(state[name], value) for name, value in source.state_dict().items())


def test_weights_that_are_not_here_are_told_with_their_command() -> None:
    config = _starting_from(base="nobody/nothing-of-the-kind")
    with pytest.raises(WeightsMissingError, match="nobody/nothing") as caught:
        start_from_pretrained(config, build_networks(config, temporal=False))
    assert caught.value.hint.endswith("hf download nobody/nothing-of-the-kind")


def test_an_autoencoder_of_another_scale_is_refused(tmp_path: Path) -> None:
    config = _starting_from(autoencoder=str(tmp_path / "vae"))
    other = config.latents.model_copy(update={"scaling_factor": 0.5})
    unnamed = config.pretrained.model_copy(update={"autoencoder": None, "base": None})
    made, report = start_autoencoder(config.model_copy(update={"latents": other, "pretrained": unnamed}))
    assert made is not None
    assert report is None
    made.save_pretrained(tmp_path / "vae")
    with pytest.raises(MismatchError, match="scaling_factor"):
        start_autoencoder(config)
