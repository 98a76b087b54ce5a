"""Stands for inference.py of Champ."""

import argparse
import os
from datetime import datetime
from pathlib import Path

import stand_in
import yaml

parser = argparse.ArgumentParser()
parser.add_argument("--config", type=str, default="./configs/inference.yaml")
args = parser.parse_args()
if args.config[-5:] != ".yaml":
    raise ValueError("Do not support this format config file")
with open(args.config) as stream:
    config = yaml.safe_load(stream)
stand_in.given(config)
folder = f"results/{config['exp_name']}-{datetime.now():%Y-%m-%dT%H-%M-%S}"
os.makedirs(folder, exist_ok=True)
stand_in.existing(config["image_encoder_path"], config["vae_model_path"], config["motion_module_path"])
stand_in.existing(os.path.join(config["base_model_path"], "unet"), config["noise_scheduler_kwargs"] and ".")
for name in (
    "denoising_unet",
    "reference_unet",
    *(f"guidance_encoder_{kind}" for kind in config["guidance_types"]),
):
    stand_in.existing(os.path.join(config["ckpt_dir"], f"{name}.pth"))
height, width = stand_in.picture(config["data"]["ref_image_path"]).shape[:2]
guidance = {}
for kind in config["guidance_types"]:
    paths = sorted((Path(config["data"]["guidance_data_folder"]) / kind).iterdir())
    taken = config["data"]["frame_range"]
    paths = paths if not taken else paths[taken[0] : taken[1]]
    if kind == "semantic_map":
        stand_in.existing(*(path.parent.parent / "mask" / path.name for path in paths))
    guidance[kind] = [stand_in.picture(path, (width, height)) for path in paths]
assert len({len(pictures) for pictures in guidance.values()}) == 1
for name in ("animation", "grid", "grid_wguidance"):
    stand_in.write_video(os.path.join(folder, f"{name}.mp4"), guidance["dwpose"], 24)
int(config["seed"]), int(config["num_inference_steps"]), float(config["guidance_scale"])
