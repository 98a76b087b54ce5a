"""Drivers that call authors' pipelines, by the real runner, against stand-ins for the authors' classes."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from mcbench.baselines import registry
from mcbench.baselines.contract import AnimationRequest
from mcbench.baselines.external.installing import Installation
from mcbench.baselines.external.job import placement, write_job
from mcbench.baselines.external.runner import made_frames, run_job
from mcbench.baselines.spec import Spec
from mcbench.errors import WorkerError
from mcbench.records import Size

HERE = Path(__file__).parent
SIZE: Size = (64, 48)
N_FRAMES = 5
SEED = 2**40 + 11
MODULES = {
    "moore-animate-anyone": (
        "src.models.pose_guider", "src.models.unet_2d_condition", "src.models.unet_3d",
        "src.pipelines.pipeline_pose2vid_long",
    ),
    "magic-animate": (
        "magicanimate.models.appearance_encoder", "magicanimate.models.controlnet",
        "magicanimate.models.unet_controlnet", "magicanimate.pipelines.pipeline_animation",
    ),
}  # fmt: skip
CONFIGS = ("configs/inference/inference_v2.yaml", "configs/inference/inference.yaml")
UNET = {"conv.weight": torch.ones(1, 1), "conv.bias": torch.ones(1)}
MOTION = {"motion_modules.0.weight": torch.ones(1, 1), "motion_modules.0.bias": torch.ones(1)}


def _picture(index: int, size: Size) -> NDArray[np.uint8]:
    picture = np.full((*size, 3), (40 * index, 7, 255 - index), np.uint8)
    picture[: size[0] // 2, :, 1] = 200
    return picture


def _request(spec: Spec, n_frames: int = N_FRAMES) -> AnimationRequest:
    size = spec.native.size
    assert size is not None
    reference = np.full((*size, 3), 90, np.uint8)
    pictures: dict[str, Callable[[int, Size], NDArray[np.uint8]]] = {spec.inputs[0]: _picture}
    return AnimationRequest(
        video="v", reference=reference, poses=None, n_frames=n_frames, fps=25.0, size=None, seed=SEED,
        pictures=pictures,
    )  # fmt: skip


def _small(name: str) -> Spec:
    spec = registry.get(name)
    return spec.model_copy(update={"native": spec.native.model_copy(update={"size": SIZE})})


def _stand_in(name: str, folder: Path) -> Path:
    folder.mkdir()
    shutil.copy(HERE / "stand_ins" / "pipelines.py", folder / "pipelines.py")
    for module in (*MODULES[name], "diffusers", "transformers", "omegaconf"):
        path = folder / f"{module.replace('.', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("from pipelines import *\n")
    for config in CONFIGS:
        (folder / config).parent.mkdir(parents=True, exist_ok=True)
        (folder / config).touch()
    return folder


def _weights(spec: Spec, folder: Path, other: dict[str, Any]) -> dict[str, str]:
    """Write files with the keys that the stand-ins have; `other` replaces what one of them holds."""
    states = {
        "motion-module": MOTION,
        "temporal-attention": {"state_dict": {f"module.unet.{key}": MOTION[key] for key in MOTION}},
        **other,
    }
    found = {}
    for weights in spec.weights:
        path = folder / weights.path
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(states.get(weights.name, UNET), path)
        found[weights.name] = str(path)
    return found


def _run(
    spec: Spec, folder: Path, weights: dict[str, str], installation: Installation, **options: Any
) -> list[NDArray[np.uint8]]:
    request = _request(spec)
    job_folder = folder / "job"
    job_folder.mkdir()
    job = write_job(
        job_folder, spec, request, placement(spec.native, request), device="cpu",
        options={**spec.options, **options}, weights=weights, weights_folder=None,
        repository=installation.repository,
    )  # fmt: skip
    run_job(spec, installation, job_folder, job, spec.limits)
    return list(made_frames(spec, job_folder, job))


def _run_stand_in(
    name: str, folder: Path, other: dict[str, Any] | None = None, **options: Any
) -> list[NDArray[np.uint8]]:
    spec = _small(name)
    installation = Installation(Path(sys.executable), _stand_in(name, folder / "code"), None)
    weights = _weights(spec, folder / "weights", other or {})
    return _run(spec, folder, weights, installation, **options)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        (
            "moore-animate-anyone",
            {"length": N_FRAMES, "steps": 30, "guidance": 3.5, "reference": [48, 64],
             "context_frames": 24, "context_overlap": 4},
        ),
        (
            "magic-animate",
            {"prompt": "", "negative_prompt": "", "num_inference_steps": 25, "guidance_scale": 7.5,
             "video_length": 16, "reference": [64, 48, 3], "context_frames": 16, "context_overlap": 4},
        ),
    ],
)  # fmt: skip
def test_driver_gives_what_the_script_gives(name: str, given: dict[str, Any], tmp_path: Path) -> None:
    frames = _run_stand_in(name, tmp_path)
    called = json.loads((tmp_path / "code" / "called.json").read_text())
    assert {key: called[key] for key in given} == given
    assert (called["height"], called["width"], called["seed"]) == (*SIZE, SEED)
    assert len(frames) == N_FRAMES
    for index, frame in enumerate(frames):
        np.testing.assert_array_equal(frame, _picture(index, SIZE))


@pytest.mark.parametrize(
    ("name", "other", "options", "message"),
    [
        ("moore-animate-anyone", {"denoising-unet": {"conv.weight": UNET["conv.weight"]}}, {},
         "misses 1 keys of denoising_unet.pth, such as conv.bias"),
        ("moore-animate-anyone", {"motion-module": {**MOTION, "old.weight": torch.ones(1)}}, {},
         "no place for 1 keys of motion_module.pth, such as old.weight"),
        ("moore-animate-anyone", {}, {"window": 33}, "window 33 with overlap 4"),
        ("magic-animate", {"temporal-attention": dict(list(MOTION.items())[:1])}, {},
         "miss 1 keys of temporal_attention.ckpt, such as motion_modules.0.bias"),
        ("magic-animate", {"unet": {**UNET, "more": torch.ones(1)}}, {},
         "no place for 1 keys of diffusion_pytorch_model.bin, such as more"),
        ("magic-animate", {}, {"overlap": 16}, "overlap 16"),
    ],
)  # fmt: skip
def test_wrong_weights_and_windows_are_told(
    name: str, other: dict[str, Any], options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(WorkerError, match=message):
        _run_stand_in(name, tmp_path, other, **options)
