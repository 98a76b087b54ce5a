"""Runs Animate-X's `inference.py`.

What its `process_data.py` makes of the driving video is made here from the clip's poses: drawings (of
everybody) by the authors' functions, and the pickle of key points, which holds one person: the first. The
frames of the driving video go in as they are: the method looks at them through CLIP.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import driver_kit as kit
import numpy as np
import script_kit as scripts
import unianimate_drawings


def main(job: kit.Job) -> dict[str, Any]:
    """Make every frame of the job; return what is worth recording."""
    repository, work = Path(job["repository"]), kit.scratch(job, "work")
    reference = scripts.save(work / "reference.png", kit.read_reference(job))
    poses = scripts.save_all(work / "poses", unianimate_drawings.drawings(job))
    scripts.save(poses / "ref_pose.jpg", kit.read_picture(poses / "000000.png"))
    driving = scripts.save_all(work / "driving", kit.read_driving(job, "driving-frames"))
    points = write_points(job, work / "points.pkl")
    settings = scripts.read_settings(repository / "configs" / "Animate_X_infer.yaml")
    seed = job["seed"] % 2**32
    settings.update(
        max_frames=job["n_frames"],
        resolution=[job["size"][1], job["size"][0]],
        round=1,
        ddim_timesteps=kit.option(job, "steps"),
        guide_scale=kit.option(job, "guidance"),
        seed=seed,
        test_list_path=[[1, str(reference), str(poses), str(driving), str(points), seed]],
        log_dir=str(work / "made"),
        test_model=str(kit.weights(job, "animate-x_ckpt.pth")),
    )
    settings["UNet"]["seq_len"] = job["n_frames"] + 1
    settings["embedder"]["pretrained"] = str(kit.weights(job, "open_clip_pytorch_model.bin"))
    settings["auto_encoder"]["pretrained"] = str(kit.weights(job, "v2-1_512-ema-pruned.ckpt"))
    config = scripts.write_settings(work / "job.yaml", settings)
    scripts.run_script(repository / "inference.py", ["--cfg", config], work)
    made = scripts.the_only(work / "made", "job/*_results_1col.mp4")
    scripts.write_frames(job, kit.read_video(made))
    whole = unianimate_drawings.has_hands_and_feet(job)
    return {"hands_and_feet_drawn": whole, "lossy": "H.264, by the authors' script"}


def write_points(job: kit.Job, path: Path) -> Path:
    """Write the first person's body as the script reads it: [frames, 18, 2] of 0 to 1, -1 where unseen."""
    rows = []
    for points, confidence in scripts.whole_bodies(job):
        body = np.full((18, 2), -1.0)
        if len(points):
            placed = points[0, :18] / np.array([job["size"][1], job["size"][0]])
            seen = confidence[0, :18] > unianimate_drawings.THRESHOLD
            body[seen] = placed[seen]
        rows.append(body)
    with path.open("wb") as stream:
        pickle.dump({"bodies": np.stack(rows), "size": (*job["size"], 3), "fps": int(job["fps"])}, stream)
    return path


if __name__ == "__main__":
    kit.run(main)
