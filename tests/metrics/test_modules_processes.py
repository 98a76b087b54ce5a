"""Metrics under DDP: two gloo processes with unequal shards give what one process gives."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed
import torch.multiprocessing

from mcbench import metrics

ITEMS = 7
SHARES = {"unequal": (5, 2), "one without any": (7, 0)}


class Quadrants:
    """A `FeatureNetwork`: the means of the four quarters of a frame, the same whatever the batch."""

    def __init__(self, clip_length: int) -> None:
        self.name, self.clip_length = "quadrants", clip_length
        self.dimensions, self.input_size = 12, (16, 12)

    def features(self, batch: torch.Tensor) -> torch.Tensor:
        parts = batch.double().mean(1).unflatten(2, (2, 6)).unflatten(1, (2, 8)).mean((2, 4))
        return (parts.flatten(1) / 255).float()


class Difference:
    """Stands where an LPIPS network does, without its four seconds of importing."""

    def distance(self, prediction: torch.Tensor, truth: torch.Tensor, input_range: str) -> np.ndarray:
        assert input_range == "-1..1"
        return (prediction.double() - truth.double()).square().mean((1, 2, 3)).numpy()


def _metrics() -> dict[str, torch.nn.Module]:
    frames, clips = Quadrants(1), Quadrants(16)
    return {
        "mae": metrics.MeanAbsoluteError(),
        "l1": metrics.L1PerPixel(),
        "psnr": metrics.PeakSignalNoiseRatio(),
        "psnr_uint8": metrics.PeakSignalNoiseRatioUint8(),
        "ssim": metrics.StructuralSimilarity(),
        "ssim_gray": metrics.StructuralSimilarityGray(),
        "lpips": metrics.LearnedPerceptualSimilarity(network=Difference()),
        "fid": metrics.FrechetInceptionDistance(Quadrants(1)),
        "kid": metrics.KernelInceptionDistance(frames, paired=True),
        "fid_vid": metrics.FrechetVideoResNetDistance(clips),
        "fvd": metrics.FrechetVideoDistance(clips),
        "kvd": metrics.KernelVideoDistance(clips),
    }


def _items(name: str) -> tuple[torch.Tensor, torch.Tensor]:
    shape = (ITEMS, 16, 20, 16, 3) if name in ("fid_vid", "fvd", "kvd") else (ITEMS, 36, 34, 3)
    generator = torch.Generator().manual_seed(0)
    prediction, truth = torch.randint(0, 256, (2, *shape), generator=generator, dtype=torch.uint8)
    return prediction // 2, truth


def _feed(name: str, metric: torch.nn.Module, begin: int, end: int) -> None:
    prediction, truth = _items(name)
    for start in range(begin, end, 3):
        part = slice(start, min(start + 3, end))
        metric.update(prediction[part], truth[part])


def _process(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    place = Path(folder)
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{place / 'meeting'}", rank=rank, world_size=2
    )
    found: dict[str, dict[str, float]] = {}
    try:
        for case, shares in SHARES.items():
            begin, end = (0, shares[0]) if rank == 0 else (shares[0], ITEMS)
            for name, metric in _metrics().items():
                _feed(name, metric, begin, end)
                found.setdefault(case, {})[name] = float(metric.compute())
        metric = metrics.FrechetInceptionDistance(Quadrants(1))
        prediction, truth = _items("fid")
        for part in (slice(rank, 4, 2), slice(4 + rank, ITEMS, 2)):  # computed once in the middle
            metric.update(prediction[part], truth[part])
            found.setdefault("in two steps", {})["fid"] = float(metric.compute())
    finally:
        torch.distributed.destroy_process_group()
    (place / f"{rank}.json").write_text(json.dumps(found))


@pytest.mark.filterwarnings("ignore:The ``compute`` method of metric")
def test_two_processes_give_what_one_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "lo")
    # torchmetrics takes long to import; the server does it once for both.
    multiprocessing.get_context("forkserver").set_forkserver_preload(["mcbench.metrics.modules", __name__])
    torch.multiprocessing.start_processes(
        _process, args=(str(tmp_path),), nprocs=2, start_method="forkserver"
    )
    expected = {}
    for name, metric in _metrics().items():
        _feed(name, metric, 0, ITEMS)
        expected[name] = float(metric.compute())
    first, second = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1))
    assert first == second, "every process has the value of all"
    for case, values in first.items():
        for name, value in values.items():
            assert value == pytest.approx(expected[name], rel=1e-9), (case, name)
    assert set(first) == {*SHARES, "in two steps"}
    assert set(first["unequal"]) == set(expected)
