"""Runs StableAnimator's `inference_basic.py` on pose drawings.

The script has its seed written into it, so a copy with the job's seed is run. It writes its frames as PNG,
without loss. Its face network takes the largest face of the reference: one person's identity.
"""

from __future__ import annotations

import itertools
import os
from importlib.util import find_spec
from pathlib import Path

import driver_kit as kit
import script_kit as scripts

FACE_NETWORKS = ("detection_Resnet50_Final.pth", "parsing_bisenet.pth")


def main(job: kit.Job) -> None:
    """Make every frame of the job."""
    repository, work = Path(job["repository"]), kit.scratch(job, "work")
    reference = scripts.save(work / "reference.png", kit.read_reference(job))
    drawings = kit.read_driving(job, "dwpose-drawings")
    poses = scripts.save_all(work / "poses", drawings, "frame_{}.png")
    scripts.link(work / "models" / "antelopev2", scripts.weights_folder(job, "models/antelopev2"))
    place_face_networks(job)
    window = min(kit.option(job, "window"), job["n_frames"])
    overlap = min(kit.option(job, "overlap"), window - 1)
    arguments = {
        "--pretrained_model_name_or_path": scripts.weights_folder(
            job, "SVD/stable-video-diffusion-img2vid-xt"
        ),
        "--output_dir": work / "made",
        "--validation_control_folder": poses,
        "--validation_image": reference,
        "--width": job["size"][1],
        "--height": job["size"][0],
        "--guidance_scale": kit.option(job, "guidance"),
        "--num_inference_steps": kit.option(job, "steps"),
        "--posenet_model_name_or_path": kit.weights(job, "pose_net.pth"),
        "--face_encoder_model_name_or_path": kit.weights(job, "face_encoder.pth"),
        "--unet_model_name_or_path": kit.weights(job, "unet.pth"),
        "--tile_size": window,
        "--overlap": overlap,
        "--noise_aug_strength": kit.option(job, "noise_aug_strength"),
        "--frames_overlap": overlap,
        "--decode_chunk_size": kit.option(job, "decode_chunk"),
    }
    words = [*itertools.chain.from_iterable(arguments.items()), "--gradient_checkpointing"]
    script = scripts.with_settings(
        repository / "inference_basic.py", work / "inference_basic.py", {"seed": job["seed"] % 2**63}
    )
    scripts.run_script(script, words, work, environment=scripts.beside(repository))
    made = scripts.by_number((work / "made" / "animated_images").glob("frame_*.png"))
    scripts.write_frames(job, map(kit.read_picture, made))


def place_face_networks(job: kit.Job) -> None:
    """Link what facexlib reads from a folder of its own package, and would fetch where it is absent."""
    package = find_spec("facexlib")
    if package is None or package.origin is None:
        kit.fail("the environment has no facexlib")
    folder = Path(package.origin).parent / "weights"
    for name in FACE_NETWORKS:
        new = scripts.link(folder / f".{name}-{os.getpid()}", kit.weights(job, name))
        new.replace(folder / name)  # whole at once: other jobs may read it


if __name__ == "__main__":
    kit.run(main)
