"""FOMM, MRAA and TPS by the real runner, on stand-ins of the authors' demo.py: same functions and files."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from mcbench.baselines import registry
from mcbench.baselines.contract import AnimationRequest
from mcbench.baselines.external.installing import Installation
from mcbench.baselines.external.job import RESULT, placement, write_job
from mcbench.baselines.external.runner import made_frames, run_job
from mcbench.errors import WorkerError

pytest.importorskip("skimage", reason="the drivers resize as demo.py does, with scikit-image")
SIZE = (96, 64)
N_FRAMES = 3

# Moves the source's brightness to the driving frame's, so that a frame tells what it was made of.
DEMO = """
import torch
import skimage.draw
{imports}

def load_checkpoints(config_path, checkpoint_path, cpu=False):
    checkpoint = torch.load(checkpoint_path, map_location="cpu", weights_only=True)
    network = torch.nn.Linear(1, 1)
    network.load_state_dict(checkpoint["generator"])
    return (network, network, network)[:{networks}]

def make_animation(source_image, driving_video, *networks, cpu=False, {mode}):
    assert cpu and source_image.shape == (128, 128, 3) and driving_video.shape[1:] == (128, 128, 3)
    assert source_image.max() <= 1.0
    return [source_image - source_image.mean() + frame.mean() for frame in driving_video]
"""
TPS_DEMO = """
import torch

class KPDetector(torch.nn.Linear):
    def forward(self, frame):
        assert frame.shape == (1, 3, 128, 128) and frame.max() <= 1.0
        return {"fg_kp": frame.mean()}

class DenseMotionNetwork(torch.nn.Linear):
    def forward(self, source_image, kp_driving, kp_source, bg_param=None, dropout_flag=False):
        assert not dropout_flag and kp_source["fg_kp"] == source_image.mean()
        return kp_driving["fg_kp"] + (0 if bg_param is None else bg_param)

class InpaintingNetwork(torch.nn.Linear):
    def forward(self, source_image, dense_motion):
        return {"prediction": source_image - source_image.mean() + dense_motion}

def load_checkpoints(config_path, checkpoint_path, device):
    assert isinstance(device, torch.device)
    checkpoint = torch.load(checkpoint_path, map_location=device)
    networks = InpaintingNetwork(1, 1), KPDetector(1, 1), DenseMotionNetwork(1, 1), torch.nn.Linear(1, 1)
    names = "inpainting_network", "kp_detector", "dense_motion_network", "avd_network"
    for network, name in zip(networks, names):
        if name in checkpoint:
            network.load_state_dict(checkpoint[name])
    return networks

def make_animation(
    source_image, driving_video, inpainting_network, kp_detector, dense_motion_network, avd_network, device,
    mode="relative",
):
    assert mode in ("standard", "relative", "avd")
    assert source_image.shape == (128, 128, 3) and driving_video.shape[1:] == (128, 128, 3)
    return [source_image - source_image.mean() + frame.mean() for frame in driving_video]
"""
# Adds ten grey levels, so that frames tell whether the background's motion counted.
TPS_BACKGROUND = """
import torch

class BGMotionPredictor(torch.nn.Linear):
    def __init__(self):
        super().__init__(1, 1)

    def forward(self, source_image, driving_image):
        return 10 / 255
"""
FOMM = {"imports": "", "networks": 2, "mode": "relative=True, adapt_movement_scale=True"}
MRAA = {"imports": "from skimage.draw import circle", "networks": 3, "mode": "animation_mode='standard'"}
FILES = {
    "fomm": {"demo.py": DEMO.format(**FOMM), "config/small.yaml": "model_params: {}\n"},
    "mraa": {"demo.py": DEMO.format(**MRAA), "config/small.yaml": "model_params: {}\n"},
    "tps": {
        "demo.py": TPS_DEMO,
        "modules/bg_motion_predictor.py": TPS_BACKGROUND,
        "config/small.yaml": "model_params: {common_params: {bg: true}}\n",
        "config/no-background.yaml": "model_params: {common_params: {bg: false}}\n",
    },
}
OPTIONS = {"fomm": {}, "mraa": {"mode": "standard"}, "tps": {}}
TPS = ("inpainting_network", "kp_detector", "dense_motion_network")


def true_frame(index: int) -> NDArray[np.uint8]:
    """A frame that is a little brighter on the right than on the left."""
    columns = np.broadcast_to(np.linspace(-8, 8, SIZE[1])[:, None], (*SIZE, 3))
    return np.rint(50 + 60 * index + columns).astype(np.uint8)


def drive(folder: Path, method: str, checkpoint: object, **options: object) -> list[NDArray[np.uint8]]:
    """Run a method's driver as mcbench does; return its frames."""
    repository = folder / "repository"
    for name, content in FILES[method].items():
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text(content)
    torch.save(checkpoint, folder / "weights.pth")
    spec = registry.get(method)
    spec = spec.model_copy(update={"native": spec.native.model_copy(update={"size": SIZE})})
    asked = AnimationRequest("clip", true_frame(0), None, N_FRAMES, 8.0, None, 1, true_frame=true_frame)
    given = {"config": "config/small.yaml", "img_shape": "128,128", **OPTIONS[method], **options}
    job_folder = folder / "job"
    job_folder.mkdir()
    job = write_job(
        job_folder, spec, asked, placement(spec.native, asked), device="cpu",
        options={**spec.options, **given}, weights={"checkpoint": str(folder / "weights.pth")},
        weights_folder=folder, repository=repository,
    )  # fmt: skip
    run_job(spec, Installation(Path(sys.executable), repository, None), job_folder, job, spec.limits)
    return list(made_frames(spec, job_folder, job))


def good(*names: str) -> dict:
    return {name: torch.nn.Linear(1, 1).state_dict() for name in names}


@pytest.mark.parametrize(
    ("method", "networks", "options", "brighter"),
    [
        ("fomm", ("generator", "kp_detector"), {}, 0),
        ("mraa", ("generator", "region_predictor"), {}, 0),
        ("tps", (*TPS, "bg_predictor"), {}, 10),
        ("tps", TPS, {"config": "config/no-background.yaml"}, 0),
        ("tps", TPS, {"mode": "relative"}, 0),
    ],
)
def test_frames_follow_the_true_frames_at_the_jobs_size(tmp_path, method, networks, options, brighter):
    frames = drive(tmp_path, method, good(*networks), **options)
    assert len(frames) == N_FRAMES
    for index, frame in enumerate(frames):
        assert frame.shape == (*SIZE, 3)
        wanted = true_frame(index).astype(float) + brighter
        assert np.abs(frame - wanted).max() <= 2  # resized there and back
        assert frame.mean() == pytest.approx(wanted.mean(), abs=0.5)


@pytest.mark.parametrize(
    ("method", "checkpoint", "options", "told"),
    [
        ("fomm", good("generator"), {}, "has no kp_detector"),
        ("fomm", good("generator", "kp_detector"), {"mode": "avd"}, "not one of reconstruction, relative"),
        ("fomm", good("generator", "kp_detector"), {"img_shape": "100"}, "not HEIGHT,WIDTH"),
        ("fomm", good("generator", "kp_detector"), {"img_shape": "100,100"}, "multiples of 128"),
        ("fomm", good("generator", "kp_detector"), {"config": "config/x.yaml"}, "config/small.yaml"),
        ("fomm", {"generator": Path("x"), "kp_detector": 1}, {}, "not a checkpoint of tensors"),
        ("mraa", good("generator", "region_predictor"), {"mode": "reconstruction"}, "has no bg_predictor"),
        ("mraa", good("generator", "region_predictor"), {"mode": "avd"}, "has no avd_network"),
        (
            "mraa",
            {"generator": torch.nn.Linear(2, 1).state_dict(), "region_predictor": {}},
            {},
            "does not fit small.yaml",
        ),
        ("tps", good(*TPS), {}, "has no bg_predictor"),
        ("tps", good(*TPS), {"mode": "avd"}, "has no avd_network"),
    ],
)
def test_what_cannot_work_is_told_in_one_line(tmp_path, method, checkpoint, options, told):
    with pytest.raises(WorkerError) as caught:
        drive(tmp_path, method, checkpoint, **options)
    assert told in caught.value.message
    assert "\n" not in caught.value.message
    assert "Traceback" not in "\n".join(caught.value.__notes__)
    assert not (tmp_path / "job" / RESULT).exists()
