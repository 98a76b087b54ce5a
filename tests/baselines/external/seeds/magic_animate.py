"""Writes small seeded weights in the files and folders that MagicAnimate reads.

Run in the method's environment: `PYTHON magic_animate.py REPOSITORY FOLDER`. The networks are the authors'
classes and those of diffusers and transformers, narrow; no value is trained, so what they make is noise.
Widths are the smallest that the code takes: its group norms have 32 groups.
"""

import json
import sys
from pathlib import Path

WIDTHS, CONTEXT = (32, 32, 64, 64), 32


def main(repository: Path, folder: Path) -> None:
    sys.path.insert(0, str(repository))
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from magicanimate.models.appearance_encoder import AppearanceEncoderModel
    from magicanimate.models.controlnet import ControlNetModel
    from magicanimate.models.unet_controlnet import UNet3DConditionModel
    from omegaconf import OmegaConf

    torch.manual_seed(0)
    base = folder / "stable-diffusion-v1-5"
    shape = {"block_out_channels": WIDTHS, "cross_attention_dim": CONTEXT, "attention_head_dim": 8}
    UNet2DConditionModel(sample_size=64, **shape).save_pretrained(base / "unet", safe_serialization=False)
    drop_mid_block_type(base / "unet" / "config.json")
    write_text_encoder(base)
    AutoencoderKL(
        block_out_channels=(32, 32, 32, 32),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
    ).save_pretrained(folder / "sd-vae-ft-mse")
    own = folder / "MagicAnimate"
    AppearanceEncoderModel(sample_size=64, **shape).save_pretrained(own / "appearance_encoder")
    controlnet = ControlNetModel(**shape)
    controlnet.load_state_dict(fill(controlnet.state_dict()))
    controlnet.save_pretrained(own / "densepose_controlnet")

    settings = OmegaConf.load(repository / "configs/inference/inference.yaml")
    unet = UNet3DConditionModel.from_pretrained_2d(
        str(base),
        subfolder="unet",
        unet_additional_kwargs=OmegaConf.to_container(settings.unet_additional_kwargs),
    )
    motion = {key: value for key, value in unet.state_dict().items() if "motion_modules." in key}
    (own / "temporal_attention").mkdir()
    # As training wrote it: the step, and the parameters under the names of a wrapped network.
    state = {f"module.unet.{key}": value for key, value in fill(motion).items()}
    torch.save(
        {"global_step": 0, "state_dict": state}, own / "temporal_attention" / "temporal_attention.ckpt"
    )


def drop_mid_block_type(path: Path) -> None:
    """Leave out an entry that Stable Diffusion 1.5's own file is too old to have; the authors refuse it."""
    config = json.loads(path.read_text())
    del config["mid_block_type"]
    path.write_text(json.dumps(config, indent=2))


def write_text_encoder(base: Path) -> None:
    """Write CLIP's text encoder, narrow, and a tokenizer that knows letters alone."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    ends = ["<|startoftext|>", "<|endoftext|>"]
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    words = [*letters, *(f"{letter}</w>" for letter in letters), *ends]
    source = base / "tokenizer"
    source.mkdir(parents=True)
    (source / "vocab.json").write_text(json.dumps({word: index for index, word in enumerate(words)}))
    (source / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = CLIPTokenizer(source / "vocab.json", source / "merges.txt", model_max_length=77)
    tokenizer.save_pretrained(source)
    config = CLIPTextConfig(
        vocab_size=len(words),
        hidden_size=CONTEXT,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        eos_token_id=len(words) - 1,
        bos_token_id=len(words) - 2,
    )
    CLIPTextModel(config).save_pretrained(base / "text_encoder", safe_serialization=False)


def fill(state: dict) -> dict:
    """Give values to layers that start at zero, or motion and DensePose would not count at all."""
    import torch

    return {
        key: torch.randn_like(value) * 0.02
        if value.is_floating_point() and not value.any() and key.endswith("weight")
        else value
        for key, value in state.items()
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
