"""Runs MagicAnimate as its `magicanimate/pipelines/animation.py` does.

The script itself is not called, because it is bound to CUDA and half precision, reads DensePose frames from
a lossy video and writes its result into another. Its networks, scheduler and pipeline are built here in the
same order from the same files, with these differences: the device is the job's; keys of weights that its
`strict=False` would let pass in silence are checked; xformers is switched on where there is a GPU, which is
all that it serves. The script's two `ReferenceAttentionControl` are left out: the pipeline ignores them and
makes its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import driver_kit as kit
import numpy as np

CLIP_FRAMES = 16
"""Its noise is drawn for clips of this length and repeated (`prepare_latents`); `L` of its configuration."""


def main(job: kit.Job) -> dict[str, Any]:
    """Make every frame of the job; return what is worth recording."""
    kit.use_repository(job)
    import torch

    overlap = kit.option(job, "overlap")
    if not 0 <= overlap < CLIP_FRAMES:
        kit.fail(f"overlap {overlap}: wanted is 0 <= overlap < {CLIP_FRAMES}, the frames of a window")
    if job["device"] == "cpu":
        stay_on_cpu()
    pipeline, appearance_encoder = load_pipeline(job)
    height, width = job["size"]
    control = np.stack(list(kit.read_driving(job, "densepose")))
    # The last frame is repeated until the clip is a multiple of 16 long, as in the script.
    rest = -len(control) % CLIP_FRAMES
    control = np.pad(control, ((0, rest), (0, 0), (0, 0), (0, 0)), mode="edge")

    kit.seed_everything(job["seed"])
    generator = torch.Generator(device=job["device"])
    generator.manual_seed(job["seed"] % 2**63)
    steps = kit.option(job, "steps")
    videos = pipeline(
        "",
        negative_prompt="",
        num_inference_steps=steps,
        num_actual_inference_steps=steps,
        guidance_scale=kit.option(job, "guidance"),
        width=width,
        height=height,
        video_length=len(control),
        controlnet_condition=control,
        init_latents=None,
        generator=generator,
        appearance_encoder=appearance_encoder,
        source_image=kit.read_reference(job),
        context_frames=CLIP_FRAMES,
        context_stride=1,
        context_overlap=overlap,
    ).videos
    write_frames(job, videos.numpy())
    return {"padded_frames": rest, "dtype": str(pipeline.vae.dtype)}


def stay_on_cpu() -> None:
    """Make `.cuda()`, which the pipeline calls on the reference's latents, leave a tensor where it is."""
    import torch

    torch.Tensor.cuda = lambda self, *_args, **_kwargs: self


def write_frames(job: kit.Job, videos: np.ndarray[Any, Any]) -> None:
    """Write the first frames of a video, float [1, 3, frames and padding, height, width] of 0 to 1."""
    for index in range(job["n_frames"]):
        kit.write_frame(job, index, kit.to_uint8(videos[0, :, index].transpose(1, 2, 0)))


def load_pipeline(job: kit.Job) -> tuple[Any, Any]:
    """Return the authors' pipeline and the appearance encoder, with their weights, on the job's device."""
    import torch
    from diffusers import AutoencoderKL, DDIMScheduler
    from magicanimate.models.appearance_encoder import AppearanceEncoderModel
    from magicanimate.models.controlnet import ControlNetModel
    from magicanimate.models.unet_controlnet import UNet3DConditionModel
    from magicanimate.pipelines.pipeline_animation import AnimationPipeline
    from omegaconf import OmegaConf
    from transformers import CLIPTextModel, CLIPTokenizer

    unet_file = kit.weights(job, "unet")
    base = str(unet_file.parent.parent)
    settings = OmegaConf.load("configs/inference/inference.yaml")

    unet = UNet3DConditionModel.from_pretrained_2d(
        base,
        subfolder="unet",
        unet_additional_kwargs=OmegaConf.to_container(settings.unet_additional_kwargs),
    )
    check_base_unet(unet_file, unet)
    load_temporal_attention(kit.weights(job, "temporal-attention"), unet)
    appearance_encoder = AppearanceEncoderModel.from_pretrained(folder_of(job, "appearance-encoder"))
    controlnet = ControlNetModel.from_pretrained(folder_of(job, "densepose-controlnet"))
    if job["device"] != "cpu":
        for network in (unet, appearance_encoder, controlnet):
            network.enable_xformers_memory_efficient_attention()

    pipeline = AnimationPipeline(
        vae=AutoencoderKL.from_pretrained(folder_of(job, "vae")),
        text_encoder=CLIPTextModel.from_pretrained(base, subfolder="text_encoder"),
        tokenizer=CLIPTokenizer.from_pretrained(base, subfolder="tokenizer"),
        unet=unet,
        controlnet=controlnet,
        scheduler=DDIMScheduler(**OmegaConf.to_container(settings.noise_scheduler_kwargs)),
    )
    # Half precision as in the script; a CPU has no kernels for it.
    dtype = torch.float16 if job["device"] != "cpu" else torch.float32
    return pipeline.to(job["device"], torch_dtype=dtype), appearance_encoder.to(job["device"], dtype=dtype)


def folder_of(job: kit.Job, name: str) -> str:
    """Return the folder that a file of weights lies in, with its configuration beside it."""
    return str(kit.weights(job, name).parent)


def check_base_unet(path: Path, network: Any) -> None:
    """Compare Stable Diffusion's UNet's keys with the network's: the authors' loader drops what differs."""
    found = set(read_state(path))
    wanted = {key for key in network.state_dict() if "motion_modules." not in key}
    refuse_keys(sorted(found - wanted), "the UNet has no place for", path)
    refuse_keys(sorted(wanted - found), "the UNet misses", path)


def load_temporal_attention(path: Path, network: Any) -> None:
    """Load `temporal_attention.ckpt`, which holds the motion modules, under any of the authors' names."""
    state = {key.removeprefix("module."): value for key, value in read_state(path).items()}
    known = set(network.state_dict())
    if not known.issuperset(state):
        motion = {key: value for key, value in state.items() if "motion_modules" in key}
        state = {key.removeprefix("unet."): value for key, value in motion.items()}
    refuse_keys(sorted(set(state) - known), "the UNet has no place for", path)
    # A file may lack the table of positions, which the network computes for itself.
    wanted = {key for key in known if "motion_modules." in key and not key.endswith("pos_encoder.pe")}
    refuse_keys(sorted(wanted - set(state)), "the motion modules miss", path)
    network.load_state_dict(state, strict=False)


def read_state(path: Path) -> dict[str, Any]:
    """Return the parameters of a file, which may wrap them as a training checkpoint does."""
    import torch

    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    wrapped: dict[str, Any] = state.get("state_dict", state)
    return wrapped


def refuse_keys(keys: list[str], problem: str, path: Path) -> None:
    """End the driver where there are such keys."""
    if keys:
        kit.fail(f"{problem} {len(keys)} keys of {path.name}, such as {keys[0]}; is it the right file?")


if __name__ == "__main__":
    kit.run(main)
