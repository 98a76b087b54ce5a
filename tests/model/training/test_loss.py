"""Predictions, weights and what is dropped."""

from pathlib import Path

import pytest
import torch

from mcbench.errors import FileFormatError, InputError
from mcbench.model.config import ModelConfig
from mcbench.model.latents import build_latents
from mcbench.model.networks import Networks, build_networks, build_scheduler
from mcbench.model.training.batches import Batch, make_batch, make_choices
from mcbench.model.training.clips import ClipStore
from mcbench.model.training.loss import Draws, LossModule, draw
from mcbench.model.training.objective import (
    clean_estimate,
    min_snr_weights,
    prediction_target,
    training_noise,
)
from mcbench.model.training.recomputing import enable_gradient_checkpointing
from tests.model.conftest import randomised
from tests.model.training.conftest import QUICK, Changed

PREDICTIONS = ["sample", "epsilon", "v_prediction"]


def _predicting(prediction: str, config: ModelConfig) -> ModelConfig:
    told = config.model_dump(mode="json")
    told["schedule"] |= {"prediction": prediction, "zero_terminal_snr": prediction != "epsilon"}
    return ModelConfig.model_validate(told)


def _module(config: ModelConfig, *, temporal: bool = False) -> LossModule:
    torch.manual_seed(0)
    networks = randomised(build_networks(config, temporal=temporal))
    return LossModule(networks, build_latents(config.latents), build_scheduler(config), config)


def _batch(config: ModelConfig, clips: Path) -> Batch:
    store, stage = ClipStore(clips, config.size), config.training.stage1
    return make_batch(config, stage, store, make_choices(config, stage, store, 0, (0,)))


def _draws(config: ModelConfig, module: LossModule, batch: Batch, seed: int = 1) -> Draws:
    shape = module.latent_shape(batch, len(batch.references))
    generator = torch.Generator().manual_seed(seed)
    return draw(config.training, build_scheduler(config), shape, generator)


@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_a_perfect_prediction_is_the_clean_sample(prediction: str, config: ModelConfig) -> None:
    scheduler = build_scheduler(_predicting(prediction, config))
    generator = torch.Generator().manual_seed(0)
    clean, noise = (torch.randn((2, 3, 2, 4, 4), generator=generator) for _ in range(2))
    timesteps = torch.tensor([10, 700])
    noisy = scheduler.add_noise(clean, noise, timesteps)
    target = prediction_target(scheduler, clean, noise, timesteps)
    assert torch.allclose(clean_estimate(scheduler, target, noisy, timesteps), clean, atol=1e-4)


@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_min_snr_weighs_the_same_error_the_same(prediction: str, config: ModelConfig) -> None:
    scheduler = build_scheduler(_predicting(prediction, config))
    generator = torch.Generator().manual_seed(0)
    clean, noise, wrong = (torch.randn((3, 2, 1, 4, 4), generator=generator) for _ in range(3))
    timesteps = torch.tensor([5, 400, 900])
    noisy = scheduler.add_noise(clean, noise, timesteps)
    target = prediction_target(scheduler, clean, noise, timesteps)
    predicted = target + 0.1 * wrong
    error = (predicted - target).square().mean(dim=(1, 2, 3, 4))
    in_x0 = (clean_estimate(scheduler, predicted, noisy, timesteps) - clean).square().mean(dim=(1, 2, 3, 4))
    alphas = scheduler.alphas_cumprod[timesteps]
    snr = alphas / (1 - alphas)
    weighted = error * min_snr_weights(scheduler, timesteps, 5.0)
    assert torch.allclose(weighted, in_x0 * snr.clamp(max=5), rtol=2e-3)


@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_min_snr_never_divides_by_zero(prediction: str, config: ModelConfig) -> None:
    scheduler = build_scheduler(_predicting(prediction, config))
    weights = min_snr_weights(scheduler, torch.arange(1000), 5.0)
    assert weights.isfinite().all()
    assert (weights >= 0).all()
    assert weights[-1] == {"sample": 0, "v_prediction": 0}.get(prediction, weights[-1])


def test_epsilon_with_zero_terminal_snr_is_refused() -> None:
    with pytest.raises(FileFormatError, match="epsilon says nothing"):
        ModelConfig.parse(QUICK.replace("[schedule]", '[schedule]\nprediction = "epsilon"'), "quick")


def test_noise_offset_is_the_same_all_over_a_channel_of_a_frame() -> None:
    shape = torch.Size((2, 3, 4, 16, 16))
    plain, offset = (
        training_noise(shape, strength, torch.Generator().manual_seed(0)) for strength in (0.0, 0.5)
    )
    added = offset - plain
    assert torch.allclose(added, added[..., :1, :1].expand(shape), atol=1e-5)
    assert 0.2 < float(added[..., 0, 0].std()) < 1.0


def test_the_last_timestep_sees_the_noise_that_sampling_starts_from(changed: Changed) -> None:
    training, scheduler = changed(terminal_share=0.5).training, build_scheduler(changed())
    shape = torch.Size((16, 2, 1, 3, 3))
    whole, scaled = (
        draw(training, scheduler, shape, torch.Generator().manual_seed(0), terminal_noise=scale)
        for scale in (1.0, 0.25)
    )
    last = whole.timesteps == 999
    assert 0 < int(last.sum()) < 16
    assert torch.equal(whole.timesteps, scaled.timesteps)
    assert torch.equal(scaled.noise[last], 0.25 * whole.noise[last])
    assert torch.equal(scaled.noise[~last], whole.noise[~last])


@pytest.mark.parametrize(
    ("prediction", "loss"), [(PREDICTIONS[0], "huber"), *((p, "mse") for p in PREDICTIONS)]
)
def test_the_loss_falls_on_one_batch(config: ModelConfig, clips: Path, prediction: str, loss: str) -> None:
    told = _predicting(prediction, config).model_dump(mode="json")
    told["training"] |= {"loss": loss, "min_snr_gamma": 5.0, "noise_offset": 0.05}
    config = ModelConfig.model_validate(told)
    module, batch = _module(config), _batch(config, clips)
    draws = _draws(config, module, batch)
    optimizer = torch.optim.AdamW(module.parameters(), lr=6e-3)
    before = float(module(batch, draws).detach())
    for _ in range(12):
        optimizer.zero_grad()
        module(batch, draws).backward()
        optimizer.step()
    assert float(module(batch, draws).detach()) < 0.9 * before


def test_what_is_trained_gets_a_gradient_and_nothing_else(changed: Changed, clips: Path) -> None:
    config = changed(drop_reference=0.0)
    module, batch = _module(config), _batch(config, clips)
    module(batch, _draws(config, module, batch)).backward()
    without = {name for name, each in module.networks.named_parameters() if each.grad is None}
    assert without == module.networks.frozen_parameters()


def test_a_dropped_reference_is_not_read(changed: Changed, clips: Path) -> None:
    config = changed(drop_reference=0.999999)
    module, batch = _module(config), _batch(config, clips)
    module(batch, _draws(config, module, batch)).backward()
    assert all(each.grad is None for each in module.networks.reference_net.parameters())


def _silenced(networks: Networks, name: str) -> None:
    with torch.no_grad():
        for parameter in networks.guiders[name].get_submodule("output").parameters():
            parameter.zero_()


def test_a_dropped_guider_is_as_if_it_were_not_there(changed: Changed, clips: Path) -> None:
    config = changed(drop_guider={"depth_order": 0.5})
    module, batch = _module(config), _batch(config, clips)
    draws = next(
        each
        for seed in range(20)
        if (each := _draws(config, module, batch, seed)).kept["depth_order"].tolist() == [False, True]
    )
    first, second = (draws.part(slice(clip, clip + 1), torch.device("cpu")) for clip in range(2))
    store, stage = ClipStore(clips, config.size), config.training.stage1
    choices = make_choices(config, stage, store, 0, (0,))
    halves = [make_batch(config, stage, store, [choice]) for choice in choices]
    whole = module(batch, draws).item()
    kept = module(halves[1], second).item()
    _silenced(module.networks, "depth_order")
    assert whole == pytest.approx((module(halves[0], first).item() + kept) / 2, rel=1e-5)
    assert module(halves[1], second).item() != pytest.approx(kept, rel=1e-5)
    with pytest.raises(InputError, match="no such guider"):
        _module(changed(drop_guider={"flow": 0.5}))


def test_loss_and_gradients_are_the_same_with_checkpointing(changed: Changed, clips: Path) -> None:
    config = changed(drop_reference=0.4)
    batch = _batch(config, clips)
    losses, gradients = [], []
    for recomputes in (False, True):
        module = _module(config, temporal=True)
        if recomputes:
            enable_gradient_checkpointing(module.networks)
        draws = next(
            each for seed in range(20) if int((each := _draws(config, module, batch, seed)).plain.sum()) == 1
        )
        loss = module.train()(batch, draws)
        loss.backward()
        losses.append(loss.item())
        found = {name: each.grad for name, each in module.named_parameters() if each.grad is not None}
        gradients.append(found)
    assert losses[0] == losses[1]
    plain, again = gradients
    assert plain.keys() == again.keys()
    assert any(name.startswith("networks.reference_net") for name in plain)
    for name, value in plain.items():
        assert torch.allclose(value, again[name], rtol=1e-4, atol=1e-7), name
