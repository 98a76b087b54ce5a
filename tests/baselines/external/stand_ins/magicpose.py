"""Stands for test_any_image_pose.py of MagicPose."""

import argparse
import os

import stand_in
from PIL import Image

parser = argparse.ArgumentParser()
parser.add_argument("--model_config", type=str, default="model_lib/ControlNet/models/cldm_v15_video.yaml")
parser.add_argument("--control_type", type=str, nargs="+", default=["pose"])
parser.add_argument("--control_mode", type=str, default="balance")
parser.add_argument("--wonoise", action="store_true", default=False)
parser.add_argument("--img_bin_limit", default=29)
parser.add_argument("--train_batch_size", type=int, default=16)
parser.add_argument("--num_train_steps", type=int, default=1000000)
parser.add_argument("--seed", type=int, default=42)
parser.add_argument("--use_fp16", action="store_true", default=False)
parser.add_argument("--with_text", action="store_false", default=True)
parser.add_argument("--v4", action="store_true", default=False)
parser.add_argument("--train_dataset", type=str, default="laionhumanDs_densepose_1face_lm")
parser.add_argument("--local_log_dir", type=str, default=None)
parser.add_argument("--local_image_dir", type=str, default=None, required=True)
parser.add_argument("--image_pretrain_dir", type=str, default=None)
parser.add_argument("--local_cond_image_path", type=str, default=None)
parser.add_argument("--local_pose_path", type=str, default=None)
args = parser.parse_args()
for name in ("WORLD_SIZE", "LOCAL_RANK", "RANK", "MASTER_PORT"):
    int(os.environ[name])
os.makedirs(args.local_image_dir, exist_ok=True)
os.makedirs(args.local_log_dir, exist_ok=True)
assert args.seed < 2**32
assert args.image_pretrain_dir.endswith(".th")
assert args.control_type[0] == "body+hand+face"
stand_in.existing(args.model_config, args.image_pretrain_dir)
stand_in.given(vars(args))
Image.open(args.local_cond_image_path)
for step in range(args.num_train_steps):
    folder = os.path.join(args.local_image_dir, str(step), "gen_images")
    os.makedirs(folder, exist_ok=True)
    for index, name in enumerate(sorted(os.listdir(args.local_pose_path))):
        with Image.open(os.path.join(args.local_pose_path, name)) as pose:
            side = min(pose.size)
            left, top = (pose.width - side) // 2, (pose.height - side) // 2
            made = pose.convert("RGB").crop((left, top, left + side, top + side)).resize((512, 512))
        made.save(os.path.join(folder, f"{index:03d}.jpg"), quality=95)
