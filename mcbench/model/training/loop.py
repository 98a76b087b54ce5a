"""Training: stage 1 on single frames, stage 2 on clips with temporal layers."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Literal

from mcbench import files
from mcbench.model.config import ModelConfig
from mcbench.model.training.clips import ClipSource, ClipStore, rendering_ahead
from mcbench.model.training.devices import make_accelerator
from mcbench.model.training.stage import Setting, StageNumber, StageTraining, steps_before
from mcbench.progress import Progress, SilentProgress

StageName = Literal["1", "2", "all"]


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
    start: Path | None = None,
    data: ClipSource | None = None,
    clips: Path | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> Path:
    """Train the networks of a configuration.

    Every step is a function of (configuration, seed, stage, step) and of the weights before it, so a
    resumed training goes on exactly as it would have. Where `accelerate launch` or `torchrun` started
    several processes, each computes its share of every batch; only the first one writes.

    Args:
        config: what to build and how to train it.
        out: folder for `stage1/` and `stage2/` (states to resume from), `pipeline/` (the averaged weights
            as an `AnimationPipeline`, with `training.json`), `best/` (the same when the validation was
            best), `log.jsonl`, `samples/` and `tensorboard/`.
        stage: "1", "2" (needs stage 1's state in `out`) or "all".
        steps1, steps2: steps of each stage, instead of the configuration's.
        seed: of weights, batches and noise.
        device: of torch; of several processes each takes its own GPU.
        resume: go on from the states in `out`; without it they must not be there.
        start: folder of a pipeline with the same networks (or the name of a shipped one) whose weights a new
            training begins with: stage 1 with all but its motion modules, stage 2 with those.
        data: where clips come from, such as `prepared_clips(...)`; the generator by default.
        clips: cache of generated clips; `out`/clips by default. Trainings at one size may share it.
        workers: processes that render clips ahead, and as many that draw batches; 0 for none.
        progress: is told steps and losses.

    Returns:
        The folder of the pipeline.

    Raises:
        InputError: states are there and `resume` is not set, or are of another configuration, seed, start or
            data; stage 2 is asked for without stage 1; or the configuration does not fit the machine
            (precision, optimizer, number of processes).
        WeightsMissingError: there is no such pipeline to start from; or the best checkpoint is to be chosen
            by LPIPS, and its weights are not here.
        MismatchError: the pipeline to start from has other networks.
        TrainingDivergedError: the loss is no number.
    """
    folder = clips or out / "clips"
    out.mkdir(parents=True, exist_ok=True)
    accelerator = make_accelerator(config.training, device)
    main = accelerator.is_main_process
    with files.locked(out / "training", wait=False) if main else nullcontext():
        source = ClipStore(folder, config.size) if data is None else data
        shown = progress if main and progress is not None else SilentProgress()
        setting = Setting(config, out, seed, source, workers, accelerator, shown, start)
        sections = {1: config.training.stage1, 2: config.training.stage2}
        steps = {1: steps1 or sections[1].steps, 2: steps2 or sections[2].steps}
        chosen: list[StageNumber] = [1, 2] if stage == "all" else [1 if stage == "1" else 2]
        for number in chosen:
            setting.check(number, resume)
        accelerator.wait_for_everyone()
        with _rendering(setting, {number: steps[number] for number in chosen}):
            for number in chosen:
                StageTraining(setting, number, sections[number], steps[number]).run()
    return out / "pipeline"


def _rendering(setting: Setting, steps: Mapping[StageNumber, int]) -> AbstractContextManager[None]:
    """Render the generated clips that some stages will draw from ahead of them: each process its share."""
    source, accelerator = setting.source, setting.accelerator
    if not isinstance(source, ClipStore):
        return nullcontext()
    training = setting.config.training
    last = max(steps_before(training, number) + taken - 1 for number, taken in steps.items())
    clips = range(source.clips_in_use(training, last))
    mine = clips[accelerator.process_index :: accelerator.num_processes]
    return rendering_ahead(source, mine, setting.workers, setting.progress)
