"""Stands for test.py of DreamPose."""

import argparse
import glob
import os
import random

import numpy as np
import stand_in
from PIL import Image
from utils.known import get_unet

parser = argparse.ArgumentParser()
parser.add_argument("--folder", default="dreampose-1")
parser.add_argument("--pose_folder", default="../UBC_Fashion_Dataset/valid/91iZ9x8NI0S.mp4")
parser.add_argument("--epoch", type=int, default=44, required=True)
parser.add_argument("--key_frame_path", default="key_frame.png")
parser.add_argument("--s1", type=float, default=0.5)
parser.add_argument("--s2", type=float, default=0.5)
parser.add_argument("--n_steps", default=100, type=int)
parser.add_argument("--output_dir", default=None)
parser.add_argument("--custom_vae", default=None)
args = parser.parse_args()

save_folder = args.output_dir if args.output_dir is not None else args.folder
if not os.path.exists(save_folder):
    os.mkdir(save_folder)
stand_in.existing(get_unet("CompVis/stable-diffusion-v1-4", "ebb811dd", resolution=512))
stand_in.existing(f"{args.folder}/unet_epoch_{args.epoch}.pth", f"{args.folder}/adapter_{args.epoch}.pth")
stand_in.existing(args.custom_vae or ".")
stand_in.given({**vars(args), "drawn": random.random()})
found = glob.glob(f"{args.pose_folder}/frame_*.npy")
numbers = sorted(int(path.split("frame_")[-1].replace("_densepose.npy", "")) for path in found)
key_frame = np.asarray(Image.open(args.key_frame_path).convert("RGB").resize((512, 640)))
for number in numbers:
    pose_path = f"{args.pose_folder}/frame_{number}_densepose.npy"
    poses = []
    for near in range(number - 2, number + 3):
        path = pose_path.replace(str(number), str(near))
        poses.append(np.load(path if os.path.exists(path) else pose_path))
    assert poses[0].shape[0] == 2
    image = key_frame.copy()
    image[: 1 + 16 * number] = 0
    Image.fromarray(image).save(f"{save_folder}/pred_#{int(pose_path.split('_')[-2])}.png")
