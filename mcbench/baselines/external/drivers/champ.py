"""Runs Champ's `inference.py`.

Besides whole-body drawings Champ is driven by pictures rendered from SMPL bodies: depth, normals, a semantic
map and its mask. mcbench fits no SMPL bodies. Who has made them by the repository's `docs/data_process.md`
names their folder (option `guidance_folder`): VIDEO/depth, VIDEO/normal, VIDEO/semantic_map and VIDEO/mask,
a picture a frame, of the size that the method works at and in the frame's own picture plane (no view
transfer).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import driver_kit as kit
import script_kit as scripts

RENDERED = ("depth", "normal", "semantic_map", "mask")


def main(job: kit.Job) -> dict[str, Any]:
    """Make every frame of the job; return what is worth recording."""
    repository, work = Path(job["repository"]), kit.scratch(job, "work")
    rendered = find_rendered(job)
    reference = scripts.save(work / "reference.png", kit.read_reference(job))
    motion = work / "motion"
    scripts.save_all(motion / "dwpose", kit.read_driving(job, "dwpose-drawings"))
    for kind, paths in rendered.items():
        scripts.save_all(motion / kind, (read_rendered(path, job) for path in paths))
    settings = scripts.read_settings(repository / "configs" / "inference" / "inference.yaml")
    settings.update(
        width=job["size"][1],
        height=job["size"][0],
        data={"ref_image_path": str(reference), "guidance_data_folder": str(motion), "frame_range": None},
        seed=job["seed"] % 2**63,
        base_model_path=str(scripts.weights_folder(job, "stable-diffusion-v1-5")),
        vae_model_path=str(scripts.weights_folder(job, "sd-vae-ft-mse")),
        image_encoder_path=str(scripts.weights_folder(job, "image_encoder")),
        ckpt_dir=str(scripts.weights_folder(job, "champ")),
        motion_module_path=str(scripts.weights_folder(job, "champ") / "motion_module.pth"),
        num_inference_steps=kit.option(job, "steps"),
        guidance_scale=kit.option(job, "guidance"),
    )
    config = scripts.write_settings(work / "job.yaml", settings)
    scripts.run_script(repository / "inference.py", ["--config", config], work)
    made = scripts.the_only(work / "results", "*/animation.mp4")
    scripts.write_frames(job, kit.read_video(made))
    return {"lossy": "H.264, by the authors' script"}


def find_rendered(job: kit.Job) -> dict[str, list[Path]]:
    """Return kind -> pictures rendered from SMPL bodies, one a frame, that the user has made."""
    named = kit.option(job, "guidance_folder")
    if not named:
        kit.fail(
            "Champ wants pictures rendered from SMPL bodies, which mcbench does not make: render them by "
            f"docs/data_process.md of its repository into FOLDER/{job['video']}/"
            f"{{{','.join(RENDERED)}}} and give the option guidance_folder=FOLDER"
        )
    found = {}
    for kind in RENDERED:
        folder = Path(named) / job["video"] / kind
        paths = sorted(folder.glob("*.png")) if folder.is_dir() else []
        if len(paths) < job["n_frames"]:
            kit.fail(f"{folder} holds {len(paths)} PNG files for {job['n_frames']} frames")
        found[kind] = paths[: job["n_frames"]]
    return found


def read_rendered(path: Path, job: kit.Job) -> kit.Picture:
    """Return a rendered picture, which has to be of the job's size."""
    picture = kit.read_picture(path)
    if picture.shape[:2] != tuple(job["size"]):
        kit.fail(f"{path} is {picture.shape[:2]}, and the job's pictures are {tuple(job['size'])}")
    return picture


if __name__ == "__main__":
    kit.run(main)
