"""Runs DreamPose's `test.py`.

It is driven by DensePose's UV coordinates, arrays of [2, height, width] as its `utils/densepose.py` writes
them, of one person. A DensePose drawing does not have them, so mcbench cannot make them: who has run
DensePose (densepose_rcnn_R_50_FPN_s1x) names their folder (option `uv_folder`): VIDEO/000000.npy and so on.

The paper tunes the networks to each person before; give the tuned ones as weights. The script seeds nothing,
so it is started seeded; it names its base model by its name on a hub, so a copy runs that names the folder.
It stretches the brightness of each of its frames to the full range.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import driver_kit as kit
import numpy as np
import script_kit as scripts


def main(job: kit.Job) -> dict[str, Any]:
    """Make every frame of the job; return what is worth recording."""
    repository, work = Path(job["repository"]), kit.scratch(job, "work")
    scripts.expect_size(job, (640, 512))
    key_frame = scripts.save(work / "key_frame.png", kit.read_reference(job))
    # The script finds neighbours of a frame by replacing its number in the whole path, so the folder's name
    # must be relative and free of digits.
    (work / "poses").mkdir()
    for index, path in enumerate(find_uv(job)):
        np.save(str(work / "poses" / f"frame_{index}_densepose.npy"), read_uv(path, job))
    made = work / "made"
    words = ["--epoch", kit.option(job, "epoch"), "--folder", scripts.weights_folder(job, "checkpoints")]
    words += ["--pose_folder", "poses", "--key_frame_path", key_frame, "--output_dir", made]
    words += ["--s1", kit.option(job, "s1"), "--s2", kit.option(job, "s2")]
    words += ["--n_steps", kit.option(job, "steps")]
    if "vae.pth" in job["weights"]:
        words += ["--custom_vae", kit.weights(job, "vae.pth")]
    base = scripts.weights_folder(job, "stable-diffusion-v1-4")
    script = scripts.with_settings(
        repository / "test.py", work / "test.py", {}, {"CompVis/stable-diffusion-v1-4": base}
    )
    scripts.run_script(script, words, work, seed=job["seed"], environment=scripts.beside(repository))
    frames = map(kit.read_picture, scripts.by_number(made.glob("pred_#*.png")))
    scripts.write_frames(job, frames)
    return {"tuned_to_person": "vae.pth" in job["weights"]}


def find_uv(job: kit.Job) -> list[Path]:
    """Return the arrays that the user has made of the clip, one a frame."""
    named = kit.option(job, "uv_folder")
    if not named:
        kit.fail(
            "DreamPose wants DensePose's UV arrays, which mcbench does not make: write them by "
            f"utils/densepose.py of its repository into FOLDER/{job['video']}/000000.npy ... and give the "
            "option uv_folder=FOLDER"
        )
    folder = Path(named) / job["video"]
    paths = sorted(folder.glob("*.npy")) if folder.is_dir() else []
    if len(paths) < job["n_frames"]:
        kit.fail(f"{folder} holds {len(paths)} NPY files for {job['n_frames']} frames")
    return paths[: job["n_frames"]]


def read_uv(path: Path, job: kit.Job) -> np.ndarray[Any, Any]:
    """Return a UV array, float32 [2, height, width], which has to be of the job's size."""
    uv = np.load(str(path), allow_pickle=False)
    if uv.shape != (2, *job["size"]):
        kit.fail(f"{path} is {uv.shape}, and {(2, *job['size'])} is wanted")
    return uv.astype(np.float32)


if __name__ == "__main__":
    kit.run(main)
