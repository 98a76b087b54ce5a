"""A few generated frames, and worse versions of them, to try a back end on."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from mcbench.data.generated import build_scene, train_clip
from mcbench.metrics.networks.contract import FeatureNetwork

_FRAMES = 16
_SIZE = (224, 160)
_IMAGES_A_CLIP = (0, 8)


@cache
def probe_frames(clips: int = 2) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return predicted and true clips, uint8 [clips, 16, 224, 160, 3]; the predicted ones are distorted.

    A prediction is a little blurred, darker and noisy, and two pixels aside: about what a fair model does.
    """
    truth = np.stack([_rendered(index) for index in range(clips)])
    planes = torch.from_numpy(truth).flatten(0, 1).permute(0, 3, 1, 2).float()
    blurred = functional.avg_pool2d(planes, 3, stride=1, padding=1, count_include_pad=False).roll(2, dims=3)
    noise = torch.from_numpy(np.random.default_rng(0).normal(0.0, 6.0, tuple(blurred.shape)))
    worse = (blurred * 0.94 + noise).round().clamp(0, 255).to(torch.uint8)
    return worse.permute(0, 2, 3, 1).reshape(truth.shape).numpy(), truth


def probe_items(network: FeatureNetwork, clips: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    """Return predicted and true items for a network, float32 [N, T, *input_size, 3], bicubic, antialiased.

    N is the number of clips, or twice that for a network over images.
    """
    sides = []
    for side in probe_frames(clips):
        if network.clip_length == 1:
            frames = side[:, list(_IMAGES_A_CLIP)].reshape(-1, 1, *side.shape[2:])
        else:
            frames = side[:, np.arange(network.clip_length) % _FRAMES]
        planes = torch.from_numpy(frames).flatten(0, 1).permute(0, 3, 1, 2).float()
        small = functional.interpolate(
            planes, size=network.input_size, mode="bicubic", antialias=True, align_corners=False
        )
        sides.append(small.permute(0, 2, 3, 1).reshape(*frames.shape[:2], *network.input_size, 3))
    return sides[0], sides[1]


def _rendered(index: int) -> NDArray[np.uint8]:
    scene = build_scene(train_clip(index, _FRAMES + 1))
    return np.stack([scene.render(place, _SIZE).image for place in range(_FRAMES)])
