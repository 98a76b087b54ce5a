"""Stable Diffusion 1.5 under a pose ControlNet: AnimateDiff, and IP-Adapter frame by frame or as video.

`ip-adapter-controlnet` and `ip-adapter-controlnet-video` rebuild the rows "IP-Adapter + ControlNet" and
"IP-Adapter + ControlNet-V" of MagicAnimate's table 1 (arXiv 2311.16498) from published parts. Which files and
settings the authors took was not at hand: the settings are those of the parts' own code, so the numbers
need not agree. `animatediff` knows the person only by a text; it stands for no row of a paper.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcbench.baselines.builtin.common import number, whole_number
from mcbench.baselines.contract import AnimationRequest, Options
from mcbench.baselines.pipelines.frames import (
    drawings,
    finished,
    generation_size,
    generator,
    reference_picture,
)
from mcbench.baselines.pipelines.loading import Place, find, load_part, precision, ready, sampler_of
from mcbench.errors import DataMissingError, FileFormatError, InputError
from mcbench.records import ModelDescription, WeightsUse

_BASE = tuple(f"{part}/*.safetensors" for part in ("unet", "vae", "text_encoder"))
_ONE_FILE = ("*.safetensors",)
_GRID = 8
"""Sides of pictures are multiples of the VAE's stride."""


class Controlled:
    """A loaded pipeline of one of the three methods.

    Args:
        model: its id.
        device: of torch.
        options: of its spec.
        motion: whether AnimateDiff's motion modules make one video of the frames.
        appearance: whether IP-Adapter shows the reference.
    """

    def __init__(self, model: str, device: str, options: Options, *, motion: bool, appearance: bool) -> None:
        self._model, self._motion, self._appearance = model, motion, appearance
        self._options = options
        self._steps = _at_least_one(options, "steps")
        self._pixels = _at_least_one(options, "pixels")
        self._guidance = number(options, "guidance", 7.5)
        self._control_scale = number(options, "control_scale", 1.0)
        self._window = _at_least_one(options, "window") if motion else 1
        self._stride = _at_least_one(options, "stride") if motion else 1
        if self._stride > self._window:
            raise InputError(
                f"stride={self._stride} leaves frames between windows of {self._window}",
                f"give a stride of 1 to {self._window}",
            )
        self._pipeline, self._weights = self._load(device)

    def describe(self) -> ModelDescription:
        """Return the hashes of all weights and the settings; the prompt is a setting, too."""
        return ModelDescription(
            id=self._model,
            display_name=self._model,
            kind="diffusers",
            weights=self._weights,
            sampler=sampler_of(self._pipeline, self._options),
            inputs=("pose-drawings",) if self._appearance else ("pose-drawings", "prompt"),
        )

    def animate(self, request: AnimationRequest) -> Iterator[NDArray[np.uint8]]:
        """Yield the frames, generated in the clip's shape and resized to what was asked for.

        Raises:
            DataMissingError: the request lacks drawings of poses, or the text that animatediff needs.
        """
        size = generation_size(request.size or request.reference_size, self._pixels, _GRID)
        poses = drawings(request, "pose-drawings", size)
        given: dict[str, Any] = {
            "prompt": self._prompt(request),
            "negative_prompt": str(self._options["negative_prompt"]),
            "height": size[0],
            "width": size[1],
            "num_inference_steps": self._steps,
            "guidance_scale": self._guidance,
            "controlnet_conditioning_scale": self._control_scale,
        }
        if self._appearance:
            given["ip_adapter_image"] = reference_picture(request, size)
        made = self._video(request, poses, given) if self._motion else self._frames(request, poses, given)
        yield from finished(made, request)

    def _prompt(self, request: AnimationRequest) -> str:
        if self._appearance:
            return str(self._options["prompt"])
        if not request.prompt:
            raise DataMissingError(
                f"{self._model} needs a text for {request.video}", "give one: --option prompt='a dancer'"
            )
        return request.prompt

    def _frames(self, request: AnimationRequest, poses: list[Any], given: dict[str, Any]) -> Iterator[Any]:
        for pose in poses:
            # The same noise for every frame: what else moves than the pose is the method's doing.
            yield self._pipeline(image=pose, generator=generator(request.seed), **given).images[0]

    def _video(self, request: AnimationRequest, poses: list[Any], given: dict[str, Any]) -> list[Any]:
        if len(poses) > self._window:
            self._pipeline.enable_free_noise(context_length=self._window, context_stride=self._stride)
        else:
            self._pipeline.disable_free_noise()
        made = self._pipeline(
            conditioning_frames=poses, num_frames=len(poses), generator=generator(request.seed), **given
        )
        frames: list[Any] = made.frames[0]
        return frames

    def _load(self, device: str) -> tuple[Any, tuple[WeightsUse, ...]]:
        import diffusers

        numbers = precision(device)
        base = find(self._model, self._options, "base", _BASE)
        control = find(self._model, self._options, "controlnet", _ONE_FILE)
        parts: dict[str, Any] = {
            "controlnet": load_part(diffusers.ControlNetModel, control, torch_dtype=numbers)
        }
        weights = [*base.weights(*_BASE), *control.weights(*_ONE_FILE)]
        if self._motion:
            motion = find(self._model, self._options, "motion_adapter", _ONE_FILE)
            parts["motion_adapter"] = load_part(diffusers.MotionAdapter, motion, torch_dtype=numbers)
            weights += motion.weights(*_ONE_FILE)
        adapter = self._find_adapter() if self._appearance else None
        pipeline = self._assemble(base, parts, numbers)
        if adapter is not None:
            weights += _add_adapter(pipeline, adapter, str(self._options["ip_adapter_file"]))
            pipeline.set_ip_adapter_scale(number(self._options, "ip_scale", 1.0))
        return ready(pipeline, device), tuple(weights)

    def _find_adapter(self) -> Place:
        file = str(self._options["ip_adapter_file"])
        if not file.endswith(".safetensors"):
            raise InputError(
                f"ip_adapter_file={file} is no .safetensors file", "give one: other formats can hold programs"
            )
        return find(
            self._model, self._options, "ip_adapter", (file, "models/image_encoder/model.safetensors")
        )

    def _assemble(self, base: Place, parts: dict[str, Any], numbers: Any) -> Any:
        import diffusers

        if self._motion:
            pipeline = load_part(diffusers.AnimateDiffControlNetPipeline, base, torch_dtype=numbers, **parts)
            schedule = {"beta_schedule": "linear", "timestep_spacing": "linspace"}
        else:
            pipeline = load_part(
                diffusers.StableDiffusionControlNetPipeline,
                base,
                torch_dtype=numbers,
                # It would blacken frames, which a benchmark must not do unseen.
                safety_checker=None,
                requires_safety_checker=False,
                **parts,
            )
            schedule = {"beta_schedule": "scaled_linear"}
        pipeline.scheduler = diffusers.DDIMScheduler(
            beta_start=0.00085, beta_end=0.012, clip_sample=False, steps_offset=1, **schedule
        )
        return pipeline


def load_animatediff(device: str, options: Options) -> Controlled:
    """Return `animatediff`; errors as of `mcbench.baselines.pipelines.loading`."""
    return Controlled("animatediff", device, options, motion=True, appearance=False)


def load_frames(device: str, options: Options) -> Controlled:
    """Return `ip-adapter-controlnet`; errors as of `mcbench.baselines.pipelines.loading`."""
    return Controlled("ip-adapter-controlnet", device, options, motion=False, appearance=True)


def load_video(device: str, options: Options) -> Controlled:
    """Return `ip-adapter-controlnet-video`; errors as of `mcbench.baselines.pipelines.loading`."""
    return Controlled("ip-adapter-controlnet-video", device, options, motion=True, appearance=True)


def _add_adapter(pipeline: Any, place: Place, file: str) -> tuple[WeightsUse, ...]:
    folder, _, name = file.rpartition("/")
    try:
        pipeline.load_ip_adapter(place.folder, subfolder=folder, weight_name=name, local_files_only=True)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise FileFormatError(
            f"{place.option}={place.given} has no IP-Adapter {file} with an image encoder for these "
            f"networks: {str(error).splitlines()[0]}",
            f"give a folder that does: --option {place.option}=FOLDER --option ip_adapter_file=FILE",
        ) from error
    return place.weights(file, f"{folder or '.'}/image_encoder/*.safetensors")


def _at_least_one(options: Options, name: str) -> int:
    value = whole_number(options, name, 1)
    if value < 1:
        raise InputError(f"{name}={value} is less than 1", f"give {name}=1 or more")
    return value
