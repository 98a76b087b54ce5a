"""A training step of ours against unfused ones, as ratios; all learn the same.

    python benchmarks/training_speed.py tiny
    python benchmarks/training_speed.py small --size 128x96

Two steps are compared with, both with attention in three plain operations (the reference's states
concatenated to each frame's, and projected with them) and parameters updated one after the other:

- `unfused` reads the reference once a clip, as ours does: what fusing alone brings;
- `unfused, a reading a frame` repeats the reference for every frame, so that the ReferenceNet runs a frame.

Batches are random and lie ready. Rounds of all take turns, since the speed of a shared machine wanders;
ratios are of medians, by the clock and by the processor (which counts on a machine that others use).
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
from mcbench.model.training.starting import built_networks, freeze, learning


class PlainWriter(AttnProcessor):
    """Attention in plain operations that keeps its input."""

    states: torch.Tensor

    def __call__(self, attn: Attention, hidden_states: torch.Tensor, *rest: object, **more: object):
        self.states = hidden_states
        return super().__call__(attn, hidden_states, *rest, **more)


class PlainReader(AttnProcessor):
    """Attention in plain operations over a row's own tokens and those of its video's reference."""

    def __init__(self, writer: PlainWriter) -> None:
        super().__init__()
        self._writer = writer

    def __call__(self, attn: Attention, hidden_states: torch.Tensor, *rest: object, **more: object):
        states = self._writer.states
        states = states.repeat_interleave(len(hidden_states) // len(states), dim=0)
        both = torch.cat([hidden_states, states], dim=1)
        return super().__call__(attn, hidden_states, both)


class Unfused(nn.Module):
    """The loss in plain operations.

    Args:
        networks: whose attentions are replaced.
        config: of the training.
        a_frame: whether the reference is read for every frame, or once a clip.
    """

    def __init__(self, networks: Networks, config: ModelConfig, *, a_frame: bool) -> None:
        super().__init__()
        self.networks, self._config, self._a_frame = networks, config, a_frame
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
        times = frames if self._a_frame else 1
        references = batch.references.repeat_interleave(times, dim=0)
        tokens = image_tokens(networks.image_encoder, references / 127.5 - 1)
        added = None
        if networks.reference_pose_in_reference_net:
            added = networks.guiders["reference_pose"](batch.reference_poses.repeat_interleave(times, dim=0))
        with added_to_first_features(networks.reference_net, added):
            networks.reference_net(self._space.encode(references), 0, encoder_hidden_states=tokens)
        tokens = tokens.repeat_interleave(frames // times, dim=0)
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
) -> tuple[float, float, float]:
    """Take a step; return its seconds by the clock and of the processor, and its loss."""
    began, used = time.perf_counter(), time.process_time()
    optimizer.zero_grad(set_to_none=True)
    loss = module(batch, draws)
    torch.autograd.backward(loss)
    optimizer.step()
    value = float(loss.detach())  # waits for a GPU
    return time.perf_counter() - began, time.process_time() - used, value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("config")
    parser.add_argument("--size", help="HxW instead of the configuration's size and crops")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args()
    told = ModelConfig.load(given.config).model_dump(mode="json")
    # What costs the same in every way, and is not written out in the others, is left out.
    told["training"] |= {"drop_reference": 0.0, "perceptual_weight": 0.0, "texture_weight": 0.0}
    if told["latents"]["kind"] == "space-to-depth":
        told["latents"]["smoothing"] = 1
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
        compare(config, number, stage, given.device, given.rounds)


def compare(config: ModelConfig, number: int, stage: StageConfig, device: str, rounds: int) -> None:
    """Take steps of one stage in all ways, in turns; print a line a way."""
    torch.manual_seed(0)
    networks = built_networks(config, number).to(device)
    freeze(networks, stage)
    twins = [copy.deepcopy(networks) for _ in range(2)]
    rate, decay = stage.learning_rate, config.training.weight_decay
    ours = LossModule(networks, build_latents(config.latents), build_scheduler(config), config)
    ways: dict[str, tuple[nn.Module, torch.optim.Optimizer]] = {
        "ours": (ours, make_optimizer(config.training, stage, learning(networks)))
    }
    for name, twin, a_frame in zip(
        ("unfused", "unfused, a reading a frame"), twins, (False, True), strict=True
    ):
        plain = torch.optim.AdamW(learning(twin), lr=rate, weight_decay=decay, foreach=False, fused=False)
        ways[name] = (Unfused(twin, config, a_frame=a_frame), plain)
    batch = random_batch(config, stage, device)
    generator = torch.Generator().manual_seed(1)
    shape = ours.latent_shape(batch, stage.clips)
    draws = draw(config.training, build_scheduler(config), shape, generator)
    draws = draws.part(slice(None), torch.device(device))
    taken: dict[str, list[tuple[float, float, float]]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, (module, optimizer) in ways.items():
            taken[name].append(timed(module, optimizer, batch, draws))
        losses = [taken[name][turn][2] for name in ways]
        if max(losses) - min(losses) > 1e-2 * abs(losses[0]):
            raise SystemExit(f"the ways do not learn the same: losses {losses}")
    medians = {
        name: [statistics.median(each) for each in zip(*steps[1:], strict=True)]  # the first warms up
        for name, steps in taken.items()
    }
    for name, (seconds, processor, _) in medians.items():
        print(
            f"stage {number}, {name}: {seconds:.2f} s a step, {seconds / medians['ours'][0]:.2f} times ours; "
            f"{processor:.2f} s of processor, {processor / medians['ours'][1]:.2f} times ours",
            flush=True,
        )


if __name__ == "__main__":
    main()
