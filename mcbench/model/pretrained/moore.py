"""The weights that Moore-AnimateAnyone released, as a pipeline of ours."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import CLIPVisionModelWithProjection

from mcbench import files
from mcbench.errors import InputError, WeightsMissingError
from mcbench.model.config import AutoencoderConfig, ModelConfig
from mcbench.model.latents import build_autoencoder
from mcbench.model.networks import build_networks
from mcbench.model.pipeline import AnimationPipeline
from mcbench.model.pretrained.fitting import ConversionReport, KeyReport, Spared, fit
from mcbench.model.pretrained.parts import MOTION, load_autoencoder, load_clip, load_motion_modules
from mcbench.weights.loading import read_state

_FILES = ("reference_unet.pth", "denoising_unet.pth", "motion_module.pth", "pose_guider.pth")
_HINT = "hf download patrolli/AnimateAnyone --local-dir FOLDER"


@dataclass(frozen=True)
class MooreWeights:
    """The files of one release, as its download script lays them out.

    Args:
        folder: holds `reference_unet.pth`, `denoising_unet.pth`, `motion_module.pth`, `pose_guider.pth`.
        autoencoder: folder or Hub name.
        image_encoder: folder or Hub name.
    """

    folder: Path
    autoencoder: str
    image_encoder: str

    def file(self, name: str) -> Path:
        """Return one of the four files.

        Raises:
            WeightsMissingError: it is not there.
        """
        path = self.folder / name
        if not path.is_file():
            raise WeightsMissingError(f"{self.folder} has no {name}", f"download it: {_HINT}")
        return path


def convert_moore(weights: MooreWeights, config: ModelConfig) -> tuple[AnimationPipeline, ConversionReport]:
    """Make a pipeline of Moore-AnimateAnyone's weights.

    Args:
        weights: the files.
        config: `animate-anyone`, or one with the same parts at other widths.

    Returns:
        The pipeline, and the account of every key.

    Raises:
        InputError: the configuration has other parts than Animate Anyone.
        WeightsMissingError: a file is missing.
        FileFormatError, MismatchError: weights do not fit; the message names keys.
    """
    latents = config.latents
    if (
        config.guiders.names != ("pose",)
        or config.network.motion_norm != "frame"
        or not isinstance(latents, AutoencoderConfig)
        or config.image_encoder.kind != "clip"
    ):
        raise InputError(
            f"{config.name} cannot hold the weights of Moore-AnimateAnyone",
            "use the configuration animate-anyone: the pose guider alone, CLIP, an autoencoder, and "
            'motion_norm = "frame"',
        )
    for name in _FILES:
        weights.file(name)  # Building the networks takes minutes: what is missing is told first.
    networks = build_networks(config, temporal=True)
    with torch.no_grad():
        for name, value in networks.reference_net.named_parameters():
            if name.startswith(("conv_norm_out.", "conv_out.")):
                value.zero_()
    ending = Spared(
        r"conv_(norm_)?out\..*", "the published ReferenceNet ends before it and no attention reads on: zeros"
    )
    autoencoder = build_autoencoder(latents)
    encoder = networks.image_encoder
    if not isinstance(encoder, CLIPVisionModelWithProjection):
        raise InputError(f"{config.name} has no CLIP image encoder", "use the configuration animate-anyone")
    parts = (
        _fit(networks.reference_net, weights, "reference_unet.pth", "reference_net", [ending]),
        _fit(networks.denoiser, weights, "denoising_unet.pth", "denoiser", [MOTION]),
        load_motion_modules(str(weights.file("motion_module.pth")), networks.denoiser),
        _fit(networks.guiders["pose"], weights, "pose_guider.pth", "guiders.pose", []),
        load_autoencoder(weights.autoencoder, autoencoder),
        load_clip(weights.image_encoder, encoder),
    )
    pipeline = AnimationPipeline.from_networks(networks.eval(), config, vae=autoencoder.eval())
    return pipeline, ConversionReport(source="Moore-AnimateAnyone", parts=parts)


def _fit(
    network: torch.nn.Module, weights: MooreWeights, name: str, part: str, missing: list[Spared]
) -> KeyReport:
    path = weights.file(name)
    sha256 = files.sha256_file(path)
    return fit(network, read_state(path), part=part, path=path, sha256=sha256, missing=missing)
