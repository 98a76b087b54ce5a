"""Stands for inference_basic.py of StableAnimator."""

import argparse
import os

import facexlib
import stand_in
from animation.modules.face_model import FaceModel
from PIL import Image


def parse_args():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pretrained_model_name_or_path", type=str, default=None, required=True)
    parser.add_argument("--validation_image", type=str, default=None)
    parser.add_argument("--validation_control_folder", type=str, default=None)
    parser.add_argument("--output_dir", type=str, default=None, required=True)
    parser.add_argument("--height", type=int, default=768)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--guidance_scale", type=float, default=2.0)
    parser.add_argument("--num_inference_steps", type=int, default=25)
    for name in ("posenet", "face_encoder", "unet"):
        parser.add_argument(f"--{name}_model_name_or_path", type=str, default=None)
    parser.add_argument("--tile_size", type=int, default=16)
    parser.add_argument("--overlap", type=int, default=4)
    parser.add_argument("--noise_aug_strength", type=float, default=0.0)
    parser.add_argument("--frames_overlap", type=int, default=4)
    parser.add_argument("--gradient_checkpointing", action="store_true")
    parser.add_argument("--revision", type=str, default=None)
    parser.add_argument("--decode_chunk_size", type=int, default=None)
    return parser.parse_args()


if __name__ == "__main__":
    args = parse_args()
    seed = 23123134
    # seed = 42
    FaceModel()
    stand_in.existing(args.pretrained_model_name_or_path, "models/antelopev2/glintr100.onnx")
    beside = os.path.join(os.path.dirname(facexlib.__file__), "weights")
    for name in ("detection_Resnet50_Final.pth", "parsing_bisenet.pth"):
        stand_in.existing(os.path.join(beside, name))
    for path in (
        args.posenet_model_name_or_path,
        args.face_encoder_model_name_or_path,
        args.unet_model_name_or_path,
    ):
        assert path.endswith(".pth")
        stand_in.existing(path)
    stand_in.given({**vars(args), "seed": seed})
    size = (args.width, args.height)
    stand_in.picture(args.validation_image)
    names = [name for name in os.listdir(args.validation_control_folder) if name.endswith(".png")]
    names.sort(key=lambda name: int(name.split("_")[1].split(".")[0]))
    assert args.tile_size <= len(names)
    os.makedirs(os.path.join(args.output_dir, "animated_images"), exist_ok=True)
    for index, name in enumerate(names):
        frame = stand_in.picture(os.path.join(args.validation_control_folder, name), size)
        Image.fromarray(frame).save(os.path.join(args.output_dir, "animated_images", f"frame_{index}.png"))
