"""Runs `run_controlnext.py` of ControlNeXt-SVD-v2.

The script reads the driving video itself (DWPose) and fits its poses to the reference's, from frames in
which it finds exactly one person; without any it ends with an error. It seeds nothing, so it is started
seeded. What it makes begins with a frame in the reference's pose, which is left out.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import driver_kit as kit
import script_kit as scripts


def main(job: kit.Job) -> dict[str, Any]:
    """Make every frame of the job; return what is worth recording."""
    folder, work = Path(job["repository"]) / "ControlNeXt-SVD-v2", kit.scratch(job, "work")
    for name in ("yolox_l.onnx", "dw-ll_ucoco_384.onnx"):
        scripts.link(work / "pretrained" / "DWPose" / name, kit.weights(job, name))
    reference = scripts.save(work / "reference.png", kit.read_reference(job))
    driving = work / "driving.mp4"
    kit.write_video(driving, kit.read_driving(job, "driving-frames"), job["fps"])
    sampled = job["n_frames"] + 1
    window = min(kit.option(job, "window"), sampled)
    arguments = {
        "--pretrained_model_name_or_path": scripts.weights_folder(
            job, "stable-video-diffusion-img2vid-xt-1-1"
        ),
        "--validation_control_video_path": driving,
        "--ref_image_path": reference,
        "--output_dir": work / "made",
        "--height": job["size"][0],
        "--width": job["size"][1],
        "--guidance_scale": kit.option(job, "guidance"),
        "--num_inference_steps": kit.option(job, "steps"),
        "--controlnext_path": kit.weights(job, "controlnet.bin"),
        "--unet_path": kit.weights(job, "unet.bin"),
        "--max_frame_num": sampled,
        "--batch_frames": window,
        "--overlap": min(kit.option(job, "overlap"), window - 1),
        "--sample_stride": 1,
    }
    words = list(itertools.chain.from_iterable(arguments.items()))
    scripts.run_script(folder / "run_controlnext.py", words, work, seed=job["seed"])
    frames = kit.read_video(work / "made" / "output.mp4")
    scripts.write_frames(job, itertools.islice(frames, 1, None))
    return {"lossy": "H.264, by the authors' script"}


if __name__ == "__main__":
    kit.run(main)
