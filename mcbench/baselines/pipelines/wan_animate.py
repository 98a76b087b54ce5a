"""`wan-animate`: Wan-Animate's animation mode, with drawings of the body and crops of one face.

The authors drive it with their own drawings of whole bodies and with the face of the driving video. Here
drawings are DWPose's, an approximation; faces are cut from the driving frames around the head's key points
(`face=driving`, the self-reenactment way, as the driving video is the true one) or left out (`face=blank`).
It animates one person: the face is of the one who is nearest in the first frame.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from mcbench.baselines.builtin.common import fit, number, true_frame, whole_number
from mcbench.baselines.contract import AnimationRequest, Options
from mcbench.baselines.pipelines.frames import (
    drawings,
    finished,
    generation_size,
    generator,
    reference_picture,
)
from mcbench.baselines.pipelines.loading import find, load_part, precision, ready, sampler_of
from mcbench.data.truth import Poses
from mcbench.errors import DataMissingError, InputError
from mcbench.records import ModelDescription

_WEIGHTS = tuple(f"{part}/*.safetensors" for part in ("transformer", "vae", "text_encoder", "image_encoder"))
_GRID = 16
_TOKENS = 512
_HEAD = (0, 14, 15, 16, 17)
"""Nose, eyes and ears in the order of `mcbench.data.truth.COCO18`."""
_MARGIN = 0.8
"""The crop reaches this many times the head's own extent beyond it on each side."""


class WanAnimate:
    """A loaded pipeline.

    Args:
        device: of torch.
        options: of its spec.
    """

    def __init__(self, device: str, options: Options) -> None:
        import diffusers

        self._options = options
        self._steps = whole_number(options, "steps", 20)
        self._segment = whole_number(options, "segment", 77)
        self._pixels = whole_number(options, "pixels", 1280 * 720)
        self._overlap = whole_number(options, "overlap", 1)
        self._face = str(options["face"])
        if self._face not in ("driving", "blank"):
            raise InputError(f"face={self._face} is no way of showing a face", "give driving or blank")
        if self._overlap not in (1, 5):
            raise InputError(f"overlap={self._overlap} is not what it was trained with", "give 1 or 5")
        if self._segment % 4 != 1 or self._segment <= self._overlap or min(self._steps, self._pixels) < 1:
            raise InputError(
                f"segment={self._segment} is no multiple of 4 plus 1 above the overlap, or steps or pixels "
                "are below 1",
                "give segment=77, as in its training",
            )
        self._place = find("wan-animate", options, "base", _WEIGHTS)
        numbers = torch.bfloat16 if device.startswith("cuda") else precision(device)
        # The VAE in single precision, as diffusers' own example has it.
        vae = load_part(diffusers.AutoencoderKLWan, self._place, subfolder="vae", torch_dtype=torch.float32)
        pipeline = load_part(diffusers.WanAnimatePipeline, self._place, torch_dtype=numbers, vae=vae)
        self._pipeline = ready(pipeline, device)

    def describe(self) -> ModelDescription:
        """Return the hashes of all weights and the settings."""
        return ModelDescription(
            id="wan-animate",
            display_name="wan-animate" if self._face == "driving" else "wan-animate (no face)",
            kind="diffusers",
            weights=self._place.weights(*_WEIGHTS),
            sampler=sampler_of(self._pipeline, self._options),
            inputs=("poses", "dwpose-drawings", *(("driving-frames",) if self._face == "driving" else ())),
        )

    def animate(self, request: AnimationRequest) -> Iterator[NDArray[np.uint8]]:
        """Yield the frames, generated in the clip's shape and resized to what was asked for.

        Raises:
            DataMissingError: the request lacks drawings, poses or driving frames.
        """
        size = generation_size(request.size or request.reference_size, self._pixels, _GRID)
        guidance = number(self._options, "guidance", 1.0)
        poses, faces = drawings(request, "dwpose-drawings", size), self._faces(request)
        # The pipeline makes nothing of a single frame: a second one is made and dropped.
        spare = [1] if request.n_frames == 1 else []
        with torch.no_grad():
            made = self._pipeline(
                image=reference_picture(request, size),
                pose_video=poses + [poses[0] for _ in spare],
                face_video=faces + [faces[0] for _ in spare],
                prompt_embeds=self._embed(str(self._options["prompt"])),
                negative_prompt_embeds=self._embed(str(self._options["negative_prompt"]))
                if guidance > 1
                else None,
                height=size[0],
                width=size[1],
                segment_frame_length=self._segment,
                prev_segment_conditioning_frames=self._overlap,
                num_inference_steps=self._steps,
                guidance_scale=guidance,
                generator=generator(request.seed),
                mode="animate",
                output_type="pil",
            ).frames[0]
        yield from finished(made[: request.n_frames], request)

    def _embed(self, text: str) -> torch.Tensor:
        """Return the text's features, [1, 512, channels], zero behind its end.

        The pipeline's own method cleans texts with ftfy, which a fixed prompt does not need.
        """
        encoder, tokenizer = self._pipeline.text_encoder, self._pipeline.tokenizer
        tokens = tokenizer(
            [text], padding="max_length", max_length=_TOKENS, truncation=True, return_tensors="pt"
        )
        mask = tokens.attention_mask.to(encoder.device)
        features: torch.Tensor = encoder(tokens.input_ids.to(encoder.device), mask).last_hidden_state
        masked: torch.Tensor = features * mask[..., None].to(features.dtype)
        return masked

    def _faces(self, request: AnimationRequest) -> list[Image.Image]:
        side = int(self._pipeline.transformer.config.motion_encoder_size)
        nothing = Image.new("RGB", (side, side))
        if self._face == "blank":
            return [nothing] * request.n_frames
        if request.poses is None:
            raise DataMissingError(
                f"{request.video} has no poses to find faces by", "use --option face=blank"
            )
        faces: list[Image.Image] = []
        for index in range(request.n_frames):
            frame = true_frame(request, "wan-animate", index)
            box = _head(request.poses, index, frame.shape[:2])
            if box is None:  # the face before goes on; there is none before the first
                faces.append(faces[-1] if faces else nothing)
                continue
            left, top, right, bottom = box
            face = fit(np.ascontiguousarray(frame[top:bottom, left:right]), (side, side))
            faces.append(Image.fromarray(face))
        return faces


def load(device: str, options: Options) -> WanAnimate:
    """Return the method; errors as of `mcbench.baselines.pipelines.loading`, or an option out of range."""
    return WanAnimate(device, options)


def _head(poses: Poses, index: int, size: tuple[int, ...]) -> tuple[int, int, int, int] | None:
    """Return a box around the nearest person's head, cut to the picture; None if none is seen.

    Args:
        poses: of the clip; who is nearest in its first frame counts.
        index: of the frame.
        size: (height, width) of the frame.

    Returns:
        left, top, right, bottom in pixels.
    """
    if poses.n_people == 0:
        return None
    person = int(np.where(np.isfinite(poses.depth[0]), poses.depth[0], np.inf).argmin())
    scaled = poses.resized((size[0], size[1]))
    known = scaled.visibility[index, person][list(_HEAD)] > 0
    points = scaled.keypoints[index, person][list(_HEAD)][known]
    if len(points) < 2:
        return None
    low, high = points.min(axis=0), points.max(axis=0)
    half = float((high - low).max()) * (0.5 + _MARGIN)
    x, y = ((low + high) / 2).tolist()
    left, right = max(0, int(x - half)), min(size[1], int(x + half) + 1)
    top, bottom = max(0, int(y - half)), min(size[0], int(y + half) + 1)
    return (left, top, right, bottom) if right - left > 1 and bottom - top > 1 else None
