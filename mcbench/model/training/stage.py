"""One stage of training, from wherever it stands to its last step."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import torch
from accelerate import Accelerator

from mcbench import files
from mcbench.environment import describe_environment
from mcbench.errors import InputError, McbenchError
from mcbench.model.config import ModelConfig, StageConfig, TrainingConfig
from mcbench.model.latents import build_latents
from mcbench.model.networks import build_scheduler
from mcbench.model.pipeline import AnimationPipeline
from mcbench.model.pretrained import start_autoencoder
from mcbench.model.training.batches import Batch, Batches
from mcbench.model.training.clips import ClipSource, ValidationClip
from mcbench.model.training.devices import make_optimizer, process_share
from mcbench.model.training.journal import Journal
from mcbench.model.training.loss import LossModule, draw
from mcbench.model.training.recomputing import enable_gradient_checkpointing
from mcbench.model.training.sharding import shard, sharding_is_asked_for, syncing, whole, whole_tensors
from mcbench.model.training.starting import (
    built_networks,
    freeze,
    learning,
    start_networks,
    weights_sha256,
)
from mcbench.model.training.state import (
    MovingAverage,
    TrainingState,
    load_state,
    read_state,
    save_state,
    state_tensors,
)
from mcbench.model.training.validation import find_lpips, is_better, validate
from mcbench.progress import Progress

StageNumber = Literal[1, 2]
Weights = dict[str, torch.Tensor]


class TrainingDivergedError(McbenchError):
    """The loss is no number any more; the last good checkpoint has been kept."""


@dataclass(frozen=True)
class Setting:
    """What both stages of a training share.

    Attributes:
        config: of the model.
        out: folder of the training.
        seed: of weights, batches and noise.
        source: of clips.
        workers: processes that prepare batches.
        accelerator: where it runs.
        progress: of the main process.
        start: a pipeline whose weights both stages start from, or None.
    """

    config: ModelConfig
    out: Path
    seed: int
    source: ClipSource
    workers: int
    accelerator: Accelerator
    progress: Progress
    start: Path | None = None

    def folder(self, number: StageNumber) -> Path:
        """Return where a stage's state lies."""
        return self.out / f"stage{number}"

    @property
    def config_sha256(self) -> str:
        """Hash of the whole configuration."""
        return files.sha256_text(self.config.model_dump_json())

    @cached_property
    def start_sha256(self) -> str | None:
        """Hash of the weights that both stages start from."""
        return None if self.start is None else weights_sha256(self.start)

    def check(self, number: StageNumber, resume: bool) -> None:
        """Check what is there before a stage.

        Raises:
            InputError: a state is there and `resume` is not set, or it is of another configuration, seed or
                data.
            FileFormatError: it is damaged.
        """
        state = read_state(self.folder(number))
        if state is None:
            return
        if not resume:
            raise InputError(
                f"{self.folder(number)} holds a training of {state.step} steps",
                "add --resume to go on with it, or choose another --out",
            )
        if (state.config_sha256, state.seed) != (self.config_sha256, self.seed):
            raise InputError(
                f"{self.folder(number)} was trained with another configuration or seed {state.seed}",
                "use the same, or choose another --out",
            )
        if state.start_sha256 != self.start_sha256:
            raise InputError(
                f"{self.folder(number)} was started from other weights",
                "give the same --start, or choose another --out",
            )
        if state.data != self.source.identity:
            raise InputError(
                f"{self.folder(number)} was trained on other clips: {state.data}; these are "
                f"{self.source.identity}",
                "give the same --data, prepared in the same way, or choose another --out",
            )


class StageTraining:
    """A stage that is ready to take its next step.

    Args:
        setting: of the training.
        number: of the stage.
        section: of the configuration.
        steps: to take in all.
    """

    def __init__(self, setting: Setting, number: StageNumber, section: StageConfig, steps: int) -> None:
        config, accelerator = setting.config, setting.accelerator
        self._setting, self._config, self._accelerator = setting, config, accelerator
        self._number, self._section, self._steps = number, section, steps
        self._share = process_share(accelerator, config, number, section)
        state = read_state(setting.folder(number))
        if state is None:
            self._networks, report = start_networks(
                config, number, setting.seed, setting.folder(1), setting.start
            )
            if report.parts and accelerator.is_main_process:
                report.write(setting.out / f"start-stage{number}.json")
        else:
            self._networks = built_networks(config, number)
        self._vae, _ = start_autoencoder(config)
        freeze(self._networks, section)
        if config.training.gradient_checkpointing:
            enable_gradient_checkpointing(self._networks)
        self._networks.to(accelerator.device).train()
        if self._vae is not None:
            self._vae.to(accelerator.device)
        self._scheduler = build_scheduler(config)
        sharded = sharding_is_asked_for()
        space = build_latents(config.latents, self._vae)
        self._loss_module = LossModule(self._networks, space, self._scheduler, config, every_gradient=sharded)
        if sharded:
            shard(self._loss_module, self._networks, accelerator)
        self._average = MovingAverage(self._networks, config.training.ema_decay)
        optimizer = make_optimizer(config.training, section, learning(self._networks))
        self._done, self._seconds, self._best = 0, 0.0, None
        if state is not None:
            load_state(setting.folder(number), self._networks, self._average, optimizer)
            self._done, self._seconds, self._best = state.step, state.seconds, state.best
        self._module = self._loss_module if sharded else accelerator.prepare(self._loss_module)
        self._optimizer = accelerator.prepare(optimizer)
        if state is not None and accelerator.scaler is not None and state.scaler:
            accelerator.scaler.load_state_dict(dict(state.scaler))
        self._held_out: list[ValidationClip] = []
        self._lpips = None
        if accelerator.is_main_process and config.training.validate_every:
            self._lpips = find_lpips(str(accelerator.device), needed=config.training.best_by == "lpips")

    def run(self) -> None:
        """Take all steps that are left.

        Raises:
            TrainingDivergedError: the loss is no number.
        """
        main = self._accelerator.is_main_process
        journal = None
        if main:
            journal = Journal(
                self._setting.out, self._number, self._steps, self._done, self._setting.progress
            )
        training = self._config.training
        try:
            batches = Batches(
                self._config,
                self._section,
                self._setting.source,
                steps_before(training, self._number),
                (self._setting.seed, self._number),
                self._share,
            )
            ready = batches.from_step(self._done, self._steps, self._setting.workers)
            for step in range(self._done, self._steps):
                began = time.perf_counter()
                rate = learning_rate(self._section, step, self._steps)
                for group in self._optimizer.param_groups:
                    group["lr"] = rate
                loss, images = self._step(ready, step)
                self._average.update(self._networks, step + 1)
                took = time.perf_counter() - began
                self._seconds += took
                if journal is not None:
                    journal.step(step + 1, loss, rate, self._seconds, took, images)
                self._keep(step + 1, journal)
        finally:
            if journal is not None:
                journal.close()

    def _step(self, ready: Iterator[tuple[Batch, int]], step: int) -> tuple[float, int]:
        """Learn from one batch; return its loss, and how many frames it has."""
        parts = self._share.parts
        generator = torch.Generator().manual_seed(_torch_seed(self._setting.seed, self._number, step))
        self._optimizer.zero_grad(set_to_none=True)
        total = torch.zeros((), device=self._accelerator.device)
        share_of_pictures = picture_share(self._config.training, self._number, step)
        draws = None
        images = 0
        for part in range(parts):
            batch, clips = next(ready)
            if draws is None:
                shape = self._loss_module.latent_shape(batch, clips)
                draws = draw(
                    self._config.training,
                    self._scheduler,
                    shape,
                    generator,
                    terminal_noise=self._config.sampling.noise,
                )
                images = shape[0] * shape[2]
            mine = draws.part(self._share.clips(clips, part), self._accelerator.device)
            last = part + 1 == parts
            with syncing(self._accelerator, self._module, last):
                # accelerate's own modules run in mixed precision by themselves, torch's sharded ones do not.
                with self._accelerator.autocast():
                    on_device = batch.to(self._accelerator.device)
                    loss = self._module(on_device, mine, share_of_pictures).float() / parts
                self._accelerator.backward(loss)
            total += loss.detach()
        value = float(self._accelerator.reduce(total, "mean"))
        norm = self._clip()
        if not math.isfinite(value) or not math.isfinite(norm):
            what = f"loss of stage {self._number} became {value}"
            if math.isfinite(value):
                what = f"gradient of stage {self._number} became {norm}"
            raise TrainingDivergedError(
                f"the {what} at step {step + 1}",
                f"the last good checkpoint is in {self._setting.folder(self._number)}; "
                "lower the learning_rate",
            )
        self._optimizer.step()
        return value, images

    def _clip(self) -> float:
        """Clip the gradients; return their norm, or 0 where float16's scaling takes care of infinite ones."""
        parameters = [each for group in self._optimizer.param_groups for each in group["params"]]
        norm = self._accelerator.clip_grad_norm_(parameters, self._config.training.gradient_clip)
        return 0.0 if self._accelerator.scaler is not None or norm is None else float(whole(norm))

    def _keep(self, step: int, journal: Journal | None) -> None:
        """Validate and keep checkpoints where a step calls for it."""
        training, last = self._config.training, step == self._steps
        validates = training.validate_every and (step % training.validate_every == 0 or last)
        keeps = step % training.checkpoint_every == 0 or last
        if not validates and not keeps:
            return
        main = journal is not None
        average = whole_tensors(self._average.values, main)
        if validates and journal is not None:
            self._validate(step, journal, average)
        if keeps:
            tensors = state_tensors(self._networks, self._average, self._optimizer.optimizer, main)
            if journal is not None:
                state = self._state(step)
                save_state(self._setting.folder(self._number), state, tensors)
                self._write_pipeline("pipeline", self._pipeline(average), self._told(state, journal))
        self._accelerator.wait_for_everyone()

    def _validate(self, step: int, journal: Journal, average: Weights) -> None:
        training = self._config.training
        if not self._held_out:
            self._held_out = self._setting.source.validation(
                training.validation_clips, training.validation_frames
            )
        pipeline = self._pipeline(average).to(self._accelerator.device)
        pipeline.set_progress_bar_config(disable=True)
        found = validate(pipeline, self._held_out, self._lpips)
        journal.validation(step, found.values, found.sheet)
        value = found.values[training.best_by]
        if is_better(training.best_by, value, self._best):
            self._best = value
            told = self._told(self._state(step), journal)
            told["validation"] = found.values
            self._write_pipeline("best", pipeline.to("cpu"), told)

    def _state(self, step: int) -> TrainingState:
        scaler = self._accelerator.scaler
        return TrainingState(
            stage=self._number,
            step=step,
            steps=self._steps,
            seed=self._setting.seed,
            config=self._config.model_dump(mode="json"),
            config_sha256=self._setting.config_sha256,
            data=self._setting.source.identity,
            start_sha256=self._setting.start_sha256,
            environment=describe_environment(str(self._accelerator.device)),
            seconds=round(self._seconds, 1),
            best=self._best,
            scaler={} if scaler is None else scaler.state_dict(),
        )

    def _told(self, state: TrainingState, journal: Journal) -> dict[str, object]:
        """Return what `training.json` beside a pipeline says."""
        first = read_state(self._setting.folder(1)) if self._number == 2 else None
        return {
            "config": state.config,
            "stages": {
                str(each.stage): {"steps": each.step, "of": each.steps, "seconds": each.seconds}
                for each in (first, state)
                if each is not None
            },
            "last_losses_mean": round(journal.recent_loss, 5),
            "seed": state.seed,
            "data": state.data,
            "start_sha256": state.start_sha256,
            "processes": self._share.processes,
            "environment": state.environment.model_dump(mode="json"),
        }

    def _pipeline(self, average: Weights) -> AnimationPipeline:
        """Return the averaged weights as a pipeline, on the CPU."""
        with torch.random.fork_rng(devices=[]):
            networks = built_networks(self._config, self._number)
        networks.load_state_dict(average)
        return AnimationPipeline.from_networks(networks.eval(), self._config, vae=self._vae)

    def _write_pipeline(self, name: str, pipeline: AnimationPipeline, told: dict[str, object]) -> None:
        with files.atomic_folder(self._setting.out / name) as temporary:
            pipeline.save_pretrained(temporary)
            files.write_text(temporary / "training.json", json.dumps(told, indent=2) + "\n")
        if self._vae is not None:
            self._vae.to(self._accelerator.device)


def steps_before(training: TrainingConfig, number: StageNumber) -> int:
    """Return the steps of the stages before one, by which the number of clips in use is counted on."""
    return training.stage1.steps if number == 2 else 0


def learning_rate(section: StageConfig, step: int, steps: int) -> float:
    """Return the learning rate of a step: a linear warm-up, then a cosine down to the final rate."""
    if step < section.warmup_steps:
        return section.learning_rate * (step + 1) / section.warmup_steps
    share = (step - section.warmup_steps) / max(1, steps - section.warmup_steps)
    fall = 0.5 * (1 + math.cos(math.pi * share))
    return section.final_learning_rate + (section.learning_rate - section.final_learning_rate) * fall


def picture_share(training: TrainingConfig, number: StageNumber, step: int) -> float:
    """Return the share of their weights that the loss's terms of decoded pictures have at a step."""
    if number == 2 or step >= training.picture_warmup_steps:
        return 1.0
    return (step / training.picture_warmup_steps) ** 2


def _torch_seed(*parts: int) -> int:
    return int(files.sha256_text("/".join(map(str, parts)))[:15], 16)
