"""Runs UniAnimate's `inference.py` with its settings for long videos.

The video that it writes shows reference, drawing and result side by side; the result is cut out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import driver_kit as kit
import script_kit as scripts
import unianimate_drawings


def main(job: kit.Job) -> dict[str, Any]:
    """Make every frame of the job; return what is worth recording."""
    repository, work = Path(job["repository"]), kit.scratch(job, "work")
    reference = scripts.save(work / "reference.png", kit.read_reference(job))
    poses = scripts.save_all(work / "poses", unianimate_drawings.drawings(job), "{:06d}.jpg")
    scripts.save(poses / "ref_pose.jpg", kit.read_picture(poses / "000000.jpg"))
    settings = scripts.read_settings(repository / "configs" / "UniAnimate_infer_long.yaml")
    # The script cuts a clip into a whole number of windows of its own; of one frame it makes a picture.
    settings.update(
        resolution=[job["size"][1], job["size"][0]],
        round=1,
        ddim_timesteps=kit.option(job, "steps"),
        guide_scale=kit.option(job, "guidance"),
        context_size=kit.option(job, "window"),
        context_overlap=kit.option(job, "overlap"),
        seed=job["seed"] % 2**32,
        max_frames="None",
        test_list_path=[[1, str(reference), str(poses)]],
        log_dir=str(work / "made"),
        test_model=str(kit.weights(job, "unianimate_16f_32f_non_ema_223000.pth")),
    )
    settings["embedder"]["pretrained"] = str(kit.weights(job, "open_clip_pytorch_model.bin"))
    settings["auto_encoder"]["pretrained"] = str(kit.weights(job, "v2-1_512-ema-pruned.ckpt"))
    config = scripts.write_settings(work / "job.yaml", settings)
    scripts.run_script(repository / "inference.py", ["--cfg", config], work)
    made = scripts.the_only(work / "made", "job/rank_*_reference_*.mp4")
    frames = (scripts.last_column(frame, 3) for frame in kit.read_video(made))
    scripts.write_frames(job, frames)
    whole = unianimate_drawings.has_hands_and_feet(job)
    return {"hands_and_feet_drawn": whole, "lossy": "H.264, by the authors' script"}


if __name__ == "__main__":
    kit.run(main)
