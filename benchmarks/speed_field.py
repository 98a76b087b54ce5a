"""The seven metrics as the field's scripts compute them, written straightforwardly, to compare with.

Each metric is a pass of its own over the files. For FID-VID and FVD every window of 16 frames is an item of
a data set: its frames are decoded and resized anew. FID is pytorch-fid's `get_activations`, LPIPS the package
lpips on one pair after another. Networks are eager torch in its default memory format, with all cores.
Distances between the features are left out: scipy's roots would add half a minute, however few the frames.
"""

from __future__ import annotations

import copy
import resource
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from PIL import Image
from pytorch_fid.fid_score import get_activations
from pytorch_fid.inception import InceptionV3
from skimage.metrics import structural_similarity
from speed_setting import Footage
from torch.utils.data import DataLoader, Dataset

from mcbench.metrics.networks.lpips import build_lpips
from mcbench.metrics.networks.torch_network import TorchNetwork
from mcbench.scoring.networks import Networks

WINDOW = 16
_BATCH_OF_FRAMES, _BATCH_OF_CLIPS = 50, 8
"""pytorch-fid's default; and what scripts for clips take on machines without a GPU."""


@dataclass(frozen=True)
class Pass:
    """One pass over the files.

    Attributes:
        seconds: by the clock.
        decode: seconds of the processor spent on decoding, where they can be told.
        resize: the same of cropping and resizing on the CPU.
        rest: all other seconds of the processor: the network, or the formula.
    """

    seconds: float
    decode: float
    resize: float
    rest: float


class Stopwatch:
    """Processor seconds of decoding and resizing, added up over worker processes."""

    def __init__(self) -> None:
        self.decode = torch.zeros(1, dtype=torch.float64).share_memory_()
        self.resize = torch.zeros(1, dtype=torch.float64).share_memory_()
        self._lock = torch.multiprocessing.get_context("fork").Lock()

    def frame(self, path: Path, size: int = 0, mean: Sequence[float] = (), scale: float = 1.0) -> Any:
        """Return a frame as uint8 [256, 256, 3], or, stretched to `size`, float [3, size, size]."""
        begin = time.thread_time()
        picture = Image.open(path).convert("RGB")
        decoded = time.thread_time()
        short = min(picture.size)
        left, top = (picture.width - short) // 2, (picture.height - short) // 2
        square = picture.crop((left, top, left + short, top + short)).resize((256, 256), Image.BILINEAR)
        frame: Any = np.asarray(square)
        if size:
            planes = torch.from_numpy(frame.copy()).permute(2, 0, 1)[None].float()
            frame = torch.nn.functional.interpolate(
                planes, size=(size, size), mode="bicubic", antialias=True, align_corners=False
            )[0]
            frame = frame / scale - torch.tensor(mean)[:, None, None]
        done = time.thread_time()
        with self._lock:
            self.decode += decoded - begin
            self.resize += done - decoded
        return frame


class Windows(Dataset[torch.Tensor]):
    """Every window of 16 frames of every video, float [3, 16, size, size]."""

    def __init__(
        self,
        videos: Sequence[Sequence[Path]],
        watch: Stopwatch,
        size: int,
        mean: Sequence[float],
        scale: float,
    ) -> None:
        self._windows = [
            video[start : start + WINDOW] for video in videos for start in range(len(video) - WINDOW + 1)
        ]
        self._watch, self._how = watch, (size, mean, scale)

    def __len__(self) -> int:
        return len(self._windows)

    def __getitem__(self, place: int) -> torch.Tensor:
        frames = [self._watch.frame(path, *self._how) for path in self._windows[place]]
        return torch.stack(frames, dim=1)


def passes(footage: Footage, networks: Networks, workers: int) -> dict[str, Pass]:
    """Compute the seven metrics' values and features, each in its own pass.

    Args:
        footage: its first method against the truth.
        networks: whose weights to use; the networks run as the field runs them.
        workers: processes that load items, where the field's loops have them.
    """
    sides = footage.frames(footage.methods[0]), footage.frames(footage.truth)
    pairs = [pair for videos in zip(*sides, strict=True) for pair in zip(*videos, strict=True)]
    lpips, inception = _lpips(networks), _inception(networks)
    clips = {name: _body(networks, name) for name in ("resnet50-kinetics", "i3d")}
    resnet_mean = networks.features("resnet50-kinetics").module.shift.tolist()  # type: ignore[attr-defined]
    watch = Stopwatch()

    def each_pair(compare: Callable[[np.ndarray, np.ndarray], object]) -> None:
        for prediction, truth in pairs:
            compare(watch.frame(prediction), watch.frame(truth))

    def fid() -> None:
        for side in sides:
            files = [str(path) for video in side for path in video]
            with redirect_stderr(StringIO()):  # its progress bar
                get_activations(files, inception, min(_BATCH_OF_FRAMES, len(files)), num_workers=workers)

    def windows(name: str, size: int, mean: Sequence[float], scale: float) -> None:
        for side in sides:
            items = Windows(side, watch, size, mean, scale)
            with torch.no_grad():
                for batch in DataLoader(items, _BATCH_OF_CLIPS, num_workers=workers):
                    clips[name](batch)

    metrics: dict[str, Callable[[], None]] = {
        "l1": lambda: each_pair(lambda a, b: np.abs(a.astype(np.float64) - b).mean()),
        "psnr": lambda: each_pair(lambda a, b: 20 * np.log10(255 / np.sqrt(((a / 1.0 - b) ** 2).mean()))),
        "ssim": lambda: each_pair(_ssim),
        "lpips": lambda: each_pair(lambda a, b: _distance(lpips, a, b)),
        "fid": fid,
        "fid_vid": lambda: windows("resnet50-kinetics", 112, resnet_mean, 1.0),
        "fvd": lambda: windows("i3d", 224, (1.0, 1.0, 1.0), 127.5),
    }
    return {name: _timed(compute, watch) for name, compute in metrics.items()}


def _timed(compute: Callable[[], None], watch: Stopwatch) -> Pass:
    watch.decode.zero_()
    watch.resize.zero_()
    start, start_cpu = time.perf_counter(), _cpu()
    compute()
    seconds, cpu = time.perf_counter() - start, _cpu() - start_cpu
    decode, resize = float(watch.decode), float(watch.resize)
    return Pass(seconds, decode, resize, cpu - decode - resize)


def _cpu() -> float:
    """Return processor seconds of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _ssim(prediction: np.ndarray, truth: np.ndarray) -> float:
    gray = [np.asarray(Image.fromarray(frame).convert("L")) for frame in (prediction, truth)]
    return float(structural_similarity(*gray, data_range=255))


def _distance(lpips: Any, prediction: np.ndarray, truth: np.ndarray) -> float:
    with torch.no_grad():
        tensors = [
            torch.from_numpy(frame.copy()).permute(2, 0, 1)[None].float() / 255.0
            for frame in (prediction, truth)
        ]
        return float(lpips(*tensors))


def _lpips(networks: Networks) -> Any:
    model = build_lpips("vgg")
    state = networks.lpips("vgg").module.net.state_dict()  # type: ignore[union-attr]
    plain = {name: value.clone(memory_format=torch.contiguous_format) for name, value in state.items()}
    model.net.load_state_dict(plain, assign=True)
    return model.eval()


def _body(networks: Networks, name: str) -> Any:
    network = networks.features(name)
    assert isinstance(network, TorchNetwork)
    return copy.deepcopy(network.module.body).to(memory_format=torch.contiguous_format)


def _inception(networks: Networks) -> InceptionV3:
    """Return pytorch-fid's own module around the network, which it would download."""
    model = _body(networks, "inception").model
    with mock.patch("pytorch_fid.inception.fid_inception_v3", return_value=model):
        return InceptionV3([InceptionV3.BLOCK_INDEX_BY_DIM[2048]]).eval()
