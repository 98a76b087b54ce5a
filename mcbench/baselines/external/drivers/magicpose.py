"""Runs MagicPose's `test_any_image_pose.py`, image by image, on OpenPose drawings with hands and faces.

The script is made for `torchrun`; one process needs no more than the variables that set up its group. It
cuts pictures to a square of 512, so the job has to be one, and writes its frames as JPEG.
"""

from __future__ import annotations

import itertools
import socket
from pathlib import Path
from typing import Any

import driver_kit as kit
import script_kit as scripts


def main(job: kit.Job) -> dict[str, Any]:
    """Make every frame of the job; return what is worth recording."""
    repository, work = Path(job["repository"]), kit.scratch(job, "work")
    reference = scripts.save(work / "reference.png", kit.read_reference(job))
    scripts.expect_size(job, (512, 512))
    drawings = kit.read_driving(job, "dwpose-drawings")
    made = work / "made"
    arguments = {
        "--model_config": repository / "model_lib/ControlNet/models/cldm_v15_reference_only_pose.yaml",
        "--num_train_steps": 1,
        "--img_bin_limit": "all",
        "--train_batch_size": 1,
        "--control_mode": "controlnet_important",
        "--control_type": "body+hand+face",
        "--train_dataset": "tiktok_video_arnold",
        "--seed": job["seed"] % 2**32,
        "--local_image_dir": made,
        "--local_log_dir": work / "log",
        "--image_pretrain_dir": kit.weights(job, "model_state-110000.th"),
        "--local_pose_path": scripts.save_all(work / "poses", drawings),
        "--local_cond_image_path": reference,
    }
    flags = ["--use_fp16", "--v4", "--with_text", "--wonoise"]
    words = [*itertools.chain.from_iterable(arguments.items()), *flags]
    # The configuration of its networks names files below the repository.
    scripts.run_script(
        repository / "test_any_image_pose.py", words, repository, environment=process_group_of_one()
    )
    frames = map(kit.read_picture, scripts.by_number((made / "0" / "gen_images").glob("*.jpg")))
    scripts.write_frames(job, frames)
    return {"lossy": "JPEG, by the authors' script"}


def process_group_of_one() -> dict[str, str]:
    """Return the variables by which torch.distributed sets up a group of this one process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    group = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    return {**group, "WORLD_SIZE": "1", "RANK": "0", "LOCAL_RANK": "0"}


if __name__ == "__main__":
    kit.run(main)
