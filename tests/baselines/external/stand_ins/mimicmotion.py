"""Stands for inference.py of MimicMotion."""

import argparse
import os
from datetime import datetime
from pathlib import Path

import numpy as np
import stand_in
import yaml
from PIL import Image

parser = argparse.ArgumentParser()
parser.add_argument("--log_file", type=str, default=None)
parser.add_argument("--inference_config", type=str, default="configs/test.yaml")
parser.add_argument("--output_dir", type=str, default="outputs/")
parser.add_argument("--no_use_float16", action="store_true")
args = parser.parse_args()
Path(args.output_dir).mkdir(parents=True, exist_ok=True)
with open(args.inference_config) as stream:
    config = yaml.safe_load(stream)
stand_in.existing(config["base_model_path"], config["ckpt_path"])
stand_in.existing("models/DWPose/yolox_l.onnx", "models/DWPose/dw-ll_ucoco_384.onnx")
for task in config["test_case"]:
    stand_in.given(task)
    height, width = stand_in.picture(task["ref_image_path"]).shape[:2]
    longer = int(task["resolution"] / (9 / 16) // 64) * 64
    target = (longer, task["resolution"]) if height > width else (task["resolution"], longer)
    frames, rate = stand_in.read_video(task["ref_video_path"])
    frames = frames[:: task["sample_stride"] * max(1, int(rate / 24))]
    sampled = len(frames) + 1  # the reference's own pose goes first
    starts = range(0, sampled - task["num_frames"] + 1, task["num_frames"] - task["frames_overlap"])
    [*starts][-1]  # a window longer than the video makes none
    made = [np.asarray(Image.fromarray(frame).resize(target[::-1])) for frame in frames]
    name = os.path.basename(task["ref_video_path"]).split(".")[0]
    stamp = datetime.now().strftime("%Y%m%d%H%M%S")
    stand_in.write_video(f"{args.output_dir}/{name}_{stamp}.mp4", made, task["fps"])
(
    float(task["guidance_scale"]),
    int(task["num_inference_steps"]),
    int(task["seed"]),
    float(task["noise_aug_strength"]),
)
