"""The same numbers on a GPU; skipped where there is none."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mcbench import metrics

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")


@pytest.mark.parametrize(("n", "m", "d"), [(20, 30, 400), (600, 500, 64), (2, 2, 2048)])
def test_distances_on_a_gpu_are_those_of_a_cpu(n: int, m: int, d: int) -> None:
    random = np.random.default_rng(n)
    x, y = random.normal(size=(n, d)), 0.9 * random.normal(size=(m, d)) + 0.1
    on_gpu = [torch.from_numpy(side).cuda() for side in (x, y)]
    traces = float(x.var(0).sum() + y.var(0).sum())
    assert metrics.frechet_distance(*on_gpu) == pytest.approx(
        metrics.frechet_distance(x, y), abs=1e-11 * traces
    )
    assert metrics.frechet_distance(on_gpu[0], on_gpu[0].clone()) == 0.0
    assert metrics.kernel_distance(*on_gpu) == pytest.approx(metrics.kernel_distance(x, y), rel=1e-9)
    assert metrics.frechet_distance(on_gpu[0], y) == metrics.frechet_distance(*on_gpu)


def test_classes_on_a_gpu_are_those_on_a_cpu() -> None:
    truth = torch.rand(4, 16, 40, 36, 3, generator=torch.Generator().manual_seed(0))
    prediction = (truth * 0.8).to(torch.bfloat16)
    for made in (
        lambda: metrics.PeakSignalNoiseRatio(),
        lambda: metrics.StructuralSimilarity(),
        lambda: metrics.FrechetVideoDistance("motion"),
        lambda: metrics.KernelVideoDistance("clip", paired=True),
    ):
        here, there = made(), made().to("cuda")
        here.update(prediction, truth)
        there.update(prediction.cuda(), truth.cuda())
        assert there.compute().device.type == "cuda"
        assert float(there.compute()) == pytest.approx(float(here.compute()), rel=2e-3)
