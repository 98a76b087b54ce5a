"""`stable-video-diffusion`: the reference set in motion by Stable Video Diffusion, which knows no pose.

What it does with people is its own idea, so against a driving video it says how far an image-to-video model
gets that is not told the motion. Clips longer than it makes at a time go on from the last frame made.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mcbench.baselines.builtin.common import number, whole_number
from mcbench.baselines.contract import AnimationRequest, Options
from mcbench.baselines.pipelines.frames import finished, generation_size, generator, reference_picture
from mcbench.baselines.pipelines.loading import find, load_part, precision, ready, sampler_of
from mcbench.errors import InputError
from mcbench.records import ModelDescription

_WEIGHTS = tuple(f"{part}/*.safetensors" for part in ("unet", "vae", "image_encoder"))
_GRID = 64
"""Both sides are multiples of the VAE's stride times that of the UNet."""
_MOST_FPS = 30
"""Rates that the network was trained with end here."""


class StableVideo:
    """A loaded pipeline.

    Args:
        device: of torch.
        options: of its spec.
    """

    def __init__(self, device: str, options: Options) -> None:
        import diffusers

        self._options = options
        self._chunk = whole_number(options, "frames", 25)
        self._steps = whole_number(options, "steps", 25)
        self._pixels = whole_number(options, "pixels", 576 * 1024)
        if self._chunk < 2 or self._steps < 1 or self._pixels < 1:
            raise InputError("frames are at least 2, steps and pixels at least 1")
        self._place = find("stable-video-diffusion", options, "base", _WEIGHTS)
        pipeline = load_part(
            diffusers.StableVideoDiffusionPipeline, self._place, torch_dtype=precision(device)
        )
        self._pipeline = ready(pipeline, device)

    def describe(self) -> ModelDescription:
        """Return the hashes of all weights and the settings; it is shown the reference alone."""
        return ModelDescription(
            id="stable-video-diffusion",
            display_name="stable-video-diffusion (no pose)",
            kind="diffusers",
            weights=self._place.weights(*_WEIGHTS),
            sampler=sampler_of(self._pipeline, self._options),
        )

    def animate(self, request: AnimationRequest) -> Iterator[NDArray[np.uint8]]:
        """Yield the frames, generated in the clip's shape and resized to what was asked for."""
        yield from finished(self._frames(request), request)

    def _frames(self, request: AnimationRequest) -> Iterator[Image.Image]:
        size = generation_size(request.size or request.reference_size, self._pixels, _GRID)
        given: dict[str, Any] = {
            "height": size[0],
            "width": size[1],
            "num_frames": self._chunk,
            "num_inference_steps": self._steps,
            "min_guidance_scale": number(self._options, "min_guidance", 1.0),
            "max_guidance_scale": number(self._options, "max_guidance", 3.0),
            "motion_bucket_id": whole_number(self._options, "motion_bucket", 127),
            "noise_aug_strength": number(self._options, "noise_augmentation", 0.02),
            "fps": min(max(round(request.fps), 1), _MOST_FPS),
            "decode_chunk_size": 8,
        }
        draw = generator(request.seed)  # one for the whole clip: chunks differ in their noise
        start, left = reference_picture(request, size), request.n_frames
        first = True
        while left > 0:
            # Always as many as it was trained for; its first frame shows the picture that it was given.
            made = self._pipeline(start, generator=draw, **given).frames[0]
            fresh = made if first else made[1:]
            yield from fresh[:left]
            start, left, first = made[-1], left - len(fresh), False


def load(device: str, options: Options) -> StableVideo:
    """Return the method; errors as of `mcbench.baselines.pipelines.loading`, or a number out of range."""
    return StableVideo(device, options)
