"""Runs MusePose's `test_stage_2.py` on pose drawings.

Its own `pose_align.py`, which fits the driving poses to another person's body, is not run: what drives is
already in the reference's picture. That script also draws one person without a face; mcbench's drawings
have everybody, with faces.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import driver_kit as kit
import script_kit as scripts


def main(job: kit.Job) -> dict[str, Any]:
    """Make every frame of the job; return what is worth recording."""
    repository, work = Path(job["repository"]), kit.scratch(job, "work")
    reference = scripts.save(work / "reference.png", kit.read_reference(job))
    poses = work / "poses.mp4"
    kit.write_video(poses, kit.read_driving(job, "dwpose-drawings"), job["fps"])
    settings = {
        "pretrained_base_model_path": str(scripts.weights_folder(job, "sd-image-variations-diffusers")),
        "pretrained_vae_path": str(scripts.weights_folder(job, "sd-vae-ft-mse")),
        "image_encoder_path": str(scripts.weights_folder(job, "image_encoder")),
        "denoising_unet_path": str(kit.weights(job, "denoising_unet.pth")),
        "reference_unet_path": str(kit.weights(job, "reference_unet.pth")),
        "pose_guider_path": str(kit.weights(job, "pose_guider.pth")),
        "motion_module_path": str(kit.weights(job, "motion_module.pth")),
        "inference_config": str(repository / "configs" / "inference_v2.yaml"),
        "weight_dtype": "fp16",
        "test_cases": {str(reference): [str(poses)]},
    }
    config = scripts.write_settings(work / "job.yaml", settings)
    guidance, steps = float(kit.option(job, "guidance")), kit.option(job, "steps")
    words = ["--config", config, "-W", job["size"][1], "-H", job["size"][0], "-L", job["n_frames"]]
    words += ["-S", kit.option(job, "window"), "-O", kit.option(job, "overlap"), "--cfg", guidance]
    words += ["--seed", job["seed"] % 2**63, "--steps", steps, "--skip", 0]
    scripts.run_script(repository / "test_stage_2.py", words, work)
    made = scripts.the_only(work / "output", f"video-*/*/reference_poses_{guidance}_{steps}_0.mp4")
    scripts.write_frames(job, kit.read_video(made))
    return {"lossy": "H.264, by the authors' script"}


if __name__ == "__main__":
    kit.run(main)
