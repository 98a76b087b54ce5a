"""Training: stage 1 on single frames, stage 2 on clips with temporal layers."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Literal

import torch

from mcbench import files
from mcbench.data.generated import GENERATOR_VERSION
from mcbench.environment import describe_environment
from mcbench.errors import InputError, McbenchError
from mcbench.model.config import ModelConfig, StageConfig
from mcbench.model.networks import (
    Networks,
    build_networks,
    build_scheduler,
    temporal_parameter,
    with_motion_modules,
)
from mcbench.model.pipeline import AnimationPipeline
from mcbench.model.training.batches import Batch, Batches
from mcbench.model.training.clips import ClipStore, rendering_ahead
from mcbench.model.training.loss import training_loss
from mcbench.model.training.state import (
    MovingAverage,
    TrainingState,
    average_path,
    load_state,
    load_weights,
    read_state,
    save_state,
)
from mcbench.progress import Progress, SilentProgress

StageName = Literal["1", "2", "all"]

_MESSAGE_EVERY = 50


class TrainingDivergedError(McbenchError):
    """The loss is no number any more; the last good checkpoint has been kept."""


def train(
    config: ModelConfig,
    *,
    out: Path,
    stage: StageName = "all",
    steps1: int | None = None,
    steps2: int | None = None,
    seed: int = 0,
    device: str = "cpu",
    resume: bool = False,
    clips: Path | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> Path:
    """Train the networks of a configuration on generated clips.

    Every step is a function of (configuration, seed, stage, step) and of the weights before it, so a
    resumed training goes on exactly as it would have.

    Args:
        config: what to build and how to train it.
        out: folder for `stage1/` and `stage2/` (states to resume from), `log.jsonl` (step, loss, seconds)
            and `pipeline/` (the averaged weights as an `AnimationPipeline`, with `training.json`).
        stage: "1", "2" (needs stage 1's state in `out`) or "all".
        steps1, steps2: steps of each stage, instead of the configuration's.
        seed: of weights, batches and noise.
        device: of torch.
        resume: go on from the states in `out`; without it they must not be there.
        clips: cache of rendered clips; `out`/clips by default. Trainings at one size may share it.
        workers: processes that render clips ahead, and as many that draw batches; 0 for none.
        progress: is told steps and losses.

    Returns:
        The folder of the pipeline.

    Raises:
        InputError: states are there and `resume` is not set, or are of another configuration or seed;
            or stage 2 is asked for without stage 1.
        TrainingDivergedError: the loss is no number.
    """
    folder = clips or out / "clips"
    out.mkdir(parents=True, exist_ok=True)
    with files.locked(out / "training", wait=False):
        store = ClipStore(folder, config.size)
        training = _Training(
            config, out, seed, torch.device(device), store, workers, progress or SilentProgress()
        )
        sections = {1: config.training.stage1, 2: config.training.stage2}
        steps = {1: steps1 or sections[1].steps, 2: steps2 or sections[2].steps}
        chosen = [1, 2] if stage == "all" else [int(stage)]
        for number in chosen:
            training.check(number, resume)
        with rendering_ahead(folder, config.size, 0, workers):
            for number in chosen:
                training.run(number, sections[number], steps[number])
    return out / "pipeline"


class _Training:
    """One training in its folder."""

    def __init__(
        self,
        config: ModelConfig,
        out: Path,
        seed: int,
        device: torch.device,
        store: ClipStore,
        workers: int,
        progress: Progress,
    ) -> None:
        self._workers = workers
        self._config = config
        self._config_sha256 = files.sha256_text(config.model_dump_json())
        self._out = out
        self._seed = seed
        self._device = device
        self._store = store
        self._progress = progress
        self._scheduler = build_scheduler(config)

    def check(self, number: int, resume: bool) -> None:
        """Check what is there before a stage."""
        state = read_state(self._folder(number))
        if state is not None and not resume:
            raise InputError(
                f"{self._folder(number)} holds a training of {state.step} steps",
                "add --resume to go on with it, or choose another --out",
            )
        if state is not None and (state.config_sha256, state.seed) != (self._config_sha256, self._seed):
            raise InputError(
                f"{self._folder(number)} was trained with another configuration or seed {state.seed}",
                "use the same, or choose another --out",
            )

    def run(self, number: int, section: StageConfig, steps: int) -> None:
        """Run a stage to its last step, from wherever it stands."""
        networks = self._networks(number)
        average = MovingAverage(networks, self._config.training.ema_decay)
        optimizer = torch.optim.AdamW(
            _trainable(networks, section),
            lr=section.learning_rate,
            weight_decay=self._config.training.weight_decay,
        )
        done, seconds = 0, 0.0
        if (state := read_state(self._folder(number))) is not None:
            load_state(self._folder(number), networks, average, optimizer)
            done, seconds = state.step, state.seconds
        self._progress.start(f"Training, stage {number}", steps)
        self._progress.advance(done)
        networks.train()
        every = self._config.training.checkpoint_every
        recent: list[float] = []
        batches = Batches(
            self._config,
            section,
            self._store,
            self._config.training.stage1.steps if number == 2 else 0,
            (self._seed, number),
        )
        ready = batches.from_step(done, steps, self._workers)
        for step in range(done, steps):
            began = time.perf_counter()
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(section, step, steps)
            loss = self._step(networks, optimizer, next(ready).to(self._device), number, step)
            average.update(networks, step + 1)
            seconds += time.perf_counter() - began
            recent.append(loss)
            self._log(number, step + 1, loss, seconds)
            self._progress.advance()
            if (step + 1) % _MESSAGE_EVERY == 0:
                mean = sum(recent[-_MESSAGE_EVERY:]) / len(recent[-_MESSAGE_EVERY:])
                self._progress.message(f"stage {number}, step {step + 1}: loss {mean:.4f}")
            if (step + 1) % every == 0 or step + 1 == steps:
                kept = self._state(number, step + 1, steps, seconds)
                save_state(self._folder(number), kept, networks, average, optimizer)
                self._save_pipeline(number, average, kept, recent)

    def _step(
        self,
        networks: Networks,
        optimizer: torch.optim.Optimizer,
        batch: Batch,
        number: int,
        step: int,
    ) -> float:
        generator = torch.Generator().manual_seed(_torch_seed(self._seed, number, step))
        loss = training_loss(networks, self._scheduler, self._config, batch, generator)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise TrainingDivergedError(
                f"the loss of stage {number} became {value} at step {step + 1}",
                f"the last good checkpoint is in {self._folder(number)}; lower the learning_rate",
            )
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        parameters = [each for group in optimizer.param_groups for each in group["params"]]
        torch.nn.utils.clip_grad_norm_(parameters, self._config.training.gradient_clip)
        optimizer.step()
        return value

    def _networks(self, number: int) -> Networks:
        torch.manual_seed(self._seed)
        networks = build_networks(self._config, temporal=False)
        if number == 2:
            path = average_path(self._folder(1))
            if not path.exists():
                raise InputError(
                    f"stage 2 starts from stage 1, and {self._folder(1)} holds none",
                    "train with --stage all, or --stage 1 first",
                )
            load_weights(path, networks)
            networks = with_motion_modules(networks, self._config)
        return networks.to(self._device)

    def _state(self, number: int, step: int, steps: int, seconds: float) -> TrainingState:
        return TrainingState(
            stage=1 if number == 1 else 2,
            step=step,
            steps=steps,
            seed=self._seed,
            config_sha256=self._config_sha256,
            seconds=round(seconds, 1),
        )

    def _save_pipeline(
        self, number: int, average: MovingAverage, state: TrainingState, recent: list[float]
    ) -> None:
        networks = build_networks(self._config, temporal=False)
        if number == 2:
            networks = with_motion_modules(networks, self._config)
        networks.load_state_dict(average.values)
        pipeline = AnimationPipeline.from_networks(networks, self._config)
        tail = recent[-_MESSAGE_EVERY:]
        first = read_state(self._folder(1))
        told = {
            "config": self._config.model_dump(mode="json"),
            "stages": {
                str(each.stage): {"steps": each.step, "of": each.steps, "seconds": each.seconds}
                for each in ((first, state) if number == 2 and first is not None else (state,))
            },
            "last_losses_mean": round(sum(tail) / len(tail), 5),
            "seed": self._seed,
            "generator_version": GENERATOR_VERSION,
            "environment": describe_environment(str(self._device)).model_dump(mode="json"),
        }
        with files.atomic_folder(self._out / "pipeline") as temporary:
            pipeline.save_pretrained(temporary)
            files.write_text(temporary / "training.json", json.dumps(told, indent=2) + "\n")

    def _log(self, number: int, step: int, loss: float, seconds: float) -> None:
        line = {"stage": number, "step": step, "loss": round(loss, 6), "seconds": round(seconds, 2)}
        with (self._out / "log.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")

    def _folder(self, number: int) -> Path:
        return self._out / f"stage{number}"


def learning_rate(section: StageConfig, step: int, steps: int) -> float:
    """Return the learning rate of a step: a linear warm-up, then a cosine down to the final rate."""
    if step < section.warmup_steps:
        return section.learning_rate * (step + 1) / section.warmup_steps
    share = (step - section.warmup_steps) / max(1, steps - section.warmup_steps)
    fall = 0.5 * (1 + math.cos(math.pi * share))
    return section.final_learning_rate + (section.learning_rate - section.final_learning_rate) * fall


def _trainable(networks: Networks, section: StageConfig) -> list[torch.nn.Parameter]:
    for name, parameter in networks.named_parameters():
        parameter.requires_grad_(not section.temporal_only or temporal_parameter(name))
    return [parameter for parameter in networks.parameters() if parameter.requires_grad]


def _torch_seed(*parts: int) -> int:
    return int(files.sha256_text("/".join(map(str, parts)))[:15], 16)
