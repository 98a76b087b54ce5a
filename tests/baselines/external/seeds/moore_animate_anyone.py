"""Writes small seeded weights in the files and folders that Moore-AnimateAnyone reads.

Run in the method's environment: `PYTHON moore_animate_anyone.py REPOSITORY FOLDER`. The networks are the
authors' classes and those of diffusers and transformers, narrow; no value is trained, so what they make is
noise. Widths are the smallest that the code takes: its group norms have 32 groups.
"""

import sys
from pathlib import Path


def main(repository: Path, folder: Path) -> None:
    sys.path.insert(0, str(repository))
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from omegaconf import OmegaConf
    from src.models.pose_guider import PoseGuider
    from src.models.unet_2d_condition import UNet2DConditionModel as ReferenceUNet
    from src.models.unet_3d import UNet3DConditionModel
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    torch.manual_seed(0)
    base = folder / "stable-diffusion-v1-5"
    widths, context = (32, 32, 64, 64), 32
    UNet2DConditionModel(
        sample_size=64, block_out_channels=widths, cross_attention_dim=context, attention_head_dim=8
    ).save_pretrained(base / "unet", safe_serialization=False)
    down, up = ("DownEncoderBlock2D",) * 4, ("UpDecoderBlock2D",) * 4
    AutoencoderKL(
        block_out_channels=(32, 32, 32, 32),
        down_block_types=down,
        up_block_types=up,
        latent_channels=4,
    ).save_pretrained(folder / "sd-vae-ft-mse", safe_serialization=False)
    encoder = CLIPVisionConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=224,
        patch_size=32,
        projection_dim=context,
    )
    CLIPVisionModelWithProjection(encoder).save_pretrained(folder / "image_encoder", safe_serialization=False)

    settings = OmegaConf.load(repository / "configs/inference/inference_v2.yaml")
    denoiser = UNet3DConditionModel.from_pretrained_2d(
        base, folder / "none", subfolder="unet", unet_additional_kwargs=settings.unet_additional_kwargs
    )
    state = fill(denoiser.state_dict())
    motion = {key: value for key, value in state.items() if "motion_modules." in key}
    torch.save(motion, folder / "motion_module.pth")
    torch.save({key: state[key] for key in state if key not in motion}, folder / "denoising_unet.pth")
    reference = ReferenceUNet.from_pretrained(base, subfolder="unet")
    torch.save(reference.state_dict(), folder / "reference_unet.pth")
    guider = PoseGuider(widths[0], block_out_channels=(16, 32, 96, 256))
    torch.save(fill(guider.state_dict()), folder / "pose_guider.pth")


def fill(state: dict) -> dict:
    """Give values to layers that start at zero, or motion and pose would not count at all."""
    import torch

    return {
        key: torch.randn_like(value) * 0.02
        if value.is_floating_point() and not value.any() and key.endswith("weight")
        else value
        for key, value in state.items()
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
