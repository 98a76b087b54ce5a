"""`ours` as a method of the benchmark: a checkpoint behind the contract of `mcbench.baselines`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcbench import files
from mcbench.baselines.contract import AnimationRequest, Options
from mcbench.errors import DataMissingError, InputError, MismatchError, WeightsMissingError
from mcbench.model.ablation import without_parts
from mcbench.model.loading import find_checkpoint, load_pipeline
from mcbench.model.schedulers import make_scheduler, scheduler_name
from mcbench.records import ModelDescription, WeightsUse

_PAPER = (
    "Xue et al., Towards Multiple Character Image Animation Through Enhancing Implicit Decoupling, ICLR 2025"
)


def load_ours(device: str, options: Options) -> OursAnimator:
    """Load the reference model.

    Args:
        device: of torch.
        options: `checkpoint`: the name of a shipped checkpoint (`tiny`, the default) or the folder of a
            pipeline, such as training writes; `config`: the name of the configuration that it must be of, and
            the shipped checkpoint to take where none is named; `scheduler`: one of
            `mcbench.model.schedulers.SCHEDULERS`; `steps`, `guidance`, `window`, `overlap`: of sampling;
            `without`: guiders to leave out, or `temporal` for the temporal layers, with commas between them.
            Those that are not given are the checkpoint's own.

    Raises:
        InputError: an option is no number, the scheduler is unknown or does not fit, or there is no such part
            to leave out.
        WeightsMissingError: there is no such checkpoint.
        FileFormatError: the folder does not hold one.
        MismatchError: the checkpoint is of another configuration.
    """
    config = str(options["config"]) if "config" in options else None
    folder = find_checkpoint(str(options["checkpoint"]) if "checkpoint" in options else config)
    return OursAnimator(folder, device, options)


def load_animate_anyone(device: str, options: Options) -> OursAnimator:
    """Load the published weights of Moore-AnimateAnyone in our networks, as `mcbench convert` writes them.

    Args:
        device: of torch.
        options: `checkpoint`: the converted folder; others as in `load_ours`.

    Raises:
        WeightsMissingError: no folder is named, or it holds no checkpoint.
        InputError, FileFormatError, MismatchError: as in `load_ours`.
    """
    if "checkpoint" not in options:
        raise WeightsMissingError(
            "animate-anyone needs the published weights of Moore-AnimateAnyone, converted",
            "mcbench convert pretrained_weights --out moore, then add --option checkpoint=moore",
        )
    folder = find_checkpoint(str(options["checkpoint"]))
    return OursAnimator(
        folder,
        device,
        {**options, "config": "animate-anyone"},
        model="animate-anyone",
        paper="Hu et al., Animate Anyone, CVPR 2024 (arXiv 2311.17117); weights of Moore-AnimateAnyone",
    )


class OursAnimator:
    """A loaded checkpoint.

    Args:
        folder: of the pipeline.
        device: of torch.
        options: as in `load_ours`.
        model: id of the method.
        paper: that it follows.
    """

    def __init__(
        self, folder: Path, device: str, options: Options, *, model: str = "ours", paper: str = _PAPER
    ) -> None:
        self._folder, self._model, self._paper = folder, model, paper
        config = str(options["config"]) if "config" in options else None
        self._pipeline = load_pipeline(folder, config=config).to(device)
        if "scheduler" in options:
            self._pipeline.scheduler = make_scheduler(str(options["scheduler"]), self._pipeline.scheduler)
        self._without = tuple(part for part in str(options.get("without", "")).split(",") if part)
        without_parts(self._pipeline, self._without)
        defaults = self._pipeline.sampling
        self._steps = _whole_number(options, "steps", defaults.steps)
        self._window = _whole_number(options, "window", defaults.window)
        self._overlap = _whole_number(options, "overlap", defaults.overlap)
        self._guidance = _number(options, "guidance", defaults.guidance)

    def describe(self) -> ModelDescription:
        """Return what a run record says: the hash of every file of weights, and the sampler."""
        height, width = self._pipeline.size
        name = f"ours ({self._pipeline.config.settings['name']})" if self._model == "ours" else self._model
        left_out = ",".join(self._without)
        return ModelDescription(
            id=self._model,
            display_name=f"{name} without {left_out}" if left_out else name,
            kind="ours",
            licence="Apache-2.0",
            paper=self._paper,
            inputs=("poses",),
            weights=tuple(
                WeightsUse(name=str(path.relative_to(self._folder)), sha256=files.sha256_file(path))
                for path in sorted(self._folder.glob("*/*.safetensors"))
            ),
            sampler={
                "scheduler": scheduler_name(self._pipeline.scheduler),
                "steps": self._steps,
                "guidance": self._guidance,
                "window": self._window,
                "overlap": self._overlap,
                "native_size": f"{height}x{width}",
                **({"without": left_out} if left_out else {}),
            },
        )

    def animate(self, request: AnimationRequest) -> Iterator[NDArray[np.uint8]]:
        """Yield the frames of a request.

        They are generated at the checkpoint's native size, or for a reference of another aspect at the size
        that `AnimationPipeline.size_for` gives, and brought to the size asked for as its `stream` says. Where
        none is asked for, frames that are differences to a carried reference are as large as it: its detail
        is there to be kept.

        Raises:
            DataMissingError: the request has no poses.
            MismatchError: there are fewer poses than frames asked for, or they are of another picture.
        """
        if request.poses is None:
            raise DataMissingError(
                f"{request.video} has no poses, and ours cannot animate without them",
                "use a benchmark with poses, such as multi-character",
            )
        if request.poses.n_frames < request.n_frames:
            raise MismatchError(
                f"{request.n_frames} frames of {request.video} are asked for, and there are poses of "
                f"{request.poses.n_frames}",
                f"limit the run: --limit-frames {request.poses.n_frames}",
            )
        generated = self._pipeline.size_for(request.reference_size)
        frames = self._pipeline.stream(
            request.reference,
            request.poses.first(request.n_frames),
            seed=request.seed,
            size=generated,
            output_size=request.size or self._pipeline.output_size_for(request.reference_size),
            steps=self._steps,
            guidance=self._guidance,
            window=self._window,
            overlap=self._overlap,
        )
        yield from frames


def _number(options: Mapping[str, object], name: str, default: float) -> float:
    value = options.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{name}={value} is no number", f"give a number, such as {name}={default}")
    return float(value)


def _whole_number(options: Mapping[str, object], name: str, default: int) -> int:
    value = _number(options, name, default)
    if value != int(value):
        raise InputError(f"{name}={value} is no whole number", f"give a number, such as {name}={default}")
    return int(value)
