"""Stands for test_stage_2.py of MusePose."""

import argparse
import os
from datetime import datetime
from pathlib import Path

import numpy as np
import stand_in
import yaml
from PIL import Image

parser = argparse.ArgumentParser()
parser.add_argument("--config", type=str, default="./configs/test_stage_2.yaml")
parser.add_argument("-W", type=int, default=768)
parser.add_argument("-H", type=int, default=768)
parser.add_argument("-L", type=int, default=300)
parser.add_argument("-S", type=int, default=48)
parser.add_argument("-O", type=int, default=4)
parser.add_argument("--cfg", type=float, default=3.5)
parser.add_argument("--seed", type=int, default=99)
parser.add_argument("--steps", type=int, default=20)
parser.add_argument("--fps", type=int)
parser.add_argument("--skip", type=int, default=1)
args = parser.parse_args()
with open(args.config) as stream:
    config = yaml.safe_load(stream)
names = ("pretrained_vae_path", "pretrained_base_model_path", "image_encoder_path", "inference_config")
names += ("denoising_unet_path", "reference_unet_path", "pose_guider_path", "motion_module_path")
stand_in.existing(*(config[name] for name in names))
assert os.path.isdir(os.path.join(config["pretrained_base_model_path"], "unet"))
assert config["weight_dtype"] in ("fp16", "fp32")
stand_in.given(vars(args))
now = datetime.now()
for reference, videos in config["test_cases"].items():
    stand_in.picture(reference)
    for video in videos:
        frames, rate = stand_in.read_video(video)
        height, width = frames[0].shape[:2]
        length = min(args.L, len(frames)) // (args.skip + 1)
        frames = frames[:: args.skip + 1][:length]
        made = [Image.fromarray(frame).resize((args.W, args.H)).resize((width, height)) for frame in frames]
        guider = config["pose_guider_path"].split(".")[0].split("/")[-1]
        motion = config["motion_module_path"].split(".")[0].split("/")[-1]
        folder = Path(f"./output/video-{now:%Y%m%d}/{now:%H%M}-{args.cfg}-{guider}-{motion}")
        folder.mkdir(parents=True, exist_ok=True)
        pose = Path(video).stem.replace("_kps", "")
        stem = f"{Path(reference).stem}_{pose}_{args.cfg}_{args.steps}_{args.skip}"
        pictures = [np.asarray(frame) for frame in made]
        stand_in.write_video(folder / f"{stem}.mp4", pictures, rate)
        stand_in.write_video(folder / f"{stem}_{guider}_{motion}.mp4", pictures[:1], rate)
