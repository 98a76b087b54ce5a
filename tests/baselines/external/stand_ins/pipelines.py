"""Stands in for the networks and pipelines of Moore-AnimateAnyone and MagicAnimate, and for what they import.

Takes the arguments that the authors' inference scripts give. Its "video" is the driving pictures, so that a
test can tell whether each came at its place; what it was called with is written to called.json.
"""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch


class Network(torch.nn.Module):
    def __init__(self, *args, **kwargs):
        super().__init__()
        self.config = SimpleNamespace(block_out_channels=(8, 16))
        self.conv = torch.nn.Linear(1, 1)
        self.motion_modules = torch.nn.ModuleList([torch.nn.Linear(1, 1)])
        self.dtype = torch.float32

    @classmethod
    def from_pretrained(cls, folder, subfolder=None):
        assert (Path(folder) / (subfolder or "")).is_dir()
        return cls()

    @classmethod
    def from_pretrained_2d(cls, folder, motion_module=None, subfolder=None, unet_additional_kwargs=None):
        assert (Path(folder) / subfolder / "diffusion_pytorch_model.bin").is_file()
        assert unet_additional_kwargs
        return cls()


class Plain(Network):
    def __init__(self, *args, **kwargs):
        super().__init__()
        del self.motion_modules


class Settings(dict):
    __getattr__ = dict.__getitem__


class OmegaConf:
    @staticmethod
    def load(path):
        assert Path(path).is_file()
        motion = Settings(temporal_position_encoding_max_len=32)
        return Settings(
            unet_additional_kwargs=Settings(motion_module_kwargs=motion), noise_scheduler_kwargs=Settings()
        )

    to_container = staticmethod(dict)


class Pipeline:
    def __init__(self, **parts):
        self.parts, self.vae = parts, parts["vae"]

    def to(self, device, dtype=None, torch_dtype=None):
        assert device == "cpu"
        assert (dtype or torch_dtype) == torch.float32
        return self

    def answer(self, pictures, **called):
        Path("called.json").write_text(json.dumps(called))
        video = torch.from_numpy(np.stack(pictures)).permute(3, 0, 1, 2)[None] / 255
        return SimpleNamespace(videos=video.float())


class Pose2VideoPipeline(Pipeline):
    def __call__(self, reference, poses, width, height, length, steps, guidance, generator=None, **more):
        seed = generator.initial_seed()
        pictures = [np.asarray(pose) for pose in poses]
        given = {"width": width, "height": height, "length": length, "steps": steps, "guidance": guidance}
        return self.answer(pictures, seed=seed, reference=reference.size, **given, **more)


class AnimationPipeline(Pipeline):
    def __call__(self, prompt, *, controlnet_condition, generator, appearance_encoder, source_image, **more):
        assert torch.zeros(1).cuda().device.type == "cpu"  # the authors' pipeline calls it
        seed, shape = generator.initial_seed(), list(source_image.shape)
        return self.answer(controlnet_condition, prompt=prompt, seed=seed, reference=shape, **more)


UNet3DConditionModel = Network
UNet2DConditionModel = PoseGuider = AutoencoderKL = CLIPVisionModelWithProjection = Plain
AppearanceEncoderModel = ControlNetModel = CLIPTextModel = CLIPTokenizer = Plain


def DDIMScheduler(**settings):
    return settings
