"""Small seeded networks of the pipelines' own classes, saved as their authors' folders are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderKLTemporalDecoder,
    AutoencoderKLWan,
    ControlNetModel,
    DDIMScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    MotionAdapter,
    StableDiffusionPipeline,
    StableVideoDiffusionPipeline,
    UNet2DConditionModel,
    UNetSpatioTemporalConditionModel,
    WanAnimatePipeline,
    WanAnimateTransformer3DModel,
)
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    CLIPImageProcessor,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
    PreTrainedTokenizerFast,
    T5Config,
    UMT5EncoderModel,
)

_CHANNELS = (8, 8)
_WIDTH = 8
"""Of texts' features, and of IP-Adapter's."""


def tokenizer(length: int) -> PreTrainedTokenizerFast:
    """Words to numbers, begin and end marked, as CLIP's and T5's have it."""
    words = "[begin] [pad] [end] [unknown] best quality , high monochrome lowres bad worst low a dancer"
    table = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words.split())}, unk_token="[unknown]"))
    table.pre_tokenizer = pre_tokenizers.Whitespace()
    table.post_processor = processors.TemplateProcessing(
        single="[begin] $A [end]", special_tokens=[("[begin]", 0), ("[end]", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=table,
        model_max_length=length,
        bos_token="[begin]",
        pad_token="[pad]",
        eos_token="[end]",
        unk_token="[unknown]",
    )


def unet() -> UNet2DConditionModel:
    torch.manual_seed(0)
    return UNet2DConditionModel(
        block_out_channels=_CHANNELS,
        layers_per_block=1,
        sample_size=8,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=_WIDTH,
        attention_head_dim=4,
        norm_num_groups=2,
    )


def stable_diffusion(folder: Path) -> None:
    """A folder laid out as Stable Diffusion 1.5's."""
    torch.manual_seed(1)
    vae = AutoencoderKL(
        block_out_channels=_CHANNELS,
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=4,
        norm_num_groups=2,
    )
    text = CLIPTextConfig(
        bos_token_id=0,
        eos_token_id=2,
        pad_token_id=1,
        hidden_size=_WIDTH,
        intermediate_size=16,
        num_attention_heads=2,
        num_hidden_layers=2,
        vocab_size=32,
    )
    StableDiffusionPipeline(
        vae=vae,
        text_encoder=CLIPTextModel(text).eval(),
        tokenizer=tokenizer(77),
        unet=unet(),
        scheduler=DDIMScheduler(clip_sample=False, steps_offset=1),
        safety_checker=None,
        feature_extractor=CLIPImageProcessor(),
        requires_safety_checker=False,
    ).save_pretrained(folder)


def controlnet(folder: Path) -> None:
    """A ControlNet that changes what is generated: its zero convolutions are given weights."""
    torch.manual_seed(2)
    network = ControlNetModel(
        block_out_channels=_CHANNELS,
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        cross_attention_dim=_WIDTH,
        attention_head_dim=4,
        conditioning_embedding_out_channels=(8, 8),
        norm_num_groups=2,
    )
    for block in (*network.controlnet_down_blocks, network.controlnet_mid_block):
        torch.nn.init.normal_(block.weight, std=0.5)
    torch.nn.init.normal_(network.controlnet_cond_embedding.conv_out.weight, std=0.5)
    network.save_pretrained(folder)


def motion_adapter(folder: Path) -> None:
    torch.manual_seed(3)
    MotionAdapter(
        block_out_channels=_CHANNELS,
        motion_layers_per_block=1,
        motion_norm_num_groups=2,
        motion_num_attention_heads=2,
        motion_max_seq_length=8,
    ).save_pretrained(folder)


def _image_encoder(width: int, picture: int) -> CLIPVisionModelWithProjection:
    torch.manual_seed(4)
    return CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=width,
            projection_dim=width,
            intermediate_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            image_size=picture,
            patch_size=picture // 2,
        )
    ).eval()


def ip_adapter(folder: Path) -> None:
    """`models/ip-adapter_sd15.safetensors` and its image encoder, with the names of the authors' file."""
    torch.manual_seed(5)
    tensors = {
        "image_proj.proj.weight": torch.randn(4 * _WIDTH, _WIDTH),
        "image_proj.proj.bias": torch.zeros(4 * _WIDTH),
        "image_proj.norm.weight": torch.ones(_WIDTH),
        "image_proj.norm.bias": torch.zeros(_WIDTH),
    }
    crossing = [name for name in unet().attn_processors if name.endswith("attn2.processor")]
    for index in range(len(crossing)):
        for kind in ("k", "v"):
            # The authors number the processors of both kinds: those of cross-attention are the odd ones.
            tensors[f"ip_adapter.{2 * index + 1}.to_{kind}_ip.weight"] = torch.randn(_CHANNELS[0], _WIDTH)
    (folder / "models").mkdir(parents=True)
    save_file(tensors, folder / "models" / "ip-adapter_sd15.safetensors")
    _image_encoder(_WIDTH, 224).save_pretrained(folder / "models" / "image_encoder")


def stable_video(folder: Path) -> None:
    """A folder laid out as Stable Video Diffusion's."""
    torch.manual_seed(6)
    network = UNetSpatioTemporalConditionModel(
        block_out_channels=(32, 64),
        layers_per_block=1,
        sample_size=32,
        down_block_types=("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
        up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
        cross_attention_dim=32,
        num_attention_heads=(4, 4),
        projection_class_embeddings_input_dim=96,
        addition_time_embed_dim=32,
        num_frames=3,
    )
    vae = AutoencoderKLTemporalDecoder(
        block_out_channels=(32, 32), down_block_types=("DownEncoderBlock2D",) * 2, latent_channels=4
    )
    scheduler = EulerDiscreteScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        sigma_max=700.0,
        sigma_min=0.002,
        timestep_spacing="leading",
        timestep_type="continuous",
        use_karras_sigmas=True,
    )
    StableVideoDiffusionPipeline(
        vae=vae,
        image_encoder=_image_encoder(32, 224),
        unet=network,
        scheduler=scheduler,
        feature_extractor=CLIPImageProcessor(),
    ).save_pretrained(folder)


def wan_animate(folder: Path) -> None:
    """A folder laid out as Wan-Animate's."""
    torch.manual_seed(7)
    parts: dict[str, Any] = {
        "vae": AutoencoderKLWan(
            base_dim=3,
            z_dim=16,
            dim_mult=[1, 1, 1, 1],
            num_res_blocks=1,
            temperal_downsample=[False, True, True],
        ),
        "transformer": WanAnimateTransformer3DModel(
            num_attention_heads=2,
            attention_head_dim=12,
            in_channels=36,
            latent_channels=16,
            out_channels=16,
            text_dim=32,
            freq_dim=64,
            ffn_dim=32,
            num_layers=2,
            image_dim=4,
            rope_max_seq_len=32,
            motion_encoder_channel_sizes={"4": 16, "8": 16, "16": 16},
            motion_encoder_size=16,
            motion_style_dim=8,
            motion_dim=4,
            motion_encoder_dim=16,
            face_encoder_hidden_dim=16,
            face_encoder_num_heads=2,
            inject_face_latents_blocks=2,
        ),
        "text_encoder": UMT5EncoderModel(
            T5Config(
                vocab_size=32,
                d_model=32,
                d_kv=8,
                d_ff=32,
                num_layers=1,
                num_heads=2,
                is_encoder_decoder=False,
            )
        ).eval(),
    }
    # Large enough weights that poses and faces show in pictures of 8 bits.
    torch.nn.init.normal_(parts["transformer"].pose_patch_embedding.weight, std=2.0)
    for weights in parts["transformer"].face_adapter.parameters():
        torch.nn.init.normal_(weights, std=1.0)
    torch.nn.init.normal_(parts["transformer"].proj_out.weight, std=1.0)
    WanAnimatePipeline(
        tokenizer=tokenizer(512),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=5.0),
        image_processor=CLIPImageProcessor(size=4, crop_size=4),
        image_encoder=_image_encoder(4, 4),
        **parts,
    ).save_pretrained(folder)
