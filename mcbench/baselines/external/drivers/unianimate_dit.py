"""Runs `inference_unianimate_wan_long_video_480p.py` of UniAnimate-DiT.

The script takes no arguments, so a copy is run in which its size, seed and list of tests are the job's. Wan
makes 4 n + 1 frames, 81 in one piece; the last drawing is repeated up to that, and what is beyond the clip
is left. Its video shows reference, drawing and result side by side; the result is cut out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import driver_kit as kit
import script_kit as scripts
import unianimate_drawings

SCRIPT = "examples/unianimate_wan/inference_unianimate_wan_long_video_480p.py"
PIECE = 81
"""Frames of one piece: 21 latent frames of Wan."""


def main(job: kit.Job) -> dict[str, Any]:
    """Make every frame of the job; return what is worth recording."""
    repository, work = Path(job["repository"]), kit.scratch(job, "work")
    reference = scripts.save(work / "reference.png", kit.read_reference(job))
    poses = scripts.save_all(work / "poses", unianimate_drawings.drawings(job), "{:06d}.jpg")
    last = kit.read_picture(poses / f"{job['n_frames'] - 1:06d}.jpg")
    for index in range(job["n_frames"], padded(job["n_frames"])):
        scripts.save(poses / f"{index:06d}.jpg", last)
    scripts.save(poses / "pose.jpg", kit.read_picture(poses / "000000.jpg"))
    scripts.link(work / "Wan2.1-I2V-14B-720P", scripts.weights_folder(job, "Wan2.1-I2V-14B-720P"))
    lora = "UniAnimate-Wan2.1-14B-Lora-12000.ckpt"
    scripts.link(work / "checkpoints" / lora, kit.weights(job, lora))
    settings = {
        "height": job["size"][0],
        "width": job["size"][1],
        "seed": job["seed"] % 2**63,
        "test_list_path": [[1, str(reference), str(poses)]],
    }
    script = scripts.with_settings(repository / SCRIPT, work / "job.py", settings)
    scripts.run_script(script, [], work, environment=scripts.beside(repository))
    made = scripts.the_only(work / "outputs", "video_480P_long_*.mp4")
    frames = (scripts.last_column(frame, 3) for frame in kit.read_video(made))
    scripts.write_frames(job, frames)
    whole = unianimate_drawings.has_hands_and_feet(job)
    return {"hands_and_feet_drawn": whole, "lossy": "H.264, by the authors' script"}


def padded(n_frames: int) -> int:
    """Return the least number of frames, 81 or more, that Wan makes and that holds the clip."""
    return max(PIECE, -(-(n_frames - 1) // 4) * 4 + 1)


if __name__ == "__main__":
    kit.run(main)
