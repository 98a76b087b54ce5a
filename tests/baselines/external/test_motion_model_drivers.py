"""The drivers of FOMM and MRAA on a stand-in of the authors' demo.py: same functions, arguments and files."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from mcbench.baselines import registry
from mcbench.video import read_image, write_png

pytest.importorskip("skimage", reason="the drivers resize as demo.py does, with scikit-image")
DRIVERS = Path(registry.__file__).parent / "external" / "drivers"

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
    return [source_image * 0 + frame.mean() for frame in driving_video]
"""
FOMM = {"imports": "", "networks": 2, "mode": "relative=True, adapt_movement_scale=True"}
MRAA = {"imports": "from skimage.draw import circle", "networks": 3, "mode": "animation_mode='standard'"}
OPTIONS = {
    "fomm": {"mode": "reconstruction", "adapt_movement_scale": False},
    "mraa": {"mode": "standard"},
}


def make_job(folder: Path, method: str, checkpoint: object, **options: object) -> Path:
    repository = folder / "repository"
    (repository / "config").mkdir(parents=True)
    (repository / "config" / "small.yaml").write_text("model_params: {}\n")
    (repository / "demo.py").write_text(DEMO.format(**{"fomm": FOMM, "mraa": MRAA}[method]))
    torch.save(checkpoint, folder / "weights.pth")
    job = folder / "job"
    for index in range(3):
        write_png(
            job / "driving" / "driving-frames" / f"{index:06d}.png",
            np.full((96, 64, 3), 50 + 60 * index, np.uint8),
        )
    write_png(job / "reference.png", np.full((96, 64, 3), 50, np.uint8))
    content = {
        "schema_version": 1,
        "method": method,
        "video": "clip",
        "n_frames": 3,
        "fps": 8.0,
        "size": [96, 64],
        "seed": 1,
        "device": "cpu",
        "options": {"config": "config/small.yaml", "img_shape": "128,128", **OPTIONS[method], **options},
        "reference": "reference.png",
        "driving": {"driving-frames": "driving/driving-frames"},
        "weights": {"checkpoint": str(folder / "weights.pth")},
        "repository": str(repository),
        "output": "frames",
    }
    (job / "job.json").write_text(json.dumps(content))
    return job


def drive(method: str, job: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, str(DRIVERS / f"{method}.py"), str(job)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def good(*names: str) -> dict:
    return {name: torch.nn.Linear(1, 1).state_dict() for name in names}


@pytest.mark.parametrize(
    ("method", "networks"),
    [("fomm", ("generator", "kp_detector")), ("mraa", ("generator", "region_predictor"))],
)
def test_frames_follow_the_true_frames_at_the_jobs_size(tmp_path, method, networks):
    job = make_job(tmp_path, method, good(*networks))
    done = drive(method, job)
    assert done.returncode == 0, done.stderr
    assert json.loads((job / "result.json").read_text())["n_frames"] == 3
    for index in range(3):
        frame = read_image(job / "frames" / f"{index:06d}.png")
        assert frame.shape == (96, 64, 3)
        assert np.all(frame == 50 + 60 * index)


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
    ],
)
def test_what_cannot_work_is_told_in_one_line(tmp_path, method, checkpoint, options, told):
    job = make_job(tmp_path, method, checkpoint, **options)
    done = drive(method, job)
    assert done.returncode == 3
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert not (job / "result.json").exists()
