"""Driver of MRAA: Motion Representations for Articulated Animation (Siarohin et al., CVPR 2021).

Modes: `reconstruction` computes what the authors' reconstruction.py computes for the paper's tables, frame by
frame: regions of the true frame as they are, and the predicted motion of the background. `standard`,
`relative` and `avd` are those of `make_animation` in their demo.py, which leaves the background in place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import driver_kit as kit
import frame_driven
import numpy as np

MODES = ("reconstruction", "standard", "relative", "avd")


def main(job: kit.Job) -> dict[str, str]:
    """Write the frames of one job."""
    mode = frame_driven.mode(job, MODES)
    size = frame_driven.model_size(job)
    repository = kit.use_repository(job)
    config, weights = frame_driven.config_path(job, repository), kit.weights(job, "checkpoint")
    kit.seed_everything(job["seed"])
    needed = {"reconstruction": ("bg_predictor",), "avd": ("avd_network",)}.get(mode, ())
    checkpoint = frame_driven.read_checkpoint(weights, ("generator", "region_predictor", *needed))
    _stand_in_for_circle()

    import demo

    cpu = job["device"] == "cpu"
    with frame_driven.told(weights, config):
        generator, region_predictor, avd = demo.load_checkpoints(str(config), str(weights), cpu=cpu)
    source = frame_driven.as_model_picture(kit.read_reference(job), size)
    if mode == "reconstruction":
        with frame_driven.told(weights, config):
            background = load_background(config, checkpoint["bg_predictor"], job["device"])
        frame_driven.write(job, reconstruct(job, source, size, generator, region_predictor, background))
    else:
        true = np.stack(list(frame_driven.driving(job, size)))
        made = demo.make_animation(
            source, true, generator, region_predictor, avd, animation_mode=mode, cpu=cpu
        )
        frame_driven.write(job, made)
    return {"mode": mode, "config": config.name, "stand_in": "skimage.draw.circle"}


def load_background(config: Any, state: dict[str, Any], device: str) -> Any:
    """Return the network that predicts the background's motion, as the authors' run.py builds it."""
    import yaml
    from modules.bg_motion_predictor import BGMotionPredictor

    settings = yaml.safe_load(config.read_text(encoding="utf-8"))["model_params"]
    network = BGMotionPredictor(num_channels=settings["num_channels"], **settings["bg_predictor_params"])
    network.load_state_dict(state)
    return network.to(device).eval()


def reconstruct(
    job: kit.Job, picture: Any, size: tuple[int, int], generator: Any, region_predictor: Any, background: Any
) -> Iterator[np.ndarray[Any, Any]]:
    """Yield each frame as the authors' reconstruction.py predicts it, float [height, width, 3], 0 to 1."""
    import torch

    source = frame_driven.as_batch(picture, job["device"])
    with torch.no_grad():
        source_regions = region_predictor(source)
        for true in frame_driven.driving(job, size):
            frame = frame_driven.as_batch(true, job["device"])
            out = generator(
                source,
                source_region_params=source_regions,
                driving_region_params=region_predictor(frame),
                bg_params=background(source, frame),
            )
            yield frame_driven.as_picture(out["prediction"])


def _stand_in_for_circle() -> None:
    """Give scikit-image the `circle` that it had until 0.18, by its successor `disk`.

    The authors' logger.py, which demo.py imports by way of animate.py, imports it to draw key points; no
    driver draws any. scikit-image 0.18 has no wheel for Python 3.11.
    """
    import skimage.draw

    if not hasattr(skimage.draw, "circle"):
        skimage.draw.circle = lambda r, c, radius, shape=None: skimage.draw.disk((r, c), radius, shape=shape)


if __name__ == "__main__":
    kit.run(main)
