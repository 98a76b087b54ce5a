"""Driver of FOMM: First Order Motion Model for Image Animation (Siarohin et al., NeurIPS 2019).

It calls `load_checkpoints` and `make_animation` of the authors' demo.py. Modes: `reconstruction` moves the
picture by the key points of the true frames as they are, which is what their reconstruction.py computes for
the paper's tables; `relative` moves it by how the key points change from the first frame on.
"""

from __future__ import annotations

import driver_kit as kit
import frame_driven
import numpy as np

MODES = ("reconstruction", "relative")


def main(job: kit.Job) -> dict[str, str]:
    """Write the frames of one job."""
    mode = frame_driven.mode(job, MODES)
    size = frame_driven.model_size(job)
    repository = kit.use_repository(job)
    config, weights = frame_driven.config_path(job, repository), kit.weights(job, "checkpoint")
    kit.seed_everything(job["seed"])
    frame_driven.read_checkpoint(weights, ("generator", "kp_detector"))

    import demo

    cpu = job["device"] == "cpu"
    with frame_driven.told(weights, config):
        networks = demo.load_checkpoints(str(config), str(weights), cpu=cpu)
    predictions = demo.make_animation(
        frame_driven.as_model_picture(kit.read_reference(job), size),
        np.stack(list(frame_driven.driving(job, size))),
        *networks,
        relative=mode == "relative",
        adapt_movement_scale=mode == "relative" and bool(kit.option(job, "adapt_movement_scale")),
        cpu=cpu,
    )
    frame_driven.write(job, predictions)
    return {"mode": mode, "config": config.name}


if __name__ == "__main__":
    kit.run(main)
