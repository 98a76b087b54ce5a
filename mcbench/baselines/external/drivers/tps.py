"""Driver of TPS: Thin-Plate Spline Motion Model for Image Animation (Zhao and Zhang, CVPR 2022).

Modes: `reconstruction` computes what the authors' reconstruction.py computes for the paper's tables, frame by
frame: key points of the true frame as they are, and, where the configuration has a background, its predicted
motion. `standard`, `relative` and `avd` are those of `make_animation` in their demo.py, which leaves the
background in place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import driver_kit as kit
import frame_driven
import numpy as np

MODES = ("reconstruction", "standard", "relative", "avd")
NETWORKS = ("inpainting_network", "kp_detector", "dense_motion_network")


def main(job: kit.Job) -> dict[str, str | bool]:
    """Write the frames of one job."""
    mode = frame_driven.mode(job, MODES)
    size = frame_driven.model_size(job)
    repository = kit.use_repository(job)
    config, weights = frame_driven.config_path(job, repository), kit.weights(job, "checkpoint")
    kit.seed_everything(job["seed"])
    with_background = mode == "reconstruction" and has_background(config)
    needed = ("bg_predictor",) if with_background else ("avd_network",) if mode == "avd" else ()
    checkpoint = frame_driven.read_checkpoint(weights, (*NETWORKS, *needed))

    import demo
    import torch

    with frame_driven.told(weights, config):
        networks = demo.load_checkpoints(str(config), str(weights), torch.device(job["device"]))
    source = frame_driven.as_model_picture(kit.read_reference(job), size)
    if mode == "reconstruction":
        background = None
        if with_background:
            with frame_driven.told(weights, config):
                background = load_background(checkpoint["bg_predictor"], job["device"])
        frame_driven.write(job, reconstruct(job, source, size, networks, background))
    else:
        true = np.stack(list(frame_driven.driving(job, size)))
        made = demo.make_animation(source, true, *networks, torch.device(job["device"]), mode=mode)
        frame_driven.write(job, made)
    return {"mode": mode, "config": config.name, "background": with_background}


def has_background(config: Any) -> bool:
    """Return whether the configuration trains a network for the background's motion."""
    import yaml

    settings = yaml.safe_load(config.read_text(encoding="utf-8"))
    return bool(settings["model_params"]["common_params"]["bg"])


def load_background(state: dict[str, Any], device: str) -> Any:
    """Return the network that predicts the background's motion, as the authors' run.py builds it."""
    from modules.bg_motion_predictor import BGMotionPredictor

    network = BGMotionPredictor()
    network.load_state_dict(state)
    return network.to(device).eval()


def reconstruct(
    job: kit.Job, picture: Any, size: tuple[int, int], networks: Any, background: Any
) -> Iterator[np.ndarray[Any, Any]]:
    """Yield each frame as the authors' reconstruction.py predicts it, float [height, width, 3], 0 to 1."""
    import torch

    inpainting, kp_detector, dense_motion_network, _ = networks
    source = frame_driven.as_batch(picture, job["device"])
    with torch.no_grad():
        source_points = kp_detector(source)
        for true in frame_driven.driving(job, size):
            frame = frame_driven.as_batch(true, job["device"])
            motion = dense_motion_network(
                source_image=source,
                kp_driving=kp_detector(frame),
                kp_source=source_points,
                bg_param=None if background is None else background(source, frame),
                dropout_flag=False,
            )
            yield frame_driven.as_picture(inpainting(source, motion)["prediction"])


if __name__ == "__main__":
    kit.run(main)
