"""A training step of ours against the straightforward one, as a ratio; both learn the same.

    python benchmarks/training_speed.py tiny
    python benchmarks/training_speed.py small --size 128x96

The straightforward step repeats the reference for every frame, so that the ReferenceNet, and the keys and
values of its states, are computed a frame; computes attention in three plain operations; and updates
parameters one after the other. Batches are random and lie ready. Rounds of both take turns, since the speed
of a shared machine wanders; the ratio is that of the medians.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import time

import torch
from diffusers.models.attention_processor import Attention, AttnProcessor
from torch import nn
from torch.nn import functional
from training_cost import empty_batch

from mcbench.model.config import ModelConfig, StageConfig
from mcbench.model.guiders import added_to_first_features
from mcbench.model.image_encoders import image_tokens
from mcbench.model.latents import build_latents
from mcbench.model.networks import Networks, build_scheduler
from mcbench.model.reference_attention import self_attention_names
from mcbench.model.training.batches import Batch
from mcbench.model.training.devices import make_optimizer
from mcbench.model.training.loss import Draws, LossModule, draw
from mcbench.model.training.objective import prediction_target
from mcbench.model.training.starting import built_networks, trainable


class PlainWriter(AttnProcessor):
    """Attention in plain operations that keeps its input."""

    states: torch.Tensor

    def __call__(self, attn: Attention, hidden_states: torch.Tensor, *rest: object, **more: object):
        self.states = hidden_states
        return super().__call__(attn, hidden_states, *rest, **more)


class PlainReader(AttnProcessor):
    """Attention in plain operations over a row's own tokens and those of its copy of the reference."""

    def __init__(self, writer: PlainWriter) -> None:
        super().__init__()
        self._writer = writer

    def __call__(self, attn: Attention, hidden_states: torch.Tensor, *rest: object, **more: object):
        both = torch.cat([hidden_states, self._writer.states], dim=1)
        return super().__call__(attn, hidden_states, both)


class Straightforward(nn.Module):
    """The loss as it is written when nothing is shared between frames."""

    def __init__(self, networks: Networks, config: ModelConfig) -> None:
        super().__init__()
        self.networks, self._config = networks, config
        self._space, self._scheduler = build_latents(config.latents), build_scheduler(config)
        for network in (networks.denoiser, networks.reference_net):
            network.set_attn_processor(AttnProcessor())
        writers = {}
        for name in self_attention_names(networks.reference_net):
            writers[name] = PlainWriter()
            networks.reference_net.get_submodule(name).processor = writers[name]
            networks.denoiser.get_submodule(name).processor = PlainReader(writers[name])

    def forward(self, batch: Batch, draws: Draws) -> torch.Tensor:
        networks, training = self.networks, self._config.training
        clips, frames = len(batch.references), len(batch.frames) // len(batch.references)
        references = batch.references.repeat_interleave(frames, dim=0)
        tokens = image_tokens(networks.image_encoder, references / 127.5 - 1)
        added = None
        if networks.reference_pose_in_reference_net:
            added = networks.guiders["reference_pose"](batch.reference_poses.repeat_interleave(frames, dim=0))
        with added_to_first_features(networks.reference_net, added):
            networks.reference_net(self._space.encode(references), 0, encoder_hidden_states=tokens)
        clean = self._space.encode_frames(batch.frames, batch.guesses)
        clean = clean.reshape(clips, frames, *clean.shape[1:]).transpose(1, 2)
        noisy = self._scheduler.add_noise(clean, draws.noise, draws.timesteps)
        target = prediction_target(self._scheduler, clean, draws.noise, draws.timesteps)
        with added_to_first_features(networks.denoiser, networks.guide(batch.maps)):
            if networks.temporal:
                predicted = networks.denoiser(noisy, draws.timesteps, encoder_hidden_states=tokens).sample
            else:
                rows = noisy.transpose(1, 2).flatten(0, 1)
                times = draws.timesteps.repeat_interleave(frames)
                predicted = networks.denoiser(rows, times, encoder_hidden_states=tokens).sample
                predicted = predicted.reshape(clips, frames, *predicted.shape[1:]).transpose(1, 2)
        delta = training.loss_delta
        error = functional.huber_loss(predicted, target, reduction="none", delta=delta) / delta**2
        people = functional.avg_pool2d(batch.people, self._space.factor)
        people = people.reshape(clips, frames, *people.shape[1:]).transpose(1, 2)
        return (error * (training.background_weight + (1 - training.background_weight) * people)).mean()


def random_batch(config: ModelConfig, stage: StageConfig, device: str) -> Batch:
    """Return a batch of a stage's shape, of noise."""
    torch.manual_seed(0)
    batch = empty_batch(config, stage, device)
    for pictures in (batch.references, batch.guesses, batch.frames):
        pictures.uniform_(0, 255)
    for maps in (batch.reference_poses, batch.people, *batch.maps.values()):
        maps.uniform_(0, 1)
    batch.changeable.fill_(1)
    return batch


def timed(
    module: nn.Module, optimizer: torch.optim.Optimizer, batch: Batch, draws: Draws
) -> tuple[float, float]:
    """Take a step; return its seconds and its loss."""
    began = time.perf_counter()
    optimizer.zero_grad(set_to_none=True)
    loss = module(batch, draws)
    torch.autograd.backward(loss)
    optimizer.step()
    value = float(loss.detach())  # waits for a GPU
    return time.perf_counter() - began, value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("config")
    parser.add_argument("--size", help="HxW instead of the configuration's size and crops")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args()
    told = ModelConfig.load(given.config).model_dump(mode="json")
    told["training"] |= {"drop_reference": 0.0, "perceptual_weight": 0.0}
    if given.size:
        told["size"] = [int(side) for side in given.size.split("x")]
        for stage in ("stage1", "stage2"):
            told["training"][stage]["crop"] = None
    config = ModelConfig.model_validate(told)
    if config.latents.kind != "space-to-depth" or config.training.loss != "huber":
        parser.error("the straightforward step is written for space-to-depth latents and the Huber loss")
    threads = torch.get_num_threads()
    print(f"{config.name}, {config.size[0]}x{config.size[1]}, {given.device}, {threads} threads")
    for number, stage in ((1, config.training.stage1), (2, config.training.stage2)):
        torch.manual_seed(0)
        networks = built_networks(config, number).to(given.device)
        twin = copy.deepcopy(networks)
        ours = LossModule(networks, build_latents(config.latents), build_scheduler(config), config)
        theirs = Straightforward(twin, config)
        quick = make_optimizer(config.training, stage, trainable(networks, stage))
        rate, decay = stage.learning_rate, config.training.weight_decay
        plain = torch.optim.AdamW(
            trainable(twin, stage), lr=rate, weight_decay=decay, foreach=False, fused=False
        )
        batch = random_batch(config, stage, given.device)
        generator = torch.Generator().manual_seed(1)
        shape = ours.latent_shape(batch, stage.clips)
        draws = draw(config.training, build_scheduler(config), shape, generator)
        draws = draws.part(slice(None), torch.device(given.device))
        seconds: tuple[list[float], list[float]] = ([], [])
        for turn in range(given.rounds + 1):
            (one, loss), (other, same) = timed(ours, quick, batch, draws), timed(theirs, plain, batch, draws)
            if abs(loss - same) > 1e-2 * abs(same):
                raise SystemExit(f"the two ways do not learn the same: losses {loss} and {same}")
            if turn:  # the first warms up
                seconds[0].append(one)
                seconds[1].append(other)
        fast, slow = (statistics.median(each) for each in seconds)
        print(
            f"stage {number}: {fast:.2f} s a step against {slow:.2f} s: {slow / fast:.2f} times as fast "
            f"(rounds from {min(b / a for a, b in zip(*seconds, strict=True)):.2f} to "
            f"{max(b / a for a, b in zip(*seconds, strict=True)):.2f})"
        )


if __name__ == "__main__":
    main()
