"""Stands for inference.py of UniAnimate (TASK_TYPE inference_unianimate_long_entrance) and of Animate-X."""

import argparse
import os
import pickle
import sys

import numpy as np
import stand_in
import yaml

default = "configs/Animate_X_infer.yaml" if os.path.exists("animate-x") else "configs/UniAnimate_infer.yaml"
parser = argparse.ArgumentParser()
parser.add_argument("--cfg", dest="cfg_file", default=default)
parser.add_argument("--init_method", default="tcp://localhost:9999", type=str)
parser.add_argument("--debug", action="store_true", default=False)
parser.add_argument("opts", default=None, nargs=argparse.REMAINDER)
args = parser.parse_args()
with open(args.cfg_file) as stream:
    cfg = yaml.safe_load(stream)
stand_in.given(cfg)
stand_in.existing(cfg["test_model"], cfg["embedder"]["pretrained"], cfg["auto_encoder"]["pretrained"])
folder = os.path.join(cfg["log_dir"], os.path.basename(args.cfg_file).split(".")[0])
os.makedirs(folder, exist_ok=True)
size = tuple(cfg["resolution"])


def posed(item):
    """Return the pose pictures of a test, as many as are sampled."""
    names = [name for name in sorted(os.listdir(item[2])) if name != "ref_pose.jpg"]
    count = (len(names) - 1) // item[0] + 1 if cfg["max_frames"] == "None" else cfg["max_frames"]
    assert len(names) >= item[0] * (count - 1) + 1
    return names[:: item[0]][:count]


for number, item in enumerate(cfg["test_list_path"] * cfg["round"]):
    names, reference = posed(item), stand_in.picture(item[1], size)
    poses = [stand_in.picture(os.path.join(item[2], name), size) for name in names]
    cap = item[1].split("/")[-1].split(".")[0]
    if cfg["TASK_TYPE"] == "inference_unianimate_long_entrance":
        stand_in.existing(os.path.join(item[2], "ref_pose.jpg"))
        shown = [np.concatenate([reference, pose, pose[:, ::-1]], axis=1) for pose in poses]
        name = (
            f"rank_01_00_{number:02d}_seed_{cfg['seed']}_image_randomref_dwpose_{cap}_{size[1]}x{size[0]}.mp4"
        )
        stand_in.write_video(os.path.join(folder, name), shown, 8)
        continue
    with open(item[4], "rb") as stream:
        points = pickle.load(stream)  # noqa: S301 - as the script does; the driver wrote it
    assert cfg["UNet"]["seq_len"] == cfg["max_frames"] + 1
    assert points["bodies"][int(names[-1].split(".")[0])][:18].shape == (18, 2)
    driving = {
        name: stand_in.picture(os.path.join(item[3], name), (224, 224)) for name in os.listdir(item[3])
    }
    assert all(name in driving for name in names)
    name = f"{cap}_poses_seed_{item[5]}_rank_01_00_{number:02d}_{size[1]}x{size[0]}"
    columns = [np.concatenate([reference, pose, pose], axis=1) for pose in poses]
    stand_in.write_video(os.path.join(folder, f"{name}.mp4"), columns, 8)
    stand_in.write_video(
        os.path.join(folder, f"{name}_results_1col.mp4"), [pose[:, ::-1] for pose in poses], 8
    )
sys.exit(0)
