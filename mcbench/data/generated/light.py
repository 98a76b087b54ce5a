"""The light of a clip, which changes as it goes on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcbench.data.generated.arithmetic import Floats, Random, fixed, sine, unit, vector
from mcbench.data.generated.specs import SceneSpec


@dataclass(frozen=True)
class Light:
    """One strong lamp and soft light from all around, over time.

    Attributes:
        towards: [T, 3] unit vectors to the lamp, in the world.
        lamp: [T, 3] the lamp's linear RGB.
        around: [T, 3] linear RGB of the soft light.
    """

    towards: Floats
    lamp: Floats
    around: Floats


def set_light(spec: SceneSpec) -> Light:
    """Return the light of a clip: steady with slow drift, pulsing, or changing its colour."""
    random = Random(spec.seed, "light")
    seconds = np.arange(spec.n_frames + 1, dtype=np.float64) / spec.fps
    kind = random.choice(("drift", "drift", "pulse", "colour"))
    if spec.split != "train":  # few clips: let every kind come up
        kind = ("drift", "pulse", "colour")[(spec.index + spec.index // 3) % 3]
    phase = random.uniform()
    x = random.uniform(-0.9, 0.9) + 0.25 * sine(seconds * 0.07 + phase)
    towards = fixed(unit(vector(x, random.uniform(0.9, 1.3), random.uniform(-1.0, -0.6))))
    warm = random.uniform(-0.08, 0.08)
    lamp_tint = vector(seconds * 0.0 + 1.0 + warm, 0.98, 1.0 - warm)
    strength = 0.78 + 0.08 * sine(seconds * 0.11 + phase)
    if kind == "pulse":
        strength = strength + 0.14 * sine(seconds * random.uniform(0.3, 0.6) + phase)
    elif kind == "colour":
        speed = random.uniform(0.1, 0.25)
        for channel in range(3):
            lamp_tint[:, channel] += 0.16 * sine(seconds * speed + phase + channel / 3.0)
    around = random.uniform(0.40, 0.55)
    soft = (
        vector(seconds * 0.0 + 1.0 - warm * 0.5, 1.0, 1.0 + warm * 0.5)
        * (around + 0.03 * sine(seconds * 0.09))[:, None]
    )
    return Light(towards, fixed(lamp_tint * strength[:, None]), fixed(soft))
