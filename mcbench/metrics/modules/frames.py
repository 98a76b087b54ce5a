"""Means over frames: absolute error, peak signal-to-noise ratio, structural similarity."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mcbench.errors import InputError, MismatchError
from mcbench.metrics import frame
from mcbench.metrics.modules.base import VideoMetric
from mcbench.metrics.modules.inputs import ValueRange, array, check_frames, check_uint8, levels

_SHAPE = "frames [..., height, width, 3], RGB"


class FrameMean(VideoMetric):
    """The mean of one value a frame, over all frames seen by all processes; a base class.

    The states are the sum, in float64, and the number of frames. All but LPIPS are computed on the CPU,
    wherever the frames are.
    """

    needs_uint8 = False

    def __init__(self, value_range: ValueRange, settings: tuple[object, ...], **options: Any) -> None:
        super().__init__(value_range, **options)
        kind = type(self).__qualname__
        self._sum = self.state_name("sum", kind, *settings)
        self._count = self.state_name("count", kind, *settings)
        self.add_state(self._sum, torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state(self._count, torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, prediction: torch.Tensor, truth: torch.Tensor) -> None:
        """Take in pairs of frames.

        Args:
            prediction: [..., H, W, 3], uint8, or floating on `value_range`.
            truth: the same shape.

        Raises:
            MismatchError: the shapes differ.
            InputError: another layout or type, or values outside the range or not finite.
        """
        for side, frames in (("prediction", prediction), ("truth", truth)):
            check_frames(frames, side, _SHAPE, None)
            if self.needs_uint8:
                check_uint8(frames, side)
        if prediction.shape != truth.shape:
            raise MismatchError(
                f"the prediction is {list(prediction.shape)} and the truth {list(truth.shape)}",
                "frames are compared one by one: give both sides one shape",
            )
        values = self._values(
            levels(prediction, "prediction", self.value_range), levels(truth, "truth", self.value_range)
        )
        total = torch.tensor(math.fsum(values.ravel()), dtype=torch.float64, device=self.device)
        setattr(self, self._sum, getattr(self, self._sum) + total)
        setattr(self, self._count, getattr(self, self._count) + values.size)

    def compute(self) -> torch.Tensor:
        """Return the mean over all frames seen, a float64 scalar.

        Raises:
            InputError: there were none.
        """
        count = int(getattr(self, self._count))
        if count == 0:
            raise InputError(f"{type(self).__name__} has seen no frames", "call update first")
        mean: torch.Tensor = getattr(self, self._sum) / count
        return mean

    @abstractmethod
    def _values(self, prediction: torch.Tensor, truth: torch.Tensor) -> NDArray[np.float64]:
        """Return one value a frame, of frames on 0..255."""


class MeanAbsoluteError(FrameMean):
    """Mean of abs(prediction - truth) over pixels and channels, as a share of black to white.

    The "L1" of protocol `mcbench/1`.

    Args:
        value_range: (black, white) of floating frames; uint8 is 0..255.
        options: of `torchmetrics.Metric`.

    Shapes: [..., H, W, 3] on both sides; the result is a float64 scalar.

    Source: the definition. Function: `mcbench.metrics.frame.mae`.

    Example:
        >>> import torch
        >>> from mcbench.metrics import MeanAbsoluteError
        >>> metric = MeanAbsoluteError()
        >>> metric.update(torch.full((2, 16, 16, 3), 0.25), torch.full((2, 16, 16, 3), 0.75))
        >>> float(metric.compute())
        0.5
    """

    higher_is_better = False
    bounds = (0.0, 1.0)

    def __init__(self, *, value_range: ValueRange = (0.0, 1.0), **options: Any) -> None:
        super().__init__(value_range, (), **options)

    def _values(self, prediction: torch.Tensor, truth: torch.Tensor) -> NDArray[np.float64]:
        return frame.mae(array(prediction), array(truth))


class L1PerPixel(FrameMean):
    """The "L1" of DisCo's evaluator: mean of abs(prediction - truth) on 0..255, divided once more by H*W.

    It depends on the resolution; tables that quote it mean 256x256 frames.

    Args:
        value_range: (black, white) of floating frames; uint8 is 0..255.
        options: of `torchmetrics.Metric`.

    Shapes: [..., H, W, 3] on both sides; the result is a float64 scalar.

    Source: DisCo, tool/metrics (commit c4fa48a). Function: `mcbench.metrics.frame.l1_per_pixel`.

    Example:
        >>> import torch
        >>> from mcbench.metrics import L1PerPixel
        >>> metric = L1PerPixel()
        >>> metric.update(torch.zeros(1, 256, 256, 3), torch.full((1, 256, 256, 3), 25 / 255))
        >>> f"{float(metric.compute()):.2e}"
        '3.81e-04'
    """

    higher_is_better = False
    unit = "levels/px"
    bounds = (0.0, 255.0)

    def __init__(self, *, value_range: ValueRange = (0.0, 1.0), **options: Any) -> None:
        super().__init__(value_range, (), **options)

    def _values(self, prediction: torch.Tensor, truth: torch.Tensor) -> NDArray[np.float64]:
        return frame.l1_per_pixel(array(prediction), array(truth))


class PeakSignalNoiseRatio(FrameMean):
    """Mean over frames of 10 log10(range^2 / MSE), in dB.

    Averaged in decibels, frame by frame, as the field's tables are; `torchmetrics`' class of this name takes
    one logarithm of the error of all frames.

    Args:
        identical: the value of a frame without any difference, where the formula has none.
        cap: the highest value of a frame, or None; protocol `mcbench/1` has 100.
        value_range: (black, white) of floating frames; uint8 is 0..255.
        options: of `torchmetrics.Metric`.

    Shapes: [..., H, W, 3] on both sides; the result is a float64 scalar.

    Source: the definition. Function: `mcbench.metrics.frame.psnr`.

    Example:
        >>> import torch
        >>> from mcbench.metrics import PeakSignalNoiseRatio
        >>> metric = PeakSignalNoiseRatio()
        >>> metric.update(torch.zeros(2, 16, 16, 3), torch.full((2, 16, 16, 3), 0.1))
        >>> round(float(metric.compute()), 4)
        20.0
    """

    higher_is_better = True
    unit = "dB"
    bounds = (0.0, math.inf)

    def __init__(
        self,
        *,
        identical: float = 100.0,
        cap: float | None = None,
        value_range: ValueRange = (0.0, 1.0),
        **options: Any,
    ) -> None:
        super().__init__(value_range, (identical, cap), **options)
        self.identical, self.cap = identical, cap

    def _values(self, prediction: torch.Tensor, truth: torch.Tensor) -> NDArray[np.float64]:
        return frame.psnr(array(prediction), array(truth), identical=self.identical, cap=self.cap)


class PeakSignalNoiseRatioUint8(FrameMean):
    """What 8-bit arithmetic that wraps makes of the PSNR; not a PSNR: to read old tables by alone.

    Differences and squares are taken modulo 256, so the value never falls below 24.07 dB, is near 28 dB for
    any bad frame, and can rise while frames get worse. 8-bit frames only; floating ones are refused.

    Args:
        options: of `torchmetrics.Metric`.

    Shapes: uint8 [..., H, W, 3] on both sides; the result is a float64 scalar.

    Source: DisCo, tool/metrics, before 2024-04-10. Function: `mcbench.metrics.frame.psnr_uint8`.

    Example:
        >>> import torch
        >>> from mcbench.metrics import PeakSignalNoiseRatioUint8
        >>> metric = PeakSignalNoiseRatioUint8()
        >>> black, gray = torch.zeros(1, 8, 8, 3).byte(), torch.full((1, 8, 8, 3), 128).byte()
        >>> metric.update(gray, black)  # 128 * 128 is 0 modulo 256
        >>> float(metric.compute())
        100.0
    """

    higher_is_better = True
    unit = "dB"
    bounds = (10.0 * math.log10(255.0), 100.0)
    needs_uint8 = True

    def __init__(self, **options: Any) -> None:
        super().__init__((0.0, 255.0), (), **options)

    def _values(self, prediction: torch.Tensor, truth: torch.Tensor) -> NDArray[np.float64]:
        return frame.psnr_uint8(array(prediction), array(truth))


class StructuralSimilarity(FrameMean):
    """SSIM with Wang et al.'s window, mean of R, G and B, then over frames.

    (2 ma mb + C1)(2 sab + C2) / ((ma^2 + mb^2 + C1)(sa + sb + C2)) with means, variances and covariance
    under an 11x11 Gaussian window of sigma 1.5 (population covariance), C1 = 0.01^2, C2 = 0.03^2 for a range
    of 1, mean over the region where the window lies inside the frame.

    Args:
        value_range: (black, white) of floating frames; uint8 is 0..255.
        options: of `torchmetrics.Metric`.

    Shapes: [..., H, W, 3] on both sides, H and W at least 11; the result is a float64 scalar.

    Source: Wang et al. 2004; the mean of the channels as common since. Function:
    `mcbench.metrics.frame.ssim_gaussian`.

    Example:
        >>> import torch
        >>> from mcbench.metrics import StructuralSimilarity
        >>> frames = torch.rand(2, 32, 32, 3, generator=torch.Generator().manual_seed(0))
        >>> metric = StructuralSimilarity()
        >>> metric.update(frames, frames)
        >>> round(float(metric.compute()), 6)
        1.0
    """

    higher_is_better = True
    bounds = (-1.0, 1.0)

    def __init__(self, *, value_range: ValueRange = (0.0, 1.0), **options: Any) -> None:
        super().__init__(value_range, (), **options)

    def _values(self, prediction: torch.Tensor, truth: torch.Tensor) -> NDArray[np.float64]:
        return frame.ssim_gaussian(array(prediction), array(truth), data_range=255.0)


class StructuralSimilarityGray(FrameMean):
    """SSIM as DisCo's evaluator has it: on 8-bit BT.601 luma, 7x7 flat window, sample covariance.

    What scikit-image computes by default for 8-bit gray frames. It differs from `StructuralSimilarity` by up
    to 0.17. 8-bit frames only; floating ones are refused.

    Args:
        options: of `torchmetrics.Metric`.

    Shapes: uint8 [..., H, W, 3] on both sides, H and W at least 7; the result is a float64 scalar.

    Source: DisCo, tool/metrics (commit c4fa48a). Function: `mcbench.metrics.frame.ssim_gray_uniform`.

    Example:
        >>> import torch
        >>> from mcbench.metrics import StructuralSimilarityGray
        >>> black, white = torch.zeros(1, 16, 16, 3).byte(), torch.full((1, 16, 16, 3), 255).byte()
        >>> metric = StructuralSimilarityGray()
        >>> metric.update(black, white)
        >>> f"{float(metric.compute()):.3e}"
        '9.999e-05'
    """

    higher_is_better = True
    bounds = (-1.0, 1.0)
    needs_uint8 = True

    def __init__(self, **options: Any) -> None:
        super().__init__((0.0, 255.0), (), **options)

    def _values(self, prediction: torch.Tensor, truth: torch.Tensor) -> NDArray[np.float64]:
        return frame.ssim_gray_uniform(array(prediction), array(truth))
