"""Stands for inference_unianimate_wan_long_video_480p.py of UniAnimate-DiT."""

import os

import numpy as np
import stand_in
from diffsynth import save_video

height = 832
width = 480
seed = 0
max_frames = None
use_teacache = False

test_list_path = [
    # Format: [frame_interval, reference image, driving pose sequence]
    [1, "data/images/musk.jpg", "data/saved_pose/musk"],
]

stand_in.existing(
    "./Wan2.1-I2V-14B-720P/Wan2.1_VAE.pth", "./checkpoints/UniAnimate-Wan2.1-14B-Lora-12000.ckpt"
)
for interval, reference_path, pose_path in test_list_path:
    names = [name for name in sorted(os.listdir(pose_path)) if name != "pose.jpg"]
    stand_in.existing(os.path.join(pose_path, "pose.jpg"))
    max_frames = len(names) // interval
    assert max_frames % 4 == 1, "Wan makes 4 n + 1 frames"
    stand_in.given({"height": height, "width": width, "seed": seed, "frames": max_frames})
    reference = stand_in.picture(reference_path, (width, height))
    poses = [stand_in.picture(os.path.join(pose_path, name), (width, height)) for name in names]
    video_out = [np.concatenate([reference, pose, pose[:, ::-1]], axis=1) for pose in poses]
    os.makedirs("./outputs", exist_ok=True)
    names = (reference_path.split("/")[-1], pose_path.split("/")[-1])
    save_video(video_out, "outputs/video_480P_long_{}_{}.mp4".format(*names), fps=15, quality=5)
