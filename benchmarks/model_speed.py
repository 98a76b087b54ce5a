"""How fast the reference model samples, against the straightforward way.

    python benchmarks/model_speed.py [--config NAME] [--size HxW] [--frames N] [--steps N] [--rounds N]

The straightforward way is written here, after how MagicAnimate and Moore-AnimateAnyone, as released, sample:

- at each window and step, and in each of two separate passes of guidance, the ReferenceNet, the image encoder
  and the guiders run again (of these Moore-AnimateAnyone runs the ReferenceNet once);
- the ReferenceNet's states are repeated for every frame, concatenated to the frame's own and projected with
  them to keys and values at each pass;
- the pass that is to see no reference attends to it nevertheless, and then again without it;
- attention is not fused: scores, softmax and sum are three operations, with all scores in memory.

`lean` is a kinder version, without the third point and with guiders that run once. All ways have the same
seeded weights (what starts at zero gets some), poses, noise, scheduler, precision and windows. The clock
starts with picture and poses and stops at the latents; maps are drawn once in all ways. Each runs in a
process of its own, in turns; ratios are of the least times, by the clock and by the processor (which counts
on a machine that others use). The peak is the whole process's, or what torch allocated on a GPU.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import torch
from diffusers.models.attention_processor import Attention, AttnProcessor
from safetensors.torch import load_file, save_file

from mcbench import environment
from mcbench.conditions import ClipConditions
from mcbench.data import generated
from mcbench.model.config import ModelConfig
from mcbench.model.guiders import added_to_first_features
from mcbench.model.image_encoders import image_tokens
from mcbench.model.maps import Appearance, guider_maps, to_tensor
from mcbench.model.pipeline import AnimationPipeline, _Sampling
from mcbench.model.reference_attention import self_attention_names
from mcbench.model.windows import plan_windows, triangular_weights
from mcbench.progress import SilentProgress

GUIDANCE = 1.5


class Case:
    """One video to sample, with everything that all ways share.

    Args:
        pipeline: on its device.
        size: (height, width) to generate.
        frames: of the video; that many of the first clip of the generated test split.
        steps: of sampling.
    """

    @torch.no_grad()
    def __init__(self, pipeline: AnimationPipeline, size: tuple[int, int], frames: int, steps: int) -> None:
        self.pipeline, self.networks = pipeline, pipeline.networks().eval()
        scene = generated.build_scene(generated.test_clips()[0])
        self.picture = scene.render(0, size).image
        self.conditions = ClipConditions(scene.poses(size).first(frames), size)
        settings = pipeline.config.settings["sampling"]
        windows = plan_windows(frames, settings["window"], settings["overlap"])
        self.plan = _Sampling(windows, steps, GUIDANCE, 0, SilentProgress())
        self.clean = pipeline.latents.encode(to_tensor(self.picture[None]).to(pipeline.device))
        self.noise = torch.randn(
            (1, self.clean.shape[1], frames, *self.clean.shape[2:]),
            generator=torch.Generator().manual_seed(0),
        ).to(pipeline.device)


@torch.no_grad()
def ours(case: Case) -> torch.Tensor:
    """Return the latents that the pipeline ends on."""
    pipeline, networks = case.pipeline, case.networks
    seen = pipeline._read_reference(networks, case.picture, case.clean, case.conditions)
    features = pipeline._guide(networks, case.picture, case.conditions)
    return pipeline._denoise(networks, case.noise, seen, features, case.plan)


class PlainWriter(AttnProcessor):  # type: ignore[misc]
    """Unfused self-attention that keeps its input."""

    states: torch.Tensor

    def __call__(
        self, attn: Attention, hidden_states: torch.Tensor, *rest: object, **more: object
    ) -> torch.Tensor:
        self.states = hidden_states
        output: torch.Tensor = super().__call__(attn, hidden_states, *rest, **more)
        return output


class PlainReader(AttnProcessor):  # type: ignore[misc]
    """Unfused self-attention over own and reference states, which are projected again at every frame."""

    def __init__(self, writer: PlainWriter, *, lean: bool) -> None:
        super().__init__()
        self._writer, self._lean = writer, lean
        self.sees_reference = True

    def __call__(
        self, attn: Attention, hidden_states: torch.Tensor, *_: object, **__: object
    ) -> torch.Tensor:
        if self._lean and not self.sees_reference:
            alone: torch.Tensor = super().__call__(attn, hidden_states)
            return alone
        repeated = self._writer.states.repeat(len(hidden_states), 1, 1)
        both = torch.cat([hidden_states, repeated], dim=1)
        output: torch.Tensor = super().__call__(attn, hidden_states, encoder_hidden_states=both)
        if not self.sees_reference:
            output = super().__call__(attn, hidden_states)
        return output


class Straightforward:
    """The straightforward way with one case; attentions are its own as long as `attentions` is entered."""

    def __init__(self, case: Case, *, lean: bool) -> None:
        self._case, self._lean = case, lean
        self._readers: list[PlainReader] = []
        names = case.networks.guiders.names
        appearance = Appearance(case.conditions, case.picture)
        self._maps = [
            {name: (each * 255).round().byte() for name, each in maps.items()}
            for index in range(len(case.conditions))
            for maps in [guider_maps(case.conditions, appearance, [index], names=names)]
        ]
        self._pose = to_tensor(case.conditions.reference_pose()[None]).to(case.clean.device) / 255
        self._pixels = to_tensor(case.picture[None]).to(case.clean.device) / 127.5 - 1

    @contextmanager
    def attentions(self) -> Iterator[None]:
        """Put plain processors into all attentions of both networks within the block."""
        networks = self._case.networks
        every = [module for module in networks.modules() if isinstance(module, Attention)]
        before = [module.processor for module in every]
        for module in every:
            module.processor = AttnProcessor()
        for name in self_attention_names(networks.reference_net):
            writer = PlainWriter()
            networks.reference_net.get_submodule(name).processor = writer
            self._readers.append(PlainReader(writer, lean=self._lean))
            networks.denoiser.get_submodule(name).processor = self._readers[-1]
        try:
            yield
        finally:
            for module, processor in zip(every, before, strict=True):
                module.processor = processor

    def features(self, start: int, stop: int) -> torch.Tensor | None:
        """Run the guiders on some frames."""
        device = self._case.clean.device
        maps = {
            name: torch.cat([each[name] for each in self._maps[start:stop]]).to(device) / 255
            for name in self._case.networks.guiders.names
        }
        return self._case.networks.guide(maps)

    def predict(
        self, noisy: torch.Tensor, timestep: torch.Tensor, features: torch.Tensor | None, *, seen: bool
    ) -> torch.Tensor:
        """Run one pass of guidance: the ReferenceNet, then the denoiser."""
        networks = self._case.networks
        for reader in self._readers:
            reader.sees_reference = seen
        tokens = image_tokens(networks.image_encoder, self._pixels)
        added = None
        if networks.reference_pose_in_reference_net:
            added = networks.guiders["reference_pose"](self._pose)
        with added_to_first_features(networks.reference_net, added):
            networks.reference_net(self._case.clean, 0, encoder_hidden_states=tokens, return_dict=False)
        shown = tokens if seen else torch.zeros_like(tokens)
        return networks.denoise(noisy, timestep[None], features, shown, None)


@torch.no_grad()
def straightforward(case: Case, *, lean: bool = False) -> torch.Tensor:
    """Return the latents that the straightforward way ends on."""
    plan, scheduler, latents = case.plan, case.pipeline.scheduler, case.noise
    way = Straightforward(case, lean=lean)
    kept = [way.features(*window) for window in plan.windows] if lean else None
    scheduler.set_timesteps(plan.steps, device=latents.device)
    with way.attentions():
        for timestep in scheduler.timesteps:
            scaled = scheduler.scale_model_input(latents, timestep)
            total = torch.zeros_like(latents)
            weight_sum = torch.zeros(latents.shape[2], device=latents.device)
            for number, (start, stop) in enumerate(plan.windows):
                noisy = scaled[:, :, start:stop]
                each = [
                    way.predict(
                        noisy, timestep, kept[number] if kept else way.features(start, stop), seen=seen
                    )
                    for seen in (False, True)
                ]
                weights = triangular_weights(stop - start).to(latents.device)
                mixed = each[0] + plan.guidance * (each[1] - each[0])
                total[:, :, start:stop] += mixed * weights[:, None, None]
                weight_sum[start:stop] += weights
            total /= weight_sum[:, None, None]
            latents = scheduler.step(total, timestep, latents, return_dict=False)[0]
    return latents


WAYS: dict[str, Callable[[Case], torch.Tensor]] = {
    "ours": ours,
    "straightforward": straightforward,
    "lean": lambda case: straightforward(case, lean=True),
}


def seeded_pipeline(config: ModelConfig, device: str) -> AnimationPipeline:
    """Return a pipeline of random weights; what starts at zero, so that it does nothing, gets some."""
    torch.manual_seed(0)
    pipeline = AnimationPipeline.with_random_weights(config)
    with torch.no_grad():
        for parameter in pipeline.networks().parameters():
            if not parameter.any():
                parameter.normal_(std=0.02)
    return pipeline.to(device)


def measure(given: argparse.Namespace, out: Path) -> None:
    """Run one way in this process; write latents and figures into a folder."""
    config = ModelConfig.load(given.config)
    pipeline = seeded_pipeline(config, given.device)
    size = _size(given, config)
    way = WAYS[given.way]
    way(Case(pipeline, size, 2, 1))  # a first call makes what is made once, such as kernels
    case = Case(pipeline, size, given.frames, given.steps)
    environment.reset_peak_memory(given.device)
    began, used = time.perf_counter(), time.process_time()
    latents = way(case).cpu()  # waits for a GPU
    figures = {
        "seconds": time.perf_counter() - began,
        "processor": time.process_time() - used,
        "peak": environment.peak_memory_bytes(given.device) or 0,
    }
    save_file({"latents": latents.contiguous()}, out / f"{given.way}.safetensors")
    (out / f"{given.way}.json").write_text(json.dumps(figures), encoding="utf-8")


def _size(given: argparse.Namespace, config: ModelConfig) -> tuple[int, int]:
    height, width = config.size if given.size is None else map(int, given.size.split("x"))
    return height, width


def compare(given: argparse.Namespace) -> None:
    """Run all ways in turns, each in a process of its own; print a line a run, and a table."""
    runs: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    with ExitStack() as stack:
        out = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for turn in range(given.rounds):
            for way in WAYS:
                command = [sys.executable, __file__, *sys.argv[1:], "--way", way, "--out", str(out)]
                subprocess.run(command, check=True)
                runs[way].append(json.loads((out / f"{way}.json").read_text(encoding="utf-8")))
                last = runs[way][-1]
                told = f"{last['seconds']:.1f} s, {last['processor']:.1f} s of processor"
                print(f"round {turn}, {way}: {told}, peak {last['peak'] / 2**30:.2f} GiB", flush=True)
        latents = {way: load_file(out / f"{way}.safetensors")["latents"] for way in WAYS}
    height, width = _size(given, ModelConfig.load(given.config))
    print(
        f"\n{given.config} {height}x{width}, {given.frames} frames, {given.steps} steps, guidance "
        f"{GUIDANCE}, {given.device}, {torch.get_num_threads()} threads\n"
        "| way | seconds | times ours | processor seconds | times ours | peak, GiB | latents differ by |\n"
        "| --- | --- | --- | --- | --- | --- | --- |"
    )
    least = {
        way: {key: min(run[key] for run in each) for key in ("seconds", "processor", "peak")}
        for way, each in runs.items()
    }
    for way, each in least.items():
        difference = float((latents[way] - latents["ours"]).abs().max())
        print(
            f"| {way} | {each['seconds']:.1f} | {each['seconds'] / least['ours']['seconds']:.2f} "
            f"| {each['processor']:.1f} | {each['processor'] / least['ours']['processor']:.2f} "
            f"| {each['peak'] / 2**30:.2f} | {difference:.1e} |"
        )
    print(f"the largest latent is {float(latents['ours'].abs().max()):.1f}")


def main() -> None:
    """Compare, or measure one way as the process that `compare` starts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", default="tiny")
    parser.add_argument("--size", default=None, help="HxW; the configuration's by default")
    parser.add_argument("--frames", type=int, default=52)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--way", choices=list(WAYS), help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way is None:
        compare(given)
    else:
        measure(given, given.out)


if __name__ == "__main__":
    main()
