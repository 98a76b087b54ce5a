"""Runs DisCo's `finetune_sdm_yaml.py --eval_visu` on table files (TSV) made here of the clip.

DisCo makes one picture a row, 256 x 256. What a row has as the frame's own picture is only copied to its `gt`
folder, so the reference stands there for every frame. The repository's example of making such tables
(`tsv_example/`) draws one person and gives each frame itself as its reference; these tables say how far back
the reference is, as its loader reads them, and everybody is drawn.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import driver_kit as kit
import numpy as np
import script_kit as scripts
from PIL import Image

CONFIGURATION = "config/ref_attn_clip_combine_controlnet/tiktok_S256L16_xformers_tsv.py"


def main(job: kit.Job) -> None:
    """Make every frame of the job."""
    repository, work = Path(job["repository"]), kit.scratch(job, "work")
    scripts.expect_size(job, (256, 256))
    tables = write_tables(job, work / "tables")
    # The base model is looked for below the root, by the name that the configuration has for it.
    base = scripts.weights_folder(job, "sd-image-variations-diffusers")
    scripts.link(work / "diffusers" / base.name, base)
    guidance = float(kit.option(job, "guidance"))
    words = ["--cf", CONFIGURATION, "--eval_visu", "--root_dir", work, "--log_dir", work / "made"]
    words += ["--local_train_batch_size", 1, "--local_eval_batch_size", kit.option(job, "batch")]
    words += ["--fix_dist_seed", "--seed", job["seed"] % 2**32, "--loss_target", "noise"]
    words += ["--train_yaml", tables, "--val_yaml", tables, "--unet_unfreeze_type", "null"]
    words += ["--guidance_scale", guidance, "--num_inference_steps", kit.option(job, "steps")]
    words += ["--drop_ref", 0.05, "--refer_sdvae", "--ref_null_caption", "False"]
    words += ["--combine_clip_local", "--combine_use_mask", "--conds", "poses", "masks"]
    words += ["--pretrained_model", kit.weights(job, "mp_rank_00_model_states.pt")]
    words += ["--eval_save_filename", "job"]
    settings = {"WANDB_ENABLE": "0", "AZFUSE_USE_FUSE": "0"}
    scripts.run_script(repository / "finetune_sdm_yaml.py", words, repository, environment=settings)
    made = scripts.by_number((work / "made" / "job").glob(f"pred_gs{guidance}_*/*.png"))
    scripts.write_frames(job, map(kit.read_picture, made))


def write_tables(job: kit.Job, folder: Path) -> Path:
    """Write the tables of a clip and the file that lists them; return that file."""
    folder.mkdir()
    count = range(job["n_frames"])
    reference = encoded(kit.read_reference(job))
    columns: dict[str, Iterable[str]] = {
        "img": (reference for _ in count),
        "caption": (json.dumps([{"caption": ""}]) for _ in count),
        "poses": map(encoded, kit.read_driving(job, "pose-drawings")),
        "masks": (
            encoded(np.repeat((mask > 0)[..., None] * np.uint8(255), 3, axis=2))
            for mask in kit.read_masks(job)
        ),
        # How far the clip's first and last row are from this one.
        "vid2line": (json.dumps([-index, job["n_frames"] - 1 - index]) for index in count),
    }
    for name, values in columns.items():
        write_table(folder / f"{name}.tsv", values)
    listed = {name: f"{name}.tsv" for name in columns}
    return scripts.write_settings(folder / "job.yaml", {"composite": False, **listed})


def write_table(path: Path, values: Iterable[str]) -> None:
    """Write rows of a key and a value, and where each row begins."""
    begins, begin = [], 0
    with path.open("wb") as stream:
        for index, value in enumerate(values):
            begins.append(begin)
            begin += stream.write(f"frame_{index:06d}\t{value}\n".encode())
    path.with_suffix(".lineidx").write_text("".join(f"{each}\n" for each in begins), encoding="utf-8")


def encoded(picture: np.ndarray[Any, Any]) -> str:
    """Return a picture as PNG in base64."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, format="PNG")
    return base64.b64encode(stream.getvalue()).decode("ascii")


if __name__ == "__main__":
    kit.run(main)
