"""Runs MultiAnimate's `inference_multi3.py` (up to 3 people) or `inference_multi4.py` (up to 7).

The scripts take no arguments, so a copy is run in which list of tests, size, seed, caption and output are the
job's. Each makes 81 frames. The authors have no code for longer clips: here each 81 frames are made for
themselves from the reference (ours, not the paper's), the last piece filled up with its last drawing.
The repository has no code for drawings either: mcbench's whole-body drawings are given.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import driver_kit as kit
import numpy as np
import script_kit as scripts

PIECE = 81
_PATHS = {3: ("inference_multi3.py", "3people"), 7: ("inference_multi4.py", "4people")}
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven")


def main(job: kit.Job) -> dict[str, Any]:
    """Make every frame of the job; return what is worth recording."""
    drawings = list(kit.read_driving(job, "dwpose-drawings"))
    masks = list(kit.read_masks(job))
    people = int(max(mask.max() for mask in masks))
    if not 1 <= people <= max(_PATHS):
        kit.fail(f"{job['video']} shows {people} people, and MultiAnimate makes 1 to {max(_PATHS)}")
    for begin in range(0, job["n_frames"], PIECE):
        end = begin + PIECE
        video = make_piece(job, begin, drawings[begin:end], masks[begin:end], people, drawings[0])
        scripts.write_frames(job, kit.read_video(video), first=begin)
    pieces = -(-job["n_frames"] // PIECE)
    return {"people": people, "pieces": pieces, "lossy": "H.264, by the authors' script"}


def make_piece(
    job: kit.Job,
    begin: int,
    drawings: Sequence[kit.Picture],
    masks: Sequence[kit.Picture],
    people: int,
    reference_drawing: kit.Picture,
) -> Path:
    """Run the script on up to 81 frames; return the video that it wrote."""
    repository, work = Path(job["repository"]), kit.scratch(job, f"piece{begin:06d}")
    most = min(count for count in _PATHS if people <= count)
    name, demo = _PATHS[most]
    reference = scripts.save(work / "reference.png", kit.read_reference(job))
    rest = PIECE - len(drawings)
    poses = scripts.save_all(work / "poses", [*drawings, *[drawings[-1]] * rest])
    scripts.save(poses / "pose.jpg", reference_drawing)
    for person in range(1, people + 1):
        # The script takes only masks that are no RGB pictures.
        shown = [np.where(mask == person, 255, 0).astype(np.uint8) for mask in masks]
        scripts.save_all(work / "masks" / f"{person:02d}", [*shown, *[shown[-1]] * rest])
    link_weights(job, work / "checkpoints", most)
    settings = {
        "height": job["size"][0],
        "width": job["size"][1],
        "seed": job["seed"] % 2**63,
        "test_list_path": [[1, str(reference), str(poses), str(work / "masks")]],
        "caption": f"{_NUMBERS[people]} person are dancing",
    }
    made = work / "outputs" / "made.mp4"
    paths = {"/MultiAnimate/outputs": made.parent, f"/MultiAnimate/outputs/{demo}.mp4": made}
    script = scripts.with_settings(repository / "examples" / name, work / "job.py", settings, paths)
    scripts.run_script(script, [], work, environment=scripts.beside(repository))
    return made


def link_weights(job: kit.Job, checkpoints: Path, most: int) -> None:
    """Lay out the weights where the script for up to `most` people looks for them."""
    wan = scripts.weights_folder(job, "Wan2.1-I2V-14B-720P")
    scripts.link(checkpoints / "Wan2.1-I2V-14B-720P", wan)
    if most == 3:
        # One of the paths written into this script leads to another folder.
        scripts.link(checkpoints / "UniAnimate-DiT" / "Wan2.1-I2V-14B-720P", wan)
    name = {3: "epoch=39-step=7000.ckpt", 7: "epoch=23-step=4200-multi.ckpt"}[most]
    scripts.link(checkpoints / name, scripts.weights_folder(job, name))


if __name__ == "__main__":
    kit.run(main)
