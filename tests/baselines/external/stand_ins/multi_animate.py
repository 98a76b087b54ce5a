"""Stands for examples/inference_multi3.py of MultiAnimate."""

import os

import stand_in
from diffsynth import save_video
from PIL import Image

height = 480
width = 832
seed = 0
max_person = 3
max_frames = 81

test_list_path = [
    [
        1,
        "/MultiAnimate/demo/3people/source_frames/0000.jpg",
        "/MultiAnimate/demo/3people/pose",
        "/MultiAnimate/demo/3people/masks",
    ],
]

stand_in.existing("checkpoints/Wan2.1-I2V-14B-720P/Wan2.1_VAE.pth")
stand_in.existing("checkpoints/UniAnimate-DiT/Wan2.1-I2V-14B-720P")
stand_in.existing("checkpoints/epoch=39-step=7000.ckpt/output_dir/model-00001-of-00008.safetensors")
for _interval, reference_path, pose_path, mask_root in test_list_path:
    names = [name for name in sorted(os.listdir(pose_path)) if name != "pose.jpg"]
    stand_in.existing(os.path.join(pose_path, "pose.jpg"), reference_path)
    people = [sorted(os.listdir(os.path.join(mask_root, sub))) for sub in sorted(os.listdir(mask_root))]
    assert 0 < len(people) <= max_person
    for sub in sorted(os.listdir(mask_root)):
        for name in names[:max_frames]:
            with Image.open(os.path.join(mask_root, sub, name)) as mask:
                assert mask.mode != "RGB", "masks in RGB are not taken"
    assert len(names) >= max_frames
    caption = "three person are dancing"
    stand_in.given(
        {"height": height, "width": width, "seed": seed, "caption": caption, "people": len(people)}
    )
    video = [stand_in.picture(os.path.join(pose_path, name), (width, height)) for name in names[:max_frames]]
    os.makedirs("/MultiAnimate/outputs", exist_ok=True)
    save_video(video, "/MultiAnimate/outputs/3people.mp4", fps=15, quality=5)
