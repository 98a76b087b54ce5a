"""How good a training's averaged weights are on clips that it never trains on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcbench.conditions import ClipConditions
from mcbench.errors import WeightsMissingError
from mcbench.metrics import load_lpips, mae, psnr, ssim_gaussian
from mcbench.metrics.networks.lpips import LpipsNetwork
from mcbench.model.pipeline import AnimationPipeline
from mcbench.model.training.clips import ValidationClip

_LOWER_IS_BETTER = {"l1": True, "lpips": True, "psnr": False, "ssim": False}
_GAP = 2


@dataclass(frozen=True)
class Validation:
    """What came of a validation.

    Attributes:
        values: `l1` (0 to 1), `psnr` (dB), `ssim`, and `lpips` (AlexNet) where its weights are: means over
            all frames but the references.
        sheet: uint8 [height, width, 3], a row a clip: reference, pose, made, truth of the last frame.
    """

    values: dict[str, float]
    sheet: NDArray[np.uint8]


def find_lpips(device: str, *, needed: bool) -> LpipsNetwork | None:
    """Return LPIPS, or None where its weights are not on this machine and it is not needed.

    Raises:
        WeightsMissingError: it is needed; the hint is the command that fetches the weights.
    """
    try:
        return load_lpips("alex", device=device)
    except WeightsMissingError:
        if needed:
            raise
        return None


def validate(
    pipeline: AnimationPipeline, clips: Sequence[ValidationClip], lpips: LpipsNetwork | None
) -> Validation:
    """Animate each clip's first frame along its poses with the pipeline's own settings, and compare."""
    found: dict[str, list[NDArray[np.float64]]] = {}
    rows = []
    for clip in clips:
        made = pipeline(clip.frames[0], clip.poses, seed=0).frames
        for name, values in _compare(made[1:], clip.frames[1:], lpips).items():
            found.setdefault(name, []).append(values)
        drawing = ClipConditions(clip.poses, clip.poses.size).frame(len(made) - 1).pose
        pictures = (clip.frames[0], drawing, made[-1], clip.frames[-1])
        rows.append(np.concatenate([np.pad(each, ((0, _GAP), (0, _GAP), (0, 0))) for each in pictures], 1))
    means = {name: float(np.concatenate(values).mean()) for name, values in found.items()}
    return Validation(means, np.concatenate(rows))


def is_better(name: str, value: float, than: float | None) -> bool:
    """Return whether a validation's number is better than the best so far."""
    if than is None:
        return True
    return value < than if _LOWER_IS_BETTER[name] else value > than


def _compare(
    made: NDArray[np.uint8], truth: NDArray[np.uint8], lpips: LpipsNetwork | None
) -> dict[str, NDArray[np.float64]]:
    values = {
        "l1": mae(made, truth),
        "psnr": psnr(made, truth),
        "ssim": ssim_gaussian(made, truth, data_range=255.0),
    }
    if lpips is not None:
        values["lpips"] = lpips.distance(made, truth)
    return values
