"""What training does to clips, and the numbers that say how much of it was done.

Changes in time are made on a clip's timeline (which frame is shown when, in whose looks), changes of the
picture on pixels. Strengths are continuous from nothing upwards, so that features learn degrees.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

TIMELINE_LEVELS = ("roughness", "frozen", "backward", "exchanged")
PICTURE_LEVELS = (
    "blur", "noise", "blocks", "warp", "gain_red", "gain_green", "gain_blue", "contrast"
)  # fmt: skip
_CHANGES = ("shuffle", "freeze", "swap")
_PICTURE_CHANGES = ("blur", "noise", "blocks", "warp", "colour")


@dataclass(frozen=True)
class Timeline:
    """Which frame of a rendered clip is shown at each time, and in which looks.

    Attributes:
        frames: int [T], index of the frame shown.
        looks: int [T], 0 for everyone's own looks, 1 for exchanged ones.
    """

    frames: NDArray[np.int64]
    looks: NDArray[np.int64]

    @property
    def ordered(self) -> bool:
        """Whether every frame is shown once and in its place, so that flow means what it says."""
        return bool((np.diff(self.frames) == 1).all())

    def levels(self) -> NDArray[np.float32]:
        """Return the numbers named in `TIMELINE_LEVELS`, each about 0 to 2, float32 [4]."""
        steps = np.diff(self.frames)
        return np.array(
            [
                np.log1p(np.abs(steps - 1).mean()),
                2 * (steps == 0).mean(),
                2 * (steps < 0).mean(),
                2 * (self.looks != self.looks[0]).mean(),
            ],
            dtype=np.float32,
        )


@dataclass
class Picture:
    """How much a clip's pixels are changed; nothing by default.

    Attributes:
        blur: sigma of a Gaussian, as a fraction of the height.
        noise: sigma in grey levels.
        grain: sigma of a Gaussian over the noise, in pixels; 0 for white noise.
        blocks: side of the blocks in pixels, 1 for none.
        warp: amplitude of a smooth displacement, as a fraction of the width.
        gain: factors of red, green and blue.
        contrast: factor of the distance from mid grey.
    """

    blur: float = 0.0
    noise: float = 0.0
    grain: float = 0.0
    blocks: int = 1
    warp: float = 0.0
    gain: NDArray[np.float32] = field(default_factory=lambda: np.ones(3, np.float32))
    contrast: float = 1.0

    def levels(self) -> NDArray[np.float32]:
        """Return the numbers named in `PICTURE_LEVELS`, each about 0 to 3 (colours -2 to 2), float32 [8]."""
        scalars = [
            np.log1p(self.blur * 400),
            np.log1p(self.noise / 2),
            2 * np.log(self.blocks),
            self.warp * 60,
        ]
        colours = [*(np.log(self.gain) * 5), np.log(self.contrast) * 4]
        return np.array(scalars + colours, dtype=np.float32)


def draw_timeline(random: np.random.Generator, length: int) -> Timeline:
    """Draw a timeline: in order half of the time, else shuffled, frozen, swapped, or two of these."""
    frames, looks = np.arange(length), np.full(length, random.integers(2))
    if length > 1 and random.random() < 0.6:
        for change in random.choice(_CHANGES, size=1 + (random.random() < 0.2), replace=False):
            if change == "shuffle":
                frames = _shuffled(random, frames)
            elif change == "freeze":
                frames = _frozen(random, frames)
            else:
                looks = _swapped(random, looks)
    return Timeline(frames, looks)


def draw_picture(random: np.random.Generator) -> Picture:
    """Draw a change of the picture: none at all half of the time, else one or two kinds."""
    picture = Picture()
    if random.random() < 0.45:
        return picture
    for change in random.choice(_PICTURE_CHANGES, size=1 + (random.random() < 0.3), replace=False):
        if change == "blur":
            picture.blur = float(np.exp(random.uniform(np.log(0.0015), np.log(0.035))))
        elif change == "noise":
            picture.noise = float(np.exp(random.uniform(np.log(0.7), np.log(70.0))))
            picture.grain = float(random.choice([0.0, random.uniform(0.3, 0.8)]))
        elif change == "blocks":
            picture.blocks = int(random.choice([2, 3, 4, 6]))
        elif change == "warp":
            picture.warp = float(random.uniform(0.005, 0.05))
        else:
            picture.gain = np.exp(random.normal(0, 0.2, 3)).astype(np.float32)
            picture.contrast = float(np.exp(random.normal(0, 0.3)))
    return picture


def apply_picture(frames: torch.Tensor, picture: Picture, random: np.random.Generator) -> torch.Tensor:
    """Return float [T, 3, height, width] on the scale 0..255, changed, rounded and clipped to 0..255."""
    height, width = frames.shape[-2:]
    if picture.warp > 0:
        frames = _warped(frames, picture.warp, random)
    if picture.blur > 0:
        frames = _blurred(frames, picture.blur * height)
    if picture.blocks > 1:
        small = F.avg_pool2d(frames, picture.blocks, ceil_mode=True)
        large = F.interpolate(small, scale_factor=picture.blocks, mode="nearest")
        frames = large[..., :height, :width]
    if picture.contrast != 1.0 or not (picture.gain == 1).all():
        gain = torch.from_numpy(picture.gain)[:, None, None]
        frames = ((frames - 127.5) * picture.contrast + 127.5) * gain
    if picture.noise > 0:
        noise = torch.from_numpy(random.standard_normal(frames.shape, np.float32))
        if picture.grain > 0:
            noise = _blurred(noise, picture.grain)
            noise = noise / noise.std()
        frames = frames + picture.noise * noise
    return frames.round().clamp(0, 255)


def _shuffled(random: np.random.Generator, frames: NDArray[np.int64]) -> NDArray[np.int64]:
    """Exchange frames: any of a random share of them, or neighbours within a random reach."""
    length = len(frames)
    if random.random() < 0.5:
        count = int(random.integers(2, length + 1))
        places = np.sort(random.choice(length, size=count, replace=False))
        shuffled = frames.copy()
        shuffled[places] = frames[random.permutation(places)]
        return shuffled
    reach = np.exp(random.uniform(np.log(1.0), np.log(length)))
    return frames[np.argsort(np.arange(length) + random.uniform(0, reach, length), kind="stable")]


def _frozen(random: np.random.Generator, frames: NDArray[np.int64]) -> NDArray[np.int64]:
    """Show earlier frames again: from some time on, or here and there."""
    length = len(frames)
    if random.random() < 0.5:
        shown = np.minimum(np.arange(length), random.integers(0, length - 1))
    else:
        held = random.random(length) < random.uniform(0.05, 0.95)
        held[0] = False
        shown = np.maximum.accumulate(np.where(held, 0, np.arange(length)))
    return frames[shown]


def _swapped(random: np.random.Generator, looks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Exchange everyone's looks from some time on, or for a while."""
    times = np.sort(random.choice(np.arange(1, len(looks)), size=1 + (random.random() < 0.3), replace=False))
    exchanged = looks.copy()
    for time in times:
        exchanged[time:] = 1 - exchanged[time:]
    return exchanged


def _blurred(planes: torch.Tensor, sigma: float) -> torch.Tensor:
    """Gaussian blur of [N, C, height, width], edges repeated, sigma in pixels."""
    radius = min(max(1, int(np.ceil(3 * sigma))), min(planes.shape[-2:]) - 1)
    offsets = torch.arange(-radius, radius + 1, dtype=torch.float32)
    kernel = torch.exp(-0.5 * (offsets / sigma) ** 2)
    kernel = kernel / kernel.sum()
    flat = planes.reshape(-1, 1, *planes.shape[-2:])
    flat = F.conv2d(F.pad(flat, (0, 0, radius, radius), mode="replicate"), kernel.view(1, 1, -1, 1))
    flat = F.conv2d(F.pad(flat, (radius, radius, 0, 0), mode="replicate"), kernel.view(1, 1, 1, -1))
    return flat.view_as(planes)


def _warped(frames: torch.Tensor, amplitude: float, random: np.random.Generator) -> torch.Tensor:
    """Displace pixels by a smooth random field, the same in all frames or one a frame."""
    length, _, height, width = frames.shape
    fields = length if random.random() < 0.5 else 1
    coarse = torch.from_numpy(random.standard_normal((fields, 2, 6, 5)).astype(np.float32))
    shift = F.interpolate(coarse, size=(height, width), mode="bicubic", align_corners=False)
    shift = (2 * amplitude * shift).permute(0, 2, 3, 1).expand(length, -1, -1, -1)
    identity = F.affine_grid(torch.eye(2, 3).expand(length, 2, 3), [length, 3, height, width], False)
    return F.grid_sample(frames, identity + shift, padding_mode="border", align_corners=False)
