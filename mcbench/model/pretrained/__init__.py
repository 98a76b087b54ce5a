"""Published weights in our networks: Stable Diffusion 1.5, AnimateDiff v2, Moore-AnimateAnyone."""

from mcbench.model.pretrained.fitting import ConversionReport, KeyReport
from mcbench.model.pretrained.moore import MooreWeights, convert_moore
from mcbench.model.pretrained.parts import (
    load_autoencoder,
    load_clip,
    load_motion_modules,
    load_stable_diffusion,
)
from mcbench.model.pretrained.start import start_autoencoder, start_from_pretrained

__all__ = [
    "ConversionReport",
    "KeyReport",
    "MooreWeights",
    "convert_moore",
    "load_autoencoder",
    "load_clip",
    "load_motion_modules",
    "load_stable_diffusion",
    "start_autoencoder",
    "start_from_pretrained",
]
