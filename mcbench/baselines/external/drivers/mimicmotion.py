"""Runs MimicMotion's `inference.py`.

The script reads the driving video itself (DWPose), fits its poses to the reference's and crops the
reference to 9:16 or 16:9, so the job has to have that shape. Its fit takes poses of frames in which DWPose
finds exactly one person, and ends with an error without any.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import driver_kit as kit
import script_kit as scripts

FPS = 15
"""Of the driving video and of what is made: below 48 the script leaves out no frame of its own accord."""


def main(job: kit.Job) -> dict[str, Any]:
    """Make every frame of the job; return what is worth recording."""
    repository, work = Path(job["repository"]), kit.scratch(job, "work")
    # `preprocess` keeps the shorter side and cuts the longer one to a multiple of 64.
    side = min(job["size"])
    longer = int(side / (9 / 16) // 64) * 64
    scripts.expect_size(job, (longer, side), (side, longer))
    for name in ("yolox_l.onnx", "dw-ll_ucoco_384.onnx"):
        scripts.link(work / "models" / "DWPose" / name, kit.weights(job, name))
    reference = scripts.save(work / "reference.png", kit.read_reference(job))
    driving = work / "driving.mp4"
    kit.write_video(driving, kit.read_driving(job, "driving-frames"), FPS)
    # The reference's pose goes first in what it samples; a window longer than that makes none.
    window = min(kit.option(job, "window"), job["n_frames"] + 1)
    case = {
        "ref_video_path": str(driving),
        "ref_image_path": str(reference),
        "num_frames": window,
        "resolution": side,
        "frames_overlap": min(kit.option(job, "overlap"), window - 1),
        "num_inference_steps": kit.option(job, "steps"),
        "noise_aug_strength": kit.option(job, "noise_aug_strength"),
        "guidance_scale": kit.option(job, "guidance"),
        "sample_stride": 1,
        "fps": FPS,
        "seed": job["seed"] % 2**63,
    }
    settings = {
        "base_model_path": str(scripts.weights_folder(job, "stable-video-diffusion-img2vid-xt-1-1")),
        "ckpt_path": str(kit.weights(job, "MimicMotion_1-1.pth")),
        "test_case": [case],
    }
    config = scripts.write_settings(work / "job.yaml", settings)
    made = work / "made"
    scripts.run_script(
        repository / "inference.py", ["--inference_config", config, "--output_dir", made], work
    )
    scripts.write_frames(job, kit.read_video(scripts.the_only(made, "driving_*.mp4")))
    return {"lossy": "H.264, by the authors' script"}


if __name__ == "__main__":
    kit.run(main)
