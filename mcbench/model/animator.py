"""`ours` as a method of the benchmark: a checkpoint behind the contract of `mcbench.baselines`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from diffusers.utils import logging
from numpy.typing import NDArray

from mcbench import files
from mcbench.baselines.contract import AnimationRequest, Options
from mcbench.errors import DataMissingError, FileFormatError, InputError, MismatchError, WeightsMissingError
from mcbench.model.pipeline import AnimationPipeline, resize_picture
from mcbench.records import ModelDescription, WeightsUse

CHECKPOINTS = Path(__file__).parent / "checkpoints"
_OPTIONS = ("checkpoint", "steps", "guidance", "window", "overlap")


def load_ours(device: str, options: Options) -> OursAnimator:
    """Load the reference model.

    Args:
        device: of torch.
        options: `checkpoint`: the name of a shipped checkpoint (`tiny`, the default) or the folder of a
            pipeline, such as training writes; `steps`, `guidance`, `window`, `overlap`: of sampling, the
            checkpoint's own by default.

    Raises:
        InputError: an option is unknown or no number.
        WeightsMissingError: there is no such checkpoint.
        FileFormatError: the folder does not hold one.
    """
    unknown = sorted(set(options) - set(_OPTIONS))
    if unknown:
        raise InputError(f"ours has no option {unknown[0]!r}", f"its options are {', '.join(_OPTIONS)}")
    return OursAnimator(_checkpoint(str(options.get("checkpoint", "tiny"))), device, options)


class OursAnimator:
    """A loaded checkpoint.

    Args:
        folder: of the pipeline.
        device: of torch.
        options: as in `load_ours`.
    """

    def __init__(self, folder: Path, device: str, options: Options) -> None:
        self._folder = folder
        self._pipeline = load_pipeline(folder).to(device)
        defaults = self._pipeline.config.settings["sampling"]
        self._steps = _whole_number(options, "steps", int(defaults["steps"]))
        self._window = _whole_number(options, "window", int(defaults["window"]))
        self._overlap = _whole_number(options, "overlap", int(defaults["overlap"]))
        self._guidance = _number(options, "guidance", float(defaults["guidance"]))

    def describe(self) -> ModelDescription:
        """Return what a run record says: the hash of every file of weights, and the sampler."""
        height, width = self._pipeline.size
        return ModelDescription(
            id="ours",
            display_name=f"ours ({self._pipeline.config.settings['name']})",
            kind="ours",
            licence="Apache-2.0",
            paper="Xue et al., Towards Multiple Character Image Animation Through Enhancing Implicit "
            "Decoupling, ICLR 2025",
            weights=tuple(
                WeightsUse(name=str(path.relative_to(self._folder)), sha256=files.sha256_file(path))
                for path in sorted(self._folder.glob("*/*.safetensors"))
            ),
            sampler={
                "scheduler": type(self._pipeline.scheduler).__name__,
                "steps": self._steps,
                "guidance": self._guidance,
                "window": self._window,
                "overlap": self._overlap,
                "native_size": f"{height}x{width}",
            },
        )

    def animate(self, request: AnimationRequest) -> Iterator[NDArray[np.uint8]]:
        """Yield the frames of a request.

        They are generated at the checkpoint's native size, then resized to the size asked for (by area
        where they shrink, bicubic where they grow).

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
        output = self._pipeline(
            request.reference,
            request.poses.first(request.n_frames),
            seed=request.seed,
            steps=self._steps,
            guidance=self._guidance,
            window=self._window,
            overlap=self._overlap,
        )
        size = request.size if request.size is not None else self._pipeline.size
        for frame in output.frames:
            yield resize_picture(frame, size)


def load_pipeline(folder: Path) -> AnimationPipeline:
    """Load a pipeline's folder in single precision, from this machine alone.

    Raises:
        FileFormatError: it does not hold a whole pipeline of ours.
    """
    showed_progress = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        # diffusers fills networks made in float32, whatever the precision of the file.
        pipeline: AnimationPipeline = AnimationPipeline.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:
        raise FileFormatError(
            f"{folder} does not hold a pipeline of mcbench: {error}",
            "give the folder `pipeline` that mcbench train writes",
        ) from error
    finally:
        if showed_progress:
            logging.enable_progress_bar()
    pipeline.set_progress_bar_config(disable=True)
    if not pipeline.config.get("settings"):
        raise FileFormatError(f"{folder}/model_index.json has no settings of an mcbench pipeline")
    return pipeline


def _checkpoint(name: str) -> Path:
    shipped = CHECKPOINTS / name
    folder = shipped if shipped.is_dir() else Path(name)
    if not (folder / "model_index.json").is_file():
        known = ", ".join(sorted(path.name for path in CHECKPOINTS.glob("*") if path.is_dir()))
        raise WeightsMissingError(
            f"there is no checkpoint {name!r}",
            f"use a shipped one ({known}) or the folder `pipeline` that mcbench train writes",
        )
    return folder


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
