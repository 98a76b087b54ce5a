"""How long a configuration trains on GPUs, and what it keeps in their memory, both counted.

    python benchmarks/training_cost.py full

Nothing is computed: the networks lie on torch's `meta` device, where operations are counted and skipped.
Hours are counted operations of a step times steps, over a stated speed: an estimate. They leave out reading
data, which other processes do ahead. Memory is that of weights, averages, gradients and moments, which are
certain; activations and gathered weights come on top and are not counted.
"""

from __future__ import annotations

import argparse

import torch
from torch.utils.flop_counter import FlopCounterMode

from mcbench.model.config import AutoencoderConfig, ModelConfig, StageConfig
from mcbench.model.guider_kinds import find_guider
from mcbench.model.latents import build_autoencoder, build_latents
from mcbench.model.networks import build_scheduler
from mcbench.model.training.batches import Batch
from mcbench.model.training.loss import LossModule, draw
from mcbench.model.training.recomputing import enable_gradient_checkpointing
from mcbench.model.training.starting import built_networks, freeze


def empty_batch(config: ModelConfig, stage: StageConfig, device: str) -> Batch:
    """Return a batch of a stage's shape, of zeros."""
    height, width = stage.crop or config.size
    rows = stage.clips * stage.frames

    def zeros(count: int, channels: int, size: tuple[int, int]) -> torch.Tensor:
        return torch.zeros(count, channels, *size, device=device)

    whole, part = config.size, (height, width)
    return Batch(
        references=zeros(stage.clips, 3, whole),
        reference_poses=zeros(stage.clips, 3, whole),
        guesses=zeros(rows, 3, part),
        frames=zeros(rows, 3, part),
        maps={name: zeros(rows, find_guider(name).channels, part) for name in config.guiders.names},
        changeable=zeros(rows, 1, part),
        people=zeros(rows, 1, part),
    )


def meta_module(config: ModelConfig, number: int) -> LossModule:
    """Return what a stage trains, without memory for it."""
    stage = config.training.stage1 if number == 1 else config.training.stage2
    with torch.device("meta"):
        networks = built_networks(config, number)
        latents = config.latents
        vae = build_autoencoder(latents) if isinstance(latents, AutoencoderConfig) else None
    freeze(networks, stage)
    if config.training.gradient_checkpointing:
        enable_gradient_checkpointing(networks)
    return LossModule(networks, build_latents(config.latents, vae), build_scheduler(config), config)


def kept_bytes(module: LossModule) -> int:
    """Return the bytes of float32 that are kept from step to step; FSDP divides them among the processes."""
    parameters = list(module.networks.parameters())
    weights = sum(each.numel() for each in parameters)
    trained = sum(each.numel() for each in parameters if each.requires_grad)
    # A weight and its average; of what is trained its gradient and two moments too.
    return 4 * (2 * weights + 3 * trained)


def step_operations(module: LossModule, config: ModelConfig, stage: StageConfig) -> int:
    """Return the floating-point operations (a multiplication and an addition are two) of a training step."""
    batch = empty_batch(config, stage, "meta")
    shape = module.latent_shape(batch, stage.clips)
    always = config.training.model_copy(update={"drop_reference": 0.0})
    draws = draw(always, build_scheduler(config), shape, torch.Generator().manual_seed(0))
    with FlopCounterMode(display=False) as counter:
        loss = module(batch, draws.part(slice(None), torch.device("meta")))
        torch.autograd.backward(loss)
    return int(counter.get_total_flops())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("config")
    parser.add_argument("--peak", type=float, default=312, help="TFLOPS of the GPU: 312 is an A100 in bf16")
    parser.add_argument("--share", type=float, default=0.35, help="share of the peak that is reached")
    parser.add_argument("--scaling", type=float, default=0.9, help="what eight GPUs reach of eight times one")
    given = parser.parse_args()
    config = ModelConfig.load(given.config)
    speed = given.peak * 1e12 * given.share
    print(f"{config.name}: at {given.share:.0%} of {given.peak:g} TFLOPS; hours are estimates")
    print(
        "| stage | steps | kept | operations a step | seconds a step | hours, one GPU | hours, eight GPUs |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for number, stage in ((1, config.training.stage1), (2, config.training.stage2)):
        module = meta_module(config, number)
        operations = step_operations(module, config, stage)
        hours = operations * stage.steps / speed / 3600
        print(
            f"| {number} | {stage.steps:,} | {kept_bytes(module) / 1e9:.1f} GB | {operations / 1e12:.3g} T "
            f"| {operations / speed:.2f} | {hours:.1f} | {hours / 8 / given.scaling:.1f} |"
        )


if __name__ == "__main__":
    main()
