"""Every metric as a `torchmetrics.Metric`, for training loops; the numbers are those of the pure functions.

| class | function |
| --- | --- |
| `MeanAbsoluteError` | `frame.mae` |
| `L1PerPixel` | `frame.l1_per_pixel` |
| `PeakSignalNoiseRatio` | `frame.psnr` |
| `PeakSignalNoiseRatioUint8` | `frame.psnr_uint8` |
| `StructuralSimilarity` | `frame.ssim_gaussian` |
| `StructuralSimilarityGray` | `frame.ssim_gray_uniform` |
| `LearnedPerceptualSimilarity` | `networks.lpips.LpipsNetwork.distance` |
| `FrechetInceptionDistance` | `distribution.frechet_distance` |
| `FrechetVideoResNetDistance` | the same |
| `FrechetVideoDistance` | the same |
| `KernelInceptionDistance`, `KernelVideoDistance` | `distribution.kernel_distance` |

Frames are [N, H, W, 3] and clips [N, T, H, W, 3], RGB, channels last, as for the functions: uint8 on 0..255,
or floating (float64, float32, float16, bfloat16) on the `value_range` that the metric is told, 0..1 unless
told otherwise. Anything else is refused: another layout, values outside the range, values that are not
finite.

States are float64 sums or float32 features and stay so: `metric.half()` or a module's `.to(torch.bfloat16)`
moves them without rounding them. Under DDP they are gathered when `compute` is called; processes may have
seen different numbers of items, or none. Whoever shards a data set with a sampler that repeats items to
make shards equal counts these twice; use one that does not.

The values are means over frames, or distances between all items seen. A score of mcbench averages and selects
as its protocol says: see `mcbench.scoring`.
"""

from __future__ import annotations

from mcbench.metrics.modules.distribution import (
    FrechetInceptionDistance,
    FrechetVideoDistance,
    FrechetVideoResNetDistance,
    KernelInceptionDistance,
    KernelVideoDistance,
)
from mcbench.metrics.modules.frames import (
    L1PerPixel,
    MeanAbsoluteError,
    PeakSignalNoiseRatio,
    PeakSignalNoiseRatioUint8,
    StructuralSimilarity,
    StructuralSimilarityGray,
)
from mcbench.metrics.modules.perceptual import LearnedPerceptualSimilarity

__all__ = [
    "FrechetInceptionDistance",
    "FrechetVideoDistance",
    "FrechetVideoResNetDistance",
    "KernelInceptionDistance",
    "KernelVideoDistance",
    "L1PerPixel",
    "LearnedPerceptualSimilarity",
    "MeanAbsoluteError",
    "PeakSignalNoiseRatio",
    "PeakSignalNoiseRatioUint8",
    "StructuralSimilarity",
    "StructuralSimilarityGray",
]
