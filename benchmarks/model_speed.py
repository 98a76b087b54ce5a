"""How fast the reference model samples, against the straightforward way.

    python benchmarks/model_speed.py [--config NAME] [--size HxW] [--frames N] [--steps N] [--rounds N]

The straightforward way is written here: the ReferenceNet runs again at every window and step, guidance is
two passes, the reference's states are projected again at every frame, and the denoiser's attention is not
fused. Both have the same seeded weights, poses, noise, scheduler, precision and windows, and take turns in
one process; the ratio is that of the least times. Guiders' maps are made before either clock starts.
"""

from __future__ import annotations

import argparse
import time

import torch
from diffusers.models.attention_processor import Attention, AttnProcessor

from mcbench.conditions import ClipConditions
from mcbench.data import generated
from mcbench.model.config import ModelConfig
from mcbench.model.guiders import added_to_first_features
from mcbench.model.image_encoders import image_tokens
from mcbench.model.maps import to_tensor
from mcbench.model.networks import Networks
from mcbench.model.pipeline import AnimationPipeline, _Sampling
from mcbench.model.reference_attention import writing
from mcbench.model.windows import plan_windows, triangular_weights
from mcbench.progress import SilentProgress


class PlainReference(AttnProcessor):  # type: ignore[misc]
    """Unfused self-attention over own and reference states, which are projected again at every frame."""

    def __init__(self, states: torch.Tensor) -> None:
        super().__init__()
        self._states = states

    def __call__(
        self, attn: Attention, hidden_states: torch.Tensor, *_: object, **__: object
    ) -> torch.Tensor:
        both = torch.cat([hidden_states, self._states.expand(len(hidden_states), -1, -1)], dim=1)
        output: torch.Tensor = super().__call__(attn, hidden_states, encoder_hidden_states=both)
        return output


class Case:
    """One video to sample, with everything that both ways share."""

    def __init__(self, config: ModelConfig, size: tuple[int, int], frames: int, steps: int) -> None:
        torch.manual_seed(0)
        self.pipeline = AnimationPipeline.with_random_weights(config)
        self.networks: Networks = self.pipeline.networks().eval()
        scene = generated.build_scene(generated.test_clips()[0])
        self.picture = scene.render(0, size).image
        poses = scene.poses(size).first(frames)
        self.conditions = ClipConditions(poses, size)
        settings = config.sampling
        self.plan = _Sampling(
            plan_windows(frames, settings.window, settings.overlap), steps, 1.5, 0, SilentProgress()
        )
        with torch.no_grad():
            self.features = self.pipeline._guide(self.networks, self.picture, self.conditions)
            self.clean = self.pipeline.latents.encode(to_tensor(self.picture[None]))
            self.pose = to_tensor(self.conditions.reference_pose()[None]) / 255
            self.noise = self.pipeline._noise(self.clean, frames, 0)


@torch.no_grad()
def ours(case: Case) -> torch.Tensor:
    """Return the latents that the pipeline ends on."""
    pipeline, networks = case.pipeline, case.networks
    seen = pipeline._read_reference(networks, case.picture, case.clean, case.conditions)
    return pipeline._denoise(networks, case.noise, seen, case.features, case.plan)


@torch.no_grad()
def plainly(case: Case) -> torch.Tensor:
    """Return the latents that the straightforward way ends on."""
    networks, plan, scheduler, latents = case.networks, case.plan, case.pipeline.scheduler, case.noise
    attentions = {name: module for name, module in networks.named_modules() if isinstance(module, Attention)}
    before = {name: module.processor for name, module in attentions.items()}
    scheduler.set_timesteps(plan.steps)
    try:
        for timestep in scheduler.timesteps:
            scaled = scheduler.scale_model_input(latents, timestep)
            total, weight_sum = torch.zeros_like(latents), torch.zeros(latents.shape[2])
            for start, stop in plan.windows:
                for module in attentions.values():
                    module.set_processor(AttnProcessor())
                part = None if case.features is None else case.features.read(start, stop)
                states, tokens = _read(case)
                noisy = scaled[:, :, start:stop]
                plain = networks.denoise(noisy, timestep[None], part, torch.zeros_like(tokens), None)
                for name, each in states.items():
                    attentions[f"denoiser.{name}"].set_processor(PlainReference(each))
                seen = networks.denoise(noisy, timestep[None], part, tokens, None)
                weights = triangular_weights(stop - start)
                total[:, :, start:stop] += (plain + plan.guidance * (seen - plain)) * weights[:, None, None]
                weight_sum[start:stop] += weights
            latents = scheduler.step(total / weight_sum[:, None, None], timestep, latents, return_dict=False)[
                0
            ]
    finally:
        for name, module in attentions.items():
            module.set_processor(before[name])
    return latents


def _read(case: Case) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """Return the ReferenceNet's states and the image tokens."""
    networks = case.networks
    tokens = image_tokens(networks.image_encoder, to_tensor(case.picture[None]) / 127.5 - 1)
    added = (
        networks.guiders["reference_pose"](case.pose) if networks.reference_pose_in_reference_net else None
    )
    with writing(networks.reference_net) as bank, added_to_first_features(networks.reference_net, added):
        networks.reference_net(case.clean, 0, encoder_hidden_states=tokens, return_dict=False)
    return bank, tokens


def main() -> None:
    """Print one line a round, then the ratio and the difference."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", default="tiny")
    parser.add_argument("--size", default=None, help="HxW; the configuration's by default")
    parser.add_argument("--frames", type=int, default=28)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    config = ModelConfig.load(given.config)
    sides = config.size if given.size is None else tuple(int(side) for side in given.size.split("x"))
    case = Case(config, (sides[0], sides[1]), given.frames, given.steps)
    seconds: dict[str, list[float]] = {"ours": [], "plainly": []}
    outputs: dict[str, torch.Tensor] = {}
    for turn in range(given.rounds):
        for name, way in (("ours", ours), ("plainly", plainly)):
            began = time.perf_counter()
            outputs[name] = way(case)
            seconds[name].append(time.perf_counter() - began)
        print(
            f"round {turn}: ours {seconds['ours'][-1]:.2f} s, plainly {seconds['plainly'][-1]:.2f} s",
            flush=True,
        )
    difference = float((outputs["ours"] - outputs["plainly"]).abs().max())
    largest = float(outputs["plainly"].abs().max())
    ratio = min(seconds["plainly"]) / min(seconds["ours"])
    print(
        f"{given.config} {sides[0]}x{sides[1]}, {given.frames} frames, {given.steps} steps, "
        f"{torch.get_num_threads()} threads: {ratio:.2f} times faster; "
        f"latents differ by {difference:.1e} at most (largest value {largest:.1f})"
    )


if __name__ == "__main__":
    main()
