"""Stands for finetune_sdm_yaml.py of DisCo with --eval_visu, and for its loader of table files."""

import argparse
import base64
import io
import json
import os

import numpy as np
import stand_in
import yaml
from PIL import Image


def str_to_bool(value):
    return {"false": False, "true": True}[value.lower()]


parser = argparse.ArgumentParser()
parser.add_argument("--root_dir", default=None, type=str)
parser.add_argument("--cf", default=None, type=str, required=True)
parser.add_argument("--pretrained_model", default=None, type=str)
parser.add_argument("--log_dir", default=None, type=str)
parser.add_argument("--seed", type=int, default=42)
parser.add_argument(
    "--conds", default=[], nargs="+", type=str, choices=["poses", "masks", "densepose", "hed"]
)
parser.add_argument("--loss_target", default="noise", type=str, choices=["noise", "x0", "mixed"])
parser.add_argument("--local_train_batch_size", default=1, type=int)
parser.add_argument("--local_eval_batch_size", default=1, type=int)
parser.add_argument("--train_yaml", default=None, type=str)
parser.add_argument("--val_yaml", default=None, type=str)
parser.add_argument(
    "--unet_unfreeze_type", default=None, type=str, choices=["crossattn", "transblocks", "all", "null"]
)
parser.add_argument("--drop_ref", default=0.0, type=float)
parser.add_argument("--eval_save_filename", default="eval_visu", type=str)
parser.add_argument("--num_inference_steps", default=50, type=int)
parser.add_argument("--guidance_scale", default=3, type=float)
for name in (
    "fix_dist_seed",
    "refer_sdvae",
    "ref_null_caption",
    "combine_clip_local",
    "combine_use_mask",
    "eval_visu",
):
    parser.add_argument(f"--{name}", type=str_to_bool, nargs="?", const=True, default=False)
args = parser.parse_args()
stand_in.given(vars(args))
stand_in.existing(args.cf, args.pretrained_model)
stand_in.existing(os.path.join(args.root_dir, "diffusers/sd-image-variations-diffusers"))
with open(args.val_yaml) as stream:
    cfg = yaml.safe_load(stream)
assert not cfg["composite"]
assert os.environ["WANDB_ENABLE"] == "0"


def rows(field):
    path = os.path.join(os.path.dirname(args.val_yaml), cfg[field])
    with open(os.path.splitext(path)[0] + ".lineidx") as stream:
        begins = [int(line) for line in stream]
    with open(path) as stream:
        for begin in begins:
            stream.seek(begin)
            yield stream.readline().strip().split("\t")


def decoded(text):
    return Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB")


tables = {field: list(rows(field)) for field in ("img", "caption", "vid2line", *args.conds)}
folder = os.path.join(
    args.log_dir, args.eval_save_filename, f"pred_gs{args.guidance_scale}_scale-cond1.0-ref1.0"
)
os.makedirs(folder)
for index, (key, text) in enumerate(tables["poses"]):
    assert all(table[index][0] == key for table in tables.values())
    json.loads(tables["caption"][index][1])[0]
    first = json.loads(tables["vid2line"][index][1])[0] + index
    assert first == 0, "the reference is the clip's first row"
    mask = np.asarray(decoded(tables["masks"][first][1]))
    assert set(np.unique(mask)) <= {0, 255}
    for character in (os.sep, ".", "/"):
        key = key.replace(character, "")
    decoded(tables["img"][first][1])
    decoded(text).resize((256, 256)).save(os.path.join(folder, f"{key}.png"))
