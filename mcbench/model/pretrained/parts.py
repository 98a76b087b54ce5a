"""One published network into one of ours."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPVisionModelWithProjection

from mcbench import files
from mcbench.errors import FileFormatError
from mcbench.model.networks import Denoiser
from mcbench.model.pretrained.files import check_settings, find_component, find_folder, find_weights
from mcbench.model.pretrained.fitting import KeyReport, Spared, fit
from mcbench.weights.loading import read_state

MOTION = Spared(r".*\.motion_modules\..*", "motion modules come from a file of their own")
_SPATIAL = Spared(r"(?!.*\.motion_modules\.).*", "spatial layers come from a file of their own")
_POSITIONS = "positions are computed; the file's are the same sines"
_OLD_ATTENTION = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}
_MOTION_NAMES = {
    ".temporal_transformer": "",
    ".attention_blocks.0": ".attn1",
    ".attention_blocks.1": ".attn2",
    ".norms.0": ".norm1",
    ".norms.1": ".norm2",
    ".ff_norm": ".norm3",
}


def load_stable_diffusion(
    name: str, reference_net: UNet2DConditionModel, denoiser: Denoiser
) -> tuple[KeyReport, KeyReport]:
    """Fill the ReferenceNet, and the denoiser's spatial layers, with the UNet of Stable Diffusion 1.5.

    Args:
        name: folder or Hub name of the whole pipeline, or the folder of its `unet`.
        reference_net, denoiser: motion modules keep their values.

    Raises:
        WeightsMissingError: it is not on this machine.
        FileFormatError, MismatchError: it does not fit; the message names keys.
    """
    folder = find_component(name, "unet")
    config = reference_net.config
    wanted = (
        "block_out_channels", "attention_head_dim", "cross_attention_dim", "in_channels", "out_channels",
        "norm_num_groups", "layers_per_block", "down_block_types", "use_linear_projection",
    )  # fmt: skip
    check_settings(folder, {key: config[key] for key in wanted})
    path = find_weights(folder)
    state, sha256 = read_state(path), files.sha256_file(path)
    return (
        fit(reference_net, state, part="reference_net", path=path, sha256=sha256),
        fit(denoiser, state, part="denoiser", path=path, sha256=sha256, missing=[MOTION]),
    )


def load_autoencoder(name: str, autoencoder: AutoencoderKL) -> KeyReport:
    """Fill an autoencoder from a folder or Hub name: its own, or a whole pipeline with a `vae`.

    Raises:
        WeightsMissingError: it is not on this machine.
        FileFormatError, MismatchError: it does not fit; the message names keys.
    """
    folder = find_component(name, "vae")
    wanted = (
        "block_out_channels",
        "latent_channels",
        "scaling_factor",
        "norm_num_groups",
        "layers_per_block",
    )
    check_settings(folder, {key: autoencoder.config[key] for key in wanted})
    path = find_weights(folder)
    return fit(
        autoencoder,
        read_state(path),
        part="vae",
        path=path,
        sha256=files.sha256_file(path),
        # What was published before diffusers 0.18 has other names for its two attentions.
        rename=lambda key: re.sub(
            r"(attentions\.\d+\.)(query|key|value|proj_attn)\.",
            lambda match: f"{match[1]}{_OLD_ATTENTION[match[2]]}.",
            key,
        ),
    )


def load_clip(name: str, encoder: CLIPVisionModelWithProjection) -> KeyReport:
    """Fill a CLIP image encoder from a folder or Hub name: its own, CLIP's, or one with an `image_encoder`.

    Raises:
        WeightsMissingError: it is not on this machine.
        FileFormatError, MismatchError: it does not fit; the message names keys.
    """
    folder = find_component(name, "image_encoder")
    config = encoder.config
    wanted = ("hidden_size", "num_attention_heads", "num_hidden_layers", "image_size", "patch_size")
    check_settings(folder, {key: getattr(config, key) for key in wanted})
    path = find_weights(folder)
    text = "the text half of CLIP has no part in it"
    return fit(
        encoder,
        read_state(path),
        part="image_encoder",
        path=path,
        sha256=files.sha256_file(path),
        unused=[
            Spared(r"vision_model\.embeddings\.position_ids", "positions are counted"),
            Spared(r"text_model\..*|text_projection\.weight|logit_scale", text),
        ],
        missing=[Spared(r"vision_model\.embeddings\.position_ids", "positions are counted")],
    )


def load_motion_modules(name: str, denoiser: Denoiser) -> KeyReport:
    """Fill a denoiser's motion modules with AnimateDiff's, or with those of Moore-AnimateAnyone.

    Args:
        name: a file in AnimateDiff's own layout (`mm_sd_v15_v2.ckpt`, `motion_module.pth`), or folder or Hub
            name of a `MotionAdapter`.
        denoiser: with motion modules; its spatial layers keep their values. AnimateDiff's weights want
            `motion_norm = "frame"`.

    Raises:
        WeightsMissingError: it is not on this machine.
        FileFormatError: it does not fit; the message names keys.
    """
    path = Path(name) if Path(name).is_file() else find_weights(find_folder(name))
    state = read_state(path)
    own = denoiser.state_dict()
    for key, value in state.items():
        if key.endswith("pos_encoder.pe") or key.endswith("pos_embed.pe"):
            _check_positions(path, key, value, own)
    return fit(
        denoiser,
        state,
        part="denoiser.motion_modules",
        path=path,
        sha256=files.sha256_file(path),
        rename=motion_name,
        unused=[Spared(r".*\.pos_(encoder|embed)\.pe", _POSITIONS)],
        missing=[_SPATIAL, Spared(r".*\.motion_modules\..*\.pos_embed\.pe", _POSITIONS)],
    )


def motion_name(key: str) -> str:
    """Return diffusers' name for a motion module's key in AnimateDiff's layout."""
    if key.endswith(".pos_encoder.pe") or ".pos_embed." in key:
        return f"(computed) {key}"
    for theirs, ours in _MOTION_NAMES.items():
        key = key.replace(theirs, ours)
    return key


def _check_positions(path: Path, key: str, value: torch.Tensor, own: dict[str, torch.Tensor]) -> None:
    name = key
    for theirs, ours in {**_MOTION_NAMES, ".attn1.": ".", ".attn2.": ".", "pos_encoder": "pos_embed"}.items():
        name = name.replace(theirs, ours)
    if name not in own:
        raise FileFormatError(f"{path} has a motion module that the denoiser has not: {key}")
    length = min(value.shape[1], own[name].shape[1])
    # Half precision, in which some files come, keeps a sine to about 0.0005.
    if not torch.allclose(value[:, :length].float(), own[name][:, :length].cpu(), atol=1e-3):
        raise FileFormatError(f"the positions {key} in {path} are not the sines that motion modules use")
