"""The reference model as a diffusers pipeline: a reference picture and poses in, frames out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from diffusers import AutoencoderKL, DDIMScheduler, DiffusionPipeline, UNet2DConditionModel
from diffusers.utils import BaseOutput
from numpy.typing import NDArray
from pydantic import TypeAdapter

from mcbench.conditions import ClipConditions
from mcbench.data.truth import Poses
from mcbench.errors import InputError, MismatchError
from mcbench.model.config import (
    AutoencoderConfig,
    LatentsConfig,
    ModelConfig,
    SamplingConfig,
    SpaceToDepthConfig,
)
from mcbench.model.frame_store import FrameStore
from mcbench.model.guiders import GuiderSet
from mcbench.model.image_encoders import ImageEncoder
from mcbench.model.latents import Latents, build_autoencoder, build_latents, check_divisible
from mcbench.model.maps import Appearance, FirstGuess, guider_maps, to_tensor
from mcbench.model.networks import Denoiser, Networks, Reference, build_networks, build_scheduler
from mcbench.model.windows import plan_windows, triangular_weights
from mcbench.progress import Progress, SilentProgress
from mcbench.records import Size

_MAPS_AT_ONCE = 8
_FRAMES_AT_ONCE = 4
_ASPECT_TOLERANCE = 0.02
_LATENTS: TypeAdapter[SpaceToDepthConfig | AutoencoderConfig] = TypeAdapter(LatentsConfig)


@dataclass
class AnimationOutput(BaseOutput):  # type: ignore[misc]
    """What the pipeline returns.

    Attributes:
        frames: uint8 [frames, height, width, 3], RGB.
    """

    frames: NDArray[np.uint8]


@dataclass(frozen=True)
class _Sampling:
    """How one video is sampled."""

    windows: list[tuple[int, int]]
    steps: int
    guidance: float
    seed: int
    progress: Progress


class AnimationPipeline(DiffusionPipeline):  # type: ignore[misc]
    """Animates the people of a reference picture along poses.

    ReferenceNet, image encoder and guiders run once a video. The noise of the whole video is drawn once,
    on the CPU, from its seed; windows index into it. Windows run one after the other, so the frames do
    not depend on batching or on other videos. Of a long video, guiders' features lie in a
    temporary file, and frames are decoded a few at a time: only the latents grow with its length.

    Args:
        denoiser: `UNetMotionModel`, or `UNet2DConditionModel` for frames independent of each other.
        reference_net: pairs with the denoiser.
        image_encoder: tokens of the reference for cross-attention: ours, or a
            `CLIPVisionModelWithProjection`.
        scheduler: any scheduler of diffusers with `set_timesteps`, `scale_model_input` and `step`.
        guiders: all of them; None for none.
        vae: where the latents are an autoencoder's.
        settings: size (height, width), latents, defaults of sampling (steps, guidance, window, overlap) and
            reference_pose_in_reference_net, as `settings_of` gives them.
    """

    _optional_components = ["guiders", "vae"]  # noqa: RUF012 (diffusers adds it to a list)
    model_cpu_offload_seq = "image_encoder->reference_net->denoiser"

    def __init__(
        self,
        denoiser: Denoiser,
        reference_net: UNet2DConditionModel,
        image_encoder: ImageEncoder,
        scheduler: DDIMScheduler,
        guiders: GuiderSet | None = None,
        vae: AutoencoderKL | None = None,
        settings: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.register_modules(
            denoiser=denoiser,
            reference_net=reference_net,
            image_encoder=image_encoder,
            scheduler=scheduler,
            guiders=guiders,
            vae=vae,
        )
        self.register_to_config(settings=settings)

    @classmethod
    def from_networks(
        cls,
        networks: Networks,
        config: ModelConfig,
        scheduler: DDIMScheduler | None = None,
        vae: AutoencoderKL | None = None,
    ) -> AnimationPipeline:
        """Make a pipeline of networks, such as training gives them."""
        return cls(
            networks.denoiser,
            networks.reference_net,
            networks.image_encoder,
            scheduler if scheduler is not None else build_scheduler(config),
            networks.guiders if networks.guiders.names else None,
            vae,
            settings=settings_of(config),
        )

    @classmethod
    def with_random_weights(cls, config: ModelConfig) -> AnimationPipeline:
        """Make a pipeline with random weights (from torch's generator)."""
        latents = config.latents
        vae = build_autoencoder(latents) if isinstance(latents, AutoencoderConfig) else None
        return cls.from_networks(build_networks(config, temporal=True), config, vae=vae)

    @property
    def size(self) -> Size:
        """The (height, width) that the networks were trained at."""
        height, width = self.config.settings["size"]
        return int(height), int(width)

    @property
    def grid(self) -> int:
        """Side in pixels of one position of the coarsest features: sizes must be multiples of it."""
        levels = len(self.denoiser.config.block_out_channels)
        return int(self.latents.factor << (levels - 1))

    def size_for(self, picture: Size) -> Size:
        """Return the size to generate for a reference of (height, width) `picture`.

        The native size where the aspects agree within 2 %; else the multiples of `grid` that come nearest to
        the picture's aspect and the native number of pixels, so that nobody is squeezed.
        """
        height, width = self.size
        if abs(picture[0] / picture[1] / (height / width) - 1) <= _ASPECT_TOLERANCE:
            return self.size
        ideal = (
            (height * width * picture[0] / picture[1]) ** 0.5,
            (height * width * picture[1] / picture[0]) ** 0.5,
        )
        rows, columns = (max(1, round(side / self.grid)) * self.grid for side in ideal)
        return rows, columns

    def output_size_for(self, picture: Size) -> Size | None:
        """Return the size of frames at which a reference of (height, width) `picture` keeps its detail.

        That is its own where frames are differences to it, carried or not; None (as generated) elsewhere.
        """
        return picture if self.latents_config.relative_to != "none" else None

    @property
    def latents(self) -> Latents:
        """The space that is denoised."""
        return build_latents(self.latents_config, self.vae)

    @property
    def latents_config(self) -> SpaceToDepthConfig | AutoencoderConfig:
        """The section `latents` of the settings; what an older pipeline lacks is as the defaults say."""
        return _LATENTS.validate_python(self.config.settings["latents"])

    @property
    def sampling(self) -> SamplingConfig:
        """The section `sampling` of the settings; what an older pipeline lacks is as the defaults say."""
        return SamplingConfig.model_validate(self.config.settings["sampling"])

    def networks(self) -> Networks:
        """Return the components as `Networks`; weights are shared."""
        width = int(self.denoiser.config.block_out_channels[0])
        guiders = self.guiders if self.guiders is not None else GuiderSet([], width, self.latents.factor)
        return Networks(
            self.denoiser,
            self.reference_net,
            self.image_encoder,
            guiders,
            reference_pose_in_reference_net=self.config.settings["reference_pose_in_reference_net"],
        )

    def __call__(self, reference: NDArray[np.uint8], poses: Poses, **options: Any) -> AnimationOutput:
        """Return all frames at once; arguments and errors are those of `stream`."""
        return AnimationOutput(frames=np.stack(list(self.stream(reference, poses, **options))))

    def stream(
        self,
        reference: NDArray[np.uint8],
        poses: Poses,
        *,
        seed: int = 0,
        size: Size | None = None,
        steps: int | None = None,
        guidance: float | None = None,
        window: int | None = None,
        overlap: int | None = None,
        output_size: Size | None = None,
        progress: Progress | None = None,
    ) -> Iterator[NDArray[np.uint8]]:
        """Generate one frame a pose; frames are yielded, uint8 [H, W, 3], as they are decoded.

        Args:
            reference: uint8 [height, width, 3], RGB; it shows the people as `poses.keypoints[0]` has them,
                at the aspect of `poses.size`. Resized (area) to the generated size where it differs.
            poses: of all frames, frame 0 being the reference's own.
            seed: of the video's noise.
            size: (height, width) to generate; the native size by default. Sides must be multiples of `grid`.
            steps, guidance, window, overlap: of sampling; defaults from the settings. A guidance of 1
                runs one pass; any other runs two in one batch, of which one sees neither reference features
                nor tokens.
            output_size: (height, width) of the frames; the generated size by default. Where frames are
                differences to a first guess, the guess is made at this size and the difference is resized;
                other frames are resized (by area where they shrink, bicubic where they grow).
            progress: counts denoiser calls.

        Raises:
            InputError: no frames or people, a size that cannot be generated, bad sampler settings.
            MismatchError: the reference is no RGB picture of the poses' aspect.
        """
        size = size if size is not None else self.size
        defaults = self.sampling
        steps = steps if steps is not None else defaults.steps
        guidance = guidance if guidance is not None else defaults.guidance
        self.check_inputs(reference, poses, size, steps, guidance)
        windows = plan_windows(
            poses.n_frames,
            window if window is not None else defaults.window,
            overlap if overlap is not None else defaults.overlap,
        )
        plan = _Sampling(windows, steps, guidance, seed, progress or SilentProgress())
        guess = self._first_guess(reference, poses, output_size or size)
        return self._generate(resize_picture(reference, size), ClipConditions(poses, size), guess, plan)

    @torch.no_grad()
    def _generate(
        self,
        picture: NDArray[np.uint8],
        conditions: ClipConditions,
        guess: FirstGuess,
        plan: _Sampling,
    ) -> Iterator[NDArray[np.uint8]]:
        networks = self.networks()
        reference_latents = self.latents.encode(to_tensor(picture[None]).to(self.device))
        seen = self._read_reference(networks, picture, reference_latents, conditions)
        features = self._guide(networks, picture, conditions)
        latents = self._noise(reference_latents, len(conditions), plan.seed)
        latents = self._denoise(networks, latents, seen, features, plan)
        yield from self._decode(latents, guess)

    def check_inputs(
        self, reference: NDArray[np.uint8], poses: Poses, size: Size, steps: int, guidance: float
    ) -> None:
        """Check what `__call__` was given, before anything is computed; it lists the errors."""
        if reference.ndim != 3 or reference.shape[2] != 3 or reference.dtype != np.uint8:
            raise MismatchError(
                f"the reference is {reference.dtype} {reference.shape}, not uint8 [height, width, 3]",
                "convert it to RGB without alpha",
            )
        aspect, expected = reference.shape[0] / reference.shape[1], poses.size[0] / poses.size[1]
        if abs(aspect / expected - 1) > _ASPECT_TOLERANCE:
            raise MismatchError(
                f"the reference is {reference.shape[0]}x{reference.shape[1]} but the poses are of a picture "
                f"of {poses.size[0]}x{poses.size[1]}",
                "give poses in the pixels of the reference",
            )
        if poses.n_frames < 1 or poses.n_people < 1:
            raise InputError(
                f"cannot animate {poses.n_people} people over {poses.n_frames} frames",
                "give poses with at least one person and one frame",
            )
        check_divisible(size, self.grid)
        if steps < 1 or not 0 <= guidance <= 100:
            raise InputError(
                f"{steps} steps with guidance {guidance} cannot be sampled",
                "use at least 1 step and a guidance from 0 to 100",
            )

    def _read_reference(
        self,
        networks: Networks,
        picture: NDArray[np.uint8],
        reference_latents: torch.Tensor,
        conditions: ClipConditions,
    ) -> Reference:
        pose = to_tensor(conditions.reference_pose()[None]).to(self.device) / 255
        pixels = to_tensor(picture[None]).to(self.device) / 127.5 - 1
        return networks.read_reference(pixels, reference_latents, pose)

    def _first_guess(self, reference: NDArray[np.uint8], poses: Poses, size: Size) -> FirstGuess:
        appearance = Appearance(ClipConditions(poses, size), resize_picture(reference, size))
        return FirstGuess(self.latents_config.relative_to, appearance)

    def _guide(
        self, networks: Networks, picture: NDArray[np.uint8], conditions: ClipConditions
    ) -> FrameStore | None:
        """Return the guiders' features of all frames."""
        appearance = Appearance(conditions, picture)
        kept = FrameStore(self.device)
        for start in range(0, len(conditions), _MAPS_AT_ONCE):
            frames = range(start, min(start + _MAPS_AT_ONCE, len(conditions)))
            maps = guider_maps(conditions, appearance, frames, names=networks.guiders.names)
            features = networks.guide({name: each.to(self.device) for name, each in maps.items()})
            if features is not None:
                kept.add(features)
        return kept if len(kept) else None

    def _noise(self, reference_latents: torch.Tensor, n_frames: int, seed: int) -> torch.Tensor:
        _, channels, height, width = reference_latents.shape
        generator = torch.Generator("cpu").manual_seed(seed)
        # Frames come first, so that a longer video begins with the noise of a shorter one.
        noise = torch.randn((n_frames, channels, height, width), generator=generator)
        scale = self.scheduler.init_noise_sigma * self.sampling.noise
        scaled: torch.Tensor = noise.transpose(0, 1)[None].to(self.device) * scale
        return scaled

    def _denoise(
        self,
        networks: Networks,
        latents: torch.Tensor,
        seen: Reference,
        features: FrameStore | None,
        plan: _Sampling,
    ) -> torch.Tensor:
        self.scheduler.set_timesteps(plan.steps, device=self.device)
        plan.progress.start("Sampling", len(self.scheduler.timesteps) * len(plan.windows))
        for timestep in self.scheduler.timesteps:
            scaled = self.scheduler.scale_model_input(latents, timestep)
            total = torch.zeros_like(latents)
            weight_sum = torch.zeros(latents.shape[2], device=self.device)
            for start, stop in plan.windows:
                part = None if features is None else features.read(start, stop)
                predicted = networks.guided(scaled[:, :, start:stop], timestep, part, seen, plan.guidance)
                weights = triangular_weights(stop - start).to(self.device)
                total[:, :, start:stop] += predicted * weights[:, None, None]
                weight_sum[start:stop] += weights
                plan.progress.advance()
            total /= weight_sum[:, None, None]
            latents = self.scheduler.step(total, timestep, latents, return_dict=False)[0]
        return latents

    def _decode(self, latents: torch.Tensor, guess: FirstGuess) -> Iterator[NDArray[np.uint8]]:
        # Looked up once: each of the two reads a section of the settings.
        space, least_difference = self.latents, self.sampling.least_difference
        n_frames = latents.shape[2]
        for start in range(0, n_frames, _FRAMES_AT_ONCE):
            frames = range(start, min(start + _FRAMES_AT_ONCE, n_frames))
            guesses, changeable = (each.to(self.device) for each in guess.of(frames))
            part = latents[0, :, start : frames.stop].transpose(0, 1)
            pictures = space.decode_frames(part, guesses, changeable, least_difference=least_difference)
            size = (int(guesses.shape[2]), int(guesses.shape[3]))
            for picture in pictures.round().byte().permute(0, 2, 3, 1).cpu().numpy():
                yield resize_picture(picture, size)


def settings_of(config: ModelConfig) -> dict[str, Any]:
    """Return what a pipeline keeps of a configuration besides its networks, as plain values."""
    return {
        "name": config.name,
        "size": list(config.size),
        "latents": config.latents.model_dump(mode="json"),
        "sampling": config.sampling.model_dump(mode="json"),
        "reference_pose_in_reference_net": config.guiders.reference_pose_in_reference_net,
    }


def resize_picture(picture: NDArray[np.uint8], size: Size) -> NDArray[np.uint8]:
    """Resize uint8 [H, W, 3] to (height, width): by area where it shrinks, bicubic where it grows."""
    if picture.shape[:2] == tuple(size):
        return picture
    shrinks = size[0] <= picture.shape[0] and size[1] <= picture.shape[1]
    resized = cv2.resize(
        picture, (size[1], size[0]), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    )
    return np.asarray(resized, dtype=np.uint8)
