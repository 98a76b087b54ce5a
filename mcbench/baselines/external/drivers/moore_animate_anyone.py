"""Runs Moore-AnimateAnyone (an open reproduction of Animate Anyone) as its `scripts/pose2vid.py` does.

The script itself is not called, because it is bound to CUDA, reads its pose frames from a lossy video and
writes its result into another. Its networks, scheduler and pipeline are built here in the same order from
the same files, with three differences: the device is the job's, keys of weights that its `strict=False`
would let pass in silence are checked, and the pose guider's width is read from the UNet's configuration
(the script writes 320, which is that of Stable Diffusion 1.5).
"""

from __future__ import annotations

from typing import Any

import driver_kit as kit
import numpy as np


def main(job: kit.Job) -> dict[str, Any]:
    """Make every frame of the job; return what is worth recording."""
    kit.use_repository(job)
    import torch
    from PIL import Image

    pipeline = load_pipeline(job)
    reference = Image.fromarray(kit.read_reference(job))
    poses = [Image.fromarray(frame) for frame in kit.read_driving(job, "dwpose-drawings")]
    height, width = job["size"]

    kit.seed_everything(job["seed"])
    videos = pipeline(
        reference,
        poses,
        width,
        height,
        len(poses),
        kit.option(job, "steps"),
        kit.option(job, "guidance"),
        generator=torch.manual_seed(job["seed"] % 2**63),
        context_frames=kit.option(job, "window"),
        context_stride=1,
        context_overlap=kit.option(job, "overlap"),
    ).videos
    write_frames(job, videos.numpy())
    return {"dtype": str(pipeline.vae.dtype)}


def write_frames(job: kit.Job, videos: np.ndarray[Any, Any]) -> None:
    """Write a video, float [1, 3, frames, height, width] of 0 to 1."""
    for index in range(videos.shape[2]):
        kit.write_frame(job, index, kit.to_uint8(videos[0, :, index].transpose(1, 2, 0)))


def load_pipeline(job: kit.Job) -> Any:
    """Return the authors' pipeline with all of its weights, on the job's device."""
    import torch
    from diffusers import AutoencoderKL, DDIMScheduler
    from omegaconf import OmegaConf
    from src.models.pose_guider import PoseGuider
    from src.models.unet_2d_condition import UNet2DConditionModel
    from src.models.unet_3d import UNet3DConditionModel
    from src.pipelines.pipeline_pose2vid_long import Pose2VideoPipeline
    from transformers import CLIPVisionModelWithProjection

    base = kit.weights(job, "unet").parent.parent
    settings = OmegaConf.load("configs/inference/inference_v2.yaml")
    check_window(job, settings.unet_additional_kwargs.motion_module_kwargs.temporal_position_encoding_max_len)

    denoising_unet = UNet3DConditionModel.from_pretrained_2d(
        base,
        kit.weights(job, "motion-module"),
        subfolder="unet",
        unet_additional_kwargs=settings.unet_additional_kwargs,
    )
    check_motion_module(job, denoising_unet)
    load_denoising_unet(job, denoising_unet)
    reference_unet = UNet2DConditionModel.from_pretrained(base, subfolder="unet")
    reference_unet.load_state_dict(read_state(job, "reference-unet"))
    width = denoising_unet.config.block_out_channels[0]
    pose_guider = PoseGuider(width, block_out_channels=(16, 32, 96, 256))
    pose_guider.load_state_dict(read_state(job, "pose-guider"))

    pipeline = Pose2VideoPipeline(
        vae=AutoencoderKL.from_pretrained(kit.weights(job, "vae").parent),
        image_encoder=CLIPVisionModelWithProjection.from_pretrained(kit.weights(job, "image-encoder").parent),
        reference_unet=reference_unet,
        denoising_unet=denoising_unet,
        pose_guider=pose_guider,
        scheduler=DDIMScheduler(**OmegaConf.to_container(settings.noise_scheduler_kwargs)),
    )
    # As in the authors' configuration on a GPU; half precision has no kernels on a CPU.
    dtype = torch.float16 if job["device"] != "cpu" else torch.float32
    return pipeline.to(job["device"], dtype=dtype)


def check_window(job: kit.Job, longest: int) -> None:
    """Refuse windows that the motion modules have no positions for, or that never advance."""
    window, overlap = kit.option(job, "window"), kit.option(job, "overlap")
    if not 0 <= overlap < window <= longest:
        kit.fail(f"window {window} with overlap {overlap}: wanted is 0 <= overlap < window <= {longest}")


def read_state(job: kit.Job, name: str) -> dict[str, Any]:
    """Return the parameters of one of the authors' `.pth` files."""
    import torch

    state: dict[str, Any] = torch.load(kit.weights(job, name), map_location="cpu", weights_only=True)
    return state


def load_denoising_unet(job: kit.Job, network: Any) -> None:
    """Load `denoising_unet.pth`, which holds all of the network but its motion modules."""
    found = network.load_state_dict(read_state(job, "denoising-unet"), strict=False)
    refuse_keys(found.unexpected_keys, "the denoising UNet has no place for", "denoising_unet.pth")
    missing = [key for key in found.missing_keys if "motion_modules." not in key]
    refuse_keys(missing, "the denoising UNet misses", "denoising_unet.pth")


def check_motion_module(job: kit.Job, network: Any) -> None:
    """Compare the keys of `motion_module.pth` with the network's: the authors' loader drops what differs."""
    wanted = {key for key in network.state_dict() if "motion_modules." in key}
    found = set(read_state(job, "motion-module"))
    refuse_keys(sorted(found - wanted), "the motion modules have no place for", "motion_module.pth")
    # A file may lack the table of positions, which the network computes for itself.
    missing = sorted(key for key in wanted - found if not key.endswith("pos_encoder.pe"))
    refuse_keys(missing, "the motion modules miss", "motion_module.pth")


def refuse_keys(keys: list[str], problem: str, name: str) -> None:
    """End the driver where there are such keys."""
    if keys:
        kit.fail(f"{problem} {len(keys)} keys of {name}, such as {keys[0]}; is it the file for this commit?")


if __name__ == "__main__":
    kit.run(main)
